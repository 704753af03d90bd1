import { NativeSelect, SegmentedControl } from "@mantine/core";

/** One of a few: side by side, and on a phone as the phone's own list. */
export function Choice({
  label,
  value,
  change,
  options,
}: {
  label: string;
  value: string;
  change: (next: string) => void;
  options: Record<string, string>;
}) {
  const data = Object.entries(options).map(([key, text]) => ({ value: key, label: text }));
  return (
    <>
      <SegmentedControl
        visibleFrom="sm"
        aria-label={label}
        value={value}
        onChange={change}
        data={data}
      />
      <NativeSelect
        hiddenFrom="sm"
        aria-label={label}
        value={value}
        onChange={(event) => change(event.currentTarget.value)}
        data={data}
      />
    </>
  );
}

/** A list's filter: one of many, or `all`, as the browser's own list. */
export function FilterSelect({
  label,
  value = "",
  change,
  options,
  all,
}: {
  label: string;
  value?: string;
  change: (next: string) => void;
  options: string[] | Record<string, string>;
  all: string;
}) {
  const entries = Array.isArray(options)
    ? options.map((name) => [name, name])
    : Object.entries(options);
  return (
    <NativeSelect
      aria-label={label}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
      data={[
        { value: "", label: all },
        ...entries.map(([key, text]) => ({ value: key!, label: text! })),
      ]}
    />
  );
}
