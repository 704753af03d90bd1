import {
  Avatar,
  Button,
  Card,
  Group,
  NativeSelect,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api, type CompetitionDetail, type TeamDetail } from "../api/client";
import { useMe } from "../api/me";
import { queries, refresh } from "../api/queries";
import { Confirm } from "../components/Confirm";
import { Copy } from "../components/Copy";
import { A, ButtonLink } from "../components/links";
import { useTitle } from "../components/Page";
import { Picture } from "../components/Picture";
import { StandingNotice } from "../components/StandingNotice";
import { Empty, Loaded } from "../components/states";
import { TeamAwards } from "../components/TeamAwards";
import { Ago } from "../components/time";
import { notify } from "../components/toasts";
import { asItIs } from "../components/Upload";
import { t } from "../i18n";
import { ActivityFeed } from "./ActivityFeed";
import { CompetitionAnswers } from "./CompetitionAnswers";
import { useCompetition } from "./useCompetition";
import { TeamWriteups } from "./Writeups";

/** One's own team: members, invites, requests, what happened. */
export function OwnTeam() {
  const competition = useCompetition().data!;
  useTitle(t("Team in {title}", { title: competition.title }));
  const id = competition.my_team_id ?? "";
  const team = api.useQuery(
    "get",
    "/api/v1/teams/{team_id}",
    { params: { path: { team_id: id } } },
    { enabled: id !== "" },
  );
  if (!id)
    return (
      <Empty
        title={t("You are on no team here")}
        action={
          <ButtonLink to="/competitions/$competitionId" params={{ competitionId: competition.id }}>
            {t("Join")}
          </ButtonLink>
        }
      />
    );
  const captain = competition.my_role === "captain";
  return (
    <Stack mt="md">
      <Loaded query={team} height={200}>
        {(found) => (
          <>
            <Title order={1} size="h3" className="wrap">
              {found.name}
            </Title>
            <StandingNotice team={found} />
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <Members team={found} competitionId={competition.id} captain={captain} />
              <Stack>
                {captain && <Invites competitionId={competition.id} />}
                {captain && <Rename team={found} competitionId={competition.id} />}
                {captain && <Logo team={found} competitionId={competition.id} />}
              </Stack>
            </SimpleGrid>
            <CompetitionAnswers competitionId={competition.id} />
            <TeamAwards teamId={found.id} />
            {competition.writeups_until && <TeamWriteups competitionId={competition.id} />}
            <Card>
              <Title order={2} size="h5" mb="xs">
                {t("Activity")}
              </Title>
              <ActivityFeed query={{ team_id: found.id }} />
            </Card>
          </>
        )}
      </Loaded>
    </Stack>
  );
}

interface Own {
  team: TeamDetail;
  competitionId: string;
}

function Members({ team, competitionId, captain }: Own & { captain: boolean }) {
  const me = useMe().data!;
  const path = { competition_id: competitionId };
  const kick = api.useMutation(
    "delete",
    "/api/v1/competitions/{competition_id}/team/members/{target_user_id}",
  );
  // At once, not when it is fetched: what only a captain may ask is then not asked any more.
  const become = (changed: Partial<CompetitionDetail>) => ({
    onMutate: () =>
      queries.setQueryData<CompetitionDetail>(
        ["get", "/api/v1/competitions/{competition_id}", { params: { path } }],
        (before) => before && { ...before, ...changed },
      ),
    onError: () => refresh("/api/v1/competitions"),
  });
  const promote = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/team/captain",
    become({ my_role: "member" }),
  );
  const leave = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/team/leave",
    become({ my_role: "", my_team_id: "", is_registered: false }),
  );
  return (
    <Card>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t("{n} member|{n} members", { n: team.members.length })}
        </Title>
        <Confirm
          size="xs"
          label={t("Leave")}
          question={t("Leave {team}?", { team: team.name })}
          act={() => leave.mutate({ params: { path } })}
        >
          {t("Its instances and solves stay with the team.")}
        </Confirm>
      </Group>
      <Stack gap="xs">
        {team.members.map((member) => (
          <Group key={member.user_id} justify="space-between" gap="xs">
            <Group gap="xs" className="grow" wrap="nowrap">
              <Avatar src={member.avatar_url || null} name={member.display_name} size={28} />
              <div>
                <A
                  to="/users/$userId"
                  params={{ userId: member.user_id }}
                  size="sm"
                  className="wrap"
                >
                  {member.display_name}
                </A>
                <Text size="xs" c="dimmed">
                  {member.is_captain ? t("captain") : t("member")} · <Ago at={member.joined_at} />
                </Text>
              </div>
            </Group>
            {captain && member.user_id !== me.id && (
              <Group gap={4}>
                <Confirm
                  size="compact-xs"
                  danger={false}
                  label={t("Make captain")}
                  question={t("Make {name} the captain?", { name: member.display_name ?? "" })}
                  act={() =>
                    promote.mutate({ params: { path }, body: { user_id: member.user_id } })
                  }
                >
                  {t("You stay as a member.")}
                </Confirm>
                <Confirm
                  size="compact-xs"
                  label={t("Remove")}
                  question={t("Remove {name} from the team?", { name: member.display_name ?? "" })}
                  act={() =>
                    kick.mutate({ params: { path: { ...path, target_user_id: member.user_id } } })
                  }
                />
              </Group>
            )}
          </Group>
        ))}
      </Stack>
    </Card>
  );
}

function Invites({ competitionId }: { competitionId: string }) {
  const path = { competition_id: competitionId };
  const [email, setEmail] = useState("");
  const [uses, setUses] = useState("1");
  const invites = api.useQuery("get", "/api/v1/competitions/{competition_id}/invites", {
    params: { path },
  });
  const make = api.useMutation("post", "/api/v1/competitions/{competition_id}/invites");
  const direct = api.useMutation("post", "/api/v1/competitions/{competition_id}/invites/direct", {
    onSuccess: () => {
      setEmail("");
      notify(t("Invited"));
    },
  });
  const revoke = api.useMutation(
    "delete",
    "/api/v1/competitions/{competition_id}/invites/{invite_id}",
  );
  const approve = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/invites/{invite_id}/approve",
  );
  const reject = api.useMutation(
    "post",
    "/api/v1/competitions/{competition_id}/invites/{invite_id}/reject",
  );
  const at = (id: string) => ({ params: { path: { ...path, invite_id: id } } });
  return (
    <Card>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t("Invites and requests")}
        </Title>
        <Group gap="xs">
          <NativeSelect
            size="xs"
            aria-label={t("How often a new code works")}
            value={uses}
            onChange={(event) => setUses(event.currentTarget.value)}
            data={[
              { value: "1", label: t("for one person") },
              { value: "5", label: t("for {n} people", { n: 5 }) },
              { value: "0", label: t("for everybody") },
            ]}
          />
          <Button
            size="xs"
            variant="default"
            loading={make.isPending}
            onClick={() => make.mutate({ params: { path }, body: { max_uses: Number(uses) } })}
          >
            {t("New code")}
          </Button>
        </Group>
      </Group>
      <Stack gap="xs">
        <form
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            direct.mutate({ params: { path }, body: { email } });
          }}
        >
          <Group align="flex-end" wrap="nowrap">
            <TextInput
              type="email"
              label={t("Invite by e-mail")}
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              required
              withAsterisk={false}
              className="grow"
            />
            <Button type="submit" variant="default" loading={direct.isPending}>
              {t("Invite")}
            </Button>
          </Group>
        </form>
        <Loaded query={invites} height={40}>
          {({ items }) => {
            const open = items.filter(({ active }) => active);
            if (!open.length)
              return (
                <Text size="sm" c="dimmed">
                  {t("No open invite. Make a code and give it to those who should join.")}
                </Text>
              );
            return open.map((invite) => (
              <Group key={invite.id} justify="space-between" gap="xs">
                {invite.kind === "code" ? (
                  <Copy text={invite.code} label={t("invite code")} />
                ) : (
                  <Text size="sm">
                    {invite.kind === "direct" ? t("Invited by e-mail") : t("Asks to join")}
                  </Text>
                )}
                {invite.kind === "join_request" ? (
                  <Group gap={4}>
                    <Button size="compact-xs" onClick={() => approve.mutate(at(invite.id))}>
                      {t("Take in")}
                    </Button>
                    <Button
                      size="compact-xs"
                      variant="default"
                      onClick={() => reject.mutate(at(invite.id))}
                    >
                      {t("Turn down")}
                    </Button>
                  </Group>
                ) : (
                  <Group gap={6}>
                    <Text size="xs" c="dimmed" className="digits">
                      {invite.kind === "code" &&
                        t("{used} of {most} used", {
                          used: invite.use_count,
                          most: invite.max_uses || "∞",
                        })}{" "}
                      <Ago at={invite.expires_at} />
                    </Text>
                    <Button
                      size="compact-xs"
                      variant="default"
                      onClick={() => revoke.mutate(at(invite.id))}
                    >
                      {t("Revoke")}
                    </Button>
                  </Group>
                )}
              </Group>
            ));
          }}
        </Loaded>
      </Stack>
    </Card>
  );
}

function Logo({ team, competitionId }: Own) {
  const params = { path: { competition_id: competitionId } };
  const upload = api.useMutation("put", "/api/v1/competitions/{competition_id}/team/logo");
  const remove = api.useMutation("delete", "/api/v1/competitions/{competition_id}/team/logo");
  return (
    <Card>
      <Picture
        square
        url={team.logo_url}
        name={team.name}
        busy={upload.isPending || remove.isPending}
        upload={(file) => upload.mutate({ params, ...asItIs(file) })}
        remove={() => remove.mutate({ params })}
      />
    </Card>
  );
}

function Rename({ team, competitionId }: Own) {
  const [name, setName] = useState(team.name);
  const [description, setDescription] = useState(team.description ?? "");
  const update = api.useMutation("patch", "/api/v1/competitions/{competition_id}/team", {
    onSuccess: () => notify(t("Saved")),
  });
  return (
    <Card>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          update.mutate({
            params: { path: { competition_id: competitionId } },
            body: { name, description },
          });
        }}
      >
        <Stack gap="xs">
          <TextInput
            label={t("Team name")}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            required
            withAsterisk={false}
            maxLength={64}
          />
          <Textarea
            label={t("Description")}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            autosize
            minRows={2}
          />
          <Button type="submit" variant="default" loading={update.isPending}>
            {t("Save")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
