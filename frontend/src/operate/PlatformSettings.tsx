import { Button, Card, Group, NativeSelect, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, type PlatformSettingInfo } from "../api/client";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { notify } from "../components/toasts";
import { t } from "../i18n";
import { PlatformFields } from "./Fields";
import { NumberInput, TagsInput } from "./inputs";

// Lines of Markdown, and what is better seen than read, or tried: they have pages of their own.
const LOOK = ["event_name", "accent_color", "landing_text", "footer_text"];
const isElsewhere = (key: string) => LOOK.includes(key) || key.startsWith("smtp_");

/** Settings that operators change while the platform runs; each is in force within a second. */
export function PlatformSettings() {
  const query = api.useQuery("get", "/api/v1/admin/platform-settings");
  return (
    <Page title={t("Platform settings")} lead={t("In force within a second, on every server.")}>
      <PlatformFields />
      <Loaded query={query} height={400}>
        {(settings) => (
          <Stack gap="xs">
            {settings
              .filter(({ key = "" }) => !isElsewhere(key))
              .map((setting) => (
                <Setting key={`${setting.key} ${shown(setting.value)}`} setting={setting} />
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
    onSuccess: () => notify(t("Saved")),
  });
  const reset = api.useMutation("delete", "/api/v1/admin/platform-settings/{key}", {
    onSuccess: () => notify(t("Back to {value}", { value: shown(setting.default_value) })),
  });
  const { one_of: options, ...limits } = (setting.bounds ?? {}) as { one_of?: string[] };
  const bounds = Object.entries(limits).map(([name, limit]) => `${name} ${limit}`);
  const name = setting.key ?? "";
  const field =
    typeof setting.value === "boolean" ? (
      <Switch
        aria-label={name}
        checked={value === true}
        onChange={(event) => setValue(event.currentTarget.checked)}
      />
    ) : options ? (
      <NativeSelect
        aria-label={name}
        value={String(value)}
        onChange={(event) => setValue(event.currentTarget.value)}
        data={options}
      />
    ) : typeof setting.value === "number" ? (
      <NumberInput aria-label={name} value={value as number} onChange={setValue} w={160} />
    ) : Array.isArray(setting.value) ? (
      <TagsInput aria-label={name} value={value as string[]} onChange={setValue} w={260} />
    ) : typeof setting.value === "object" && setting.value ? (
      <Pairs label={name} start={setting.value as Table} change={setValue} />
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
            <Text size="xs" c="dimmed" className="wrap">
              {t("from {source}, default {value}", {
                source: setting.source ?? "",
                value: shown(setting.default_value),
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
              disabled={shown(value) === shown(setting.value)}
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

type Table = Record<string, string | number | null>;

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** A setting with a value for each of some names; an empty number is none. */
function Pairs({
  label,
  start,
  change,
}: {
  label: string;
  start: Table;
  change: (next: Table) => void;
}) {
  const [values, setValues] = useState(start);
  const set = (name: string, text: string) => {
    const empty = text.trim() === "";
    const isNumber = typeof start[name] === "number" || start[name] === null;
    const next = { ...values, [name]: isNumber ? (empty ? null : Number(text)) : text };
    setValues(next);
    change(next);
  };
  return (
    <Stack gap={4}>
      {Object.entries(values).map(([name, value]) => (
        <Group key={name} gap="xs" wrap="nowrap" justify="space-between">
          <Text size="sm">{name}</Text>
          <TextInput
            size="xs"
            aria-label={`${label}: ${name}`}
            value={value ?? ""}
            onChange={(event) => set(name, event.currentTarget.value)}
          />
        </Group>
      ))}
    </Stack>
  );
}
