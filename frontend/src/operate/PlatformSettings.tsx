import { Button, Card, Group, NumberInput, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, type PlatformSettingInfo } from "../api/client";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { told } from "../components/toasts";
import { t } from "../i18n";

/** What operators change while the platform runs; in force within a second, everywhere. */
export function PlatformSettings() {
  const query = api.useQuery("get", "/api/v1/admin/platform-settings");
  return (
    <Page title={t("Platform settings")} lead={t("In force within a second, on every server.")}>
      <Loaded query={query} height={400}>
        {(settings) => (
          <Stack gap="xs">
            {settings.map((setting) => (
              <Setting key={`${setting.key} ${String(setting.value)}`} setting={setting} />
            ))}
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function Setting({ setting }: { setting: PlatformSettingInfo }) {
  const [value, setValue] = useState(setting.value);
  const params = { path: { key: setting.key ?? "" } };
  const patch = api.useMutation("patch", "/api/v1/admin/platform-settings/{key}", {
    onSuccess: () => told(t("Saved")),
  });
  const reset = api.useMutation("delete", "/api/v1/admin/platform-settings/{key}", {
    onSuccess: () => told(t("Back to {value}", { value: String(setting.default_value) })),
  });
  const bounds = Object.entries(setting.bounds ?? {}).map(([name, limit]) => `${name} ${limit}`);
  const name = setting.key ?? "";
  const field =
    typeof setting.value === "boolean" ? (
      <Switch
        aria-label={name}
        checked={value === true}
        onChange={(event) => setValue(event.currentTarget.checked)}
      />
    ) : typeof setting.value === "number" ? (
      <NumberInput aria-label={name} value={value as number} onChange={setValue} w={160} />
    ) : (
      <TextInput
        aria-label={name}
        value={String(value ?? "")}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
    );
  return (
    <Card p="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          patch.mutate({ params, body: { value } });
        }}
      >
        <Group justify="space-between" gap="sm">
          <div className="grow">
            <Text className="mono" fw={600}>
              {name}
            </Text>
            <Text size="sm" c="dimmed">
              {setting.description}
            </Text>
            <Text size="xs" c="dimmed">
              {t("from {source}, default {value}", {
                source: setting.source ?? "",
                value: String(setting.default_value),
              })}
              {bounds.length > 0 && ` · ${bounds.join(", ")}`}
            </Text>
          </div>
          <Group gap="xs">
            {field}
            <Button
              type="submit"
              size="xs"
              variant="default"
              disabled={value === setting.value}
              loading={patch.isPending}
            >
              {t("Save")}
            </Button>
            {setting.source === "db" && (
              <Button size="xs" variant="default" onClick={() => reset.mutate({ params })}>
                {t("Reset")}
              </Button>
            )}
          </Group>
        </Group>
      </form>
    </Card>
  );
}
