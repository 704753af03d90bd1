import { Badge, Card, Group, Stack, Text } from "@mantine/core";
import { api } from "../api/client";
import { StateBadge } from "../components/badges";
import { Confirm } from "../components/Confirm";
import { A, ButtonLink } from "../components/links";
import { Page } from "../components/Page";
import { Empty, Loaded } from "../components/states";
import { Ago } from "../components/time";
import { t } from "../i18n";

/** The operators' pages: rules, sponsors, questions and answers. */
export function SitePages() {
  const query = api.useQuery("get", "/api/v1/admin/pages", { params: { query: { limit: 200 } } });
  const remove = api.useMutation("delete", "/api/v1/admin/pages/{page_id}");
  return (
    <Page
      title={t("Pages")}
      lead={t("Visitors read them without signing in, once they are published.")}
      actions={<ButtonLink to="/admin/pages/new">{t("New page")}</ButtonLink>}
    >
      <Loaded query={query}>
        {({ items }) =>
          items.length ? (
            <Stack gap="xs">
              {items.map((page) => (
                <Card key={page.id} component="article" p="sm">
                  <Group justify="space-between" gap="xs">
                    <div className="grow">
                      <A to="/admin/pages/$pageId" params={{ pageId: page.id }} className="wrap">
                        {page.title}
                      </A>
                      <Text size="xs" c="dimmed" className="wrap">
                        /pages/{page.slug} · {page.updated_by_name} · <Ago at={page.updated_at} />
                      </Text>
                    </div>
                    <Group gap="xs">
                      {page.in_navigation && (
                        <Badge variant="light" color="gray" tt="none">
                          {t("in the navigation")}
                        </Badge>
                      )}
                      <StateBadge state={page.status} />
                      <Confirm
                        size="xs"
                        label={t("Delete")}
                        question={t("Delete {title}?", { title: page.title })}
                        act={() => remove.mutate({ params: { path: { page_id: page.id } } })}
                      />
                    </Group>
                  </Group>
                </Card>
              ))}
            </Stack>
          ) : (
            <Card>
              <Empty title={t("No page yet")}>{t("Rules, sponsors, questions and answers.")}</Empty>
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}
