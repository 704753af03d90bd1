"""What organisers correct by hand: points, teams, answers."""

from __future__ import annotations

from ctfy.sdk import PlatformClient
from ctfy.server.models.competitions import CompetitionInfo
from ctfy.server.models.standings import ScoreboardEntry
from tests.conftest import Arena
from tests.event_stream import following
from tests.processes import wait_for
from tests.refusals import refusal


def entry(arena: Arena, competition: CompetitionInfo, name: str) -> ScoreboardEntry | None:
    """A team's place, as everybody sees it."""
    board = arena.admin.competition(competition.id).scoreboard()
    return next((each for each in board if each.team_name == name), None)


def team_id(player: PlatformClient, competition: CompetitionInfo) -> str:
    return player.competitions.get(competition.id).my_team_id


def test_points_given_by_hand_count_and_are_told_with_their_reason(arena: Arena) -> None:
    competition = arena.competition("notes", rank_by="points")
    ada = arena.registered(competition, "Ada")
    team, awards = team_id(ada, competition), arena.admin.admin.awards
    with following(ada) as told:
        given = awards.give(competition.id, team, points=50, reason="the best write-up")
        awards.give(competition.id, team, points=-20, reason="scanned the platform")
        wait_for("both", lambda: sum(e["event"] == "award_given" for e in told) == 2)
    placed = entry(arena, competition, "Ada")
    assert placed is not None
    assert placed.points == 30
    for reader in (ada, arena.player(), PlatformClient(arena.url)):
        seen = [(award.points, award.reason) for award in reader.teams.awards(team)]
        assert seen == [(-20, "scanned the platform"), (50, "the best write-up")]
    awards.revoke(competition.id, given.id)
    placed = entry(arena, competition, "Ada")
    assert placed is not None
    assert placed.points == -20
    assert [award.points for award in ada.teams.awards(team)] == [-20]
    assert refusal(awards.revoke, competition.id, given.id).code == "award_not_found"
    log = arena.admin.admin.observability.activities(team_id=team)
    assert [a.detail.before for a in log if a.event == "award_revoked"] == [
        {"points": 50, "reason": "the best write-up"}
    ]
