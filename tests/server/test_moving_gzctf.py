"""Moving house from GZCTF: a game's package becomes a competition to be played."""

from __future__ import annotations

import random
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctfy.challenge.catalogue import Catalogue
from ctfy.challenge.compose.model import FILE
from ctfy.server.moving.move import Moved
from ctfy.server.moving.source import ExportRefused
from tests.cli.terminal import Terminal
from tests.server.gzctf_packages import Package, challenge, container, package
from tests.server.hostile_zips import bomb, corrupted, crowded, cut, with_member
from tests.server.houses import ODD, House, said


def move(house: House, game: Package, **options: bool) -> Moved:
    return house.move("gzctf", game.write(house.scratch / "game.zip"), **options)


def small() -> Package:
    game = package()
    challenge(game, "Jar", "flag{x}")
    return game


def lost(moved: Moved, id_: str) -> set[str]:
    report = next(one for one in moved.challenges if one.id == id_)
    return {line.partition(":")[0] for line in report.lost}


def test_a_games_settings_become_the_competitions(house: House) -> None:
    moved = move(house, package(inviteCode="SPRING"))
    (row,) = house.rows(
        "SELECT title, description, status, access, rank_by, max_team_size, "
        "max_instances_per_team, practice, starts_at::text, ends_at::text "
        "FROM competitions WHERE id = %s",
        moved.competition_id,
    )
    assert row[:8] == (
        "Spring CTF",
        "A weekend.\n\n# Rules\n\nBe kind.",
        "draft",
        "private_listed",
        "points",
        4,
        3,
        True,
    )
    assert [moment[:16] for moment in row[8:]] == ["2026-03-01 12:00", "2026-03-03 12:00"]
    fields = said(moved)
    assert fields["practiceMode"][0] == "carried"
    for name in ("bloodBonus", "review of teams", "writeup"):
        assert fields[name][0] == "dropped"
    assert fields["bloodBonus"][1].startswith("5 %, 3 %, 1 % of the value")
    assert fields["teams, people, submissions and standings"][0] == "dropped"
    assert moved.row()["standings_equal"] is None


def test_a_challenge_comes_with_all_that_it_has(house: House) -> None:
    game = package()
    challenge(
        game,
        "Heap",
        "flag{a}",
        "flag{b}",
        category="OSINT",
        attachment=game.attachment("heap.bin", b"\0heap"),
        hints=["Look inside.", ""],
        limits={"submission": 7, "deadline": "2026-03-02T12:00:00+00:00"},
        newField=3,
    )
    moved = move(house, game)
    heap = Catalogue.load(house.challenges).challenges["heap"]
    (question,) = heap.metadata.questions
    assert [question.is_correct(x) for x in ("flag{a}", "flag{b}", "flag{c}")] == [
        True,
        True,
        False,
    ]
    assert question.attempts == 7
    assert heap.attachments["heap.bin"].read_bytes() == b"\0heap"
    assert [(hint.text, hint.cost) for hint in heap.metadata.hints] == [("Look inside.", 0)]
    assert (heap.metadata.category, heap.metadata.tags) == ("misc", ["osint"])
    assert lost(moved, "heap") == {"hint 2", "limits.deadline", "newField"}


def test_a_value_falls_along_our_curve_and_the_report_says_so(house: House) -> None:
    game = small()
    challenge(game, "Fixed", "flag{y}", scoring={"original": 300, "minRate": 1.0, "difficulty": 5})
    moved = move(house, game)
    found = Catalogue.load(house.challenges).challenges
    assert found["jar"].metadata.model_dump()["value"] == {
        "initial": 1000,
        "minimum": 250,
        "decay": 8,
    }
    assert found["fixed"].metadata.value == 300
    (changed,) = (line for line in moved.challenges[0].changed if line.startswith("value"))
    assert "parabola over 8 more solves" in changed


def test_a_container_gets_an_answer_of_each_instances_own(house: House) -> None:
    game = package()
    one = challenge(game, "Pwn me", type_="DynamicContainer", category="Pwn", container=container())
    one["flags"]["template"] = "flag{dyn_[GUID]}"
    moved = move(house, game)
    found = Catalogue.load(house.challenges).challenges["pwn-me"]
    (question,) = found.metadata.questions
    assert question.minted
    compose = (found.path / FILE).read_text()
    assert "ghcr.io/example/heap:1.0" in compose
    assert "GZCTF_FLAG: ${ANSWER_FLAG}" in compose
    limits = found.metadata.limits
    assert (limits.memory_mb, limits.cpus, limits.disk_mb) == (128, 0.5, 256)
    assert (found.metadata.protocol, found.metadata.egress) == ("tcp", False)
    assert any("flag{dyn_[GUID]}" in line for line in moved.challenges[0].changed)


def test_a_container_with_one_flag_for_all_keeps_it(house: House) -> None:
    game = package()
    given = container(networkMode="Open", memoryLimit=8)
    challenge(game, "Shop", "flag{x}", type_="StaticContainer", container=given)
    move(house, game)
    shop = Catalogue.load(house.challenges).challenges["shop"]
    assert shop.metadata.questions[0].is_correct("flag{x}")
    assert (shop.metadata.protocol, shop.metadata.egress) == ("http", True)
    assert shop.metadata.limits.memory_mb == 16
    assert "GZCTF_FLAG" not in (shop.path / FILE).read_text()


def test_files_of_each_teams_own_are_everybodys_and_without_flags_it_is_named(house: House) -> None:
    game = package()
    one = challenge(game, "Each", "flag{1}", "flag{2}", type_="DynamicAttachment")
    for number, flag in enumerate(one["flags"]["static"]):
        flag["attachment"] = game.attachment("attachment", bytes([number]))
    challenge(game, "None", type_="DynamicAttachment")
    moved = move(house, game)
    found = Catalogue.load(house.challenges).challenges
    assert len(found["each"].attachments) == 2
    assert {"type", "flags"} <= lost(moved, "none")
    assert not found["none"].metadata.questions[0].is_correct("")


def test_a_file_that_lies_elsewhere_is_named_with_its_address(house: House) -> None:
    game = package()
    remote = {"type": "Remote", "fileName": "big.img", "remoteUrl": "https://files.example.org/big"}
    challenge(game, "Disk", "flag{x}", attachment=remote)
    moved = move(house, game)
    (report,) = moved.challenges
    assert any("https://files.example.org/big" in line for line in report.lost)
    assert not report.is_whole


def test_a_challenge_that_is_not_enabled_is_a_draft(house: House) -> None:
    game = small()
    challenge(game, "Later", "flag{y}", enabled=False)
    moved = move(house, game)
    assert house.rows(
        "SELECT challenge_id, state FROM competition_challenges WHERE competition_id = %s "
        "ORDER BY position",
        moved.competition_id,
    ) == [("jar", "visible"), ("later", "draft")]
    assert any(line.startswith("state: it is draft") for line in moved.challenges[1].changed)


def test_divisions_become_brackets_and_their_rights_are_named(house: House) -> None:
    divisions = [
        {"name": "Open", "inviteCode": None, "defaultPermissions": ["All"], "challengeConfig": []},
        {
            "name": "Guests",
            "inviteCode": "G",
            "defaultPermissions": ["JoinGame", "ViewChallenge"],
            "challengeConfig": [{"challengeId": 1, "permissions": ["None"]}],
        },
    ]
    moved = move(house, package(divisions=divisions))
    (row,) = house.rows("SELECT brackets FROM competitions WHERE id = %s", moved.competition_id)
    assert row == (["Open", "Guests"],)
    about = [name for name in said(moved) if name.startswith("division ")]
    assert about == [
        "division Guests: inviteCode",
        "division Guests: defaultPermissions",
        "division Guests: challengeConfig: 1",
    ]


def test_the_commands_move_list_and_undo(house: House) -> None:
    operator = Terminal(house.scratch / "config", "http://127.0.0.1:9")
    path = small().write(house.scratch / "game.zip")
    where = f"--data-dir {house.scratch}/data --database-url '{house.url}'"
    folder = f"--challenges-dir {house.challenges}"
    before = house.state()
    tried = operator.ok(f"ctfy-admin import gzctf {path} {folder} {where} --dry-run")
    assert "standings: the file holds none" in tried
    assert house.state() == before
    moved = operator.json(f"ctfy-admin import gzctf {path} {folder} {where}")
    (came,) = operator.json(f"ctfy-admin import list {where}")
    assert (came["source"], came["teams"]) == ("GZCTF 1.8.5.0", 0)
    undone = operator.json(f"ctfy-admin import undo {moved['competition_id']} {folder} {where}")
    assert undone["challenges"] == ["jar"]
    after = house.state()
    assert after.pop("events") > before.pop("events")
    assert after == before


# -- packages that are not right


def packed(spoil: Callable[[Path], None]) -> Callable[[Package, Path], object]:
    return lambda game, path: spoil(game.write(path))


def documents(**replaced: bytes | None) -> Callable[[Package, Path], object]:
    return lambda game, path: game.write(path, **replaced)


def manifest(**changed: Any) -> Callable[[Package, Path], object]:
    def spoil(game: Package, path: Path) -> None:
        game.manifest = changed
        game.write(path)

    return spoil


def changed(**fields: Any) -> Callable[[Package, Path], object]:
    def spoil(game: Package, path: Path) -> None:
        game.challenges[0] |= fields
        game.write(path)

    return spoil


def swapped(game: Package, path: Path) -> None:
    game.challenges[0]["attachment"] = game.attachment("a.txt", b"a")
    game.files = dict.fromkeys(game.files, b"b")
    game.write(path)


STATISTICS = {"challengeCount": 2, "totalFiles": 0}
SPOILED: dict[str, tuple[Callable[[Package, Path], object], str]] = {
    "no zip": (lambda _, path: path.write_bytes(b"PK"), "no zip"),
    "cut": (packed(cut), "no zip, or cut short"),
    "damaged": (packed(corrupted("game.json")), "cannot be unpacked"),
    "up and out": (packed(with_member("files/../../x")), "leads out"),
    "absolute": (packed(with_member("/etc/cron.d/x")), "leads out"),
    "a link": (packed(with_member("files/a", stat.S_IFLNK | 0o777)), "is a link"),
    "too many": (packed(crowded), "100,000 are the most"),
    "a bomb": (packed(bomb), "unpacks from"),
    "no manifest": (documents(manifest=None), "manifest.json is not in it"),
    "no game": (documents(game=None), "game.json is not in it"),
    "no JSON": (documents(game=b'{"title": "Spr'), "game.json is no JSON"),
    "invalid UTF-8": (documents(game=b'{"title": "\xff"}'), "game.json is no JSON"),
    "half a character": (documents(game=b'{"title": "\\ud800"}'), "holds what is no text"),
    "nested": (documents(game=b"[" * 100_000), "game.json is no JSON"),
    "a list": (documents(game=b"[]"), "game.json"),
    "another format": (manifest(format="GZCTF-EXERCISE"), "format GZCTF-EXERCISE"),
    "a newer version": (manifest(version="2.0"), "its format has version 2.0"),
    "a challenge missing": (manifest(statistics=STATISTICS), "says 2 challenges, and 1 are in it"),
    "a file missing": (
        manifest(statistics={**STATISTICS, "challengeCount": 1, "totalFiles": 1}),
        "says 1 files, and 0 are in it",
    ),
    "another file": (swapped, "is another file than its name says"),
    "no title": (changed(title=None), "challenge-1.json: title"),
    "a bad value": (changed(scoring={"original": "lots"}), "scoring.original"),
    "infinite": (
        changed(scoring={"original": 1, "minRate": 0, "difficulty": float("inf")}),
        "scoring.difficulty",
    ),
    "another type": (changed(type="Lottery"), "challenge-1.json: type"),
    "an image that is none": (
        changed(type="StaticContainer", container=container("--privileged x")),
        "cannot be held",
    ),
    "a variable as image": (
        changed(type="StaticContainer", container=container("${HOME}")),
        "cannot be held",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_package_that_is_not_right_is_one_line_and_changes_nothing(
    house: House, name: str
) -> None:
    spoil, why = SPOILED[name]
    path = house.scratch / "game.zip"
    spoil(small(), path)
    assert why in house.refuses("gzctf", path)


def test_a_version_that_is_not_known_can_be_tried(house: House) -> None:
    game = small()
    game.manifest = {"version": "1.1"}
    assert [one.id for one in move(house, game, any_version=True).challenges] == ["jar"]


def fields_of(document: Any) -> list[tuple[Any, Any]]:
    """Every place of a document that holds a value: what it is in, and its key or number."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    found = []
    for key, value in items:
        found.append((document, key))
        if isinstance(value, dict | list):
            found += fields_of(value)
    return found


def test_no_odd_value_in_any_field_is_more_than_a_line(house: House) -> None:
    """Each is taken, or refused in a line that changes nothing; seeded, so that it is the same."""
    rng = random.Random(5)
    before, lines = house.state(), []
    for number in range(30):
        game = small()
        attachment = game.attachment("a", b"a")
        one = challenge(game, "Heap", type_="StaticContainer", container=container(), hints=["a"])
        one |= {"attachment": attachment}
        game.game["divisions"] = [{"name": "Open", "defaultPermissions": ["All"]}]
        inside, key = rng.choice(fields_of([game.game, *game.challenges]))
        if isinstance(inside, list) and inside[0] is game.game:
            continue
        inside[key] = rng.choice(ODD)
        try:
            house.move("gzctf", game.write(house.scratch / f"{number}.zip"), dry_run=True)
        except ExportRefused as error:
            lines.append(str(error))
        assert house.state() == before
    assert 5 < len(lines) < 28
    assert [line for line in lines if "\n" in line] == []


def test_of_more_brackets_than_a_competition_has_the_first_come(house: House) -> None:
    divisions = [{"name": f"D{number}", "defaultPermissions": ["All"]} for number in range(52)]
    moved = move(house, package(divisions=divisions))
    (row,) = house.rows("SELECT brackets FROM competitions WHERE id = %s", moved.competition_id)
    assert row == ([f"D{number}" for number in range(50)],)
    assert said(moved)["brackets: 2"][0] == "dropped"
