import { Alert, Button, Card, Container, Group, Stack, Title } from "@mantine/core";
import { api } from "../../api/client";
import { AnswersForm } from "../../components/Fields";
import { useTitle } from "../../components/Page";
import { Loaded } from "../../components/states";
import { notify } from "../../components/toasts";
import { t } from "../../i18n";

function useOwnAnswers() {
  const query = api.useQuery("get", "/api/v1/me/fields");
  const change = api.useMutation("patch", "/api/v1/me/fields", {
    meta: { quiet: true },
    onSuccess: () => notify(t("Saved")),
  });
  return { query, change };
}

/** What the platform asks of everybody, where it asks anything. */
export function Answers() {
  const { query, change } = useOwnAnswers();
  if (!query.data?.length) return null;
  return (
    <Card>
      <Stack>
        <Title order={2} size="h5">
          {t("What the organisers ask")}
        </Title>
        <AnswersForm
          fields={query.data}
          save={(fields) => change.mutateAsync({ body: { fields } })}
          busy={change.isPending}
          error={change.error}
        />
      </Stack>
    </Card>
  );
}

/** What somebody sees first who was not asked yet; they can put it off. */
export function AnswersNeeded({ later }: { later: () => void }) {
  useTitle(t("What the organisers ask"));
  const { query, change } = useOwnAnswers();
  return (
    <Container size="sm" py="md">
      <Stack>
        <Title order={1} size="h3">
          {t("What the organisers ask")}
        </Title>
        <Alert>{t("Your account lacks answers that the organisers need of everybody.")}</Alert>
        <Card>
          <Loaded query={query}>
            {(fields) => (
              <AnswersForm
                fields={fields}
                save={(answers) => change.mutateAsync({ body: { fields: answers } })}
                busy={change.isPending}
                error={change.error}
              />
            )}
          </Loaded>
        </Card>
        <Group>
          <Button variant="default" onClick={later}>
            {t("Later")}
          </Button>
        </Group>
      </Stack>
    </Container>
  );
}
