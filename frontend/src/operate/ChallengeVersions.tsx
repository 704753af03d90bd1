import { Badge, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { api, type ChallengeVersion } from "../api/client";
import { StateBadge } from "../components/badges";
import { useFilters } from "../components/filters";
import { Listing, PER_PAGE } from "../components/Listing";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { bytes, t } from "../i18n";

/** The versions of a challenge: what each changed, and back to one by a click. */
export function ChallengeVersions({ challengeId }: { challengeId: string }) {
  const [{ offset = 0 }] = useFilters();
  const [shown, show] = useState<ChallengeVersion>();
  const path = { challenge_id: challengeId };
  const query = api.useQuery("get", "/api/v1/admin/challenges/{challenge_id}/versions", {
    params: { path, query: { limit: PER_PAGE, offset } },
  });
  const roll = api.useMutation("post", "/api/v1/admin/challenges/{challenge_id}/rollback");
  return (
    <>
      <Listing
        label={t("Versions")}
        query={query}
        id={(row) => String(row.version)}
        empty={<Empty title={t("No versions")} />}
        columns={[
          {
            title: t("Version"),
            cell: (row) => (
              <Group gap="xs">
                {row.version}
                {row.is_current && <Badge>{t("current")}</Badge>}
              </Group>
            ),
          },
          { title: t("From"), wide: true, cell: (row) => row.origin },
          { title: t("Made"), cell: (row) => <Ago at={row.created_at} /> },
          {
            title: t("Size"),
            right: true,
            wide: true,
            cell: (row) => (row.archive_bytes === null ? "…" : bytes(row.archive_bytes ?? 0)),
          },
          {
            title: t("Change"),
            right: true,
            cell: (row) => (
              <Group gap="xs" justify="flex-end">
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => show(row)}
                  aria-label={t("Compare version {n}", { n: row.version })}
                >
                  {t("Compare")}
                </Button>
                {!row.is_current && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    loading={roll.isPending && roll.variables.body.version === row.version}
                    onClick={() =>
                      roll.mutate({ params: { path }, body: { version: row.version } })
                    }
                    aria-label={t("Use version {n}", { n: row.version })}
                  >
                    {t("Use")}
                  </Button>
                )}
              </Group>
            ),
          },
        ]}
      />
      <Text size="sm" c="dimmed" mt="xs">
        {t("New instances are of the current version; those that run keep theirs.")}
      </Text>
      {shown && <Difference version={shown} close={() => show(undefined)} />}
    </>
  );
}

function Difference({ version, close }: { version: ChallengeVersion; close: () => void }) {
  const query = api.useQuery(
    "get",
    "/api/v1/admin/challenges/{challenge_id}/versions/{version}/diff",
    { params: { path: { challenge_id: version.challenge_id, version: version.version } } },
  );
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title={t("What version {n} changed", { n: version.version })}
    >
      <Loaded query={query} height={200}>
        {({ files }) =>
          files.length ? (
            <Stack>
              {files.map(({ path, change, diff }) => (
                <div key={path}>
                  <Group gap="xs">
                    <StateBadge state={change} />
                    <Text fw={600} className="wrap">
                      {path}
                    </Text>
                  </Group>
                  {diff && (
                    <section className="scroll" aria-label={path} tabIndex={0}>
                      <pre>{diff}</pre>
                    </section>
                  )}
                </div>
              ))}
            </Stack>
          ) : (
            <Empty title={t("Nothing differs.")} />
          )
        }
      </Loaded>
    </Modal>
  );
}
