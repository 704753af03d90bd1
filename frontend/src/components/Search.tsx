import "./Search.css";
import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useFilters } from "./filters";

/** A box that searches while one types; the text stands in the address. */
export function Search({ label }: { label: string }) {
  const [{ q = "" }, change] = useFilters();
  const [text, setText] = useState(q);
  const settle = useDebouncedCallback((next: string) => change({ q: next }), 250);
  return (
    <TextInput
      type="search"
      aria-keyshortcuts="/"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        settle(event.currentTarget.value);
      }}
      className="search"
    />
  );
}
