import { NativeSelect } from "@mantine/core";
import { api } from "../api/client";

/** One of all competitions, or none. */
export function CompetitionSelect({
  label,
  none,
  value,
  change,
}: {
  label: string;
  none: string;
  value: string;
  change: (competitionId: string) => void;
}) {
  const competitions = api.useQuery("get", "/api/v1/admin/competitions", {
    params: { query: { limit: 500 } },
  });
  return (
    <NativeSelect
      label={label}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
      data={[
        { value: "", label: none },
        ...(competitions.data?.items ?? []).map(({ id, title }) => ({ value: id, label: title })),
      ]}
    />
  );
}
