import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Suspense } from "react";
import { refusal } from "../api/client";
import { lazyComponent } from "../api/lazyLoad";
import { Page } from "../components/Page";
import { Loaded } from "../components/states";
import { t } from "../i18n";

const Player = lazyComponent(async () => (await import("../components/Player")).Player);

/** A recorded shell, played back. The activity log notes who looked at it. */
export function Recording() {
  const { sessionId } = useParams({ from: "/framed/admin/shells/$sessionId" });
  const url = `/api/v1/admin/shell-recordings/${sessionId}`;
  const query = useQuery({
    queryKey: ["recording", sessionId],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const response = await fetch(url);
      if (!response.ok) throw await refusal(response);
      return response.text();
    },
  });
  return (
    <Page
      title={t("Recording")}
      lead={<span className="mono">{sessionId}</span>}
      size="xl"
      actions={
        <Button component="a" href={url} download variant="default">
          {t("Download")}
        </Button>
      }
    >
      <Loaded query={query} height={400}>
        {(cast) => (
          <Suspense>
            <Player cast={cast} />
          </Suspense>
        )}
      </Loaded>
    </Page>
  );
}
