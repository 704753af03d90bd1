"""Every command of both trees against a live platform, for people and for programs."""

from __future__ import annotations

import base64
import json
import shutil
import stat
import time
import uuid
from datetime import datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from ctfy.server.accounts.totp import code_at
from tests.cli.terminal import PROGRAMS, Terminal, commands
from tests.conftest import ADMIN_EMAIL, PASSWORD, Arena, sign_in
from tests.hostile_images import drawn
from tests.playing import flag
from tests.processes import CHALLENGES, free_port, wait_for

# These run until they are stopped, need a terminal, or run without a server; each has its test.
ELSEWHERE = {
    "ctfy play",
    "ctfy mcp",
    "ctfy events watch",
    "ctfy-admin up",
    "ctfy-admin worker",
    "ctfy-admin server start",
    "ctfy-admin node join",
    "ctfy-admin node prebuild",
}


def told(words: str) -> bool:
    """Whether this file's stories tell of a command."""
    return words not in ELSEWHERE and not words.startswith(
        ("ctfy-admin db", "ctfy-admin challenge", "ctfy-admin import")
    )


def untold(program: str, terminal: Terminal) -> set[str]:
    every = {words for words, command in commands(PROGRAMS[program], program) if not command.hidden}
    return {words for words in every - terminal.ran if told(words)}


def test_a_player_does_everything_from_the_command_line(
    arena: Arena, tmp_path: Path, secret: bytes
) -> None:
    competition = arena.competition(registration_closes_at=None)
    asked = {"kind": "choice", "options": ["S", "M"], "competition_id": competition.id}
    arena.admin.admin.fields.create("shirt", "T-shirt", **asked)  # type: ignore[arg-type]
    me = Terminal(tmp_path / "config", arena.url)
    email = f"cli-{uuid.uuid4().hex}@example.org"

    # Signing up, in and out.
    assert me.run("ctfy auth status --check").code == 3
    assert "is the server running" in me.run("ctfy --host http://127.0.0.1:9 status").err
    for line in ("ctfy status --host nowhere", "ctfy status --host=nowhere"):
        assert "nowhere" in me.run(line).err  # which fails at once
    assert me.both("ctfy status")["status"] == "ok"
    new = ["--email", email, "--password", PASSWORD]
    assert "Signed in" in me.run("ctfy auth register --display-name Ada", *new).err
    saved = tmp_path / "config" / "hosts.json"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert me.both("ctfy auth status --check")["display_name"] == "Ada"
    assert me.both("ctfy config show")["signed_in"] is True
    assert arena.url in me.ok("ctfy auth switch")
    assert "Now on" in me.run("ctfy auth switch 127.0.0.1").err
    assert me.run("ctfy auth switch elsewhere").code == 2
    old = json.loads(saved.read_text())["hosts"][arena.url]["token"]
    me.ok("ctfy logout --revoke")
    assert me.run("ctfy me view", people=True).code == 3
    assert Terminal(tmp_path / "other", arena.url, old).run("ctfy me view").code == 3
    me.ok("ctfy login", *new)
    me.ok("ctfy auth logout")
    assert me.run("ctfy auth login --email", email, "--password", "wrong").code == 3
    me.ok("ctfy auth login", *new)
    other = "another-long-secret"
    me.ok("ctfy auth password set --current", PASSWORD, "--new", other)
    refused = me.run("ctfy auth password remove")
    assert (refused.code, "[last_sign_in_method]" in refused.err) == (5, True)
    made = me.json("ctfy auth totp setup --password", other)
    key = base64.b32decode(made["secret"])
    step = int(time.time()) // 30
    codes = me.ok(f"ctfy auth totp confirm {code_at(key, step)}").split()
    assert me.both("ctfy auth totp status")["recovery_codes_left"] == 10
    again = me.run("ctfy auth login --email", email, "--password", other)
    assert (again.code, "[totp_required]" in again.err) == (3, True)
    me.ok("ctfy auth login --email", email, "--password", other, "--code", codes[0])
    me.ok("ctfy auth totp disable", codes[1], "--password", other)
    assert me.both("ctfy auth identities list") == []
    assert me.run("ctfy auth identities unbind nothing").code == 4

    # Taking part.
    assert competition.id in {c["id"] for c in me.both("ctfy competition list --phase running")}
    team = me.both(f"ctfy competition view {competition.id}")
    assert team["is_registered"] is False
    created = me.json(
        f"ctfy competition register {competition.id} --mode create --name Night-{email}"
        " --field shirt=M"
    )
    again = me.run(f"ctfy competition register {competition.id}")
    assert (again.code, "[already_on_team]" in again.err) == (5, True)
    me.ok(f"ctfy competition view {competition.id}", people=True)
    me.ok(f"ctfy competition rename {competition.id} --description nocturnal")
    (tmp_path / "logo.png").write_bytes(drawn())
    assert me.json(f"ctfy competition logo {competition.id} {tmp_path}/logo.png")["logo_url"]
    me.ok(f"ctfy competition logo {competition.id} --remove")
    (shirt,) = me.both(f"ctfy competition fields {competition.id}")
    assert (shirt["name"], shirt["value"]) == ("shirt", "M")
    (shirt,) = me.json(f"ctfy competition answer {competition.id} --field shirt=S")
    assert shirt["value"] == "S"
    code = me.json(f"ctfy competition invite {competition.id} --max-uses 2")
    assert code["id"] in {i["id"] for i in me.both(f"ctfy competition invites {competition.id}")}
    friend = arena.player("Grace")
    token = friend.auth.mint_token("all").token
    grace = Terminal(tmp_path / "grace", arena.url, token)
    grace.ok(f"ctfy competition redeem {competition.id} {code['code']}")
    grace_id = friend.me.get().id
    assert me.run(f"ctfy competition kick {competition.id} nobody@example.org").code == 4
    me.ok(f"ctfy competition kick {competition.id} {friend.me.get().email}")
    grace.ok(f"ctfy team request {competition.id} {created['id']}")
    (asked,) = me.both("ctfy team requests")
    me.ok(f"ctfy team reject {competition.id} {asked['id']}")
    grace.ok(f"ctfy team request {competition.id} {created['id']}")
    me.ok(f"ctfy team approve {competition.id} {me.json('ctfy team requests')[0]['id']}")
    me.ok(f"ctfy competition hand-over {competition.id} {grace_id}")
    grace.ok(f"ctfy competition leave {competition.id}")
    me.ok(f"ctfy competition invite-revoke {competition.id} {code['id']}")
    grace_email = friend.me.get().email
    for answer in ("decline", "accept"):
        sent = me.json(f"ctfy competition invite {competition.id} --email {grace_email}")
        assert "invite" in grace.ok("ctfy me inbox", people=True)
        grace.ok(f"ctfy team {answer} {competition.id} {sent['id']}")
    assert created["id"] in {t["id"] for t in me.both("ctfy team list --limit 1000")}
    assert me.json(f"ctfy team list --competition {competition.id} --q Night")
    assert len(me.both(f"ctfy team view {created['id']}")["members"]) == 2
    me.both(f"ctfy team achievements {created['id']}")
    me.both(f"ctfy team awards {created['id']}")
    me.both(f"ctfy team profile-stats {created['id']}")

    # Challenges and instances.
    listed = me.both(f"ctfy challenge list --competition {competition.id} --difficulty easy")
    assert "notes" in {c["id"] for c in listed}
    assert me.json("ctfy challenge ls --q notes")
    assert "private note" in me.ok("ctfy challenge view notes", people=True)
    files = me.both("ctfy challenge attachments field-notes")
    me.ok(f"ctfy challenge download field-notes --out {tmp_path}/files")
    assert (tmp_path / "files" / files[0]["name"]).stat().st_size == files[0]["size"]
    hints = me.both(f"ctfy challenge hints {competition.id} notes")
    me.ok(f"ctfy challenge hint {competition.id} notes {hints[0]['id']}")
    assert me.json("ctfy challenge react notes learned")["reactions"] == ["learned"]
    me.ok("ctfy challenge react notes learned --remove")
    assert me.both(f"ctfy challenge qa {competition.id}")
    answer = "ctfy challenge answer field-notes"
    undecided = me.run(f"{answer} adieu")
    assert "algorithm" in undecided.err
    assert "--question-id" in undecided.err
    assert me.run(f"{answer} answer adieu").code == 1
    assert "Correct" in me.ok(f"{answer} answer hello")
    assert me.json(f"{answer} MD5 -q algorithm --competition {competition.id}")["correct"]

    # How it was done.
    notes = tmp_path / "notes.md"
    notes.write_text("By **reading**.")
    hand_in = f"ctfy writeup hand-in {competition.id} field-notes"
    assert "[writeups_not_taken]" in me.run(f"{hand_in} {notes}").err
    arena.admin.admin.competitions.update(competition.id, writeups_until="2040-01-01T00:00:00Z")
    written = me.json(f"{hand_in} {notes}")
    assert me.both(f"ctfy writeup view {written['id']}")["text"] == "By **reading**."
    assert me.both(f"ctfy writeup list {competition.id}")["items"][0]["writeup"]["id"]
    (tmp_path / "notes.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
    assert me.json(f"{hand_in} {tmp_path}/notes.pdf")["format"] == "pdf"
    me.ok(f"ctfy writeup download {written['id']} --out {tmp_path}/again.pdf")
    assert (tmp_path / "again.pdf").read_bytes().startswith(b"%PDF-")
    assert me.both(f"ctfy writeup published {competition.id} field-notes") == []
    started = me.json(f"ctfy instance start notes --competition {competition.id} --ttl 600")
    assert started["attack_surface"]["services"][0]["url"].startswith("http://")
    instance = started["id"]
    assert me.both("ctfy instance list --status ready")[0]["id"] == instance
    assert "http://" in me.ok("ctfy instance view notes", people=True)
    assert me.json(f"ctfy instance show {instance}")["challenge_id"] == "notes"
    assert me.both(f"ctfy instance renew {instance} --ttl 900")["status"]
    assert me.run(f"ctfy instance verify {instance} nonsense").code == 1
    assert me.json(f"ctfy instance verify {instance} nonsense")["correct"] is False
    right = flag(secret, instance)
    me.ok(f"ctfy instance verify {instance} {right}")
    assert me.run(f"ctfy instance submit {instance} nonsense").code == 1
    assert "solved" in me.ok(f"ctfy instance submit {instance} {right}", people=True)
    me.both(f"ctfy instance traffic {instance}")
    me.ok(f"ctfy instance traffic {instance} --har {tmp_path}/traffic.har")
    assert json.loads((tmp_path / "traffic.har").read_text())["log"]["version"] == "1.2"
    assert me.both(f"ctfy instance attachments {instance}") == []
    me.ok(f"ctfy instance download {instance} --out {tmp_path}/files")
    assert me.run(f"ctfy instance vpn {instance}").code == 4
    me.ok(f"ctfy instance stop {instance}")
    assert me.run("ctfy instance stop nothing").err.endswith("ctfy instance list\n")

    # What came of it.
    assert me.both("ctfy submission list --challenge notes")[0]["correct"] is True
    scores = me.both(f"ctfy scoreboard show --competition {competition.id}")
    assert scores[0]["team_id"] == created["id"]
    me.both("ctfy scoreboard show")
    me.both("ctfy scoreboard challenges")
    assert me.both(f"ctfy scoreboard history {competition.id}")
    assert me.both("ctfy activity list --event flag_correct")
    me.both("ctfy activity timeseries")
    me.both("ctfy achievement catalog")
    me.both("ctfy achievement me")
    me.both("ctfy achievement recent")
    assert me.run("ctfy achievement claim-egg nothing").code == 4
    me.run("ctfy achievement verify-star-gazer")

    me.ok(f"ctfy competition export-run {competition.id} --out {tmp_path}/run.json")
    run = json.loads((tmp_path / "run.json").read_text())
    (notes,) = (c for c in run["challenges"] if c["id"] == "notes")
    assert [a["correct"] for a in notes["attempts"]] == [False, True]
    assert notes["instances"][0]["id"] == instance
    assert run["team"]["rank"] == 1

    # The forms of output.
    assert me.ok("ctfy challenge list --fields id --q Pocket") == "notes\n"
    assert me.json("ctfy challenge list --fields id --q Pocket") == [{"id": "notes"}]
    assert me.ok("ctfy challenge list --q Pocket --jq '.[].name'") == "Pocket Notes\n"
    assert me.run("ctfy challenge list --fields nonsense").code == 2
    assert "--jq" in me.run("ctfy challenge list --jq '.['").err
    assert (
        me.ok("ctfy challenge list --q nothing-has-this", people=True) == "No challenges match.\n"
    )

    # The account.
    assert me.both("ctfy me inbox")
    assert me.json("ctfy me edit --country NZ --bio pwn")["country"] == "NZ"
    assert me.run("ctfy me edit").code == 2
    (tmp_path / "me.png").write_bytes(drawn())
    assert "/images/" in me.ok(f"ctfy me avatar {tmp_path}/me.png")
    assert me.run("ctfy me avatar").code == 2
    me.ok("ctfy me avatar --remove")
    assert me.json("ctfy me fields") == []
    assert "shirt" in me.run("ctfy me answer --field shirt=M").err
    assert me.run("ctfy me answer --field shirt").code == 2
    refused = me.run("ctfy me edit --country Atlantis")
    assert (refused.code, "[invalid_profile]" in refused.err) == (5, True)
    me.both("ctfy me view")
    me.ok(f"ctfy me export --out {tmp_path}/me.json")
    assert email in (tmp_path / "me.json").read_text()
    minted = me.json("ctfy auth tokens mint --label agent --permission challenges=read")
    assert me.run("ctfy auth tokens mint --permission challenges").code == 2
    narrow = Terminal(tmp_path / "narrow", arena.url, minted["token"])
    assert narrow.json("ctfy challenge list")
    assert narrow.run("ctfy instance start notes").code == 5
    assert minted["id"] in {t["id"] for t in me.both("ctfy auth tokens list")}
    me.ok(f"ctfy auth tokens revoke {minted['id']}")
    assert narrow.run("ctfy challenge list").code == 3
    assert me.run("ctfy me delete").code == 2
    me.ok("ctfy me delete --confirm-display-name Ada")
    me.ran |= grace.ran
    assert untold("ctfy", me) == set()


def _its_challenges(root: Terminal, competition_id: str) -> None:
    one = f"ctfy-admin admin competition challenge {competition_id} notes"
    drafted = root.json(f"{one} --release-at 2040-01-01 --lifetime 600 --ends-when-solved")
    assert (drafted["state"], drafted["lifetime_s"]) == ("draft", 600)
    worth = root.json(f"{one} --state visible --value 500 --minimum 100 --decay 20")
    assert worth["value"] == {"initial": 500, "minimum": 100, "decay": 20, "step": None}
    assert worth["release_at"] is None
    assert root.json(f"{one} --reset value --reset lifetime_s --lives-on")["value"] is None
    assert root.run(f"{one} --value 500 --step 5").code == 2
    listed = root.both(f"ctfy-admin admin competition challenges {competition_id}")
    assert [each["challenge_id"] for each in listed] == ["notes", "two-time"]


def _its_fields(root: Terminal, competition_id: str) -> None:
    """What a competition asks, and what is answered."""
    fields, of = "ctfy-admin admin fields", f"--competition {competition_id}"
    root.ok(f"{fields} create shirt --label T-shirt --kind choice --option S --option M {of}")
    assert root.json(f"{fields} update shirt --public {of}")["public"]
    assert root.run(f"{fields} update shirt {of}").code == 2
    assert root.run(f"{fields} update hat --public {of}").code == 4
    assert root.both(f"{fields} list {of}")[0]["options"] == ["S", "M"]
    who = root.both(f"{fields} people {competition_id}")[0]["user_id"]
    assert root.json(f"{fields} correct {who} --field shirt=S {of}")[0]["value"] == "S"
    assert root.both(f"{fields} answers {who} {of}")[0]["value"] == "S"
    assert root.run(f"{fields} correct {who} {of}").code == 2
    assert root.run(f"{fields} delete shirt {of}").code == 2
    assert "1 answers" in root.ok(f"{fields} delete shirt {of} --yes")


def test_an_operator_does_everything_from_the_command_line(
    arena: Arena, tmp_path: Path, secret: bytes, database_url: str
) -> None:
    root = Terminal(tmp_path / "config", arena.url)
    root.ok("ctfy-admin login --email", ADMIN_EMAIL, "--password", PASSWORD)

    # Competitions.
    plan = tmp_path / "finals.yaml"
    plan.write_text("title: Finals\nchallenge_ids: [notes]\nrank_by: points\nends_at: 2040-01-01\n")
    made = root.json(f"ctfy-admin admin competition create --file {plan} --status published")
    assert (made["rank_by"], made["status"]) == ("points", "published")
    plan.write_text("titel: Finals\n")
    wrong = root.run(f"ctfy-admin admin competition create --file {plan}")
    assert (wrong.code, "no field titel" in wrong.err) == (2, True)
    assert root.run("ctfy-admin admin competition create --title x --starts-at soon").code == 2
    root.ok(
        f"ctfy-admin admin competition update {made['id']}",
        *("--challenge-id", "notes", "--challenge-id", "two-time"),
    )
    assert made["id"] in {c["id"] for c in root.both("ctfy-admin admin competition list")}
    player = arena.player("Operated")
    team = player.competition(made["id"]).register()
    assert (
        root.both(f"ctfy-admin admin competition registrations {made['id']}")[0]["team_id"]
        == team.id
    )
    _its_challenges(root, made["id"])
    assert root.json(f"ctfy-admin admin competition pause {made['id']}")["paused_at"]
    assert root.json(f"ctfy-admin admin competition resume {made['id']}")["paused_at"] is None
    longer = root.json(f"ctfy-admin admin competition extend {made['id']} --minutes 15")
    assert datetime.fromisoformat(longer["ends_at"]).minute == 15
    ruled = root.json(
        f"ctfy-admin admin competition update {made['id']}",
        *("--scoreboard-visibility", "players", "--practice"),
    )
    assert (ruled["scoreboard_visibility"], ruled["practice"]) == ("players", True)
    copy = root.json(f"ctfy-admin admin competition clone {made['id']} --title Copy")
    root.ok(f"ctfy-admin admin competition export {copy['id']} --out {tmp_path}/copy.json")
    assert root.run(f"ctfy-admin admin competition import {tmp_path}/copy.json").code == 5
    assert root.run(f"ctfy-admin admin competition delete {copy['id']}").code == 2
    root.ok(f"ctfy-admin admin competition delete {copy['id']} --yes --force")
    brought = root.json(f"ctfy-admin admin competition import {tmp_path}/copy.json")
    assert brought["competition_id"] == copy["id"]
    email = player.me.get().email
    root.ok(f"ctfy-admin admin competition admins {copy['id']} --grant {email}")
    root.ok(f"ctfy-admin admin competition admins {copy['id']} --revoke {email}")
    root.ok(f"ctfy-admin admin competition admins {copy['id']} --grant {player.me.get().id}")
    assert len(root.both(f"ctfy-admin admin competition admins {copy['id']}")) == 1
    root.ok(f"ctfy-admin admin competition invited {copy['id']} --add {email}")
    assert len(root.both(f"ctfy-admin admin competition invited {copy['id']}")) == 1

    # Challenges, tasks and jobs.
    done = root.run("ctfy-admin admin challenges rescan --json")
    assert (done.code, done.json["status"]) == (0, "succeeded")
    assert root.json("ctfy-admin admin challenges build notes")["status"] == "succeeded"
    assert root.json("ctfy-admin admin challenges pull --all")["status"] == "succeeded"
    assert root.run("ctfy-admin admin challenges build").code == 2
    assert root.run("ctfy-admin admin challenges build nothing").code in (1, 4)
    assert root.both("ctfy-admin admin challenges build-state")
    assert root.both("ctfy-admin admin challenges audit notes") == []
    assert root.both("ctfy-admin admin challenges pull-state")
    root.both("ctfy-admin admin challenges feedback notes")
    shutil.copytree(CHALLENGES / "notes", tmp_path / "pushed" / "pushed-notes")
    for _ in range(2):  # the second time it is there already
        assert root.json(f"ctfy-admin challenge push {tmp_path}/pushed")[0]["version"] == 1
        assert root.both("ctfy-admin admin challenges versions pushed-notes")[0]["is_current"]
        assert root.both("ctfy-admin admin challenges diff pushed-notes 1")["files"]
        root.both("ctfy-admin admin challenges rollback pushed-notes 1")
        root.ok("ctfy-admin admin challenges remove pushed-notes")
        stored = {row["id"] for row in root.both("ctfy-admin admin challenges stored")}
        assert "notes" in stored
        assert "pushed-notes" not in stored
    (tmp_path / "pushed" / "pushed-notes" / "metadata.yaml").write_text("{name: x}\n")
    refused = root.run(f"ctfy-admin challenge push {tmp_path}/pushed --json")
    assert (refused.code, refused.json[0]["version"]) == (1, None)
    nowhere = "git://127.0.0.1:9/nowhere"  # where nobody listens
    assert root.run(f"ctfy-admin admin challenges add-source {nowhere}").code == 1
    (source,) = root.both("ctfy-admin admin challenges sources")
    assert "127.0.0.1" in source["error"]
    assert root.run(f"ctfy-admin admin challenges pull-source {source['id']}").code == 1
    root.ok(f"ctfy-admin admin challenges remove-source {source['id']}")
    task = root.json("ctfy-admin admin tasks submit challenge_rescan")
    assert root.run("ctfy-admin admin tasks submit challenge_build --params [").code == 2
    root.ok(f"ctfy-admin admin tasks logs {task['id']} --follow")
    assert root.both(f"ctfy-admin admin tasks view {task['id']}")["status"] == "succeeded"
    root.both(f"ctfy-admin admin tasks logs {task['id']}")
    root.both("ctfy-admin admin tasks list --kind challenge_rescan")
    assert root.run(f"ctfy-admin admin tasks cancel {task['id']}").code in (0, 5)
    jobs = root.both("ctfy-admin admin scheduled-jobs list")
    quiet = next(job for job in jobs if job["name"] == "token_expiry")
    root.ok(f"ctfy-admin admin scheduled-jobs set {quiet['name']} --disabled")
    set_again = f"ctfy-admin admin scheduled-jobs set {quiet['name']} --enabled --interval"
    assert root.json(f"{set_again} {quiet['interval_s']}")["enabled"] is True
    assert root.run(f"ctfy-admin admin scheduled-jobs run {quiet['name']}").code == 0

    # Instances and what is left of them.
    ready = player.instances.start("notes", competition_id=made["id"])
    httpx.get(ready.surface.services[0].url)
    assert ready.id in {i["id"] for i in root.both("ctfy-admin admin instances list --limit 1000")}
    assert root.both(f"ctfy-admin admin instances view {ready.id}")["id"] == ready.id
    root.ok(f"ctfy-admin admin instances logs {ready.id}")
    root.both(f"ctfy-admin admin instances traffic {ready.id}")
    root.ok(f"ctfy-admin admin instances har {ready.id} --out {tmp_path}/live.har")
    root.ok(f"ctfy-admin admin instances pcap {ready.id} --out {tmp_path}/live.pcap")
    player.submissions.submit(ready.id, flag(secret, ready.id))
    root.ok(f"ctfy-admin admin instances stop {ready.id}")
    view = f"ctfy-admin admin records view {ready.id}"
    wait_for("the record", lambda: root.run(view).code == 0)  # it is written after the end
    root.both(view)
    assert root.both("ctfy-admin admin records list --challenge notes")
    root.ok(f"ctfy-admin admin records logs {ready.id}")
    root.both(f"ctfy-admin admin records traffic {ready.id}")
    root.ok(f"ctfy-admin admin records download {ready.id} --out {tmp_path}/record.zip")
    assert (tmp_path / "record.zip").read_bytes()[:2] == b"PK"
    assert root.run("ctfy-admin admin instances stop-all").code == 2  # asks, and nobody is there
    # Its doing is tested apart: here other tests' instances run.
    assert "--yes" in root.ok("ctfy-admin admin instances stop-all --help")

    # People, messages, awards.
    user = player.me.get().id
    assert user in {u["id"] for u in root.both(f"ctfy-admin admin users list --q {email}")}
    assert root.both(f"ctfy-admin admin users view {email.upper()}")["id"] == user
    assert root.run("ctfy-admin admin users view nobody@example.org").code == 4
    assert root.both(f"ctfy-admin admin activity list --actor {email}")
    assert root.json(f"ctfy-admin admin users role-set {email} admin")["role"] == "admin"
    root.ok(f"ctfy-admin admin users role-set {user} user")
    assert root.run(f"ctfy-admin admin users role-set {user} king").code == 5
    (tmp_path / "one.png").write_bytes(drawn())
    avatar = f"ctfy-admin admin users avatar {email}"
    assert root.json(f"{avatar} {tmp_path}/one.png")["avatar_url"]
    assert root.json(f"{avatar} --remove")["avatar_url"] == ""
    assert root.json(f"ctfy-admin admin users suspend {user} --reason test")["suspended_at"]
    root.ok(f"ctfy-admin admin users reinstate {user}")
    theirs = root.json("ctfy-admin admin users create made@example.org --name Made --no-mail")
    again = root.json("ctfy-admin admin users link made@example.org --no-mail")
    assert again["user_id"] == theirs["user_id"]
    assert again["url"] != theirs["url"]
    root.ok("ctfy-admin admin users edit made@example.org --name Remade")
    assert "[totp_not_set_up]" in root.run("ctfy-admin admin users totp-reset made@example.org").err
    root.ok(f"ctfy-admin admin users password-set made@example.org --new {PASSWORD}-2")
    (tmp_path / "people.csv").write_text("name,email\nIma,ima@example.org\n,nobody\n")
    file = root.json(f"ctfy-admin admin people check {tmp_path}/people.csv")
    assert root.both(f"ctfy-admin admin people view {file['id']}")["refused"] == 1
    assert root.both(f"ctfy-admin admin people rows {file['id']} --outcome refused")
    assert root.run(f"ctfy-admin admin people apply {file['id']}").code == 5
    root.both(f"ctfy-admin admin people apply {file['id']} --right --no-mail")
    assert root.both("ctfy-admin admin people list")
    root.ok(f"ctfy-admin admin people forget {file['id']}")
    root.ok(f"ctfy-admin init {tmp_path}/samples")
    said = root.json("ctfy-admin admin announcement create --title Hello --ends-at 2040-01-01")
    assert root.run("ctfy-admin admin announcement create").code == 2
    root.ok(f"ctfy-admin admin announcement update {said['id']} --severity warning")
    assert root.both("ctfy-admin admin announcement list")
    root.ok(f"ctfy-admin admin announcement delete {said['id']}")

    # Telling the outside.
    assert root.run("ctfy-admin admin settings test-mail").code == 4  # no mail server is set
    assert root.json("ctfy-admin admin settings set smtp_port 2525")["value"] == 2525
    root.ok("ctfy-admin admin settings unset smtp_port")
    channel = root.json(
        "ctfy-admin admin notification create Chat --kind webhook --address http://127.0.0.2:9/x"
        " --event first_blood --event flag_correct --disabled"
    )
    assert channel["secret"]
    assert root.both("ctfy-admin admin notification list")
    root.ok(f"ctfy-admin admin notification update {channel['id']} --name Hook")
    assert root.run(f"ctfy-admin admin notification update {channel['id']}").code == 2
    root.ok(f"ctfy-admin admin notification renew-secret {channel['id']}")
    assert not root.json(f"ctfy-admin admin notification test {channel['id']}")["ok"]
    root.ok(f"ctfy-admin admin notification delete {channel['id']}")

    # How it looks.
    (tmp_path / "logo.png").write_bytes(drawn())
    (tmp_path / "rules.md").write_text("Be **kind**.")
    assert root.both("ctfy-admin admin branding view")["event_name"] == "ctfy"
    footer = root.json("ctfy-admin admin branding update --footer-text Hello")
    assert footer["footer_text"] == "Hello"
    root.ok("ctfy-admin admin branding update --footer-text ''")
    assert root.run("ctfy-admin admin branding update").code == 2
    assert root.run("ctfy-admin admin branding update --accent-color '#ffffff'").code == 5
    root.ok(f"ctfy-admin admin branding set-image logo {tmp_path}/logo.png")
    root.ok("ctfy-admin admin branding remove-image logo")
    image = root.json(f"ctfy-admin admin images upload {tmp_path}/logo.png")
    assert image["name"] == "logo.png"
    assert root.both("ctfy-admin admin images list")
    root.ok(f"ctfy-admin admin images delete {image['id']}")
    page = root.json("ctfy-admin admin pages create code --title Conduct")
    changed = root.json(f"ctfy-admin admin pages update {page['id']} --body {tmp_path}/rules.md")
    assert changed["body"] == "Be **kind**."
    late = f"ctfy-admin admin pages update {page['id']} --version 1 --status published"
    assert root.run(late).code == 5
    assert root.both(f"ctfy-admin admin pages view {page['id']}")["version"] == 2
    assert root.both("ctfy-admin admin pages list")
    root.ok(f"ctfy-admin admin pages delete {page['id']}")

    award = root.json("ctfy achievement catalog")[0]["id"]
    root.run(f"ctfy-admin admin achievement revoke {team.id} {award}")
    root.ok(f"ctfy-admin admin achievement grant {team.id} {award}")
    given = root.json(
        f"ctfy-admin admin award give {made['id']} {team.id} --points -5 --reason noise"
    )
    assert root.both(f"ctfy-admin admin award list {made['id']} --team {team.id}")
    root.ok(f"ctfy-admin admin award revoke {made['id']} {given['id']}")
    assert root.both(f"ctfy-admin admin writeup list {made['id']} --unjudged") == []
    (lacking,) = root.both(f"ctfy-admin admin writeup missing {made['id']}")
    assert (lacking["team_id"], lacking["challenge_id"]) == (team.id, "notes")
    until = root.json(
        f"ctfy-admin admin competition update {made['id']} --writeups-until 2039-01-01T00:00:00Z"
    )
    assert until["writeups_until"].startswith("2039-01-01")
    with sign_in(arena.url, email) as player:  # a new role ended the sessions of before
        written = player.competition(made["id"]).writeups.hand_in("notes", "By reading.")
    judge = f"ctfy-admin admin writeup judge {made['id']} {written.id}"
    assert root.run(judge).code == 2
    assert root.json(f"{judge} --mark 90 --notes neat --publish")["mark"] == 90
    seen = root.both(f"ctfy-admin admin writeup view {made['id']} {written.id}")
    assert (seen["notes"], seen["text"]) == ("neat", "By reading.")
    root.ok(f"ctfy-admin admin writeup download {made['id']} --out {tmp_path}/writeups.zip")
    assert (tmp_path / "writeups.zip").read_bytes().startswith(b"PK")
    update = f"ctfy-admin admin team update {made['id']} {team.id}"
    left_out = root.json(f"{update} --standing disqualified --reason noise --show-reason")
    assert left_out["standing_reason"] == "noise"
    assert root.json(f"{update} --standing ranked")["standing"] == "ranked"
    assert root.run(update).code == 2
    members = f"{made['id']} {team.id}"
    (tmp_path / "team.png").write_bytes(drawn())
    place = f"{made['id']} {team.id}"
    assert root.json(f"ctfy-admin admin team logo {place} {tmp_path}/team.png")["logo_url"]
    root.ok(f"ctfy-admin admin team logo {place} --remove")
    _its_fields(root, made["id"])
    assert root.run(f"ctfy-admin admin team move {members} nobody@example.org").code == 4
    assert root.run(f"ctfy-admin admin team remove-member {members} x").code == 4
    submission = "ctfy-admin admin submission"
    (right,) = root.both(f"{submission} list {made['id']} --team {team.id} --right")
    which = f"{made['id']} {right['id']}"
    assert root.json(f"{submission} strike {which} --reason copied")["overruled"]
    assert root.json(f"{submission} accept {which}")["correct"]
    assert root.json(f"{submission} regrade {made['id']} notes flag")["checked"] == 1
    anew = f"{submission} reset-challenge {made['id']} notes"
    assert root.json(anew)["dry_run"]
    assert root.run(f"{anew} --apply").code == 5
    done = root.json(f"{anew} --reason broken --apply")
    assert root.both(f"{submission} resets {made['id']}")[0]["id"] == done["id"]
    assert root.json(f"{submission} undo-reset {made['id']} {done['id']}")["undone_at"]
    root.json(f"ctfy-admin admin competition order {made['id']} notes")
    table = f"ctfy-admin admin competition table {made['id']}"
    root.ok(f"{table} submissions --out {tmp_path}/submissions.csv")
    assert right["id"] in (tmp_path / "submissions.csv").read_text()
    assert root.run(f"{table} colours").code == 2
    reset = f"ctfy-admin admin question reset-attempts {team.id} two-time flag --reason typo"
    assert root.json(reset)["reason"] == "typo"

    old = tmp_path / "old-ctf" / "jar" / "challenge.yml"
    old.parent.mkdir(parents=True)
    old.write_text(
        "{name: Jar, category: misc, description: d, value: 1, type: standard, flags: [a]}"
    )
    (jar,) = root.json(f"ctfy-admin admin challenges import {tmp_path}/old-ctf --apply")
    assert (jar["id"], jar["state"], jar["version"]) == ("jar", "new", 1)

    # The platform.
    root.both("ctfy-admin admin stats overview")
    root.both("ctfy-admin admin stats health-flags")
    root.both(f"ctfy-admin admin stats solve-matrix --competition {made['id']}")
    root.both("ctfy-admin admin stats timeseries solves")
    root.both("ctfy-admin admin stats challenge-stats")
    root.both("ctfy-admin admin stats traffic-summary")
    assert root.both("ctfy-admin admin activity list --event account_suspended")
    root.both("ctfy-admin admin incidents list --status open")
    with psycopg.connect(database_url) as database:
        found = database.execute("SELECT id FROM incidents LIMIT 1").fetchone()
    seen = found[0] if found else "nothing"
    assert root.run(f"ctfy-admin admin incidents view {seen}").code == (0 if found else 4)
    assert root.run(f"ctfy-admin admin incidents update {seen}").code == (0 if found else 4)
    key = "default_instance_ttl_s"
    assert key in {s["key"] for s in root.both("ctfy-admin admin settings list")}
    assert root.json(f"ctfy-admin admin settings set {key} 7200")["value"] == 7200
    assert root.run(f"ctfy-admin admin settings set {key} never").code == 5
    root.ok(f"ctfy-admin admin settings unset {key}")

    # Nodes.
    assert root.both("ctfy-admin server status")["status"] == "ok"
    node = root.both("ctfy-admin node list")[0]["id"]
    assert "node join" in root.ok("ctfy-admin server invite --label region=eu --capacity 3")
    root.ok(f"ctfy-admin server invite --output {tmp_path}/node.env")
    assert stat.S_IMODE((tmp_path / "node.env").stat().st_mode) == 0o600
    root.both(f"ctfy-admin admin nodes view {node}")
    root.both(f"ctfy-admin admin nodes health {node}")
    root.both(f"ctfy-admin admin nodes events {node}")
    added = arena.admin.admin.nodes.register(f"http://127.0.0.1:{free_port()}")
    assert root.json(f"ctfy-admin admin nodes drain {added.id}")["draining"] is True
    root.ok(f"ctfy-admin admin nodes drain {added.id} --undo")
    root.ok(f"ctfy-admin node delete {added.id}")
    assert root.run(f"ctfy-admin node rm {added.id}").code == 4
    assert untold("ctfy-admin", root) == set()


@pytest.mark.parametrize("line", ["ctfy instance", "ctfy nonsense", "ctfy instance stop"])
def test_a_wrong_line_is_told_with_where_to_look(tmp_path: Path, line: str) -> None:
    ran = Terminal(tmp_path, "http://127.0.0.1:9").run(line)
    assert ran.code == 2
    assert "--help" in ran.err + ran.out


def test_a_damaged_file_of_hosts_is_told(tmp_path: Path) -> None:
    (tmp_path / "hosts.json").write_text("{")
    ran = Terminal(tmp_path, "http://127.0.0.1:9").run("ctfy status")
    assert (ran.code, "is damaged" in ran.err, ran.err.count("\n")) == (1, True, 1)


def test_another_version_is_told_once_a_day(arena: Arena, tmp_path: Path) -> None:
    me = Terminal(tmp_path, arena.url)
    me.ok("ctfy login --email", ADMIN_EMAIL, "--password", PASSWORD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ctfy.sdk.client.__version__", "0.1.0")
        assert "upgrade the client" in me.run("ctfy me view").err
        assert me.run("ctfy me view").err == ""


def test_what_nobody_foresaw_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("ctfy.sdk.PlatformClient.health", broken)
    me = Terminal(tmp_path, "http://127.0.0.1:9")
    ran = me.run("ctfy status")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "CTFY_DEBUG=1" in ran.err
    me.environment["CTFY_DEBUG"] = "1"
    with pytest.raises(ZeroDivisionError):
        me.run("ctfy status")
