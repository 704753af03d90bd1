"""Scripts that call the published command lines run: with those, and with ours.

One session in which every command of `cli.txt` that speaks to a server is typed once at least.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ADMIN_EMAIL, PASSWORD, sign_in
from tests.contract.existing import PACKAGES, PROGRAMS, Platform
from tests.playing import flag

pytestmark = pytest.mark.xdist_group("existing")
HERE = Path(__file__).parent
# These speak to no server, have no end, or ask a person who signs in.
NOT_TYPED = re.compile(
    r"ctfy (auth login|auth register|auth status|auth switch|config|events|login|logout|mcp)"
    r"|ctfy-admin (challenge|db|node join|node prebuild|server start)"
)


@dataclass
class CommandLine:
    """Somebody who types commands, and what of them was typed."""

    process: subprocess.Popen[str]
    token: str
    typed: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> str:
        """What a command prints; it must go well."""
        answer = self._type(line)
        assert answer["code"] == 0, f"{line}\n{answer['err']}"
        return str(answer["out"])

    def refused(self, line: str) -> None:
        """A command that the server refuses."""
        assert self._type(line)["code"] != 0, line

    def _type(self, line: str) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.typed.append(line)
        words = {"words": shlex.split(line), "token": self.token}
        print(json.dumps(words), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def json(self, line: str) -> Any:
        """The same, as programs read it."""
        said = self(f"{line} --json")
        try:
            return json.loads(said)
        except ValueError:
            raise AssertionError(f"{line}\n{said}") from None

    def as_(self, token: str) -> CommandLine:
        """Somebody else at the same terminal."""
        return CommandLine(self.process, token, self.typed)


@contextlib.contextmanager
def command_line(python: Path, url: str, config: Path) -> Iterator[CommandLine]:
    environment = {
        **os.environ,
        "CTFY_PLATFORM_URL": url,
        "CTFY_CONFIG_HOME": str(config),
        "COLUMNS": "200",
    }
    with subprocess.Popen(
        [str(python), str(PROGRAMS / "commands.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=config,
    ) as process:
        yield CommandLine(process, "")


def commands_of_the_contract() -> set[str]:
    lines = (HERE / "cli.txt").read_text().splitlines()
    words = (re.match(r"^[a-z -]+", line) for line in lines if not line.startswith("#"))
    return {found[0].strip() for found in words if found}


@pytest.mark.parametrize("python", PACKAGES)
def test_every_command_is_understood(python: Path, platform: Platform, tmp_path: Path) -> None:
    with command_line(python, platform.arena.url, tmp_path) as typed:
        admin = typed.as_(platform.facts["admin_token"])
        cup = operate(admin)
        play(typed, admin, platform, cup)
        leave(typed, platform, admin)
    commands = {c for c in commands_of_the_contract() if not NOT_TYPED.match(c)}
    missing = {
        c for c in commands if not any(f"{line} ".startswith(f"{c} ") for line in typed.typed)
    }
    assert missing == set()


def operate(admin: CommandLine) -> str:
    said = admin(
        "ctfy-admin admin competition create --title 'Script cup' --description 'For scripts'"
        " --challenge-id notes --challenge-id field-notes --status published"
    )
    (cup,) = re.findall(r"[0-9a-f]{32}", said)
    assert cup in [c["id"] for c in admin.json("ctfy-admin admin competition list")]
    admin(f"ctfy-admin admin competition update {cup} --title 'Shell cup'")
    for command in (
        *("announcement list", "challenges build-state", "challenges pull-state"),
        *("scheduled-jobs list", "stats challenge-stats", "stats health-flags", "stats overview"),
        *("stats solve-matrix", "stats timeseries launches", "stats traffic-summary"),
        *("tasks list", "users list", "competition list"),
    ):
        admin(f"ctfy-admin admin {command}")
        admin.json(f"ctfy-admin admin {command}")
    for command in ("node list", "node ls", "server status"):
        admin(f"ctfy-admin {command}")
        admin.json(f"ctfy-admin {command}")
    admin("ctfy-admin admin announcement create --title Tea --body 'At five' --severity warning")
    told = admin.json("ctfy-admin admin announcement list")[0]["id"]
    admin(f"ctfy-admin admin announcement update {told} --title Coffee")
    admin(f"ctfy-admin admin announcement delete {told}")
    task = admin.json("ctfy-admin admin challenges rescan")["id"]
    admin.json("ctfy-admin admin challenges build notes")
    admin.json("ctfy-admin admin challenges pull --all")
    admin.json("ctfy-admin admin scheduled-jobs run reconcile")
    admin.json("ctfy-admin admin scheduled-jobs set reconcile --interval 30")
    admin.json("ctfy-admin admin tasks submit challenge_rescan")
    admin.json(f"ctfy-admin admin tasks view {task}")
    admin(f"ctfy-admin admin tasks logs {task} --follow")
    admin.refused(f"ctfy-admin admin tasks cancel {task}")
    admin("ctfy-admin server invite --ttl 600")
    return str(cup)


def play(typed: CommandLine, admin: CommandLine, platform: Platform, cup: str) -> None:
    """A captain who plays, and one who joins, leaves, and is sent away."""
    with platform.arena.player("Ada") as ada, platform.arena.player("Bob") as bob:
        captain = typed.as_(ada.auth.mint_token("scripts").token)
        joiner = typed.as_(bob.auth.mint_token("scripts").token)
        bob_id, ada_id = bob.me.get().id, ada.me.get().id
    captain.json(f"ctfy competition register {cup} --mode create --name 'Shells {cup[:6]}'")
    captain(f"ctfy competition rename {cup} --name 'More shells {cup[:6]}'")
    for _ in range(2):
        captain(f"ctfy competition invite {cup} --max-uses 3")
    first, second = captain.json(f"ctfy competition invites {cup}")
    captain(f"ctfy competition invites {cup}")
    captain(f"ctfy competition invite-revoke {cup} {first['id']}")
    for leaving in (f"ctfy competition leave {cup}", ""):
        joiner(f"ctfy competition redeem {cup} {second['code']}")
        if leaving:
            joiner(leaving)
    captain(f"ctfy competition kick {cup} {bob_id}")

    captain("ctfy instance start notes --ttl 3600 --json")
    instance = captain.json("ctfy instance list")[0]["id"]
    right = flag(platform.secret, instance)
    captain.refused(f"ctfy instance submit {instance} nonsense --question-id flag")
    assert captain.json(f"ctfy instance submit {instance} {right}")["correct"]
    team = captain.json(f"ctfy competition view {cup}")["my_team_id"]
    for command in (
        *("challenge list", "challenge ls", "challenge show notes", "challenge view notes"),
        *("competition list", f"competition view {cup}", "me inbox", "me show", "me view"),
        *("instance list", "instance ls", f"instance show {instance}", f"instance view {instance}"),
        *("scoreboard challenges", "scoreboard show", "scoreboard view"),
        *("team list", f"team view {team}", f"team profile-stats {team}"),
        *(f"team achievements {team}", "achievement catalog"),
        *("achievement me", "activity list", "activity timeseries", "status"),
        *("auth tokens list", "auth identities list"),
    ):
        captain(f"ctfy {command}")
        assert captain.json(f"ctfy {command}") is not None
    # For people, the published ones do not get beyond the first time in it.
    for command in ("submission list", "achievement recent"):
        assert captain.json(f"ctfy {command}")
    captain(f"ctfy challenge list --difficulty easy --tag web --q notes --competition {cup}")
    captain(f"ctfy achievement claim-egg konami --competition-id {cup}")
    captain.refused(f"ctfy achievement verify-star-gazer --competition-id {cup}")
    captain("ctfy me edit --bio 'Likes shells' --country DE")

    admin(f"ctfy-admin admin achievement grant {team} ambassador")
    admin(f"ctfy-admin admin achievement revoke {team} ambassador")
    admin.json(f"ctfy-admin admin competition registrations {cup}")
    admin.json(f"ctfy-admin admin question reset-attempts {team} field-notes answer --reason why")
    admin.json(f"ctfy-admin admin users view {ada_id}")
    admin(f"ctfy-admin admin users role-set {ada_id} user")
    captain(f"ctfy instance stop {instance}")
    captain("ctfy instance start notes")
    admin("ctfy-admin admin instances stop-all --yes")


def leave(typed: CommandLine, platform: Platform, admin: CommandLine) -> None:
    """What one does not come back from."""
    with platform.arena.player("Leaver") as player:
        person = typed.as_(player.auth.login(player.me.get().email, PASSWORD).token)
    person("ctfy auth tokens mint --label script --permission profile=read --expires-in-days 3")
    token = next(t["id"] for t in person.json("ctfy auth tokens list") if t["label"] == "script")
    person(f"ctfy auth tokens revoke {token}")
    person.refused("ctfy auth identities unbind nothing")
    person(f"ctfy auth password set --current {PASSWORD} --new another-long-secret")
    person.refused("ctfy auth password remove")
    person("ctfy me export --out export.zip")
    person("ctfy me delete --confirm-display-name Leaver")
    for word in ("delete", "rm"):
        with sign_in(platform.arena.url, ADMIN_EMAIL) as root:
            node = root.admin.nodes.register("http://127.0.0.1:9", 1)
        admin(f"ctfy-admin node {word} {node.id}")
    said = admin("ctfy-admin admin competition create --title 'Spare cup'")
    (cup,) = re.findall(r"[0-9a-f]{32}", said)
    admin(f"ctfy-admin admin competition delete {cup} --yes")
    person("ctfy auth logout")
