import { NavTo } from "../components/links";
import { t } from "../i18n";
import { OPERATING } from "./pages";

/** The operators' pages, at the side. */
export function OperatorMenu() {
  return (
    <nav aria-label={t("Operate")}>
      {OPERATING.map(([to, label, Icon]) => (
        <NavTo
          key={to}
          to={to}
          label={t(label)}
          leftSection={<Icon size={18} />}
          activeOptions={{ exact: to === "/admin" }}
        />
      ))}
    </nav>
  );
}
