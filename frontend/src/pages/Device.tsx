import {
  Alert,
  Button,
  Card,
  Container,
  Group,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useState } from "react";
import { api } from "../api/client";
import { useMe } from "../api/me";
import { useFilters } from "../components/filters";
import { useTitle } from "../components/Page";
import { Failure } from "../components/states";
import { Ago } from "../components/time";
import { t } from "../i18n";

/** Where a person lets a device, such as the command line, sign in as them. */
export function Device() {
  useTitle(t("Sign in a device"));
  const me = useMe().data!;
  const [{ user_code = "" }, change] = useFilters();
  const [typed, setTyped] = useState(user_code);
  const [verdict, setVerdict] = useState<"" | "approved" | "denied">("");
  const asked = api.useQuery(
    "get",
    "/api/v1/auth/device/info",
    { params: { query: { user_code } } },
    { enabled: user_code !== "" && !verdict },
  );
  const approve = api.useMutation("post", "/api/v1/auth/device/approve", {
    onSuccess: () => setVerdict("approved"),
  });
  const deny = api.useMutation("post", "/api/v1/auth/device/deny", {
    onSuccess: () => setVerdict("denied"),
  });
  const body = { body: { user_code } };
  const waits = asked.data?.status === "pending";
  return (
    <Container size={440} py={{ base: "lg", sm: 64 }}>
      <Card p="lg">
        <Stack>
          <Title order={1} size="h3">
            {t("Sign in a device")}
          </Title>
          {verdict === "approved" && (
            <Alert color="green" role="status">
              {t("Approved. You can go back to your device.")}
            </Alert>
          )}
          {verdict === "denied" && (
            <Alert color="orange" role="status">
              {t("Denied. The device is turned away.")}
            </Alert>
          )}
          {!verdict && (
            <form
              onSubmit={(event) => {
                event.preventDefault();
                change({ user_code: typed.trim().toUpperCase() });
              }}
            >
              <Group align="flex-end" wrap="nowrap">
                <TextInput
                  label={t("The code that your device shows")}
                  value={typed}
                  onChange={(event) => setTyped(event.currentTarget.value)}
                  autoComplete="off"
                  required
                  withAsterisk={false}
                  styles={{ input: { fontFamily: "monospace", letterSpacing: 2 } }}
                />
                <Button type="submit" variant="default">
                  {t("Look")}
                </Button>
              </Group>
            </form>
          )}
          {!verdict && asked.error && <Failure error={asked.error} />}
          {!verdict && asked.data && !waits && (
            <Alert color="gray">{t("This code was used already, or is too old.")}</Alert>
          )}
          {!verdict && asked.data && waits && (
            <>
              <Text size="sm">
                {t("A device asks to sign in as {name}. Approve only what you started yourself.", {
                  name: me.display_name ?? "",
                })}
              </Text>
              <Text size="sm" c="dimmed" className="wrap">
                {asked.data.requester_ip} · {asked.data.requester_user_agent} ·{" "}
                <Ago at={asked.data.requested_at} />
              </Text>
              <Group>
                <Button loading={approve.isPending} onClick={() => approve.mutate(body)}>
                  {t("Approve")}
                </Button>
                <Button
                  variant="default"
                  loading={deny.isPending}
                  onClick={() => deny.mutate(body)}
                >
                  {t("Deny")}
                </Button>
              </Group>
            </>
          )}
        </Stack>
      </Card>
    </Container>
  );
}
