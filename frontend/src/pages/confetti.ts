const MS = 2600;
const COLORS = ["#e8b923", "#34d399", "#56b4e9", "#cc79a7", "#ff8f5a", "#b79cff"];
const BLOOD = ["#ff5a6a", "#d3122a", "#ff9aa4"];

/** Throws confetti over a canvas, once; returns how to stop. */
export function throwConfetti(canvas: HTMLCanvasElement, pieces: number, blood: boolean) {
  const paper = canvas.getContext("2d");
  if (!paper) return () => {};
  const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = wide * devicePixelRatio;
  canvas.height = high * devicePixelRatio;
  paper.scale(devicePixelRatio, devicePixelRatio);
  const fall = 1.1 * high; // px/s²: in a low box it takes as long as on a whole page
  const colors = blood ? BLOOD : COLORS;
  const thrown = Array.from({ length: pieces }, (_, place) => ({
    x: wide * Math.random(),
    y: high * (1 + Math.random() * 0.2),
    // As fast as it takes to get to the top and back.
    dx: (Math.random() - 0.5) * 260,
    dy: -Math.sqrt(2 * fall * high) * (0.55 + Math.random() * 0.5),
    turn: Math.random() * 6,
    color: colors[place % colors.length]!,
  }));
  const began = performance.now();
  let frame = 0;
  const draw = (now: number) => {
    const s = (now - began) / 1000;
    paper.clearRect(0, 0, wide, high);
    paper.globalAlpha = Math.min(1, (MS / 1000 - s) * 2);
    for (const { x, y, dx, dy, turn, color } of thrown) {
      paper.save();
      paper.translate(x + dx * s, y + dy * s + (fall * s * s) / 2);
      paper.rotate(turn + s * 4);
      paper.fillStyle = color;
      paper.beginPath();
      if (blood) paper.ellipse(0, 0, 4, 6, 0, 0, 2 * Math.PI);
      else paper.rect(-4, -3, 8, 6 * Math.cos(turn + s * 7));
      paper.fill();
      paper.restore();
    }
    if (s * 1000 < MS) frame = requestAnimationFrame(draw);
    else paper.clearRect(0, 0, wide, high);
  };
  frame = requestAnimationFrame(draw);
  return () => cancelAnimationFrame(frame);
}
