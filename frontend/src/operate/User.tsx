import { Button, Card, Group, NativeSelect, Text, Title } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { api } from "../api/client";
import { useMe } from "../api/me";
import { StateBadge } from "../components/badges";
import { Confirm } from "../components/Confirm";
import { AnswersForm } from "../components/Fields";
import { ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Picture } from "../components/Picture";
import { Loaded } from "../components/states";
import { notify } from "../components/toasts";
import { asItIs } from "../components/Upload";
import { moment, t } from "../i18n";
import { SigningIn } from "./Accounts";
import { ActivityTable } from "./Activity";
import { ROLES } from "./roles";

/** One person: role, suspension, what they did. */
export function User() {
  const { userId } = useParams({ from: "/framed/admin/users/$userId" });
  const me = useMe().data!;
  const params = { path: { user_id: userId } };
  const query = api.useQuery("get", "/api/v1/admin/users/{user_id}", { params });
  const role = api.useMutation("patch", "/api/v1/admin/users/{user_id}/role");
  const suspend = api.useMutation("post", "/api/v1/admin/users/{user_id}/suspend");
  const reinstate = api.useMutation("post", "/api/v1/admin/users/{user_id}/reinstate");
  const picture = api.useMutation("put", "/api/v1/admin/users/{user_id}/avatar");
  const noPicture = api.useMutation("delete", "/api/v1/admin/users/{user_id}/avatar");
  return (
    <Page
      title={query.data?.display_name ?? t("User")}
      kind={t("User")}
      lead={query.data?.email}
      size="xl"
      actions={
        <ButtonLink to="/users/$userId" params={{ userId }} variant="default">
          {t("Profile")}
        </ButtonLink>
      }
    >
      <Loaded query={query} height={160}>
        {(user) => (
          <>
            <Card>
              <Group align="flex-end">
                <NativeSelect
                  label={t("Role")}
                  value={user.role}
                  disabled={me.role !== "super_admin"}
                  onChange={(event) =>
                    role.mutate({ params, body: { role: event.currentTarget.value as "user" } })
                  }
                  data={Object.entries(ROLES).map(([value, word]) => ({ value, label: t(word) }))}
                />
                {user.suspended_at ? (
                  <Button
                    variant="default"
                    loading={reinstate.isPending}
                    onClick={() => reinstate.mutate({ params })}
                  >
                    {t("Reinstate")}
                  </Button>
                ) : (
                  <Confirm
                    label={t("Suspend")}
                    question={t("Suspend {name}?", { name: user.display_name ?? "" })}
                    reason={t("Reason")}
                    act={(reason) => suspend.mutate({ params, body: { reason } })}
                  >
                    {t("Sessions and instances end, and the person leaves the scoreboards.")}
                  </Confirm>
                )}
                <StateBadge state={user.suspended_at ? "suspended" : "active"} />
                <Text size="sm" c="dimmed" className="wrap">
                  {user.suspended_reason}
                </Text>
              </Group>
              <Text size="sm" c="dimmed" mt="sm">
                {[
                  t("since {day}", { day: moment(user.created_at) }),
                  user.email_verified ? t("e-mail verified") : t("e-mail not verified"),
                  ...user.providers,
                ].join(" · ")}
              </Text>
            </Card>
            <Card>
              <Picture
                url={user.avatar_url}
                name={user.display_name}
                busy={picture.isPending || noPicture.isPending}
                upload={(file) => picture.mutate({ params, ...asItIs(file) })}
                remove={() => noPicture.mutate({ params })}
              />
            </Card>
            <UserAnswers userId={userId} />
            <SigningIn user={user} />
          </>
        )}
      </Loaded>
      <ActivityTable query={{ actor_id: userId }} />
    </Page>
  );
}

/** What somebody answered to what the platform asks of everybody; operators put it right. */
function UserAnswers({ userId }: { userId: string }) {
  const params = { path: { user_id: userId } };
  const query = api.useQuery("get", "/api/v1/admin/users/{user_id}/fields", { params });
  const change = api.useMutation("patch", "/api/v1/admin/users/{user_id}/fields", {
    meta: { quiet: true },
    onSuccess: () => notify(t("Saved")),
  });
  if (!query.data?.length) return null;
  return (
    <Card>
      <Title order={2} size="h5" mb="xs">
        {t("Answers at registration")}
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
