"""A GZCTF game's package as a competition: its settings and challenges, and nobody who played.

`package.py` reads the file, `challenges.py` its challenges.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ctfy.server.moving.gzctf import package as packages
from ctfy.server.moving.gzctf.challenges import unpack
from ctfy.server.moving.gzctf.package import Game
from ctfy.server.moving.source import Source

_MOST_INSTANCES, _MOST_ON_A_TEAM = 100, 1000


@contextmanager
def opened(path: Path, *, any_version: bool = False) -> Iterator[Source]:
    """The competition of a game package. Raises ExportRefused."""
    with packages.opened(path, any_version=any_version) as package:
        game = package.game
        version = package.manifest.exporter_version
        source = Source("GZCTF", version, game.title, partial(unpack, package))
        source.description = "\n\n".join(filter(None, [game.summary, game.content]))
        source.starts_at, source.ends_at = _utc(game.start_time), _utc(game.end_time)
        for name in ("title", "summary", "content", "startTime", "endTime"):
            source.say(name, "carried")
        source.practice = game.practice_mode
        if game.practice_mode:
            source.say("practiceMode", "carried")
        _limits(game, source)
        _divisions(game, source)
        _lose(game, source)
        yield source


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _limits(game: Game, source: Source) -> None:
    if size := game.team_member_count_limit:
        source.most_on_a_team = min(size, _MOST_ON_A_TEAM)
        why = f"{_MOST_ON_A_TEAM} are the most" if size > _MOST_ON_A_TEAM else ""
        source.say("teamMemberCountLimit", "changed" if why else "carried", why)
    if count := game.container_count_limit:
        source.most_instances = min(count, _MOST_INSTANCES)
        why = f"{_MOST_INSTANCES} are the most" if count > _MOST_INSTANCES else ""
        source.say("containerCountLimit", "changed" if why else "carried", why)
    if game.invite_code:
        source.access = "private_listed"
        why = "it is private, without a code: ctfy-admin admin competition invited --add"
        source.say("inviteCode", "changed", why)


def _divisions(game: Game, source: Source) -> None:
    source.brackets = [division.name for division in game.divisions]
    for division in game.divisions:
        name = f"division {division.name}"
        if division.invite_code:
            source.say(f"{name}: inviteCode", "dropped", "every team chooses its bracket")
        if division.default_permissions != ["All"]:
            given = ", ".join(division.default_permissions) or "None"
            why = f"{given}: brackets have the same rights"
            source.say(f"{name}: defaultPermissions", "dropped", why)
        if division.challenge_config:
            count = len(division.challenge_config)
            why = "brackets have the same challenges"
            source.say(f"{name}: challengeConfig: {count}", "dropped", why)


def _lose(game: Game, source: Source) -> None:
    """What has no place here, and what is in no package."""
    if bonus := game.blood_bonus:
        rates = " %, ".join(f"{rate / 10:g}" for rate in (bonus.first, bonus.second, bonus.third))
        why = f"{rates} % of the value; a bonus is points, the same for all: first_blood_bonus"
        source.say("bloodBonus", "dropped", why)
    for name, given, why in (
        ("review of teams", not game.accept_without_review, "who registers takes part"),
        ("writeup", game.writeup and game.writeup.required, "writeups are not collected here"),
        ("posterHash", game.poster_hash, "competitions have no pictures"),
    ):
        if given:
            source.say(name, "dropped", why)
    for name in game.unknown:
        source.say(name, "dropped", "not a field that is known here")
    why = "GZCTF's packages hold none: it is a game to be played"
    source.say("teams, people, submissions and standings", "dropped", why)
