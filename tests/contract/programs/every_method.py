"""A program that calls every public method of the published SDK: every_method.py < facts.json.

It knows nothing but that package, and so runs with it and, unchanged, with ours. It writes
what it called, which lists had a row, and what went wrong, as JSON.
"""

import functools
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import threading
import time
import traceback
import uuid

import httpx

import ctfy.sdk
from ctfy.sdk import AdminClient, NodeClient, PlatformClient

FACTS = json.load(sys.stdin)
URL, SOLVER, PASSWORD = FACTS["url"], FACTS["solver"], "a-long-enough-secret"
WRONG = "FLAG{" + "0" * 32 + "}"

known, called, with_rows, without_rows, failed = set(), set(), set(), set(), []


def watch(cls, name):
    """Note each call of a method, and whether a list that it answers has rows."""
    method, title = getattr(cls, name), f"{cls.__name__}.{name}"
    known.add(title)

    @functools.wraps(method)
    def call(*args, **kwargs):
        called.add(title)
        answer = method(*args, **kwargs)
        if isinstance(answer, list):
            (with_rows if answer else without_rows).add(title)
        return answer

    # A class method is bound already.
    setattr(cls, name, staticmethod(call) if inspect.ismethod(method) else call)


def watch_everything():
    """All classes of the SDK, wherever in it they lie."""
    for found in list(pkgutil.walk_packages(ctfy.sdk.__path__, "ctfy.sdk.")):
        module = importlib.import_module(found.name)
        for cls in list(vars(module).values()):
            if inspect.isclass(cls) and cls.__module__ == module.__name__:
                for name, member in list(vars(cls).items()):
                    callable_ = inspect.isfunction(member) or isinstance(member, classmethod)
                    if callable_ and not name.startswith("_"):
                        watch(cls, name)


def attempt(call, *args, **kwargs):
    """The answer; what goes wrong is noted, and the program goes on."""
    try:
        return call(*args, **kwargs)
    except Exception:
        name = getattr(call, "__qualname__", str(call))
        failed.append(f"{name}{args}: {traceback.format_exc(limit=-3)}")
        return None


def refused(status, call, *args, **kwargs):
    """Who is refused gets httpx's own error, with the server's words in it."""
    try:
        call(*args, **kwargs)
    except httpx.HTTPStatusError as error:
        answer = error.response
        assert answer.status_code == status, (answer.status_code, answer.text)
        assert {"code", "detail", "timestamp"} <= answer.json().keys()
    else:
        raise AssertionError(f"{call.__qualname__} was not refused")


def eventually(look):
    """The first true answer; none within two minutes is an error."""
    until = time.monotonic() + 120
    while not (found := look()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)
    return found


def person(name):
    """Somebody new, signed in."""
    email = f"{uuid.uuid4().hex}@example.org"
    with PlatformClient(URL) as stranger:
        return PlatformClient(URL, token=stranger.auth.register(email, PASSWORD, name).token)


def solve(service):
    found = subprocess.run([sys.executable, SOLVER, service.url], capture_output=True, check=True)
    return found.stdout.decode().strip()


def done(admin, task):
    """The task, once it is over."""
    over = ("succeeded", "failed", "cancelled")
    return eventually(lambda: (t := admin.tasks.get(task.id)).status in over and t)


# Operators


def prepare(admin):
    """A competition that runs."""
    ids = ["notes", "field-notes", "relay-station"]
    cup = admin.competitions.create(title="Winter cup", challenge_ids=ids)
    cup = admin.competitions.update(cup.id, status="published", description="Bring a coat")
    assert cup.status == "published"
    assert cup.id in [c.id for c in admin.competitions.list()]
    return cup.id


def curate(admin, cup):
    spare = admin.competitions.create(title="Spare cup", status="draft", access="private_listed")
    helper = person("Helper").me.get()
    admin.competition_admins.grant(spare.id, user_id=helper.id)
    assert [a.user_id for a in admin.competition_admins.list(spare.id)] == [helper.id]
    admin.competition_admins.revoke(spare.id, helper.id)
    admin.competition_invites.invite(spare.id, email="later@example.org")
    admin.competition_invites.invite(spare.id, user_id=helper.id)
    assert len(admin.competition_invites.list(spare.id)) == 2
    admin.competition_invites.revoke(spare.id, helper.id)
    admin.competitions.delete(spare.id)
    admin.competitions.registrations(cup)


def people(admin):
    assert admin.users.list()
    somebody = person("Somebody").me.get()
    assert admin.users.get(somebody.id).display_name == "Somebody"
    assert admin.users.set_role(somebody.id, "admin").role == "admin"
    admin.users.set_role(somebody.id, "user")
    refused(404, admin.users.get, "nobody")


def announce(admin, reader):
    told = admin.announcements.create(title="Tea", body="At five", severity="warning")
    assert admin.announcements.update(told.id, title="Coffee").title == "Coffee"
    assert told.id in [a.id for a in admin.announcements.list()]
    assert told.id in [a.id for a in reader.me.inbox().announcements]
    reader.me.read_announcement(told.id)
    reader.me.read_all_announcements()
    admin.announcements.delete(told.id)


def build(admin, cup):
    tasks = [
        attempt(admin.challenges.rescan),
        attempt(admin.challenges.build, "notes"),
        attempt(admin.challenges.build_all, competition_id=cup),
        attempt(admin.challenges.pull, "notes"),
        attempt(admin.challenges.pull_all, competition_id=cup),
    ]
    for task in tasks:
        assert done(admin, task).status == "succeeded"
    assert admin.challenges.build_state().rows
    assert admin.challenges.pull_state().rows


def work(admin):
    assert admin.scheduled_jobs.list()
    admin.scheduled_jobs.update("reconcile", enabled=True, interval_s=30)
    task = done(admin, admin.scheduled_jobs.run("reconcile"))
    admin.tasks.logs(task.id)
    refused(409, admin.tasks.cancel, task.id)
    done(admin, admin.scheduled_jobs.run("scoreboard_snapshot"))
    done(admin, admin.tasks.submit("challenge_rescan"))
    done(admin, admin.tasks.submit("challenge_build", {"challenge_id": "notes"}))
    assert task.id in [t.id for t in admin.tasks.list(kind="scheduled_job_run").items]


def configure(admin):
    assert admin.settings.list()
    assert admin.settings.set("max_instance_ttl_s", 100_000).value == 100_000
    admin.settings.unset("max_instance_ttl_s")


def fleet(admin):
    invite = admin.nodes.mint_invite(ttl_seconds=600)
    with AdminClient.connect(URL, invite.registration_token) as joining:
        node = joining.nodes.register("http://127.0.0.1:9", 1, {"zone": "a"})
    assert admin.nodes.get(node.id).labels == {"zone": "a"}
    admin.nodes.patch(node.id, labels={"zone": "b"})
    assert admin.nodes.events(node.id)
    admin.nodes.remove(node.id)
    admin.nodes.mint_invite()
    admin.nodes.revoke_invite(admin.nodes.list_invites()[0].id)
    assert admin.nodes.health_history(FACTS["node_id"])


def reward(admin, team):
    assert admin.achievements.grant(team, "ambassador").achievement_id == "ambassador"
    admin.achievements.revoke(team, "ambassador")


def look_after(admin, player, cup, team, instance):
    """What operators see of an instance that runs, of one that is over, and of everything."""
    assert instance in [i.id for i in admin.instances.list(node_id=FACTS["node_id"])]
    assert admin.instances.get(instance).id == instance
    assert eventually(lambda: admin.instances.traffic(instance)["items"])
    assert admin.instances.pcap(instance)
    player.instances.stop(instance)
    eventually(lambda: admin.records.get(instance).artifacts.has_manifest)
    assert instance in [r.id for r in admin.records.list(team_id=team)]
    for method in ("events", "submissions", "traffic"):
        assert attempt(getattr(admin.records, method), instance), method
    assert admin.records.pcap(instance)
    for method in ("overview", "solve_matrix", "health_flags", "traffic_summary"):
        attempt(getattr(admin.observability, method))
    for metric in ("launches", "submissions", "solves", "teams", "active_users"):
        assert attempt(admin.observability.timeseries, metric=metric).buckets
    assert admin.observability.activities(team_id=team)
    assert admin.observability.activities_timeseries().buckets
    assert attempt(admin.challenges.stats)
    assert admin.challenges.timeseries("notes").buckets
    assert attempt(admin.challenges.latency_histogram)
    admin.challenges.feedback("notes", competition_id=cup)
    assert admin.challenges.feedback("notes")
    admin.challenges.reset_question_attempts(team, "field-notes", "answer", reason="unclear")
    assert attempt(admin.competitions.registrations, cup)
    assert player.scoreboard.history(team_id=team)
    assert isinstance(admin.records.container_log(instance), str)


# Players


def sign_in():
    stranger = PlatformClient(URL)
    email = f"{uuid.uuid4().hex}@example.org"
    stranger.auth.register(email, PASSWORD, "Ada")
    session = PlatformClient(URL, token=stranger.auth.login(email, PASSWORD).token)
    session.auth.providers()
    code = session.auth.device_code()
    assert session.auth.device_token(code.device_code).status == "pending"
    assert session.auth.token_scopes().categories
    token = session.auth.mint_token(
        "program", 30, competition_access="all", permissions={"profile": "read"}
    )
    assert token.token.startswith("pf_")
    assert token.id in [t.id for t in session.auth.list_tokens()]
    session.auth.revoke_token(token.id)
    session.auth.set_password("another-long-secret", PASSWORD)
    session.auth.revoke_other_tokens()
    session.auth.list_identities()
    refused(404, session.auth.unbind_identity, "none")
    refused(409, session.auth.delete_password)
    assert session.auth.start_oauth_link(FACTS["provider"]).authorize_url
    refused(401, stranger.me.get)
    stranger.close()
    return session


def profile(me):
    assert me.me.update_profile(bio="I count bits", country="DE").country == "DE"
    me.me.update_visibility({"country": False})
    assert me.me.export_account()
    about = me.me.get()
    assert me.users.get(about.id).display_name == "Ada"


def team_up(captain, cup):
    """Invitations by code and by e-mail, and somebody who asks."""
    comp = captain.competition(cup)
    assert comp.id == cup
    team = comp.register(mode="create", name=f"Team {uuid.uuid4().hex[:8]}", description="We")
    comp.team.rename(description="We count bits")
    by_code, by_mail, decliner, asker, rejected, other = map(
        person, ["Bob", "Cem", "Dan", "Eve", "Fay", "Gil"]
    )
    invite = comp.team.invites.create(max_uses=2, ttl_seconds=600)
    assert invite.id in [i.id for i in comp.team.invites.list()]
    by_code.competition(cup).register(mode="join", code=invite.code)
    comp.team.invites.revoke(invite.id)
    sent = comp.team.invites.send(by_mail.me.get().email)
    by_mail.competition(cup).accept_invite(sent.id)
    sent = comp.team.invites.send(decliner.me.get().email)
    assert sent.id in [i.id for i in decliner.me.inbox().incoming_invites]
    decliner.competition(cup).decline_invite(sent.id)
    asked = asker.competition(cup).request_to_join(team.id)
    comp.team.requests.approve(asked.id)
    asked = rejected.competition(cup).request_to_join(team.id)
    comp.team.requests.reject(asked.id)
    comp.team.kick(by_code.me.get().id)
    by_mail.competition(cup).team.leave()
    refused(403, other.competition(cup).team.rename, name="Ours")
    return team.id


def browse(me, cup):
    comp = me.competition(cup)
    assert cup in [c.id for c in me.competitions.list(phase="running")]
    assert me.competitions.get(cup).challenges
    assert comp.detail().is_registered
    assert [c.id for c in comp.challenges()] == ["notes", "field-notes", "relay-station"]
    assert comp.search_teams()
    assert me.challenges.list(difficulty="easy", tag="web", category="web", q="notes")
    assert me.challenges.get("notes").questions
    assert me.challenges.attachments("field-notes").files
    assert me.challenges.download_attachment("field-notes", "notebook.txt")
    assert me.challenges.facets(competition_id=cup)
    refused(404, me.challenges.get, "nothing")


def play(me, cup):
    ready = me.instances.start("notes", ttl=3600, competition_id=cup, poll_interval=0.1)
    service = ready.surface.services[0]
    assert service.service_type.value == "http"
    assert not service.url.endswith("/")
    flag = solve(service)
    assert me.instances.get(ready.id).status == "ready"
    assert me.instances.status(ready.id).attack_surface.services[0].url == service.url
    assert [q.id for q in me.instances.iter_pending_questions(ready.id)] == ["flag"]
    assert ready.id in [i.id for i in me.instances.list(challenge_id="notes", status="ready")]
    me.instances.renew(ready.id, 7200)
    attempt(me.instances.attachments, ready.id)
    assert attempt(me.instances.traffic, ready.id)
    refused(404, me.instances.openvpn_config, ready.id)
    assert me.submissions.verify(ready.id, WRONG).correct is False
    assert me.submissions.submit(ready.id, WRONG).correct is False
    assert me.submissions.verify(ready.id, flag).correct is True
    answer = me.submissions.submit(ready.id, flag)
    assert (answer.correct, answer.challenge_fully_solved, answer.solve_rank) == (True, True, 1)
    assert [s.correct for s in me.submissions.list("notes")]
    relay = me.instances.start("relay-station", competition_id=cup, poll_interval=0.1)
    name = me.instances.attachments(relay.id).files[0].name
    assert me.instances.download_attachment(relay.id, name)
    me.instances.stop(relay.id)
    me.instances.stop(relay.id)
    return ready.id


def answer_questions(me, cup):
    assert [c.id for c in me.submissions.list_qa_challenges(cup)] == ["field-notes"]
    assert not me.submissions.submit_qa("field-notes", cup, "bye").correct
    assert me.submissions.submit_qa("field-notes", cup, "hello", question_id="answer").correct
    several = ["Collision resistance", "Preimage resistance"]
    assert me.submissions.submit_qa("field-notes", cup, several, question_id="properties").correct


def react(me):
    assert me.challenges.add_reaction("notes", "learned").reactions == ["learned"]
    me.challenges.add_reaction("notes", "buggy")
    me.challenges.remove_reaction("notes", "learned")
    assert me.challenges.my_reactions("notes").reactions == ["buggy"]
    assert me.challenges.feedback_stats("notes")
    me.challenges.clear_reactions("notes")
    me.challenges.add_reaction("notes", "brutal")


def compare(me, cup, team):
    comp, user = me.competition(cup), me.me.get()
    eventually(lambda: [e for e in comp.scoreboard() if e.solved])
    eventually(lambda: me.scoreboard.get())
    for read in (
        *(comp.score_history, comp.score_distribution, comp.solve_matrix, comp.challenge_breakdown),
        *(me.scoreboard.challenge_stats, me.scoreboard.users),
        lambda: me.challenges.solve_attempts("notes", include_unsolved=True),
        *(me.teams.list, lambda: me.teams.get(team), lambda: me.teams.profile_stats(team)),
        *(lambda: me.users.solve_trend(user.id), lambda: me.users.profile_stats(user.id)),
        *(me.me.solves, lambda: me.me.milestone_progress(competition_id=cup)),
        *(me.achievements.catalog, me.nodes.list, me.cluster_info),
        *(me.activities.list, me.activities.timeseries),
    ):
        attempt(read)
    eventually(lambda: me.teams.achievements(team))
    eventually(me.achievements.recent_unlocks)
    assert me.achievements.claim_easter_egg("konami", cup)
    assert me.me.achievements(cup).unlocked
    assert me.me.verify_star_gazer(cup)


def ask_the_server(me):
    health = me.health()
    assert me.check_server_compatibility(health=health).status == "ok"
    assert me.check_server_compatibility().quiet
    assert me.get_meta()


def follow(me, cup):
    """The stream begins where it is opened, so the team is renamed until its news comes in."""
    over = threading.Event()

    def rename():
        while not over.wait(0.2):
            me.competition(cup).team.rename(description=uuid.uuid4().hex)

    threading.Thread(target=rename, daemon=True).start()
    stream = me.events()
    try:
        for event in stream:
            assert set(event) == {"event", "data"}
            if event["event"] == "team_profile_updated":
                assert event["data"]["competition_id"] == cup
                break
    finally:
        over.set()
        stream.close()


def ask_the_node(player, cup):
    ready = player.instances.start("relay-station", competition_id=cup, poll_interval=0.1)
    httpx.get(ready.surface.services[0].url)
    node = NodeClient(FACTS["node_url"], FACTS["node_token"])
    assert eventually(lambda: node.get_traffic(ready.id))
    assert node.get_status(ready.id)["status"] == "ready"
    assert node.check_health(ready.id)
    assert node.list_containers(ready.id)
    assert node.list_instance_attachments(ready.id)["files"]
    assert node.download_instance_attachment(
        ready.id, node.list_instance_attachments(ready.id)["files"][0]["name"]
    )[0]
    for read in (
        *(node.node_health, node.get_build_state, node.get_pull_state, node.rescan_challenges),
        *(node.build_all_challenges, node.pull_all_challenges),
        *(lambda: node.build_challenge("notes"), lambda: node.pull_challenge("notes")),
        *(lambda: node.get_pcap(ready.id), lambda: node.get_agent_runtime(ready.id)),
        lambda: node.get_container_logs(ready.id),
    ):
        attempt(read)
    refused(404, node.get_openvpn_config, ready.id)
    again = node.start_instance(
        challenge_id="relay-station", instance_id=ready.id, ttl=60, answers={}
    )
    assert again["status"] == "ready"
    node.stop_instance(ready.id)
    node.stop_all()


def leave(me):
    me.auth.revoke_other_tokens()
    name = me.me.get().display_name
    me.me.delete_account(name)
    refused(401, me.me.get)


def main():
    watch_everything()
    with AdminClient.connect(URL, FACTS["admin_token"]) as admin:
        cup = attempt(prepare, admin)
        me = attempt(sign_in)
        assert PlatformClient(URL, token=FACTS["admin_token"]).admin.users.list()
        attempt(ask_the_server, me)
        attempt(profile, me)
        team = attempt(team_up, me, cup)
        attempt(browse, me, cup)
        instance = attempt(play, me, cup)
        attempt(answer_questions, me, cup)
        attempt(react, me)
        attempt(compare, me, cup, team)
        attempt(follow, me, cup)
        attempt(people, admin)
        attempt(curate, admin, cup)
        attempt(announce, admin, me)
        attempt(build, admin, cup)
        attempt(work, admin)
        attempt(configure, admin)
        attempt(fleet, admin)
        attempt(reward, admin, team)
        attempt(look_after, admin, me, cup, team, instance)
        attempt(ask_the_node, me, cup)
        attempt(admin.instances.stop_all)
        attempt(leave, person("Leaver"))
        admin.close()


main()
print(
    json.dumps(
        {
            "methods": sorted(known),
            "called": sorted(called),
            "never_a_row": sorted(without_rows - with_rows),
            "failed": failed,
        }
    )
)
