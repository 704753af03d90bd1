"""A challenge that is broken stops no other; a look at the folder costs what changed in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctfy.challenge import catalogue as module
from ctfy.challenge.catalogue import Catalogue
from tests.processes import wait_for

GOOD = """\
name: {id}
description: x
difficulty: easy
tags: [x]
questions: [{{id: answer, prompt: x, answer: "{id}"}}]
"""
BROKEN = "name: [unclosed\n"


def write(root: Path, id_: str, text: str = "") -> Path:
    path = root / id_ / "metadata.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text or GOOD.format(id=id_))
    return path


def test_of_a_thousand_thirty_are_broken_and_the_others_playable(tmp_path: Path) -> None:
    ids = [f"c{number:03}" for number in range(1_000)]
    for number, id_ in enumerate(ids):
        write(tmp_path, id_, BROKEN if number % 33 == 0 and number < 990 else "")
    catalogue = Catalogue.load(tmp_path)
    assert len(catalogue.challenges) == 970
    assert len(catalogue.broken) == 30
    assert catalogue.challenges.keys().isdisjoint(catalogue.broken)
    assert all(findings[0].line and findings[0].fix for findings in catalogue.broken.values())


def test_only_what_changed_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        write(tmp_path, f"c{number}", BROKEN if number == 3 else "")
    catalogue = Catalogue.load(tmp_path)
    looked_at: list[str] = []
    audit = module.audit
    monkeypatch.setattr(module, "audit", lambda p: looked_at.append(p.name) or audit(p))

    def nothing_is_new() -> bool:
        looked_at.clear()
        catalogue.rescan(tmp_path)
        return not looked_at

    # What was written a moment ago is read again in any case.
    wait_for("a look at nothing", nothing_is_new)
    write(tmp_path, "c7", GOOD.format(id="c7").replace("description: x", "description: y"))
    write(tmp_path, "new")
    changes = catalogue.rescan(tmp_path)
    assert sorted(looked_at) == ["c7", "new"]
    assert (changes.added, changes.changed, changes.broken) == (["new"], ["c7"], ["c3"])
    assert catalogue.challenges["c7"].metadata.description == "y"


def test_what_breaks_stays_as_it_was_until_it_is_mended(tmp_path: Path) -> None:
    path = write(tmp_path, "one")
    catalogue = Catalogue.load(tmp_path)
    path.write_text(BROKEN)
    changes = catalogue.rescan(tmp_path)
    assert (changes.removed, changes.changed, changes.broken) == ([], [], ["one"])
    assert catalogue.challenges["one"].metadata.name == "one"
    assert catalogue.broken["one"][0].path == path
    path.write_text(GOOD.format(id="one").replace("name: one", "name: two"))
    assert catalogue.rescan(tmp_path).changed == ["one"]
    assert catalogue.challenges["one"].metadata.name == "two"
    assert catalogue.broken == {}


def test_what_a_broken_challenge_unlocks_waits_for_it(tmp_path: Path) -> None:
    write(tmp_path, "first", BROKEN)
    write(tmp_path, "second", GOOD.format(id="second") + "unlocked_by: [first]\n")
    assert list(Catalogue.load(tmp_path).challenges) == ["second"]
