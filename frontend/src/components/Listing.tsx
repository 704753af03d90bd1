import "@mantine/core/styles/Table.css";
import "@mantine/core/styles/Pagination.css";
import { Card, Group, Pagination, Skeleton, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { t } from "../i18n";
import { useFilters } from "./filters";
import { Failure } from "./states";

export const PER_PAGE = 50;

export interface Column<Row> {
  title: string;
  /** Where two columns may have the same title. */
  key?: string;
  cell: (row: Row) => ReactNode;
  /** Numbers stand right. */
  right?: boolean;
  /** Left out on a phone. */
  wide?: boolean;
}

interface Rows<Row> {
  data: { items: Row[]; total?: number } | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** A list with its loading, empty and error state, and pages that stand in the address. */
export function Listing<Row>({
  label,
  query,
  columns,
  id,
  empty,
  perPage = PER_PAGE,
}: {
  label: string;
  query: Rows<Row>;
  columns: Column<Row>[];
  id: (row: Row) => string;
  empty: ReactNode;
  perPage?: number;
}) {
  const [{ offset = 0 }] = useFilters();
  const { data, error } = query;
  if (error && !data) return <Failure error={error} retry={() => query.refetch()} />;
  if (data && data.items.length === 0 && offset === 0) return <Card p={0}>{empty}</Card>;
  const total = data?.total ?? data?.items.length ?? 0;
  return (
    <Card p={0}>
      <section className="scroll" aria-label={label} tabIndex={0}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Table.Th key={column.key ?? column.title} {...shown(column)}>
                  {column.title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data?.items.map((row) => (
              <Table.Tr key={id(row)}>
                {columns.map((column) => (
                  <Table.Td key={column.key ?? column.title} {...shown(column)}>
                    {column.cell(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
            {!data &&
              [1, 2, 3, 4, 5].map((row) => (
                <Table.Tr key={row}>
                  <Table.Td colSpan={columns.length}>
                    <Skeleton height={20} />
                  </Table.Td>
                </Table.Tr>
              ))}
          </Table.Tbody>
        </Table>
      </section>
      <Pager total={total} perPage={perPage} />
    </Card>
  );
}

/** Which part of a long list is shown, and the others; nothing where it fits. */
export function Pager({ total, perPage }: { total: number; perPage: number }) {
  const [{ offset = 0 }, change] = useFilters();
  if (total <= perPage) return null;
  return (
    <Group justify="space-between" p="sm">
      <Text size="sm" c="dimmed">
        {t("{from}–{to} of {total}", {
          from: offset + 1,
          to: Math.min(offset + perPage, total),
          total,
        })}
      </Text>
      <Pagination
        size="sm"
        total={Math.ceil(total / perPage)}
        value={Math.floor(offset / perPage) + 1}
        onChange={(page) => change({ offset: (page - 1) * perPage })}
        getControlProps={(control) => ({ "aria-label": control })}
        getItemProps={(page) => ({ "aria-label": t("Page {n}", { n: page }) })}
      />
    </Group>
  );
}

function shown<Row>(column: Column<Row>) {
  return {
    ta: column.right ? ("right" as const) : undefined,
    visibleFrom: column.wide ? ("sm" as const) : undefined,
    className: column.right ? "digits" : undefined,
  };
}
