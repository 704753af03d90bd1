import "./Bars.css";
import { moment, number, t } from "../i18n";

/** Values over time as bars; the numbers are each bar's title, and the sum is said. */
export function Bars({ bars, label }: { bars: { at: number; value: number }[]; label: string }) {
  const most = Math.max(0, ...bars.map(({ value }) => value));
  const sum = bars.reduce((all, { value }) => all + value, 0);
  return (
    <figure className="bars-figure">
      <div className="bars" role="img" aria-label={`${label}: ${number(sum)}`}>
        {bars.map(({ at, value }) => (
          <span
            key={at}
            title={`${moment(at)}: ${number(value)}`}
            style={{ height: `${Math.max(value ? 4 : 1, (100 * value) / (most || 1))}%` }}
          />
        ))}
      </div>
      <figcaption className="small">{t("most: {n}", { n: most })}</figcaption>
    </figure>
  );
}
