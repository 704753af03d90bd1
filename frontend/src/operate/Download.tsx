import { Button, Group } from "@mantine/core";
import { t } from "../i18n";

const FORMATS = ["xlsx", "csv"] as const;

/** A competition's table as a file for spreadsheets, in either format. */
export function Download({
  competitionId,
  table,
  label,
}: {
  competitionId: string;
  table: "standings" | "submissions" | "people";
  label: string;
}) {
  return (
    <Group gap={2}>
      {FORMATS.map((format, place) => {
        const name = t("{table} as {format}", { table: label, format: format.toUpperCase() });
        return (
          <Button
            key={format}
            component="a"
            variant="default"
            href={`/api/v1/admin/competitions/${competitionId}/tables/${table}/${format}`}
            aria-label={name}
            download
          >
            {place === 0 ? name : format.toUpperCase()}
          </Button>
        );
      })}
    </Group>
  );
}
