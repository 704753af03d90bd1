import { Card, Title } from "@mantine/core";
import { api } from "../api/client";
import { AnswersForm } from "../components/Fields";
import { notify } from "../components/toasts";
import { t } from "../i18n";

/** What a competition asks of those who take part, where it asks anything. */
export function CompetitionAnswers({ competitionId }: { competitionId: string }) {
  const params = { path: { competition_id: competitionId } };
  const query = api.useQuery("get", "/api/v1/competitions/{competition_id}/fields", { params });
  const change = api.useMutation("patch", "/api/v1/competitions/{competition_id}/fields", {
    meta: { quiet: true },
    onSuccess: () => notify(t("Saved")),
  });
  if (!query.data?.length) return null;
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        {t("What the organisers ask")}
      </Title>
      <AnswersForm
        fields={query.data}
        save={(fields) => change.mutateAsync({ params, body: { fields } })}
        busy={change.isPending}
        error={change.error}
      />
    </Card>
  );
}
