"""Moving house from rCTF: a competition whose standings equal theirs, or nothing at all."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctfy.challenge.catalogue import Catalogue
from ctfy.server.database.embedded import bin_path
from ctfy.server.moving.move import Moved
from ctfy.server.moving.rctf.scoring import Rule, value
from ctfy.server.moving.source import ExportRefused
from tests.cli.terminal import Terminal
from tests.conftest import ADMIN_EMAIL, cloned_database
from tests.processes import PATIENCE_S
from tests.server import rctf_dumps
from tests.server.houses import ODD, House, said
from tests.server.rctf_dumps import START, Game, challenge, empty, season, team

HOUR = timedelta(hours=1)


def move(house: House, game: Game, **options: Any) -> Moved:
    return house.move("rctf", game.write(house.scratch / "rctf.sql"), **options)


def small() -> Game:
    """Two teams, and one challenge that the first solved."""
    game = empty()
    ada = team(game, "Ada")
    team(game, "Bob")
    game.solve(ada, challenge(game, "Jar"), START + HOUR)
    return game


# -- a whole season


def test_the_standings_of_a_season_are_equal(house: House) -> None:
    game = season()
    moved = move(house, game)
    theirs = game.standings()
    assert len(theirs) > 150
    assert len({points for _, points in theirs}) < len(theirs)
    assert moved.differences == []
    assert house.standings(moved.competition_id) == theirs


def test_what_pg_dump_itself_writes_is_read(house: House) -> None:
    game = season()
    challenge(game, 'A \\ "quoted" one\twith a tab', description="Line\n\\.\n\\N")
    with cloned_database("template0") as url:
        game.load(url)
        path = rctf_dumps.dump(url, house.scratch / "rctf.sql")
    moved = house.move("rctf", path)
    assert moved.differences == []
    assert house.standings(moved.competition_id) == game.standings()
    found = Catalogue.load(house.challenges).challenges["a-quoted-one-with-a-tab"]
    assert found.metadata.description == "Line\n\\.\n\\N"


@pytest.mark.parametrize("format_", ["custom", "tar", "directory"])
def test_an_archive_of_pg_dump_is_refused_with_the_command_that_converts_it(
    house: House, format_: str
) -> None:
    game = small()
    path, made = house.scratch / "rctf.dump", house.scratch / "rctf.sql"
    with cloned_database("template0") as url:
        game.load(url)
        rctf_dumps.dump(url, path, f"--format={format_}")
    line = house.refuses("rctf", path)
    assert f"{format_} format" in line
    command = line.partition("`")[2].partition("`")[0].split()
    assert command == ["pg_restore", "--file=rctf.sql", "rctf.dump"]
    command[0] = str(bin_path() / command[0])
    subprocess.run(command, cwd=house.scratch, check=True, timeout=PATIENCE_S)
    assert house.move("rctf", made).differences == []


def test_rows_as_inserts_are_refused_with_the_command_that_makes_it_right(house: House) -> None:
    with cloned_database("template0") as url:
        small().load(url)
        path = rctf_dumps.dump(url, house.scratch / "rctf.sql", "--inserts")
    assert "`pg_dump --file=rctf.sql rctf`" in house.refuses("rctf", path)


def test_a_value_is_what_rctf_says() -> None:
    """Numbers that its formula gives in JavaScript."""
    rule, steep = Rule(100, 500), Rule(1, 1000)
    expected = {0: 500, 1: 496, 10: 446, 20: 370, 40: 213, 60: 127, 79: 101, 80: 100}
    assert {solves: value(rule, solves, 80) for solves in expected} == expected
    expected = {0: 1000, 1: 986, 7: 884, 63: 3, 64: 1}
    assert {solves: value(steep, solves, 64) for solves in expected} == expected
    assert value(rule, 0, 0) == 500


# -- what becomes of each thing


def test_a_challenge_comes_with_all_that_it_has(house: House) -> None:
    game = small()
    challenge(
        game,
        "Heap",
        "flag{a}",
        category="rev",
        author="ada",
        files=[{"name": "heap.bin", "url": "https://ctf.example.org/uploads?key=1"}],
        tiebreakEligible=False,
        sortWeight=3,
        oddity=1,
    )
    moved = move(house, game)
    heap = Catalogue.load(house.challenges).challenges["heap"]
    assert heap.metadata.questions[0].is_correct("flag{a}")
    assert heap.metadata.category == "reverse"
    assert heap.metadata.value == 500
    report = next(one for one in moved.challenges if one.id == "heap")
    lost = {line.partition(":")[0] for line in report.lost}
    assert lost == {"file heap.bin", "author", "tiebreakEligible", "oddity", "value by solves"}
    assert any("https://ctf.example.org/uploads?key=1" in line for line in report.lost)
    assert not report.is_whole
    assert [one.id for one in moved.challenges] == ["heap", "jar"]


def test_of_a_game_that_nobody_played_the_rule_comes(house: House) -> None:
    game = empty()
    challenge(game, "Jar")
    moved = move(house, game)
    jar = Catalogue.load(house.challenges).challenges["jar"]
    assert jar.metadata.model_dump()["value"] == {"initial": 500, "minimum": 100, "decay": 100}
    assert any("not by the share of all teams" in line for line in moved.challenges[0].changed)
    assert moved.row()["standings_teams"] == 0


def test_a_team_is_an_account_and_its_members_have_theirs(house: House) -> None:
    game = small()
    team(game, "Cyd", "eve@example.org", "cyd@example.org", division="students", perms=3)
    team(game, "Dan", email=None, ctftime_id="7")
    moved = move(house, game)
    rows = house.rows(
        "SELECT t.name, t.bracket, u.display_name, u.email, u.password_hash, u.role "
        "FROM teams t JOIN team_members m ON m.team_id = t.id JOIN users u ON u.id = m.user_id "
        "WHERE t.competition_id = %s AND t.name IN ('Cyd', 'Dan') ORDER BY u.display_name",
        moved.competition_id,
    )
    assert rows == [
        ("Cyd", "students", "Cyd", "cyd@example.org", None, "user"),
        ("Cyd", "students", "Cyd (2)", "eve@example.org", None, "user"),
        ("Dan", "open", "Dan", None, None, "user"),
    ]
    fields = said(moved)
    assert fields["members: 1"][0] == "changed"
    assert fields["admins: 1"][0] == fields["passwords"][0] == "dropped"
    assert fields["users ctftime_id: 1"][0] == "dropped"
    assert fields["brackets: open, students"][0] == "carried"


def test_who_has_an_account_keeps_it(house: House) -> None:
    game = small()
    game.tables["users"][0]["email"] = ADMIN_EMAIL
    moved = move(house, game)
    assert said(moved)["accounts: 1"][0] == "changed"
    assert house.rows("SELECT count(*) FROM users WHERE email = %s", ADMIN_EMAIL) == [(1,)]


def test_solves_stand_at_their_moments_with_the_flag_as_their_text(house: House) -> None:
    moved = move(house, small())
    rows = house.rows(
        "SELECT answer, correct, submitted_at FROM submissions WHERE competition_id = %s",
        moved.competition_id,
    )
    assert rows == [("flag{x}", True, START + HOUR)]
    fields = said(moved)
    assert fields["texts of right answers"][0] == "changed"
    assert fields["wrong answers"][0] == "dropped"
    assert [fields[name][0] for name in ("name", "start", "end")] == ["dropped"] * 3


def configured(house: House) -> Path:
    """A conf.d as rCTF's installer makes it, with what somebody wrote into it later."""
    folder = house.scratch / "conf.d"
    folder.mkdir()
    start, end = (int((START + hours * HOUR).timestamp() * 1000) for hours in (0, 48))
    (folder / "01-ui.yaml").write_text("ctfName: rCTF\nmeta:\n  description: A weekend.\n")
    (folder / "02-ctf.yaml").write_text(
        f"divisions: {{open: Open, hs: High School}}\ntokenKey: secret\nstartTime: {start}\n"
    )
    (folder / "99-ours.json").write_text(json.dumps({"ctfName": "Spring CTF", "endTime": end}))
    (folder / ".keep").write_text("")
    return folder


def test_its_configuration_says_name_times_and_divisions(house: House) -> None:
    game = small()
    team(game, "Cyd", division="hs")
    moved = move(house, game, config=configured(house))
    (row,) = house.rows(
        "SELECT title, description, starts_at, ends_at, brackets FROM competitions WHERE id = %s",
        moved.competition_id,
    )
    assert row == ("Spring CTF", "A weekend.", START, START + 48 * HOUR, ["Open", "High School"])
    assert house.rows("SELECT bracket FROM teams WHERE name = 'Cyd'") == [("High School",)]
    assert house.rows("SELECT solve_time_s FROM submissions") == [(3600.0,)]
    fields = said(moved)
    assert [fields[name][0] for name in ("name", "start", "end")] == ["carried"] * 3
    assert "secret" not in json.dumps(moved.row())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("startTime: soon", "the configuration: startTime"),
        ("startTime: 99999999999999999999", "is no moment"),
        ("- a list", "is no configuration of rCTF's"),
        ("ctfName: [", "99-broken.yaml: line"),
    ],
)
def test_a_configuration_that_is_not_right_is_one_line(
    house: House, content: str, why: str
) -> None:
    folder = configured(house)
    (folder / "99-broken.yaml").write_text(content)
    path = small().write(house.scratch / "rctf.sql")
    assert why in house.refuses("rctf", path, config=folder)


def test_solves_of_a_challenge_that_is_gone_count_for_nothing_as_there(house: House) -> None:
    game = small()
    gone = challenge(game, "Gone")
    game.solve(game.tables["users"][1], gone, START)
    game.tables["challenges"].remove(gone)
    moved = move(house, game)
    assert moved.differences == []
    assert house.standings(moved.competition_id) == game.standings() == [("Ada", 100)]
    assert said(moved)["solves of what is gone: 1"][0] == "dropped"


def test_where_a_tie_is_broken_in_another_way_the_difference_is_told(house: House) -> None:
    game = empty()
    ada, bob = team(game, "Ada"), team(game, "Bob")
    one, poll = challenge(game, "One"), challenge(game, "Poll", tiebreakEligible=False)
    game.solve(ada, one, START + HOUR)
    game.solve(bob, one, START + 2 * HOUR)
    game.solve(bob, poll, START + 3 * HOUR)
    game.solve(ada, poll, START + 4 * HOUR)
    assert [name for name, _ in game.standings()] == ["Ada", "Bob"]
    moved = move(house, game)
    assert moved.differences[0] == "1: Ada with 200 there, Bob with 200 here"


def test_other_tables_and_other_schemas_are_named_and_left(house: House) -> None:
    game = small()
    game.tables['"Sponsor; -- s"'] = [{'"o""dd"': "x\t\ny"}, {'"o""dd"': None}]
    moved = move(house, game)
    assert said(moved)["table Sponsor; -- s"] == ("dropped", "a table that is not known here")
    assert moved.differences == []


def test_the_commands_move_list_and_undo(house: House) -> None:
    operator = Terminal(house.scratch / "config", "http://127.0.0.1:9")
    path = small().write(house.scratch / "rctf.sql")
    where = f"--data-dir {house.scratch}/data --database-url '{house.url}'"
    folder = f"--challenges-dir {house.challenges}"
    before = house.state()
    config = f"--config {configured(house)}"
    tried = operator.ok(f"ctfy-admin import rctf {path} {config} {folder} {where} --dry-run")
    assert "standings: equal to theirs, 1 teams" in tried
    assert house.state() == before
    moved = operator.json(f"ctfy-admin import rctf {path} {config} {folder} {where}")
    (came,) = operator.json(f"ctfy-admin import list {where}")
    assert (came["title"], came["source"]) == ("Spring CTF", "rCTF 1597827385452")
    again = operator.run(f"ctfy-admin import rctf {path} {folder} {where}")
    assert (again.code, "was brought in already" in again.err) == (5, True)
    undone = operator.json(f"ctfy-admin import undo {moved['competition_id']} {folder} {where}")
    assert (undone["accounts"], undone["challenges"]) == (2, ["jar"])
    after = house.state()
    assert after.pop("events") > before.pop("events")
    assert after == before


# -- dumps that are not right


def edited(old: str, new: str) -> Callable[[Game, Path], object]:
    def spoil(game: Game, path: Path) -> None:
        text = game.text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return spoil


def starting(content: bytes) -> Callable[[Game, Path], object]:
    return lambda game, path: path.write_bytes(content + game.text().encode())


def data(**changed: Any) -> Callable[[Game, Path], object]:
    def spoil(game: Game, path: Path) -> None:
        game.tables["challenges"][0]["data"] |= changed
        game.write(path)

    return spoil


def row(table: str, **changed: Any) -> Callable[[Game, Path], object]:
    def spoil(game: Game, path: Path) -> None:
        game.tables[table][0] |= changed
        game.write(path)

    return spoil


def without(table: str) -> Callable[[Game, Path], object]:
    def spoil(game: Game, path: Path) -> None:
        del game.tables[table]
        game.write(path)

    return spoil


def twice(table: str) -> Callable[[Game, Path], object]:
    def spoil(game: Game, path: Path) -> None:
        game.tables[table].append(game.tables[table][0])
        game.write(path)

    return spoil


def half(game: Game, path: Path) -> None:
    text = game.text()
    path.write_text(text[: text.index("COPY public.solves") + 90])


def utf16(game: Game, path: Path) -> None:
    path.write_bytes(game.text().encode("utf-16"))


def latin(game: Game, path: Path) -> None:
    game.tables["users"][0]["name"] = "Zoë"
    path.write_bytes(game.text().encode("latin-1"))


def endless(game: Game, path: Path) -> None:
    with path.open("w") as file:
        file.write(rctf_dumps.BEFORE + "SELECT 'x")
        for _ in range(20):
            file.write("x" * 1024 * 1024)
            file.write("\n")


MIGRATION = "1597827385452_timezone"
SPOILED: dict[str, tuple[Callable[[Game, Path], object], str]] = {
    "nothing": (lambda _, path: path.write_bytes(b""), "does not begin as pg_dump's SQL does"),
    "compressed": (starting(b"\x1f\x8b\x08\x00"), "`gunzip rctf.sql`"),
    "custom": (starting(b"PGDMP\x01\x0e"), "custom format: `pg_restore --file=rctf.sql rctf.sql`"),
    "UTF-16": (utf16, "UTF-16"),
    "binary": (starting(b"\x7fELF\0"), "is no text"),
    "another dump": (edited("PostgreSQL database dump", "MySQL dump"), "does not begin"),
    "cut in a table": (half, "cut short, in the rows of solves"),
    "cut in a table of an odd name": (
        lambda g, p: p.write_text(rctf_dumps.BEFORE + 'COPY o."a\nb" (id) FROM stdin;\n1\n'),
        "cut short, in the rows of a\\nb",
    ),
    "cut at the end": (edited("dump complete", ""), "is cut short"),
    "Latin-1": (latin, "is no UTF-8: `pg_dump --encoding=UTF8`"),
    "another encoding": (edited("'UTF8'", "'LATIN1'"), "is written in LATIN1"),
    "a statement without end": (endless, "a statement without an end"),
    "a table missing": (without("solves"), "the table solves is not in it"),
    "two databases": (
        edited("COPY public.challenges", "COPY o.solves (id) FROM stdin;\n\\.\nCOPY p.challenges"),
        "the table solves twice",
    ),
    "a newer version": (edited(MIGRATION, "1700000000000_extras"), "1700000000000_extras"),
    "no version": (without("pgmigrations"), "names none"),
    "no column": (edited("userid, createdat) FROM", "userid, madeat) FROM"), "no column createdat"),
    "fewer values": (edited("\tjar\t", "\t"), "has 3 values, and solves 4 columns"),
    "an escape": (edited("About Jar", "About\\x4a"), "a backslash that pg_dump does not write"),
    "nobody's solve": (row("solves", userid="x"), "names users x, which the table users has not"),
    "a solve of null": (row("solves", userid=None), "a row is nobody's"),
    "a solve twice": (twice("solves"), "is there twice"),
    "a team twice": (twice("users"), "is there twice"),
    "a challenge twice": (twice("challenges"), "two of its challenges have the same id"),
    "no challenges": (lambda g, p: (g.tables["challenges"].clear(), g.write(p)), "no challenges"),
    "a bad moment": (row("solves", createdat="infinity"), "infinity"),
    "no JSON": (row("challenges", data='{"name": "J'), "challenge jar is no JSON"),
    "nested": (row("challenges", data="[" * 100_000), "challenge jar is no JSON"),
    "half a character": (row("challenges", data='{"name": "\\ud800"}'), "holds what is no text"),
    "a bad value": (data(points={"min": 1, "max": "lots"}), "points.max"),
    "too much": (data(points={"min": 2_000_000, "max": 2_000_000}), "points.min"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_dump_that_is_not_right_is_one_line_and_changes_nothing(house: House, name: str) -> None:
    spoil, why = SPOILED[name]
    path = house.scratch / "rctf.sql"
    spoil(small(), path)
    assert why in house.refuses("rctf", path)


def test_text_that_looks_like_rows_is_none(house: House) -> None:
    """In strings, comments, bodies of functions and names; nothing of a dump is ever run."""
    game = small()
    tricks = "\n".join(
        [
            "/* COPY public.users (id) FROM stdin; /* and */ more */",
            "CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $_$",
            "COPY public.users (id, name) FROM stdin;",
            "it's $$ nothing",
            "$_$;",
            "SELECT E'it\\'s; COPY', 'it''s;', 1 AS \"a;\"\"b\";",
            "SELECT 1; -- COPY public.users (id) FROM stdin;",
            "DROP TABLE users; INSERT INTO public.others VALUES (1);",
        ]
    )
    path = house.scratch / "rctf.sql"
    path.write_text(game.text().replace("CREATE TABLE", f"{tricks}\nCREATE TABLE", 1))
    assert house.move("rctf", path).differences == []


def test_lines_of_windows_are_read(house: House) -> None:
    path = house.scratch / "rctf.sql"
    path.write_bytes(small().text().replace("\n", "\r\n").encode())
    assert house.move("rctf", path).differences == []


def test_a_version_that_is_not_known_can_be_tried(house: House) -> None:
    path = house.scratch / "rctf.sql"
    edited(MIGRATION, "1700000000000_extras")(small(), path)
    assert house.move("rctf", path, any_version=True).differences == []


def test_a_challenge_with_another_shape_is_taken_as_far_as_it_goes(house: House) -> None:
    game = small()
    game.tables["challenges"][0]["data"] = json.loads('{"name": "Jar", "flag": "flag{x}"}')
    moved = move(house, game)
    assert Catalogue.load(house.challenges).challenges["jar"].metadata.value == 0
    assert [report.id for report in moved.challenges] == ["jar"]


def test_no_odd_value_in_any_column_is_more_than_a_line(house: House) -> None:
    """Each is taken, or refused in a line that changes nothing; seeded, so that it is the same."""
    rng = random.Random(3)
    before, lines = house.state(), []
    for number in range(30):
        game = small()
        team(game, "Cyd", "eve@example.org")
        one = challenge(game, "Heap", files=[{"name": "a", "url": "b"}], sortWeight=1)
        game.solve(game.tables["users"][2], one, START)
        row = rng.choice(game.tables[rng.choice(sorted(game.tables))])
        row = row["data"] if "data" in row and rng.random() < 0.8 else row
        row[rng.choice(sorted(row))] = rng.choice(ODD)
        try:
            house.move("rctf", game.write(house.scratch / f"{number}.sql"), dry_run=True)
        except ExportRefused as error:
            lines.append(str(error))
        assert house.state() == before
    assert 5 < len(lines) < 28
    assert [line for line in lines if "\n" in line] == []


def test_a_hard_line_is_read_in_a_moment(house: House) -> None:
    """Comments, strings and spaces without number, none of which is read again and again."""
    path = house.scratch / "rctf.sql"
    many = 1_000_000
    lines = [
        "/**/" * many,
        "SELECT E'" + "''\\\\" * many + "';",
        "COPY a (" + " " * many + ");",
        "SELECT '" + "'' " * many + "';",
        "; " * many,
    ]
    path.write_text(small().text().replace("CREATE TABLE", "\n".join([*lines, "CREATE TABLE"]), 1))
    assert house.move("rctf", path).differences == []
