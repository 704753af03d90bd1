"""Write-ups: who hands them in, who reads them, and what becomes of them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.server.models.competitions import CompetitionInfo
from ctfy.server.models.writeups import Writeup
from tests.conftest import Arena
from tests.processes import wait_for
from tests.refusals import refusal

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
TEXT = "# How\n\nThe digest **is** the answer."


def hours(count: float) -> datetime:
    return datetime.now(UTC) + timedelta(hours=count)


def taking(arena: Arena, **fields: Any) -> CompetitionInfo:
    fields = {"writeups_until": hours(1), **fields}
    return arena.competition("notes", "field-notes", **fields)


def tried(player: PlatformClient, competition: CompetitionInfo) -> PlatformClient:
    """A player whose team has answered one question of two."""
    player.submissions.submit_qa("field-notes", competition.id, "hello", question_id="answer")
    return player


def solve(player: PlatformClient, competition: CompetitionInfo) -> None:
    """Answer all questions."""
    right = {
        "answer": "hello",
        "algorithm": "MD5",
        "properties": ["Collision resistance", "Preimage resistance"],
    }
    for question, answer in right.items():
        submit = player.submissions.submit_qa
        assert submit("field-notes", competition.id, answer, question_id=question).correct


def reads(get: Callable[[str], Writeup], writeup_id: str) -> bool:
    try:
        return get(writeup_id).text == TEXT
    except CtfyApiError as error:
        if error.code != "writeup_not_found":
            raise
        return False


def end(arena: Arena, competition: CompetitionInfo) -> None:
    times = {"starts_at": hours(-2), "ends_at": hours(-1)}
    arena.admin.admin.competitions.update(competition.id, **times)


def test_a_team_hands_in_and_replaces_until_the_deadline(arena: Arena) -> None:
    competition = taking(arena)
    ada = arena.registered(competition, "Ada")
    own = ada.competition(competition.id).writeups
    assert refusal(own.hand_in, "field-notes", TEXT).code == "challenge_not_tried"
    tried(ada, competition)
    first = own.hand_in("field-notes", "soon")
    again = own.hand_in("field-notes", TEXT)
    assert (again.id, again.submitted_at, again.text) == (first.id, first.submitted_at, TEXT)
    found = own.of_team()
    assert (found.is_open, found.writeups_until) == (True, competition.writeups_until)
    (item,) = found.items
    assert (item.challenge_id, item.solved, item.writeup and item.writeup.format) == (
        "field-notes",
        False,
        "markdown",
    )
    update = arena.admin.admin.competitions.update
    update(competition.id, starts_at=hours(-2), writeups_until=hours(-1))
    assert refusal(own.hand_in, "field-notes", "late").code == "writeups_closed"
    assert ada.writeups.get(first.id).text == TEXT
    update(competition.id, writeups_until=None)
    assert refusal(own.hand_in, "field-notes", "late").code == "writeups_not_taken"
    assert refusal(arena.player().competition(competition.id).writeups.of_team).code == (
        "not_registered"
    )


def test_a_pdf_is_looked_at_and_only_ever_saved(arena: Arena) -> None:
    competition = taking(arena)
    ada = tried(arena.registered(competition, "Ada"), competition)
    own = ada.competition(competition.id).writeups
    for fake in (b"", b"<html>%PDF-1.7 %%EOF", PDF[:-7], b"MZ\x90\x00"):
        assert refusal(own.hand_in_pdf, "field-notes", fake).code == "writeup_not_pdf"
    large = PDF + b"\0" * 10_000_000
    assert refusal(own.hand_in_pdf, "field-notes", large).code == "payload_too_large"
    written = own.hand_in_pdf("field-notes", PDF)
    assert (written.format, written.size_bytes) == ("pdf", len(PDF))
    answer = httpx.get(
        f"{arena.url}/api/v1/writeups/{written.id}/pdf",
        headers={"Authorization": f"Bearer {ada.token}"},
    )
    assert answer.content == PDF
    sent = answer.headers
    assert sent["content-disposition"].startswith('attachment; filename="writeup-field-notes-')
    assert sent["x-content-type-options"] == "nosniff"
    assert "sandbox" in sent["content-security-policy"]
    own.hand_in("field-notes", TEXT)
    assert refusal(ada.writeups.pdf, written.id).code == "writeup_file_not_found"


@pytest.mark.parametrize("access", ["public", "private_hidden"])
def test_nobody_else_reads_it_before_it_is_published_and_over(arena: Arena, access: str) -> None:
    competition = taking(arena)
    ada = tried(arena.registered(competition, "Ada"), competition)
    bob = arena.registered(competition, "Bob")
    admin, judge = arena.admin.admin, arena.admin.admin.writeups.judge
    admin.competitions.update(competition.id, access=access)
    written = ada.competition(competition.id).writeups.hand_in("field-notes", TEXT)
    people = {"ada": ada, "bob": bob, "stranger": arena.player(), "admin": arena.admin}

    def readers() -> list[str]:
        asked = {name: person.writeups.get for name, person in people.items()}
        return [name for name, get in asked.items() if reads(get, written.id)]

    strangers = ["stranger"] if access == "public" else []
    everybody = ["ada", "bob", *strangers, "admin"]
    listed = bob.competition(competition.id).writeups.list
    assert readers() == ["ada", "admin"]
    assert judge(competition.id, written.id, published=True).published_at
    assert (readers(), listed("field-notes")) == (["ada", "admin"], [])
    end(arena, competition)
    assert readers() == everybody
    (shown,) = listed("field-notes")
    assert (shown.team_name, shown.challenge_name, shown.text) == ("Ada", "Field Notes", "")
    team = ada.competitions.get(competition.id).my_team_id
    admin.teams.update(competition.id, team, standing="hidden")
    assert (readers(), listed("field-notes")) == (["ada", "admin"], [])
    admin.teams.update(competition.id, team, standing="ranked")
    judge(competition.id, written.id, published=False)
    assert (readers(), listed("field-notes")) == (["ada", "admin"], [])


def test_what_takes_the_place_of_a_published_one_is_not_published(arena: Arena) -> None:
    competition = taking(arena)
    ada = tried(arena.registered(competition, "Ada"), competition)
    own, admin = ada.competition(competition.id).writeups, arena.admin.admin.writeups
    written = own.hand_in("field-notes", TEXT)
    admin.judge(competition.id, written.id, published=True, mark=70)
    assert own.hand_in("field-notes", "spam").published_at is None
    assert admin.get(competition.id, written.id).mark == 70
    late = refusal(
        admin.judge, competition.id, written.id, published=True, of=str(written.updated_at)
    )
    assert late.code == "writeup_replaced"


def test_a_pause_beyond_the_planned_end_shows_nothing_and_puts_the_deadline_off(
    arena: Arena, database_url: str
) -> None:
    competition = taking(arena)
    ada = tried(arena.registered(competition, "Ada"), competition)
    admin, own = arena.admin.admin, ada.competition(competition.id).writeups
    written = own.hand_in("field-notes", TEXT)
    admin.writeups.judge(competition.id, written.id, published=True)
    bob = arena.registered(competition, "Bob")
    admin.competitions.pause(competition.id)
    with psycopg.connect(database_url) as connection:  # as if some hours went by
        connection.execute(
            "UPDATE competitions SET paused_at = now() - interval '4 hours',"
            " ends_at = now() - interval '1 hour', writeups_until = now() - interval '1 hour'"
            " WHERE id = %s",
            [competition.id],
        )
    assert not reads(bob.writeups.get, written.id)
    admin.competitions.resume(competition.id)
    assert not bob.competition(competition.id).writeups.list("field-notes")
    assert own.hand_in("field-notes", "more").text == "more"


def test_what_judges_say_is_for_them_and_in_the_log(arena: Arena) -> None:
    competition = taking(arena)
    ada = tried(arena.registered(competition, "Ada"), competition)
    written = ada.competition(competition.id).writeups.hand_in("field-notes", TEXT)
    admin = arena.admin.admin
    admin.writeups.judge(competition.id, written.id, notes="copied", mark=10)
    seen = admin.writeups.judge(competition.id, written.id, mark=20)
    assert (seen.notes, seen.mark, seen.submitted_by_name) == ("copied", 20, "Ada")
    assert refusal(admin.writeups.judge, competition.id, written.id, mark=101).status_code == 422
    (held,) = json.loads(ada.me.export_account())["writeups"]
    assert held["text"] == TEXT
    assert not {"notes", "mark", "judged_by"} & held.keys()
    assert "copied" not in ada.writeups.get(written.id).model_dump_json()
    log = arena.admin.admin.observability.activities(limit=200)
    changes = [a.detail for a in log if a.event == "writeup_judged"]
    assert changes[0].before == {"mark": 10}
    other = arena.competition("notes")
    assert refusal(admin.writeups.get, other.id, written.id).code == "writeup_not_found"
    assert refusal(admin.writeups.judge, other.id, written.id, mark=1).code == "writeup_not_found"


def test_who_lacks_one_and_the_zip_of_all(arena: Arena) -> None:
    competition = taking(arena)
    ada, bob = (arena.registered(competition, name) for name in ("Ada", "../Bob"))
    for player in (ada, bob):
        solve(player, competition)
    admin = arena.admin.admin.writeups
    assert {row.team_name for row in admin.missing(competition.id)} == {"Ada", "../Bob"}
    ada.competition(competition.id).writeups.hand_in("field-notes", TEXT)
    (row,) = admin.missing(competition.id, challenge_id="field-notes")
    assert row.team_name == "../Bob"
    bob.competition(competition.id).writeups.hand_in_pdf("field-notes", PDF)
    assert admin.missing(competition.id) == []
    with zipfile.ZipFile(io.BytesIO(admin.archive(competition.id))) as files:
        held = {name.rpartition("-")[0]: files.read(name) for name in files.namelist()}
    assert held == {"field-notes/Ada": TEXT.encode(), "field-notes/Bob": PDF}
    assert [w.team_name for w in admin.list(competition.id, judged=False)] == ["../Bob", "Ada"]
    assert admin.list(competition.id, published=True) == []


def test_a_competition_brings_its_write_ups_along_and_says_which_file_it_lacks(
    arena: Arena,
) -> None:
    competition = taking(arena)
    ada = tried(arena.registered(competition, "Ada"), competition)
    bob = tried(arena.registered(competition, "Bob"), competition)
    text = ada.competition(competition.id).writeups.hand_in("field-notes", TEXT)
    paper = bob.competition(competition.id).writeups.hand_in_pdf("field-notes", PDF)
    admin = arena.admin.admin
    file = admin.competitions.export(competition.id)
    assert len(json.loads(file)["content"]["writeups"]) == 2
    copy = admin.competitions.clone(competition.id, title="Again")
    assert copy.writeups_until is None
    assert admin.writeups.list(copy.id) == []
    admin.competitions.delete(competition.id, force=True)
    admin.competitions.import_(file)
    assert ada.writeups.get(text.id).text == TEXT

    def gone() -> bool:
        return (
            httpx.get(
                f"{arena.url}/api/v1/writeups/{paper.id}/pdf",
                headers={"Authorization": f"Bearer {bob.token}"},
            ).status_code
            == 404
        )

    wait_for("the file to be cleared away", gone)
    assert refusal(bob.writeups.pdf, paper.id).code == "writeup_file_not_found"
    with zipfile.ZipFile(io.BytesIO(admin.writeups.archive(competition.id))) as files:
        assert sum(name.endswith(".missing.txt") for name in files.namelist()) == 1
