"""A competition leaves as a file and comes back as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Table

from ctfy.sdk import PlatformClient
from ctfy.server.competitions.portability import PARTS
from ctfy.server.tables import Base
from tests.conftest import Arena
from tests.playing import flag, start
from tests.processes import wait_for
from tests.refusals import refusal


def played(arena: Arena, secret: bytes) -> tuple[str, PlatformClient, PlatformClient, str]:
    """A competition in which two teams were right and wrong, on every kind of question."""
    competition = arena.competition(
        "notes", "field-notes", rank_by="points", first_blood_bonus=7, brackets=["open", "pro"]
    )
    ada, bob = arena.registered(competition, "Ada"), arena.registered(competition, "Bob")
    ready = start(ada, competition.id)
    assert ada.submissions.submit(ready.id, flag(secret, ready.id)).solve_rank == 1
    qa = ada.submissions.submit_qa
    assert not qa("field-notes", competition.id, "no", question_id="algorithm").correct
    assert qa("field-notes", competition.id, "hello", question_id="answer").correct
    other = start(bob, competition.id)
    assert bob.submissions.submit(other.id, flag(secret, other.id)).solve_rank == 2
    ada.competition(competition.id).unlock_hint("notes", "where")
    # Standings follow what happened, a moment later: worth, share and bonus, less the hint.
    points = 499 + 33 + 7 - 25
    wait_for(
        "the hint's price",
        lambda: ada.competition(competition.id).scoreboard()[0].points == points,
    )
    return competition.id, ada, bob, ready.id


def test_standings_teams_and_grading_survive_a_wipe(arena: Arena, secret: bytes) -> None:
    competition_id, ada, bob, instance_id = played(arena, secret)
    admin = arena.admin.admin.competitions
    comp = ada.competition(competition_id)
    before = (
        comp.scoreboard(),
        comp.score_history().series,
        comp.solve_matrix(),
        comp.challenge_breakdown().challenges,
        [(t.name, t.members) for t in map(ada.teams.get, (e.team_id for e in comp.scoreboard()))],
        ada.submissions.list(),
    )
    file = admin.export(competition_id)
    admin.delete(competition_id, force=True)
    assert refusal(comp.scoreboard).code == "competition_not_found"
    assert ada.submissions.list() == []
    back = admin.import_(file)
    assert (back.competition_id, back.users_created) == (competition_id, [])
    after = (
        comp.scoreboard(),
        comp.score_history().series,
        comp.solve_matrix(),
        comp.challenge_breakdown().challenges,
        [(t.name, t.members) for t in map(ada.teams.get, (e.team_id for e in comp.scoreboard()))],
        ada.submissions.list(),
    )
    assert after == before
    # Answers grade as before: a repeated right one scores nothing, a wrong one counts on, the same
    # wrong one does not.
    again = ada.submissions.submit(instance_id, flag(secret, instance_id))
    assert (again.correct, again.solve_rank) == (True, 1)
    assert not ada.submissions.submit(instance_id, "FLAG{wrong}").correct
    qa = ada.submissions.submit_qa
    for text, left in (("no", 2), ("neither", 1)):
        wrong = qa("field-notes", competition_id, text, question_id="algorithm")
        assert wrong.attempts_remaining == left
    assert comp.scoreboard()[0].points == before[0][0].points
    assert bob.competitions.get(competition_id).my_role == "captain"
    hints = {hint.id: hint.unlocked for hint in comp.hints("notes")}
    assert hints == {"where": True, "how": False}
    assert ada.instances.get(instance_id).status == "stopped"


def test_people_who_are_not_here_get_an_account_and_are_named(arena: Arena) -> None:
    competition = arena.competition("notes")
    arena.registered(competition, "Gone")
    file = json.loads(arena.admin.admin.competitions.export(competition.id))
    arena.admin.admin.competitions.delete(competition.id)
    (person,) = [u for u in file["content"]["users"] if u["display_name"] == "Gone"]
    new_id, new_email = "f" * 32, f"{competition.id}@example.org"
    text = json.dumps(file["content"]).replace(person["id"], new_id)
    file["content"] = json.loads(text.replace(person["email"], new_email))
    back = arena.admin.admin.competitions.import_(signed(file))
    assert back.users_created == [new_email]
    made = arena.admin.admin.users.get(new_id)
    assert (made.email, made.role, made.providers) == (new_email, "user", [])


def test_a_file_of_an_older_version_gets_what_it_lacks(arena: Arena, secret: bytes) -> None:
    competition_id, ada, _, _ = played(arena, secret)
    admin = arena.admin.admin.competitions
    file = json.loads(admin.export(competition_id))
    admin.delete(competition_id, force=True)
    for team in file["content"]["teams"]:
        del team["name_folded"], team["name_shape"]
    for row in file["content"]["question_attempts"]:
        del row["user_id"], row["competition_id"], row["follows"], row["given"]
    admin.import_(signed({**file, "version": 1}))
    qa = ada.submissions.submit_qa
    assert qa("field-notes", competition_id, "no", question_id="algorithm").attempts_remaining == 1
    register = arena.player().competition(competition_id).register
    assert refusal(register, "create", name="ADA").code == "team_name_taken"


def signed(document: dict[str, Any]) -> bytes:
    content = json.dumps(
        document["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return json.dumps({**document, "sha256": hashlib.sha256(content.encode()).hexdigest()}).encode()


def newer(document: dict[str, Any]) -> bytes:
    return json.dumps({**document, "version": 99}).encode()


def cut_short(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()[:-200]


def changed_by_hand(document: dict[str, Any]) -> bytes:
    document["content"]["competition"][0]["title"] = "Mine"
    return json.dumps(document).encode()


def without_a_part(document: dict[str, Any]) -> bytes:
    del document["content"]["teams"]
    return signed(document)


def with_an_unknown_column(document: dict[str, Any]) -> bytes:
    document["content"]["teams"][0]["colour"] = "red"
    return signed(document)


def with_an_unknown_challenge(document: dict[str, Any]) -> bytes:
    document["content"]["competition_challenges"][0]["challenge_id"] = "elsewhere"
    return signed(document)


def with_a_member_of_no_team(document: dict[str, Any]) -> bytes:
    document["content"]["team_members"][0]["team_id"] = "0" * 32
    return signed(document)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (newer, "import_version_unsupported"),
        (cut_short, "import_invalid"),
        (changed_by_hand, "import_invalid"),
        (without_a_part, "import_invalid"),
        (with_an_unknown_column, "import_invalid"),
        (with_an_unknown_challenge, "import_invalid"),
        (with_a_member_of_no_team, "import_invalid"),
    ],
)
def test_a_file_that_is_not_right_changes_nothing(
    arena: Arena, spoil: Callable[[dict[str, Any]], bytes], code: str
) -> None:
    competition = arena.competition("notes")
    arena.registered(competition)
    admin = arena.admin.admin.competitions
    document = json.loads(admin.export(competition.id))
    admin.delete(competition.id)
    assert refusal(admin.import_, spoil(document)).code == code
    assert refusal(arena.admin.competitions.get, competition.id).code == "competition_not_found"


def test_an_import_is_for_super_admins(arena: Arena) -> None:
    deputy = arena.deputy()
    assert refusal(deputy.admin.competitions.import_, b"{}").code == "forbidden"


def test_every_table_of_a_competition_is_carried_over() -> None:
    def belongs(table: Table) -> bool:
        return any(
            key.column.table.name in ("competitions", "teams")
            for column in table.columns
            for key in column.foreign_keys
        )

    # By `moved_competitions` a platform undoes what it did itself; files of people are its own.
    # Who is told of what, inside and outside, is the platform's that tells it.
    here_alone = {"teams", "moved_competitions", "people_import_rows"}
    here_alone |= {"announcements", "notification_channels"}
    tables = {t.name for t in Base.metadata.tables.values() if belongs(t)} - here_alone
    assert tables == {part.__tablename__ for part in PARTS} - {"teams", "answer_digests"}
