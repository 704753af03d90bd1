"""Moving house from CTFd: a competition whose standings equal theirs, or nothing at all."""

from __future__ import annotations

import json
import random
import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ctfy.challenge.catalogue import Catalogue
from ctfy.sdk import PlatformClient
from ctfy.server.moving.move import Moved
from ctfy.server.moving.source import ExportRefused
from ctfy.server.moving.undo import UndoRefused, listed
from tests.cli.terminal import Terminal
from tests.conftest import ADMIN_EMAIL, Arena
from tests.server import ctfd_exports
from tests.server.ctfd_exports import START, Game, challenge, empty, file, season, team, user
from tests.server.hostile_zips import bomb, corrupted, crowded, cut, with_member
from tests.server.houses import ODD, House, said


def move(house: House, game: Game | Path, **options: bool) -> Moved:
    """Move a CTFd in, or what its export has become."""
    path = game if isinstance(game, Path) else game.write(house.scratch / "export.zip")
    return house.move("ctfd", path, **options)


def small(**options: bool) -> Game:
    """Two teams of one, and one challenge that the first solved."""
    game = empty(**options)
    ada = user(game, "ada", team=team(game, "Ada") if game.in_teams else None)
    user(game, "bob", team=team(game, "Bob") if game.in_teams else None)
    game.solve(ada, challenge(game, "Jar"), START + timedelta(hours=1), "flag{x}")
    return game


# -- a whole season


@pytest.mark.parametrize(
    "options",
    [{}, {"seconds": True}, {"in_teams": False}],
    ids=["teams", "moments in seconds", "everybody alone"],
)
def test_the_standings_of_a_season_are_equal(house: House, options: dict[str, bool]) -> None:
    game = season(**options)
    moved = move(house, game)
    theirs = game.standings()
    assert len(theirs) >= 58
    assert moved.differences == []
    assert house.standings(moved.competition_id) == theirs


def test_of_one_second_the_lower_number_was_first(house: House) -> None:
    """CTFd breaks a tie by the row's number, of a solve or of an award, whichever is higher."""
    game = empty()
    moment = START + timedelta(hours=1)
    ada, bob, cyd = (user(game, n, team=team(game, n.title())) for n in ("ada", "bob", "cyd"))
    early, late = challenge(game, "Early"), challenge(game, "Late")
    game.solve(bob, late, moment, "flag{x}")
    game.solve(ada, late, moment, "flag{x}")
    game.solve(cyd, early, START, "flag{x}")
    game.award(cyd, 0, START)
    game.solve(ada, early, START, "flag{x}")
    game.solve(bob, early, START, "flag{x}")
    game.award(cyd, 100, moment)
    theirs = game.standings()
    assert [name for name, _ in theirs] == ["Cyd", "Ada", "Bob"]
    assert {points for _, points in theirs} == {200}
    moved = move(house, game)
    assert house.standings(moved.competition_id) == theirs
    assert moved.differences == []


def test_files_are_equal_byte_for_byte(house: House) -> None:
    game = season()
    move(house, game)
    found = {}
    for path in house.challenges.glob("*/attachments/*"):
        found[path.name] = path.read_bytes()
    assert found == {name.partition("/")[2]: data for name, data in game.uploads.items()}
    assert Catalogue.load(house.challenges).broken == {}
    assert len(Catalogue.load(house.challenges).challenges) == 40


def test_somebody_signs_in_with_the_old_password(
    arena: Arena, database_url: str, tmp_path: Path
) -> None:
    game = small()
    email = f"{tmp_path.name}@example.org"
    game.tables["users"][1] |= {
        "email": email,
        "password": ctfd_exports.password_hash("correct horse battery"),
    }
    (tmp_path / "challenges").mkdir()
    house = House(database_url, tmp_path / "challenges", tmp_path)
    moved = move(house, game)
    try:
        token = PlatformClient(arena.url).auth.login(email, "correct horse battery").token
        assert PlatformClient(arena.url, token).me.get().display_name == "ada"
        (stored,) = house.rows("SELECT password_hash FROM users WHERE email = %s", email)[0]
        assert stored.startswith("$argon2id$")
        seen = arena.admin.competitions.get(moved.competition_id)
        assert (seen.title, seen.status) == ("Spring CTF", "draft")
    finally:
        house.undo(moved.competition_id)


def test_the_commands_move_list_and_undo(house: House) -> None:
    operator = Terminal(house.scratch / "config", "http://127.0.0.1:9")
    path = small().write(house.scratch / "export.zip")
    where = f"--data-dir {house.scratch}/data --database-url '{house.url}'"
    folder = f"--challenges-dir {house.challenges}"
    tried = operator.ok(f"ctfy-admin import ctfd {path} {folder} {where} --dry-run")
    assert "standings: equal to theirs, 1 teams" in tried
    assert operator.json(f"ctfy-admin import list {where}") == []
    moved = operator.json(f"ctfy-admin import ctfd {path} {folder} {where}")
    assert (moved["written"], moved["standings_equal"]) == (True, True)
    (came,) = operator.json(f"ctfy-admin import list {where}")
    assert (came["competition_id"], came["source"], came["teams"]) == (
        moved["competition_id"],
        "CTFd 3.8.7",
        2,
    )
    again = operator.run(f"ctfy-admin import ctfd {path} {folder} {where}")
    assert (again.code, "was brought in already" in again.err) == (5, True)
    line = f"ctfy-admin import undo {moved['competition_id']} {folder} {where}"
    assert operator.json(line)["challenges"] == ["jar"]
    assert operator.run(line).code == 5
    path.write_bytes(b"PK")
    broken = operator.run(f"ctfy-admin import ctfd {path} {folder} {where}")
    assert (broken.code, len(broken.err.strip().splitlines())) == (5, 1)


# -- what becomes of each thing


def test_settings_become_the_competitions(house: House) -> None:
    moved = move(house, small())
    (row,) = house.rows(
        "SELECT title, description, status, rank_by, max_team_size, starts_at, ends_at, freezes_at "
        "FROM competitions WHERE id = %s",
        moved.competition_id,
    )
    end = ctfd_exports.END
    freeze = end - timedelta(hours=4)
    assert row == ("Spring CTF", "A weekend.", "draft", "points", 6, START, end, freeze)


def test_a_challenge_comes_with_all_that_it_has(house: House) -> None:
    game = empty()
    first = challenge(game, "First")
    one = challenge(
        game,
        "Heap",
        flag="",
        rule=("linear", 400, 50, 7),
        category="pwn",
        connection_info="nc ctf.example.org 1337",
        max_attempts=3,
        requirements=json.dumps({"prerequisites": [first["id"], 99], "anonymize": True}),
        attribution="by Ada",
    )
    id_ = one["id"]
    game.add("flags", challenge_id=id_, type="static", content="flag{a}", data="case_insensitive")
    game.add("flags", challenge_id=id_, type="regex", content=r"flag\{[0-9]+\}", data="")
    game.add("flags", challenge_id=id_, type="regex", content=r"(?=x)flag", data="")
    hint = {"title": "Look", "content": "Inside.", "cost": 20, "requirements": None}
    game.add("hints", challenge_id=id_, type="standard", **hint)
    game.add("tags", challenge_id=id_, value="glibc")
    game.add("topics", value="tcache")
    game.add("challenge_topics", challenge_id=id_, topic_id=1)
    game.tables["solutions"] = []
    game.add("solutions", challenge_id=id_, content="Free it twice.", state="hidden")
    file(game, one, "heap.j2", b"{{ as it is }}")
    game.add("files", type="challenge", location="gone/away", sha1sum="", challenge_id=id_)
    moved = move(house, game)
    heap = Catalogue.load(house.challenges).challenges["heap"]
    about = heap.metadata
    (question,) = about.questions
    assert [question.is_correct(x) for x in ("FLAG{A}", "flag{7}", "FLAG{7}")] == [
        True,
        True,
        False,
    ]
    assert question.attempts == 3
    assert about.model_dump()["value"] == {"initial": 400, "minimum": 50, "step": 7}
    assert (about.category, about.tags, about.protocol) == ("pwn", ["glibc"], "tcp")
    assert [(h.text, h.cost) for h in about.hints] == [("Look\n\nInside.", 20)]
    assert about.unlocked_by == ["first"]
    assert heap.attachments["heap.j2.txt"].read_bytes() == b"{{ as it is }}"
    assert (heap.path / "solution.md").read_text() == "Free it twice."
    report = next(r for r in moved.challenges if r.id == "heap")
    lost = {line.partition(":")[0] for line in report.lost}
    assert lost == {
        "flag 3",
        "file away",
        "topics",
        "attribution",
        "requires 99",
        "requirements.anonymize",
    }
    assert "tcache" in (heap.path / "README.md").read_text()


def test_choices_become_a_question_with_choices(house: House) -> None:
    game = empty()
    challenge(game, "Quiz", flag="Beta", type="multiple_choice", description=ctfd_exports.CHOICES)
    move(house, game)
    quiz = Catalogue.load(house.challenges).challenges["quiz"].metadata
    (question,) = quiz.questions
    assert question.options == ["Alpha", "Beta", "Gamma"]
    assert [question.is_correct(choice) for choice in question.options] == [False, True, False]
    assert quiz.description == "Which one?"


def test_a_challenge_of_a_plugin_keeps_its_solves_and_is_named(house: House) -> None:
    game = small()
    game.tables["challenges"][0]["type"] = "container"
    game.tables["flags"] = []
    moved = move(house, game)
    assert house.standings(moved.competition_id) == [("Ada", 100)]
    (report,) = moved.challenges
    lost = {line.partition(":")[0] for line in report.lost}
    assert {"type", "flags"} <= lost
    (question,) = Catalogue.load(house.challenges).challenges["jar"].metadata.questions
    assert not question.is_correct("")


def test_flags_that_are_all_asked_for_are_solved_together(house: House) -> None:
    game = empty()
    ada = user(game, "ada", team=team(game, "Ada"))
    one = challenge(game, "Both", logic="all", value=101)
    game.add("flags", challenge_id=one["id"], type="static", content="flag{y}", data="")
    bob = user(game, "bob", team=team(game, "Bob"))
    game.submit(ada, one, START + timedelta(hours=1), "flag{x}", "partial")
    game.submit(bob, one, START + timedelta(hours=1), "flag{y}", "partial")
    game.solve(ada, one, START + timedelta(hours=2), "flag{y}")
    moved = move(house, game)
    assert house.standings(moved.competition_id) == game.standings() == [("Ada", 101)]
    assert said(moved)["answers to parts: 2"][0] == "changed"


def test_wrong_answers_count_against_a_cap(house: House) -> None:
    game = small()
    game.tables["challenges"][0]["max_attempts"] = 5
    bob = game.tables["users"][2]
    for hour in range(3):
        game.submit(
            bob, game.tables["challenges"][0], START + timedelta(hours=hour), "no", "incorrect"
        )
    moved = move(house, game)
    assert house.rows(
        "SELECT question_id, wrong FROM question_attempts WHERE competition_id = %s",
        moved.competition_id,
    ) == [("flag", 3)]


def test_hidden_and_banned_teams_do_not_stand_in_the_standings(house: House) -> None:
    game = small()
    one = game.tables["challenges"][0]
    for name, flags in (("Ghosts", {"hidden": True}), ("Cheats", {"banned": True})):
        member = user(game, name.lower(), team=team(game, name, **flags))
        game.solve(member, one, START + timedelta(minutes=1), "flag{x}")
    moved = move(house, game)
    assert house.standings(moved.competition_id) == [("Ada", 100)]
    assert said(moved)["teams not shown: 2"][0] == "changed"


def test_a_hidden_challenge_is_a_draft_or_hidden_where_teams_solved_it(house: House) -> None:
    game = small()
    game.tables["challenges"][0]["state"] = "hidden"
    challenge(game, "Later", state="hidden")
    moved = move(house, game)
    assert house.rows(
        "SELECT challenge_id, state FROM competition_challenges WHERE competition_id = %s "
        "ORDER BY challenge_id",
        moved.competition_id,
    ) == [("jar", "hidden"), ("later", "draft")]
    assert moved.differences == []
    assert house.standings(moved.competition_id) == [("Ada", 100)]


def test_what_is_shown_later_is_released_then(house: House) -> None:
    game = small()
    challenge(game, "Later", scheduled_at="2040-05-01T12:00:00")
    challenge(game, "Sooner", scheduled_at="2026-03-01T15:00:00")
    moved = move(house, game)
    assert house.rows(
        "SELECT challenge_id, state, release_at FROM competition_challenges "
        "WHERE competition_id = %s AND challenge_id <> 'jar' ORDER BY challenge_id",
        moved.competition_id,
    ) == [("later", "draft", datetime(2040, 5, 1, 12, tzinfo=UTC)), ("sooner", "visible", None)]


def test_names_that_look_alike_are_told_apart(house: House) -> None:
    game = empty()
    for number, name in enumerate(("Team", "team", "T\u0435am", "\u200b")):
        user(game, f"member{number}", team=team(game, name))
    moved = move(house, game)
    names = house.rows(
        "SELECT name FROM teams WHERE competition_id = %s ORDER BY created_at, name",
        moved.competition_id,
    )
    assert sorted(name for (name,) in names) == ["Team", "Team 4", "T\u0435am (3)", "team (2)"]
    assert said(moved)["names of teams: 3"][0] == "changed"


def test_admins_of_theirs_are_players_here(house: House) -> None:
    moved = move(house, small())
    roles = house.rows("SELECT role FROM users WHERE email = 'admin@example.org'")
    assert roles == [("user",)]
    assert said(moved)["admins: 1"][0] == "dropped"


def test_who_has_an_account_keeps_it_and_its_password(house: House) -> None:
    game = small()
    game.tables["users"][1]["email"] = ADMIN_EMAIL.upper()
    before = house.rows("SELECT id, password_hash, role FROM users WHERE email = %s", ADMIN_EMAIL)
    moved = move(house, game)
    after = house.rows("SELECT id, password_hash, role FROM users WHERE email = %s", ADMIN_EMAIL)
    assert before == after
    members = house.rows(
        "SELECT user_id FROM team_members WHERE competition_id = %s", moved.competition_id
    )
    assert (before[0][0],) in members
    assert said(moved)["accounts: 1"][0] == "changed"


def test_a_hash_that_is_not_known_is_left_out_and_named(house: House) -> None:
    game = small()
    stored = game.tables["users"][1]["password"]
    game.tables["users"][1]["password"] = stored.replace("r=4", "r=31")
    moved = move(house, game)
    assert house.rows("SELECT password_hash FROM users WHERE email = 'ada@example.org'") == [
        (None,)
    ]
    assert said(moved)["passwords: 1"][0] == "dropped"


def test_what_has_no_place_is_named(house: House) -> None:
    game = small()
    game.add("pages", title="Rules", route="rules", content="Be kind.")
    game.tables["shop_items"] = [{"id": 1}]
    fields = said(move(house, game))
    assert fields["table pages"] == ("dropped", "there are no pages of one's own here")
    assert "plugin" in fields["table shop_items"][1]


def test_a_value_that_their_rule_does_not_give_is_kept_as_it_ended(house: House) -> None:
    game = empty()
    one = challenge(game, "Odd", rule=("logarithmic", 500, 100, 20))
    ada = user(game, "ada", team=team(game, "Ada"))
    game.solve(ada, one, START + timedelta(hours=1), "flag{x}")
    one["value"] = 333
    moved = move(house, game)
    assert moved.differences == []
    assert house.standings(moved.competition_id) == [("Ada", 333)]
    assert any("333 for good" in line for line in moved.challenges[0].changed)


def test_of_one_that_still_runs_the_rule_is_kept_and_the_difference_told(house: House) -> None:
    game = empty()
    game.tables["config"] = [row for row in game.tables["config"] if row["key"] != "end"]
    one = challenge(game, "Odd", rule=("logarithmic", 500, 100, 20))
    ada = user(game, "ada", team=team(game, "Ada"))
    game.solve(ada, one, START + timedelta(hours=1), "flag{x}")
    one["value"] = 333
    moved = move(house, game)
    assert moved.differences == ["1: Ada with 333 there, Ada with 500 here"]


def test_ids_that_are_taken_get_the_competitions_name_in_front(house: House) -> None:
    (house.challenges / "jar").mkdir()
    house.rows(
        "INSERT INTO challenges (id, digest, source, folder_digest, changed_at) "
        "VALUES ('spring-ctf-jar', 'd', 'push', '', now())"
    )
    game = small()
    challenge(game, "Jar")
    moved = move(house, game)
    assert [report.id for report in moved.challenges] == ["spring-ctf-jar-2", "spring-ctf-jar-3"]


def test_undoing_takes_its_challenges_off_the_platform_but_not_what_was_pushed(
    house: House,
) -> None:
    game = small()
    challenge(game, "Other")
    moved = move(house, game)
    for id_, source in (("jar", "folder"), ("other", "push")):
        house.rows(
            "INSERT INTO challenges (id, digest, source, folder_digest, changed_at) "
            "VALUES (%s, 'd', %s, 'd', now())",
            id_,
            source,
        )
    undone = house.undo(moved.competition_id)
    assert (undone.challenges, undone.challenges_kept) == (["jar"], ["other"])
    assert house.rows("SELECT id FROM challenges") == [("other",)]


# -- trying, and taking back


def test_a_dry_run_says_all_and_leaves_nothing(house: House) -> None:
    game = small()
    before = house.state()
    tried = move(house, game, dry_run=True)
    assert house.state() == before
    moved = move(house, game)
    assert said(tried) == said(moved)
    assert (tried.row()["written"], moved.row()["written"]) == (False, True)
    assert tried.row()["standings_equal"]


def test_undoing_leaves_what_was_before(house: House) -> None:
    before = house.state()
    moved = move(house, small())
    assert [came.competition_id for came in house.do(listed)] == [moved.competition_id]
    undone = house.undo(moved.competition_id)
    assert (undone.accounts, undone.accounts_kept, undone.challenges) == (3, 0, ["jar"])
    after = house.state()
    assert after.pop("events") > before.pop("events")
    assert after == before
    assert house.do(listed) == []
    with pytest.raises(UndoRefused):
        house.undo(moved.competition_id)


def test_undoing_keeps_whoever_did_something_since(house: House) -> None:
    moved = move(house, small())
    (ada,) = house.rows("SELECT id FROM users WHERE email = 'ada@example.org'")[0]
    house.rows(
        "INSERT INTO tokens (id, user_id, kind, hash, label, ip_address, user_agent, "
        "competition_access, competition_ids, permissions) "
        "VALUES ('t', %s, 'user', 'h', '', '', '', 'none', '[]', '{}')",
        ada,
    )
    (house.challenges / "jar" / "solve.py").write_text("print('flag{x}')")
    undone = house.undo(moved.competition_id)
    assert (undone.accounts, undone.accounts_kept) == (2, 1)
    assert (undone.challenges, undone.challenges_kept) == ([], ["jar"])
    assert house.rows("SELECT email FROM users WHERE id = %s", ada) == [("ada@example.org",)]


def test_the_same_file_is_not_brought_in_twice(house: House) -> None:
    game = small()
    moved = move(house, game)
    with pytest.raises(ExportRefused, match=f"import undo {moved.competition_id}"):
        move(house, house.scratch / "export.zip")
    house.undo(moved.competition_id)
    move(house, house.scratch / "export.zip")


# -- exports that are not right


def packed(spoil: Callable[[Path], None]) -> Callable[[Game, Path], None]:
    return lambda game, path: spoil(game.write(path))


def tables(**replaced: bytes | None) -> Callable[[Game, Path], None]:
    def spoil(game: Game, path: Path) -> None:
        game.write(path, **replaced)

    return spoil


def rows(table: str, **changed: Any) -> Callable[[Game, Path], None]:
    def spoil(game: Game, path: Path) -> None:
        game.tables[table][-1] |= changed
        game.write(path)

    return spoil


VERSIONED = b'{"count": 1, "results": [{"version_num": "%s"}], "meta": {}}'
SPOILED: dict[str, tuple[Callable[[Game, Path], None], str]] = {
    "no zip": (lambda _, path: path.write_bytes(b"PK"), "no zip"),
    "cut": (packed(cut), "no zip, or cut short"),
    "a table damaged": (packed(corrupted("db/users.json")), "cannot be unpacked"),
    "up and out": (packed(with_member("uploads/../../x")), "leads out"),
    "absolute": (packed(with_member("/etc/cron.d/x")), "leads out"),
    "backslashes": (packed(with_member("uploads\\..\\x")), "leads out"),
    "a link": (packed(with_member("uploads/a/b", stat.S_IFLNK | 0o777)), "is a link"),
    "a device": (packed(with_member("uploads/a/b", stat.S_IFCHR | 0o666)), "is a link"),
    "too many": (packed(crowded), "100,000 are the most"),
    "a bomb": (packed(bomb), "unpacks from"),
    "a table missing": (tables(solves=None), "db/solves.json is not in it"),
    "no version": (tables(alembic_version=None), "db/alembic_version.json is not in it"),
    "a newer version": (tables(alembic_version=VERSIONED % b"ffffffffffff"), "ffffffffffff"),
    "no JSON": (tables(users=b'{"count": 1, "res'), "is no JSON"),
    "no rows": (tables(users=b'{"results": 7}'), "no list of rows"),
    "fewer rows": (tables(tags=b'{"count": 2, "results": []}'), "says 2 rows, and has 0"),
    "nested": (tables(tags=b"[" * 100_000), "is no JSON"),
    "nobody's solve": (rows("solves", user_id=99), "names users 99"),
    "of no challenge": (rows("solves", challenge_id=99), "names challenges 99"),
    "no answer": (rows("solves", id=77), "has no answer"),
    "on no team": (rows("users", team_id=99), "names teams 99"),
    "a bad moment": (rows("submissions", date="yesterday"), "yesterday"),
    "a bad value": (rows("challenges", value="lots"), "lots"),
    "the same id": (rows("users", id=1), "there twice"),
    "too much": (rows("challenges", value=10_000_000), "cannot be held"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_an_export_that_is_not_right_is_one_line_and_changes_nothing(
    house: House, name: str
) -> None:
    spoil, why = SPOILED[name]
    path = house.scratch / "export.zip"
    spoil(small(), path)
    assert why in house.refuses("ctfd", path)


def test_no_odd_value_in_any_table_is_more_than_a_line(house: House) -> None:
    """Each is taken, or refused in a line that changes nothing; seeded, so that it is the same."""
    rng = random.Random(7)
    before = house.state()
    lines = []
    for number in range(40):
        game = everything()
        table = rng.choice(sorted(name for name, rows in game.tables.items() if rows))
        row = rng.choice(game.tables[table])
        row[rng.choice(sorted(row))] = rng.choice(ODD)
        path = game.write(house.scratch / f"{number}.zip")
        try:
            move(house, path, dry_run=True)
        except ExportRefused as error:
            lines.append(str(error))
        assert house.state() == before
    assert 5 < len(lines) < 35
    assert [line for line in lines if "\n" in line] == []


def everything() -> Game:
    """A game with a row in each table that is read."""
    game = small()
    one = game.tables["challenges"][0]
    ada = game.tables["users"][1]
    hint = game.add("hints", challenge_id=1, content="Hint", cost=5, type="standard", title="T")
    game.take(ada, hint, START + timedelta(hours=2))
    game.submit(ada, one, START, "no", "incorrect")
    game.add("tags", challenge_id=1, value="tag")
    game.add("topics", value="topic")
    game.add("challenge_topics", challenge_id=1, topic_id=1)
    game.add("brackets", name="Open", description="", type="teams")
    game.tables["solutions"] = []
    game.add("solutions", challenge_id=1, content="So.", state="hidden")
    file(game, one, "a.txt", b"a")
    challenge(game, "Falling", rule=("logarithmic", 500, 100, 20))
    return game


def test_a_version_that_is_not_known_can_be_tried(house: House) -> None:
    path = small().write(house.scratch / "export.zip", alembic_version=VERSIONED % b"ffffffffffff")
    assert move(house, path, any_version=True).differences == []


def test_what_fails_at_the_end_leaves_no_folder(house: House, monkeypatch: Any) -> None:
    """The folders are in their place when the database refuses."""
    game = small()
    house.rows(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no room'; END$$"
    )
    house.rows(
        "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON moved_competitions "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()"
    )
    before = house.state()
    with pytest.raises(Exception, match="no room"):
        move(house, game)
    assert house.state() == before


def test_folders_without_a_place_are_made(house: House) -> None:
    shutil.rmtree(house.challenges)
    move(house, small())
    assert [path.name for path in house.challenges.iterdir()] == ["jar"]
