import { Card } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { ApiError, api } from "../api/client";
import { Markdown } from "../components/Markdown";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { t } from "../i18n";
import { NotFound } from "../layout/NotFound";

/** A page of the operators': rules, sponsors, questions and answers. */
export function SitePage() {
  const { slug } = useParams({ from: "/framed/pages/$slug" });
  const query = api.useQuery("get", "/api/v1/pages/{slug}", { params: { path: { slug } } });
  if (query.error instanceof ApiError && query.error.status === 404) return <NotFound />;
  return (
    <Page title={query.data?.title ?? t("Page")} size="md">
      <Loaded query={query} height={300}>
        {({ body }) => (
          <Card p="lg">
            <Markdown text={body} />
          </Card>
        )}
      </Loaded>
    </Page>
  );
}
