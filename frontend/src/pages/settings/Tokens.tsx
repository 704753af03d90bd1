import {
  Alert,
  Button,
  Card,
  Checkbox,
  Group,
  NativeSelect,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, type CreateFineGrainedTokenRequest } from "../../api/client";
import { useMe } from "../../api/me";
import { Confirm } from "../../components/Confirm";
import { Copy } from "../../components/Copy";
import { Loaded } from "../../components/states";
import { Ago } from "../../components/time";
import { type Message, t } from "../../i18n";
import { useTokens } from "./useTokens";

const LEVELS = { none: "none", read: "read", write: "read and write" } as const satisfies Record<
  string,
  Message
>;

/** API tokens: what each may do, and a form that makes one. */
export function Tokens() {
  const { query, mine } = useTokens("api");
  const [minted, setMinted] = useState("");
  const revoke = api.useMutation("delete", "/api/v1/auth/tokens/{token_id}");
  return (
    <Stack>
      {minted && (
        <Alert color="green" title={t("Your new token, shown this once")} role="status">
          <Copy text={minted} label={t("token")} />
        </Alert>
      )}
      <Mint done={setMinted} />
      <Loaded query={query}>
        {() =>
          mine.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t("No API token yet. Agents and scripts sign in with one.")}
            </Text>
          ) : (
            <Stack gap="xs">
              {mine.map((token) => (
                <Card key={token.id} p="sm">
                  <Group justify="space-between" gap="xs">
                    <div className="grow">
                      <Text fw={600} className="wrap">
                        {token.label || t("Token without a label")}
                      </Text>
                      <Text size="xs" c="dimmed" className="wrap">
                        {Object.entries(token.permissions)
                          .filter(([, level]) => level !== "none")
                          .map(([scope, level]) => `${scope}:${level}`)
                          .join(", ")}
                      </Text>
                      <Text size="xs" c="dimmed">
                        {t("made")} <Ago at={token.created_at} /> · {t("used")}{" "}
                        {token.last_used_at ? <Ago at={token.last_used_at} /> : t("never")} ·{" "}
                        {t("expires")}{" "}
                        {token.expires_at ? <Ago at={token.expires_at} /> : t("never")}
                      </Text>
                    </div>
                    <Confirm
                      size="xs"
                      label={t("Revoke")}
                      question={t("Revoke this token?")}
                      act={() => revoke.mutate({ params: { path: { token_id: token.id } } })}
                    >
                      {t("Whatever uses it is signed out at once.")}
                    </Confirm>
                  </Group>
                </Card>
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Stack>
  );
}

function Mint({ done }: { done: (token: string) => void }) {
  const me = useMe().data!;
  const scopes = api.useQuery("get", "/api/v1/auth/tokens/scopes");
  const [label, setLabel] = useState("");
  const [life, setLife] = useState("30");
  const [only, setOnly] = useState<string[]>([]);
  const [levels, setLevels] = useState<Record<string, string>>({
    challenges: "read",
    submissions: "write",
    instances: "write",
    scoreboard: "read",
    teams: "write",
  });
  const mint = api.useMutation("post", "/api/v1/auth/tokens", {
    onSuccess: ({ token }) => {
      done(token);
      setLabel("");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body: CreateFineGrainedTokenRequest = {
      label,
      expires_in_days: Number(life) || null,
      competition_access: only.length ? "selected" : "all",
      competition_ids: only,
      permissions: levels as never,
    };
    mint.mutate({ body });
  };
  return (
    <Card>
      <form onSubmit={submit}>
        <Stack>
          <Group grow align="flex-end">
            <TextInput
              label={t("Label")}
              placeholder={t("What it is for")}
              value={label}
              onChange={(event) => setLabel(event.currentTarget.value)}
              required
              withAsterisk={false}
            />
            <NativeSelect
              label={t("Expires after")}
              value={life}
              onChange={(event) => setLife(event.currentTarget.value)}
              data={[
                ...[7, 30, 90, 365].map((days) => ({
                  value: String(days),
                  label: t("{n} day|{n} days", { n: days }),
                })),
                { value: "0", label: t("never") },
              ]}
            />
          </Group>
          <Loaded query={scopes} height={200}>
            {({ categories }) => (
              <Stack gap={4}>
                {categories.map((scope) => (
                  <Group key={scope.key} justify="space-between" wrap="nowrap" gap="xs">
                    <div>
                      <Text size="sm" fw={600}>
                        {scope.label}
                      </Text>
                      <Text size="xs" c="dimmed">
                        {scope.description}
                      </Text>
                    </div>
                    <NativeSelect
                      size="xs"
                      aria-label={scope.label}
                      value={levels[scope.key] ?? "none"}
                      onChange={(event) =>
                        setLevels({ ...levels, [scope.key]: event.currentTarget.value })
                      }
                      data={(["none", "read", "write"] as const)
                        .filter((level) => level !== "write" || scope.max_level === "write")
                        .map((level) => ({ value: level, label: t(LEVELS[level]) }))}
                    />
                  </Group>
                ))}
              </Stack>
            )}
          </Loaded>
          {me.competition_teams.length > 0 && (
            <Checkbox.Group
              value={only}
              onChange={setOnly}
              label={t("Only in these competitions")}
              description={t("None chosen: in all")}
            >
              <Stack gap={4} mt={4}>
                {me.competition_teams.map(({ competition_id, competition_title }) => (
                  <Checkbox key={competition_id} value={competition_id} label={competition_title} />
                ))}
              </Stack>
            </Checkbox.Group>
          )}
          <Group>
            <Button type="submit" loading={mint.isPending}>
              {t("Make a token")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}
