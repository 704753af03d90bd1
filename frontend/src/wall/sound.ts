import { useEffect, useState } from "react";

const KEY = "ctfy-wall-sound";
let audio: AudioContext | undefined;

/**
 * The wall's sound, off until somebody turns it on. A browser plays none before a click or a key on
 * the page: where it was on before, the first one is enough.
 */
export function useSound() {
  const [on, setOn] = useState(() => localStorage.getItem(KEY) === "on");
  useEffect(() => {
    if (!on) return;
    audio ??= new AudioContext();
    const unlock = () => void audio?.resume();
    unlock();
    addEventListener("pointerdown", unlock);
    addEventListener("keydown", unlock);
    return () => {
      removeEventListener("pointerdown", unlock);
      removeEventListener("keydown", unlock);
    };
  }, [on]);
  const toggle = () => {
    localStorage.setItem(KEY, on ? "off" : "on");
    setOn(!on);
    if (!on) {
      audio ??= new AudioContext();
      void audio.resume().then(ring);
    }
  };
  return { on, toggle, ring: () => on && ring() };
}

// A rising chord: frequency in Hz, start in seconds.
const NOTES = [
  [392, 0],
  [523.25, 0.14],
  [659.25, 0.28],
  [783.99, 0.42],
] as const;

function ring() {
  if (audio?.state !== "running") return;
  for (const [frequency, start] of NOTES) {
    const at = audio.currentTime + start;
    const tone = new OscillatorNode(audio, { type: "triangle", frequency });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.25, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 1.2);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 1.25);
  }
}
