import "./Search.css";
import "./Traffic.css";
import {
  Alert,
  Badge,
  Button,
  Group,
  Modal,
  NavLink,
  Stack,
  Tabs,
  Text,
  TextInput,
} from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { bytes, moment, number, t } from "../i18n";
import { Empty, Loaded } from "./states";
import { Verbatim } from "./Verbatim";

/** How much of the traffic is asked for at once, in bytes: a service may have said a lot. */
export const PAGE = 4 * 1024 * 1024;

interface Content {
  body: string;
  body_encoding: "utf-8" | "base64";
  body_bytes: number;
}

interface Message extends Content {
  method?: string;
  path?: string;
  status?: number;
  headers: [string, string][];
}

/** What a node recorded of one exchange or stream. */
export interface Flow {
  kind: string;
  service?: string;
  client?: string;
  started_at: number;
  duration_ms?: number;
  request?: Message;
  response?: Message | null;
  data?: (Content & { from: "client" | "service" })[];
}

interface Shown {
  id: string;
  /** A page of it, from the `offset`-th on; an empty one when that is all. */
  load: (offset: number) => Promise<{ items: Flow[] }>;
  har?: string;
  live?: boolean;
}

/** Recorded traffic over the page. */
export function Traffic({ title, close, ...shown }: Shown & { title: string; close: () => void }) {
  const narrow = useMediaQuery("(max-width: 48em)");
  return (
    <Modal opened onClose={close} title={title} size="xl" fullScreen={narrow ?? false}>
      <TrafficView {...shown} />
    </Modal>
  );
}

/** HTTP as request and response, TCP as a stream; filtered by what is in them. */
export function TrafficView({ id, load, har, live = true }: Shown) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<number | null>(null);
  const queries = useQueryClient();
  const key = ["traffic", id];
  const query = useQuery({
    queryKey: key,
    // What was recorded does not change: only what came since is asked for.
    queryFn: async () => {
      const known = queries.getQueryData<{ items: Flow[] }>(key)?.items ?? [];
      const more = await load(known.length);
      return { items: [...known, ...more.items] };
    },
    refetchInterval: live ? 2000 : false,
  });
  return (
    <Loaded query={query} height={240}>
      {({ items }) => {
        const shown = items
          .map((flow, place) => ({ flow, place }))
          .filter(
            ({ flow }) => !text || JSON.stringify(flow).toLowerCase().includes(text.toLowerCase()),
          );
        const flow = chosen === null ? undefined : items[chosen];
        return (
          <Stack gap="sm">
            <Group gap="xs">
              <TextInput
                className="search"
                aria-label={t("Filter the traffic")}
                placeholder={t("Filter: path, header, body…")}
                value={text}
                onChange={(event) => setText(event.currentTarget.value)}
              />
              {har && (
                <Button
                  component="a"
                  href={har}
                  download="traffic.har"
                  variant="default"
                  leftSection={<IconDownload size={16} />}
                >
                  HAR
                </Button>
              )}
              <Text size="sm" c="dimmed">
                {t("{n} exchange|{n} exchanges", { n: shown.length })}
              </Text>
            </Group>
            {items.length === 0 ? (
              <Empty title={t("No traffic yet")}>
                {t("What goes to and from the services shows up here.")}
              </Empty>
            ) : (
              <section className="flows" aria-label={t("Exchanges")} tabIndex={0}>
                {shown.map(({ flow: each, place }) => (
                  <NavLink
                    key={place}
                    component="button"
                    active={place === chosen}
                    onClick={() => setChosen(place === chosen ? null : place)}
                    label={<Line flow={each} />}
                    description={moment(each.started_at)}
                  />
                ))}
              </section>
            )}
            {flow && <Exchange flow={flow} />}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Line({ flow }: { flow: Flow }) {
  const status = flow.response?.status;
  return (
    <Group gap="xs" wrap="nowrap" component="span">
      {flow.request?.method ? (
        <>
          <Badge size="sm" radius="sm" variant="light" color="blue">
            {flow.request.method}
          </Badge>
          <span className="wrap mono">{flow.request.path}</span>
          {status && (
            <Badge size="sm" radius="sm" variant="light" color={status < 400 ? "green" : "red"}>
              {status}
            </Badge>
          )}
        </>
      ) : (
        <>
          <Badge size="sm" radius="sm" variant="light" color="grape">
            {flow.kind}
          </Badge>
          <span className="mono">{flow.client}</span>
        </>
      )}
      {flow.duration_ms !== undefined && (
        <Text component="span" size="xs" c="dimmed" ml="auto" className="digits">
          {number(flow.duration_ms)} ms
        </Text>
      )}
    </Group>
  );
}

function Exchange({ flow }: { flow: Flow }) {
  if (!flow.request)
    return (
      <Verbatim label={t("Stream")}>
        {(flow.data ?? []).map((part, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a stream only grows at its end
          <div key={place}>
            {part.from === "client" ? "→ " : "← "}
            {readable(part)}
          </div>
        ))}
      </Verbatim>
    );
  return (
    <Tabs defaultValue="request">
      <Tabs.List>
        <Tabs.Tab value="request">{t("Request")}</Tabs.Tab>
        <Tabs.Tab value="response">{t("Response")}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="request">
        <Whole
          first={`${flow.request.method ?? ""} ${flow.request.path ?? ""}`}
          message={flow.request}
          label={t("Request")}
        />
      </Tabs.Panel>
      <Tabs.Panel value="response">
        {flow.response ? (
          <Whole
            first={String(flow.response.status ?? "")}
            message={flow.response}
            label={t("Response")}
          />
        ) : (
          <Alert color="gray">{t("There was no response.")}</Alert>
        )}
      </Tabs.Panel>
    </Tabs>
  );
}

function Whole({ first, message, label }: { first: string; message: Message; label: string }) {
  const body = readable(message);
  return (
    <Verbatim label={label}>
      {[first, ...message.headers.map(([name, value]) => `${name}: ${value}`)].join("\n")}
      {"\n\n"}
      {body}
      {message.body_bytes > body.length && `\n… ${bytes(message.body_bytes)}`}
    </Verbatim>
  );
}

/** A body as text; what is no text is shown as the Latin letters of its bytes. */
const readable = ({ body, body_encoding }: Content) =>
  body_encoding === "base64" ? atob(body) : body;
