"""Files of people: how they are read, what each row comes to, and what is made of them."""

from __future__ import annotations

import asyncio
import codecs
import time

import pytest

from ctfy.core.errors import Conflict
from ctfy.sdk import PlatformClient
from ctfy.server.access.secrets import Secret
from ctfy.server.accounts.people_import.apply import ImportParams, make_accounts
from ctfy.server.accounts.people_import.file import MOST_ROWS
from ctfy.server.accounts.people_import.service import seal
from ctfy.server.database.connections import Database
from ctfy.server.jobs.queue import Jobs
from ctfy.server.models.people import PeopleImportInfo
from ctfy.server.settings import Settings
from tests.conftest import PASSWORD, Arena
from tests.hostile_names import UNSEEN
from tests.refusals import refusal

ROWS = "name,email\nJürgen,{0}\n"
_number = iter(range(10**6))


def address() -> str:
    return f"row-{next(_number)}-{time.monotonic_ns()}@example.org"


def outcomes(arena: Arena, file: PeopleImportInfo) -> list[tuple[str, str]]:
    rows = arena.admin.admin.people_imports.rows(file.id, limit=200)
    return [(row.outcome, row.reason) for row in rows]


def check(arena: Arena, text: str, **options: str) -> PeopleImportInfo:
    return arena.admin.admin.people_imports.check(text.encode(), **options)


def applied(arena: Arena, file: PeopleImportInfo, rows: str = "all") -> PeopleImportInfo:
    imports = arena.admin.admin.people_imports
    task = arena.admin.admin.tasks.wait(imports.apply(file.id, rows=rows).id)
    assert task.status == "succeeded", task.error
    return imports.get(file.id)


@pytest.mark.parametrize(
    ("encode", "encoding"),
    [
        (lambda text: text.encode(), "UTF-8"),
        (lambda text: codecs.BOM_UTF8 + text.encode(), "UTF-8"),
        (lambda text: text.encode("utf-16"), "UTF-16"),
        (lambda text: text.encode("utf-16-le"), "UTF-16"),
        (lambda text: text.encode("utf-16-be"), "UTF-16"),
        (lambda text: text.encode("latin-1"), "Windows-1252"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_file_is_read_as_spreadsheets_write_it(
    arena: Arena, encode: object, encoding: str, delimiter: str
) -> None:
    text = ROWS.format(address()).replace(",", delimiter).replace("\n", "\r\n")
    imports = arena.admin.admin.people_imports
    file = imports.check(encode(text))  # type: ignore[operator]
    assert (file.encoding, file.to_create) == (encoding, 1)
    assert imports.rows(file.id)[0].name == "Jürgen"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "csv_header"),
        (b"name,email\n", "csv_empty"),
        (b"name,phone\nAda,1\n", "csv_header"),
        (b"email,e-mail\na@example.org,b@example.org\n", "csv_header"),
        (b'email\n"a@example.org\n', "csv_malformed"),
        (b'email\n"a"b@example.org\n', "csv_malformed"),
        (b"email\na\0@example.org\n", "csv_encoding"),
        (b"\xff\xfe\0\0e\0\0\0", "csv_encoding"),
        (b"\xff\xfee", "csv_encoding"),
        (b"email\n" + b"a" * 200_000 + b"\n", "csv_malformed"),
        (b"email\n" + b"x\n" * (MOST_ROWS + 1), "csv_too_many_rows"),
        (b"email" + b",x" * 200 + b"\n", "csv_header"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:24]),
)
def test_what_is_no_file_of_people_is_refused_with_what_would_be_right(
    arena: Arena, content: bytes, code: str
) -> None:
    assert refusal(arena.admin.admin.people_imports.check, content).code == code


def test_each_row_says_why_it_is_refused(arena: Arena) -> None:
    cup = arena.admin.admin.competitions.create(
        title="Row cup", brackets=["pupils", "students"], max_team_size=1, status="published"
    )
    over = arena.admin.admin.competitions.create(
        title="Over", ends_at="2020-01-01T00:00:00Z", status="published"
    )
    taken, new = arena.player("Taken").me.get().email, [address() for _ in range(16)]
    rows = [
        (f"Ann,{new[0]},,Alpha,pupils,Row cup", "create", ""),
        (f"Bea,{taken},,,,", "exists", ""),
        (f"Cid,{new[0].upper()},,,,", "refused", "email_twice"),
        ("Dan,,,,,", "refused", "email_missing"),
        ("Eve,not an address,,,,", "refused", "email_invalid"),
        (f"Fay,{new[1]},short,,,", "refused", "password_length"),
        (f"Gil,{new[2]},aaaaaaaaaaaaaa,,,", "refused", "password_weak"),
        (f"Hal,{new[3]},,Beta,,", "refused", "competition_missing"),
        (f"Ivy,{new[4]},,Beta,,No cup", "refused", "competition_unknown"),
        (f"Jan,{new[5]},,Beta,,{over.id}", "refused", "competition_over"),
        (f"Kim,{new[6]},,Beta,elders,{cup.id}", "refused", "bracket_unknown"),
        (f"Lee,{new[7]},,Alpha,,{cup.id}", "refused", "team_full"),
        (f"Mia,{new[8]},,\u0410lpha,,{cup.id}", "refused", "team_name_looks_like"),
        (f"Nia,{new[9]},,alpha,students,{cup.id}", "refused", "bracket_differs"),
        (f"\u0410nn,{new[10]},,,,", "refused", "name_looks_like"),
        (f"Ann,{new[11]},,,,", "create", ""),
        (f"Al\u200bpha,{new[12]},,,,", "refused", "name_invalid"),
        (f"Oda,{new[13]},,,,,more", "refused", "row_too_long"),
        (f",{new[14]},,,,ROW CUP", "create", ""),
    ]
    header = "name,email,password,team,bracket,competition\n"
    file = check(arena, header + "\n".join(row for row, _, _ in rows))
    assert outcomes(arena, file) == [(outcome, reason) for _, outcome, reason in rows]
    imports = arena.admin.admin.people_imports
    assert refusal(imports.apply, file.id).code == "rows_refused"
    done = applied(arena, file, "right")
    assert (done.created, done.to_create, done.existing) == (3, 0, 1)


@pytest.mark.parametrize("how", UNSEEN)
def test_no_row_brings_a_name_that_hides_something(arena: Arena, how: str) -> None:
    name = UNSEEN[how].replace('"', '""')
    file = check(arena, f'name,email\n"{name}",{address()}\n')
    assert outcomes(arena, file) == [("refused", "name_invalid")]


def test_people_come_onto_their_teams_and_sign_in(arena: Arena) -> None:
    cup = arena.competition("notes")
    ada, bob, cyd = (address() for _ in range(3))
    text = (
        "team;email;password;name\n"
        f"Rockets;{ada};{PASSWORD};Ada\nrockets;{bob};;Bob\n;{cyd};{PASSWORD};Cyd\n"
    )
    done = applied(arena, check(arena, text, competition_id=cup.id))
    assert (done.created, done.to_create) == (3, 0)
    token = PlatformClient(arena.url).auth.login(ada, PASSWORD).token
    with PlatformClient(arena.url, token) as player:
        team = player.teams.get(player.me.get().competition_teams[0].team_id)
    assert (team.name, [m.display_name for m in team.members]) == ("Rockets", ["Ada", "Bob"])
    assert team.members[0].is_captain
    imports = arena.admin.admin.people_imports
    opened = {row.email: row.has_password for row in imports.rows(done.id)}
    assert opened == {ada: True, bob: False, cyd: True}
    # Once more: nothing changes for those that are there.
    again = check(arena, text, competition_id=cup.id)
    assert (again.existing, again.to_create, again.refused) == (3, 0, 0)
    assert applied(arena, again).created == 0


def test_all_or_none_are_made_when_things_changed_since(arena: Arena) -> None:
    cup = arena.admin.admin.competitions.create(title="Tight", max_team_size=1, status="published")
    first, second = address(), address()
    file = check(arena, f"email,team\n{first},Solo\n{second},Duo\n", competition_id=cup.id)
    arena.player("Early").competition(cup.id).register("create", name="Duo")
    imports = arena.admin.admin.people_imports
    task = arena.admin.admin.tasks.wait(imports.apply(file.id).id)
    assert (task.status, "team_full" in task.error) == ("failed", True)
    assert arena.admin.admin.users.list(q=first) == []
    assert applied(arena, file, "right").created == 1
    assert outcomes(arena, file) == [("created", ""), ("refused", "team_full")]


def test_a_long_file_is_written_in_parts_and_teams_are_whole(arena: Arena) -> None:
    cup = arena.competition("notes")
    lines = [f"{address()},Pair {n % 103}" for n in range(206)]
    file = check(arena, "email,team\n" + "\n".join(lines), competition_id=cup.id)
    assert applied(arena, file).created == 206
    teams = arena.admin.admin.competitions.registrations(cup.id, limit=200)
    assert [team.members for team in teams] == [2] * 103


def test_a_row_that_is_refused_in_the_midst_of_it_ends_it_and_the_rest_can_be_made(
    arena: Arena, database_url: str, secret: bytes
) -> None:
    cup = arena.admin.admin.competitions.create(title="Race", max_team_size=1, status="published")
    lines = [f"{address()},Racer {n}" for n in range(103)]
    file = check(arena, "email,team\n" + "\n".join(lines), competition_id=cup.id)

    class Meanwhile:
        """Tells how far it is to somebody who takes the place of a later row."""

        came = False

        async def log(self, message: str, level: str = "info") -> None:
            pass

        async def progress(self, fraction: float, message: str) -> None:
            if not self.came:
                arena.player("Early").competition(cup.id).register("create", name="Racer 101")
            self.came = True

    async def work() -> None:
        database = Database(database_url)
        jobs, settings = Jobs(database_url, concurrency=1), Settings(database_url=database_url)
        params = ImportParams(import_id=file.id)
        try:
            await make_accounts(database, jobs, settings, Secret(secret), Meanwhile(), params)
        finally:
            await database.close()

    rows = arena.admin.admin.people_imports.rows(file.id, limit=200)
    stopped = f"Row {rows[101].number} .*team_full.*before row {rows[100].number} are made"
    with pytest.raises(Conflict, match=stopped):
        asyncio.run(work())
    made = [outcome for outcome, _ in outcomes(arena, file)]
    assert made == ["created"] * 100 + ["create"] * 3
    assert applied(arena, file, "right").created == 102


def test_passwords_of_a_file_are_not_readable_while_they_wait(arena: Arena, secret: bytes) -> None:
    sealed = seal(Secret(secret), "one").close(PASSWORD)
    assert PASSWORD.encode() not in sealed
    assert seal(Secret(secret), "one").open(sealed) == PASSWORD
