import { Text } from "@mantine/core";
import type { PublicCompetition } from "../api/client";
import { moment, t } from "../i18n";
import { Ago, Countdown } from "./time";

/** When a competition starts, ends or ended. */
export function When({
  competition: { phase, starts_at, ends_at, paused_at },
}: {
  competition: Pick<PublicCompetition, "starts_at" | "ends_at" | "paused_at"> & { phase?: string };
}) {
  const [word, at] =
    phase === "upcoming"
      ? [t("starts in"), starts_at]
      : phase === "running"
        ? [t("ends in"), ends_at]
        : [t("ended"), ends_at];
  return (
    <Text component="div" size="sm" c="dimmed" title={moment(at)}>
      {paused_at && (
        <Text span size="sm" fw={600}>
          {t("Paused")}
          {" · "}
        </Text>
      )}
      {phase === "running" && !ends_at ? (
        t("no end")
      ) : phase === "past" ? (
        <>
          {word} <Ago at={at} />
        </>
      ) : (
        <>
          {word} <Countdown to={at} stopped={paused_at} />
        </>
      )}
    </Text>
  );
}
