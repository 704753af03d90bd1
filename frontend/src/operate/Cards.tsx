import "./Cards.css";
import { Alert, Button, Group, Pagination, Text } from "@mantine/core";
import "@mantine/core/styles/Pagination.css";
import { useParams } from "@tanstack/react-router";
import { api, type SignInLink } from "../api/client";
import { useFilters } from "../components/filters";
import { Page } from "../components/Page";
import { QrCode } from "../components/QrCode";
import { Empty, Loaded } from "../components/states";
import { moment, t } from "../i18n";

const PER_SHEET = 200;

/** A card for each of a file's people who cannot sign in yet: to print, cut and hand out. */
export function Cards() {
  const { importId } = useParams({ from: "/framed/admin/imports/$importId/cards" });
  const [{ offset = 0 }, change] = useFilters();
  const query = api.useQuery("get", "/api/v1/admin/people-imports/{import_id}/rows", {
    params: {
      path: { import_id: importId },
      query: { outcome: "created", limit: PER_SHEET, offset },
    },
  });
  const make = api.useMutation("post", "/api/v1/admin/users/links");
  const waiting = (query.data?.items ?? []).filter((row) => !row.has_password && row.user_id);
  const links = make.data?.links ?? [];
  const pages = Math.ceil((query.data?.total ?? 0) / PER_SHEET);
  return (
    <Page
      title={t("Cards")}
      size="xl"
      lead={window.location.host}
      actions={
        links.length > 0 && (
          <Button className="no-print" onClick={() => window.print()}>
            {t("Print")}
          </Button>
        )
      }
    >
      <Loaded query={query} height={200}>
        {() =>
          links.length > 0 ? (
            <ul className="cards">
              {links.map((link) => (
                <SignInCard key={link.user_id} link={link} />
              ))}
            </ul>
          ) : waiting.length === 0 ? (
            <Empty title={t("Everybody here can sign in already")} />
          ) : (
            <Alert title={t("{n} card|{n} cards", { n: waiting.length })}>
              <Text size="sm" mb="xs">
                {t(
                  "Each holds a new link, which works once, for seven days. Links that were mailed or printed before stop working.",
                )}
              </Text>
              <Button
                loading={make.isPending}
                onClick={() =>
                  make.mutate({
                    body: { user_ids: waiting.map((row) => row.user_id ?? ""), mail: false },
                  })
                }
              >
                {t("Make the cards")}
              </Button>
            </Alert>
          )
        }
      </Loaded>
      {pages > 1 && (
        <Group className="no-print">
          <Pagination
            total={pages}
            value={Number(offset) / PER_SHEET + 1}
            onChange={(page) => {
              make.reset();
              change({ offset: (page - 1) * PER_SHEET });
            }}
          />
        </Group>
      )}
    </Page>
  );
}

function SignInCard({ link }: { link: SignInLink }) {
  return (
    <li>
      <QrCode
        text={link.url ?? ""}
        label={t("Link of {name}", { name: link.display_name ?? "" })}
      />
      <div className="grow">
        <Text fw={600} className="wrap">
          {link.display_name}
        </Text>
        <Text size="sm" className="wrap">
          {link.email}
        </Text>
        <Text size="xs" className="wrap mono">
          {link.url}
        </Text>
        {link.expires_at && (
          <Text size="xs" c="dimmed">
            {t("Valid until {time}", { time: moment(link.expires_at) })}
          </Text>
        )}
      </div>
    </li>
  );
}
