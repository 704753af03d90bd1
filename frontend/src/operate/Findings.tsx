import { Alert, Group, Text } from "@mantine/core";
import { ApiError, api, type ChallengeFinding } from "../api/client";
import { StateBadge } from "../components/badges";
import { t } from "../i18n";

/** The audit's findings in the challenges folder, or in one challenge; nothing when there are none. */
export function Findings({ challengeId = "" }: { challengeId?: string }) {
  const { data } = api.useQuery("get", "/api/v1/admin/challenges/audit", {
    params: { query: { challenge_id: challengeId, limit: 100 } },
  });
  if (!data?.total) return null;
  const broken = data.items.some(({ severity }) => severity === "error");
  return (
    <Alert
      color={broken ? "red" : "orange"}
      title={t("The audit found {n} mistake|The audit found {n} mistakes", { n: data.total })}
    >
      {broken && (
        <Text size="sm" mb="xs">
          {t("Until the errors are mended, the folder is not read again.")}
        </Text>
      )}
      <Found findings={data.items} />
      {data.total > data.items.length && "…"}
    </Alert>
  );
}

function Found({ findings }: { findings: ChallengeFinding[] }) {
  return findings.map(({ path, line, rule, severity, problem, fix }) => (
    <Group key={`${path} ${line} ${rule} ${problem}`} gap="xs" wrap="nowrap" align="baseline">
      <StateBadge state={severity} />
      <Text size="sm" className="wrap">
        <code>{line ? `${path}:${line}` : path}</code> {problem}. {fix} · {rule}
      </Text>
    </Group>
  ));
}

/** Why a challenge was not taken, with each mistake that the audit found; nothing without error. */
export function Refusal({ error }: { error: unknown }) {
  if (!error) return null;
  const findings = error instanceof ApiError ? error.context.findings : undefined;
  if (Array.isArray(findings) && findings.length) {
    return (
      <Alert color="red" title={t("Not saved: the audit refuses it")}>
        <Found findings={findings} />
      </Alert>
    );
  }
  return (
    <Alert color="red" title={t("Not saved")} className="wrap">
      {error instanceof Error ? error.message : String(error)}
    </Alert>
  );
}
