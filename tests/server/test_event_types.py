"""What is declared of events is what is sent, and nothing else can be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server import domains  # noqa: F401 - importing them declares their events
from ctfy.server.achievements.rule import Achievement
from ctfy.server.competitions.events import CompetitionExported, ScoreboardUpdated
from ctfy.server.events.outbox import emit
from ctfy.server.events.types import EVENTS, Audience, Event, Topic
from ctfy.server.scheduling.events import InstanceEvent
from tests.processes import ROOT

SERVER = ROOT / "src" / "ctfy" / "server"
MODULES = sorted(SERVER.rglob("*.py"))
CONTRACT = ROOT / "tests" / "contract" / "events.txt"
# Other events say the same: those of members, those of nodes, and the standings'.
NEVER_SENT = {"team_membership_changed", "node_status", "meta_stats"}

EXPORTED = CompetitionExported(competition_id="cup", competition_title="Cup")


def emitted(*events: Event, **how: object) -> list[str]:
    """The names of what a session would write."""
    session = AsyncSession()
    for event in events:
        emit(session, event, **how)  # type: ignore[arg-type]
    return [row.name for row in session.new]


def test_a_declared_event_goes_out_under_its_name() -> None:
    assert emitted(EXPORTED) == ["competition_exported"]


def test_what_is_no_declared_event_is_refused() -> None:
    shared = InstanceEvent(instance_id="one", competition_id="cup")
    derived = type("Derived", (CompetitionExported,), {})
    for event in (Event(), shared, derived(**EXPORTED.model_dump())):
        with pytest.raises(ValueError, match="is not a declared event"):
            emitted(event)
    with pytest.raises(AttributeError):
        emitted("competition_exported")  # type: ignore[arg-type]


def test_a_field_that_is_not_declared_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        ScoreboardUpdated(competition_id="cup", leader="nobody")  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="Field required"):
        ScoreboardUpdated()  # type: ignore[call-arg]


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_audience_that_the_type_does_not_name_is_refused(name: str) -> None:
    kind = EVENTS[name]
    event = kind.model_construct()
    for audience in Audience:
        if audience in kind.audiences:
            assert emitted(event, audience=audience) == [name]
        else:
            with pytest.raises(ValueError, match=f"{name} is not for {audience}"):
                emitted(event, audience=audience)


def test_a_declaration_that_cannot_work_is_refused() -> None:
    with pytest.raises(TypeError, match="two events are called"):
        type("ScoreboardUpdated", (Event,), {}, to=Audience.ADMINS)
    with pytest.raises(TypeError, match=r"needs the fields \['user_id'\]"):
        type("SomebodyWaved", (Event,), {}, to=Audience.ADMINS, stale=(Topic.USER,))
    assert "somebody_waved" not in EVENTS


# Each of these lines, and no other, is an error to the type checker.
MISTAKES = """\
emit(session, "scoreboard_updated")
emit(session, ScoreboardUpdate(competition_id=""))
emit(session, ScoreboardUpdated())
emit(session, ScoreboardUpdated(competition_id="", leader=""))
emit(session, ScoreboardUpdated(competition_id=""), audience="everybody")
"""


def test_the_type_checker_refuses_what_is_not_declared(tmp_path: Path) -> None:
    head = (
        "from sqlalchemy.ext.asyncio import AsyncSession\n"
        "from ctfy.server.events.outbox import emit\n"
        "from ctfy.server.competitions.events import ScoreboardUpdated\n"
        "session = AsyncSession()\n"
        'emit(session, ScoreboardUpdated(competition_id=""))\n'
    )
    module = tmp_path / "mistakes.py"
    module.write_text(head + MISTAKES)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", tmp_path / "cache", module],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    found = [line.split(":")[1] for line in checked.stdout.splitlines() if ": error:" in line]
    first = head.count("\n") + 1
    expected = [str(first + number) for number in range(MISTAKES.count("\n"))]
    assert found == expected, checked.stdout


def test_every_name_that_clients_know_is_declared() -> None:
    known = {line for line in CONTRACT.read_text().splitlines() if not line.startswith("#")}
    assert known - EVENTS.keys() == NEVER_SENT


def calls_of_emit(module: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "emit":
            yield node


def test_nothing_is_emitted_by_a_string() -> None:
    calls = [(module, call) for module in MODULES for call in calls_of_emit(module)]
    assert len(calls) > 20
    for module, call in calls:
        named = [each.value for each in call.keywords if each.arg in ("event", "audience")]
        for argument in (*call.args, *named):
            text = isinstance(argument, ast.JoinedStr) or (
                isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )
            assert not text, f"{module}:{argument.lineno}: {ast.unparse(argument)}"


def test_every_declared_event_is_sent_somewhere() -> None:
    """A type is named where it is emitted; achievements only listen."""
    named = {
        node.id
        for module in MODULES
        if module.name != "events.py" and "rules" not in module.parts
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Name)
    }
    assert {kind.__name__ for kind in EVENTS.values()} <= named


def test_an_achievement_listens_to_declared_events_alone() -> None:
    with pytest.raises(TypeError, match="no event: 'flag_correct'"):
        Achievement("sleepy", "Sleepy", "d", "z", "bronze", on=("flag_correct",))  # type: ignore[arg-type]
