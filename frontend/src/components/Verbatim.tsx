import "./Verbatim.css";
import type { ReactNode, Ref } from "react";

/** What a machine wrote, as it wrote it: a log, a request. It scrolls, by the keyboard too. */
export function Verbatim({
  label,
  ref,
  children,
}: {
  label: string;
  ref?: Ref<HTMLElement>;
  children: ReactNode;
}) {
  return (
    <section className="verbatim mono" aria-label={label} tabIndex={0} ref={ref}>
      {children}
    </section>
  );
}
