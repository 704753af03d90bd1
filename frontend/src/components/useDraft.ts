import { useState } from "react";

const PREFIX = "ctfy-draft ";

/** A text that outlives a reload and a new sign-in, in this tab; an empty one is forgotten. */
export function useDraft(key: string): [string, (text: string) => void] {
  const place = PREFIX + key;
  const [text, setText] = useState(() => sessionStorage.getItem(place) ?? "");
  return [
    text,
    (next) => {
      setText(next);
      if (next) sessionStorage.setItem(place, next);
      else sessionStorage.removeItem(place);
    },
  ];
}
