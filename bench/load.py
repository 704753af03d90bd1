"""Two competitions at once: 1,000 teams each, 50 challenges, 20,000 solves; part of `make bench`.

The data is written straight into a database of its own; then `wrk` (where it is installed) asks a
server started on it, over loopback, for a few seconds a figure.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.run import bare, line, wrk  # noqa: E402
from ctfy.challenge.modes.dynamic import Dynamic  # noqa: E402
from ctfy.server.database.embedded import EmbeddedPostgres  # noqa: E402
from ctfy.server.database.migrate import upgrade  # noqa: E402
from ctfy.server.instances.answers import derive  # noqa: E402
from tests.processes import ADMIN, free_port, wait_for  # noqa: E402

TEAMS, CHALLENGES, SOLVES, COMPETITIONS = 1000, 50, 20_000, 2
SECRET = "bench-only"
FLAG = Dynamic(id="flag", prompt="?")


@dataclass
class Data:
    """What the load needs to know of what was written."""

    competitions: list[str]
    tokens: list[str]
    instances: list[tuple[str, str, str]]  # token, instance, its right answer


def challenges(folder: Path) -> Path:
    for number in range(CHALLENGES):
        path = folder / f"bench-{number:02}"
        path.mkdir(parents=True)
        (path / "metadata.yaml").write_text(
            f"name: Bench {number}\ndescription: A challenge of the bench, number {number}.\n"
            f"difficulty: {('easy', 'medium', 'hard')[number % 3]}\ntags: [bench, t{number % 7}]\n"
            "value: {initial: 500, minimum: 100, decay: 50}\n"
            "sandbox: {run: [python3, app.py], port: 8000}\n"
        )
        (path / "app.py").write_text("")
    return folder


def copy(cursor: psycopg.Cursor, table: str, columns: str, rows: list[tuple[object, ...]]) -> None:
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as target:
        for row in rows:
            target.write_row(row)


def fill(url: str) -> Data:
    """Write everything; two users are captains of the teams of both competitions."""
    dice = random.Random(1)
    now = datetime.now(UTC)
    begin = now - timedelta(days=2)
    data = Data([f"comp{n}" for n in range(COMPETITIONS)], [], [])
    users = [f"u{n:04}" for n in range(TEAMS)]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        copy(cursor, "users", "id, email, display_name, role, created_at",
             [(u, f"{u}@example.org", f"Player {u}", "user", begin) for u in users])  # fmt: skip
        data.tokens = [f"token-{u}" for u in users]
        copy(
            cursor,
            "tokens",
            "id, user_id, kind, hash, label, created_at, ip_address, user_agent, "
            "competition_access, competition_ids, permissions",
            [(f"t{u}", u, "user", hashlib.sha256(f"token-{u}".encode()).hexdigest(), "", begin,
              "", "", "none", "[]", "{}") for u in users],
        )  # fmt: skip
        for competition in data.competitions:
            fill_competition(cursor, competition, users, dice, begin, now, data)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return data


def fill_competition(
    cursor: psycopg.Cursor,
    competition: str,
    users: list[str],
    dice: random.Random,
    begin: datetime,
    now: datetime,
    data: Data,
) -> None:
    cursor.execute(
        "INSERT INTO competitions (id, title, description, status, access, created_by, created_at,"
        " updated_at) VALUES (%s, %s, 'Two **days**.', 'published', 'public', 'u0000', %s, %s)",
        [competition, f"Bench {competition}", begin, begin],
    )
    names = [f"bench-{n:02}" for n in range(CHALLENGES)]
    teams = {user: f"{competition}-{user}" for user in users}
    copy(cursor, "teams", "id, competition_id, name, description, captain_user_id, created_at",
         [(t, competition, f"Team {t}", "", u, begin) for u, t in teams.items()])  # fmt: skip
    copy(cursor, "team_members", "user_id, competition_id, team_id, joined_at",
         [(u, competition, t, begin) for u, t in teams.items()])  # fmt: skip
    pairs = dice.sample([(u, c) for u in users for c in names], SOLVES // COMPETITIONS)
    when = sorted(begin + timedelta(seconds=dice.uniform(0, 172_000)) for _ in pairs)
    submissions, solves, whole = [], [], []
    ranks = dict.fromkeys(names, 0)
    for (user, challenge), at in zip(pairs, when, strict=True):
        id_, team = f"{competition}-{user}-{challenge}", teams[user]
        ranks[challenge] += 1
        submissions.append((id_, competition, team, user, challenge, "flag", "x", True, 60.0, at))
        solves.append((team, challenge, "flag", competition, user, id_, at))
        whole.append((team, challenge, competition, ranks[challenge], at))
    copy(cursor, "competition_challenges", "competition_id, challenge_id, position, solves",
         [(competition, c, n, ranks[c]) for n, c in enumerate(names)])  # fmt: skip
    copy(cursor, "submissions", "id, competition_id, team_id, user_id, challenge_id, question_id,"
         " answer, correct, solve_time_s, submitted_at", submissions)  # fmt: skip
    copy(cursor, "solves", "team_id, challenge_id, question_id, competition_id, user_id,"
         " submission_id, solved_at", solves)  # fmt: skip
    copy(
        cursor, "challenge_solves", "team_id, challenge_id, competition_id, rank, solved_at", whole
    )
    if competition == data.competitions[0]:
        done = set(pairs)
        rows = []
        for user in users:
            for challenge in [c for c in names if (user, c) not in done]:
                id_ = f"i-{user}-{challenge}"
                rows.append((id_, competition, teams[user], user, challenge, "stopped", 86_400, now,
                             now + timedelta(days=1), "", ""))  # fmt: skip
                answer = derive(SECRET.encode(), id_, FLAG)
                data.instances.append((f"token-{user}", id_, answer))
        copy(cursor, "instances", "id, competition_id, team_id, user_id, challenge_id, state, ttl,"
             " requested_at, expires_at, stop_reason, error", rows)  # fmt: skip
        dice.shuffle(data.instances)


GETS = """
local tokens = { %s }
local n = 0
function request()
  n = n + 1
  return wrk.format("GET", "%s", { Authorization = "Bearer " .. tokens[n %% #tokens + 1] })
end
"""
POSTS = """
local n = 0
local bodies = {}
for entry in io.lines("%s") do bodies[#bodies + 1] = entry end
function request()
  n = n + 1
  local token, body = bodies[(n - 1) %% #bodies + 1]:match("^(%%S+) (.*)$")
  return wrk.format("POST", "/api/v1/submissions",
    { Authorization = "Bearer " .. token, ["Content-Type"] = "application/json" }, body)
end
"""


def gets(folder: Path, path: str, tokens: list[str]) -> Path:
    script = folder / "gets.lua"
    script.write_text(GETS % (", ".join(f'"{t}"' for t in tokens), path))
    return script


def posts(folder: Path, entries: list[tuple[str, str, str]]) -> Path:
    """A script that submits answers, `(token, instance, answer)`, one after the other."""
    lines = folder / "posts.txt"
    lines.write_text(
        "".join(f"{t} {json.dumps({'instance_id': i, 'answer': a})}\n" for t, i, a in entries)
    )
    script = folder / "posts.lua"
    script.write_text(POSTS % lines)
    return script


def start(database: str, folder: Path, port: int, *options: str) -> subprocess.Popen[bytes]:
    environment = {
        "CTFY_DATABASE_URL": database,
        "CTFY_DATA_DIR": str(folder / "data"),
        "CTFY_CHALLENGES_DIR": str(folder / "challenges"),
        "CTFY_SECRET_KEY": SECRET,
        "CTFY_RATE_LIMITING_ENABLED": "false",
        "CTFY_LOG_LEVEL": "WARNING",
        "CTFY_PROCESSES": "1",  # a figure is what one core does, unless the options say otherwise
    }
    return subprocess.Popen(
        [sys.executable, "-c", ADMIN, "server", "start", "--port", str(port), *options],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextlib.contextmanager
def filled() -> Iterator[tuple[str, Data, Path]]:
    """The data: the URL of its database, what it holds, a folder for files."""
    with tempfile.TemporaryDirectory(prefix="ctfy-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        challenges(folder / "challenges")
        postgres = EmbeddedPostgres(folder / "postgres")
        database = postgres.start()
        try:
            upgrade(database)
            yield database, fill(database), folder
        finally:
            postgres.stop()


@contextlib.contextmanager
def running() -> Iterator[tuple[str, int, Data, Path]]:
    """A server on the data: its address, its process, what it holds, a folder for files."""
    with filled() as (database, data, folder):
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        server = start(database, folder, port)
        try:
            wait_for("the server", lambda: _alive(url))
            yield url, server.pid, data, folder
        finally:
            server.terminate()
            server.wait()


def main() -> None:
    with running() as (url, pid, data, folder):
        report(url, pid, data, folder)


def report(url: str, pid: int, data: Data, folder: Path) -> None:
    server = psutil.Process(pid)
    line("memory of the server, idle", f"{server.memory_info().rss / 2**20:.0f} MB", "")
    headers = {"Authorization": f"Bearer {data.tokens[0]}"}
    competition = data.competitions[0]
    board = f"/api/v1/competitions/{competition}/scoreboard?limit=1000"
    began = time.perf_counter()
    answer = httpx.get(url + board, headers=headers)
    cold = (time.perf_counter() - began) * 1000
    line("standings, cold", f"{cold:.0f} ms", "target 300")

    size = len(answer.content)
    limit, _ = bare(size)
    line(f"bare ASGI app, {size} bytes", f"{limit:.0f} req/s", "1.00")
    wrk(url, gets(folder, board, data.tokens))  # everybody's first look
    reached, p99 = wrk(url, gets(folder, board, data.tokens))
    ratio = reached / limit
    line(
        "full standings", f"{reached:.0f} req/s", f"{ratio:.2f} of it (target 0.65), p99 {p99:.0f}"
    )

    # Everybody guesses at an instance of theirs; then every right answer there is, once each.
    guesses = {token: instance for token, instance, _ in data.instances}
    wrong = [(token, instance, "FLAG{" + "0" * 32 + "}") for token, instance in guesses.items()]
    reached, p99 = wrk(url, posts(folder, wrong))
    line("wrong answers", f"{reached:.0f} req/s", f"target 1750, p99 {p99:.0f} ms (target 100)")
    reached, p99 = wrk(url, posts(folder, data.instances))
    line("right answers", f"{reached:.0f} req/s", f"target 1000, p99 {p99:.0f} ms (target 100)")
    line("after a solve, the next reader", f"{freshness(url, data):.0f} ms", "target 100")
    memory = server.memory_info().rss / 2**20
    line("memory of the server, after all", f"{memory:.0f} MB", "target 200")


def freshness(url: str, data: Data) -> float:
    """The longest of some waits from a right answer to standings that show it, ms."""
    waits = []
    done = set()
    with httpx.Client(base_url=url) as client:
        for token, instance, answer in reversed(data.instances):
            if token in done or len(waits) == 20:
                continue
            done.add(token)
            headers = {"Authorization": f"Bearer {token}"}
            where = f"/api/v1/competitions?competition_id={data.competitions[0]}"
            mine = lambda: client.get(where, headers=headers).json()["items"][0]["my_score"]  # noqa: B023, E731
            before = mine()
            body = {"instance_id": instance, "answer": answer}
            solved = client.post("/api/v1/submissions", json=body, headers=headers).json()
            began = time.perf_counter()
            if not solved["correct"] or solved["solve_rank"] == 0:
                continue
            while mine() == before and time.perf_counter() - began < 0.5:
                pass
            waits.append((time.perf_counter() - began) * 1000)
    return max(waits)


def _alive(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health").status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    main()
