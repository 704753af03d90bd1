import { useEffect, useRef, useState } from "react";

/** How many rows of so many em have room in a box. */
export function useRoom(em: number) {
  const ref = useRef<HTMLDivElement>(null);
  const [rows, setRows] = useState(0);
  useEffect(() => {
    const box = ref.current!;
    const observer = new ResizeObserver(() => {
      const row = Number.parseFloat(getComputedStyle(box).fontSize) * em;
      setRows(Math.floor((box.clientHeight + 0.5) / row));
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, [em]);
  return { ref, rows };
}

/** Keep the screen on while the page is seen, where the browser can. */
export function useScreenOn() {
  useEffect(() => {
    const keep = () => {
      if (document.visibilityState === "visible")
        navigator.wakeLock?.request("screen").catch(() => undefined);
    };
    keep();
    document.addEventListener("visibilitychange", keep);
    return () => document.removeEventListener("visibilitychange", keep);
  }, []);
}
