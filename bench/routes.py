"""`make bench-http`: what a player may ask, each question by 1,000 callers, cold and warm.

The routes are those of the running server's own OpenAPI document, so that a new one is measured
without anybody remembering it. *Cold* is the first pass after a start of the server, which is
started anew for each route: nothing was asked before, and each caller asks once. *Warm* are the
passes that follow, by those who were asked in the first. A bare ASGI app under the same uvicorn
answers with the same bytes, before and after: only the ratios travel from machine to machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.rows import dict_row

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import load  # noqa: E402
from ctfy.server.access.secrets import hash_password  # noqa: E402
from tests.processes import free_port, wait_for  # noqa: E402

COLD_S, WARM_S, BARE_S = 0.8, 0.5, 0.15  # of each route; of the bare app twice
CALLERS = 1000
PATIENCE_S = 10  # with the first answer of a route
PASSWORD = "bench-only-password"
QUESTION = "bench-question"  # a challenge without an instance
RESULTS = ROOT / "dist" / "bench-http.json"
COLUMNS = "{:60}" + " {:>8} {:>7} {:>7} {:>4}" * 2
# A statement in PostgreSQL's log that is not about the transaction around the others.
STATEMENT = re.compile(
    r"LOG:  (?:statement|execute [^:]*): (?!BEGIN|COMMIT|ROLLBACK|DEALLOCATE|SAVEPOINT|RELEASE)"
)
# Who asks, and about what: the names are those of the routes' parameters.
CALLER = """
SELECT m.user_id, m.team_id, m.competition_id, i.id AS instance_id, i.challenge_id,
       (SELECT s.id FROM submissions s WHERE s.user_id = m.user_id LIMIT 1) AS submission_id
FROM team_members m
CROSS JOIN LATERAL (
    SELECT id, challenge_id FROM instances WHERE user_id = m.user_id ORDER BY id LIMIT 1) i
WHERE m.competition_id = %s ORDER BY m.user_id LIMIT %s
"""


@dataclass
class Route:
    """A route, and what each caller sends."""

    name: str
    requests: list[str]
    once: bool = False  # a request is not to be repeated: the account is there then


@dataclass
class Pass:
    """Some requests, as the client and the operating system saw them."""

    requests: int
    seconds: float
    cpu_s: float
    refused: dict[str, int]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Of the server's process, per request."""
        return self.cpu_s / max(self.requests, 1) * 1000


class Wire:
    """The load generator and the bare app, each a process."""

    def __init__(self) -> None:
        wire = [sys.executable, str(ROOT / "bench" / "wire.py")]
        self.port = free_port()
        self.bare = psutil.Popen([*wire, "bare", str(self.port)])
        self.client = psutil.Popen(
            [*wire, "client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        wait_for("the bare app", lambda: listens(self.port))

    def drive(self, process: Any, port: int, requests: list[str], most: int, s: float) -> Pass:
        """Ask the server of that process."""
        job = {"port": port, "requests": requests, "most": most, "seconds": s}
        before = process.cpu_times()
        self.client.stdin.write(json.dumps(job) + "\n")
        self.client.stdin.flush()
        said = json.loads(self.client.stdout.readline())
        after = process.cpu_times()
        cpu = after.user + after.system - before.user - before.system
        statuses = said["statuses"]
        refused = {k: n for k, n in statuses.items() if not k.startswith("2")}
        return Pass(sum(statuses.values()), said["seconds"], cpu, refused)

    def floor(self, requests: list[str]) -> Pass:
        """The bare app, with the answer it was given."""
        return self.drive(self.bare, self.port, requests, sys.maxsize, BARE_S)

    def give(self, answer: tuple[int, list[tuple[str, str]], bytes]) -> None:
        """What the bare app is to answer from now on."""
        status, headers, body = answer
        own = ("date", "server", "transfer-encoding", "content-length")
        kept = [(k, v) for k, v in headers if k.lower() not in own]
        kept.append(("content-length", str(len(body))))
        given = {"status": status, "headers": kept, "body": body.decode("latin-1")}
        exchange(self.port, request("PUT", "/", body=given))

    def close(self) -> None:
        """End both."""
        for process in (self.client, self.bare):
            process.terminate()
            process.wait()


def listens(port: int) -> bool:
    """Whether somebody does; a server is asked nothing by this."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def request(method: str, path: str, token: str = "", body: object = None) -> str:
    """A request as it goes over the wire; players' clients take compressed answers."""
    text = "" if body is None else json.dumps(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept-Encoding: gzip"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(text)}"] if text else []
    return "\r\n".join([*lines, "", text])


def exchange(port: int, text: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """One request and its answer: status, headers, body, as they came."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        connection.sendall(text.encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.getheaders(), answer.read()


def prepare(database: str, folder: Path) -> None:
    """A question without an instance, and a password for everybody."""
    path = folder / "challenges" / QUESTION
    path.mkdir()
    (path / "metadata.yaml").write_text(
        "name: A question\ndescription: It has no instance.\ndifficulty: easy\ntags: [bench]\n"
        "value: 100\nquestions:\n  - {id: answer, prompt: What?, answer: that}\n"
    )
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO competition_challenges (competition_id, challenge_id, position, solves)"
            " SELECT id, %s, %s, 0 FROM competitions",
            [QUESTION, load.CHALLENGES],
        )
        stored = asyncio.run(hash_password(PASSWORD))
        connection.execute("UPDATE users SET password_hash = %s", [stored])


def routes_of(
    document: dict[str, Any], callers: list[dict[str, str]]
) -> tuple[list[Route], dict[str, str]]:
    """Every GET of the player's surface; and those that cannot be asked, with the reason."""
    routes, left_out = [], {}
    for path, methods in document["paths"].items():
        if "get" not in methods or not path.startswith("/api/v1/") or "/admin" in path:
            continue
        name, operation = f"GET {path}", methods["get"]
        parameters = operation.get("parameters", [])
        needed = {p["name"] for p in parameters if p.get("required")}
        if "text/event-stream" in operation["responses"]["200"].get("content", {}):
            left_out[name] = "a stream: bench/events.py measures it"
        elif unknown := needed - callers[0].keys():
            left_out[name] = f"nothing in the data for {', '.join(sorted(unknown))}"
        else:
            asked = [p["name"] for p in parameters if p["in"] == "query"
                     and (p["name"] in needed or p["name"] == "competition_id")]  # fmt: skip
            full = path + ("?" + "&".join(f"{n}={{{n}}}" for n in asked) if asked else "")
            signed = bool(operation.get("security"))
            requests = [request("GET", full.format(**c), f"token-{c['user_id']}" if signed else "")
                        for c in callers]  # fmt: skip
            routes.append(Route(name, requests))
    return routes, left_out


def written(callers: list[dict[str, str]]) -> list[Route]:
    """What players send all the time: a wrong answer, a sign-in, a new account."""
    answer = {"challenge_id": QUESTION, "answer": "wrong"}
    where = "/api/v1/qa/submissions"
    login, register = "/api/v1/auth/login", "/api/v1/auth/register"
    emails = [f"{c['user_id']}@example.org" for c in callers]
    more = [f"{n}{email}" for n in range(4) for email in emails]
    return [
        Route(f"POST {where} (wrong)", [
            request("POST", where, f"token-{c['user_id']}",
                    {**answer, "competition_id": c["competition_id"]}) for c in callers]),
        Route(f"POST {login}", [
            request("POST", login, body={"email": e, "password": PASSWORD}) for e in emails]),
        Route(f"POST {register}", [
            request("POST", register, body={"email": e, "password": PASSWORD}) for e in more],
            once=True),
    ]  # fmt: skip


@contextlib.contextmanager
def served(database: str, folder: Path, *options: str) -> Iterator[tuple[int, psutil.Process]]:
    """A server that has just started, and was asked nothing yet: its port and process."""
    port = free_port()
    server = load.start(database, folder, port, *options)
    try:
        wait_for("the server", lambda: listens(port))
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def statements_logged(database: str) -> Iterator[None]:
    """While PostgreSQL writes every statement into its log."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute("ALTER SYSTEM RESET log_statement")
            connection.execute("SELECT pg_reload_conf()")


def probe(
    port: int, log: Path, route: Route, number: int
) -> tuple[tuple[int, list[tuple[str, str]], bytes], int, int]:
    """An answer, and how many SQL statements a caller's first and second question take.

    They are callers whom no other route has: the first warms what all share, the next is counted.
    """
    first, second, third = (route.requests[-3 * number - n] for n in (1, 2, 3))
    answer = exchange(port, first)
    counts = []
    for text in (second, third if route.once else second):
        time.sleep(0.03)  # what follows an answer is not the next one's
        begin = log.stat().st_size
        exchange(port, text)
        with log.open("rb") as said:
            said.seek(begin)
            counts.append(len(STATEMENT.findall(said.read().decode(errors="replace"))))
    return answer, counts[0], counts[1]


def measure(wire: Wire, database: str, folder: Path, route: Route) -> dict[str, Any]:
    """One route: the bare app, a cold pass and warm ones on a new server, the bare app."""
    floors = [wire.floor(route.requests)]
    with served(database, folder) as (port, process):
        cold = wire.drive(process, port, route.requests[:CALLERS], CALLERS, COLD_S)
        rest = route.requests[cold.requests :] if route.once else route.requests[: cold.requests]
        warm = wire.drive(process, port, rest, len(rest) if route.once else sys.maxsize, WARM_S)
    floors.append(wire.floor(route.requests))
    bare = sum(f.requests for f in floors) / sum(f.seconds for f in floors)
    return {
        "bare": bare,
        "cold": cold.rate,
        "cold_percent": cold.rate / bare * 100,
        "warm": warm.rate,
        "warm_percent": warm.rate / bare * 100,
        "cold_cpu_ms": cold.cpu_ms,
        "warm_cpu_ms": warm.cpu_ms,
        "refused": {k: cold.refused.get(k, 0) + warm.refused.get(k, 0)
                    for k in cold.refused.keys() | warm.refused.keys()},
    }  # fmt: skip


def run() -> None:
    """Measure, print, and write RESULTS."""
    with load.filled() as (database, data, folder), contextlib.ExitStack() as stack:
        prepare(database, folder)
        with psycopg.connect(database, row_factory=dict_row) as connection:
            rows = connection.execute(CALLER, [data.competitions[0], CALLERS]).fetchall()
        callers = [{k: v for k, v in row.items() if v is not None} for row in rows]
        log = folder / "postgres" / "postgres" / "log"
        found: dict[str, dict[str, Any]] = {}
        answers = {}
        with statements_logged(database), served(database, folder, "--no-worker") as (port, _):
            _, _, document = exchange(port, request("GET", "/openapi.json"))
            routes, left_out = routes_of(json.loads(gzip.decompress(document)), callers)
            routes += written(callers)
            for number, route in enumerate(routes):
                try:
                    answer, *counts = probe(port, log, route, number)
                except TimeoutError:
                    left_out[route.name] = f"no answer within {PATIENCE_S} s"
                    continue
                if answer[0] >= 300:
                    left_out[route.name] = f"answers {answer[0]} to a player of the data"
                    continue
                answers[route.name] = answer
                found[route.name] = dict(zip(("cold_sql", "warm_sql"), counts, strict=True))

        wire = Wire()
        stack.callback(wire.close)
        before = wire.client.cpu_times()
        reach = wire.drive(wire.bare, wire.port, routes[0].requests, sys.maxsize, 2)
        after = wire.client.cpu_times()
        busy = (after.user + after.system - before.user - before.system) / reach.seconds * 100
        print(
            f"bare app, no body: {reach.rate:.0f}/s; the client is busy {busy:.0f} % of that time"
        )
        print(COLUMNS.format("", *["cold"] * 4, *["warm"] * 4))
        print(COLUMNS.format("", *["/s", "% bare", "CPU ms", "SQL"] * 2), flush=True)
        for route in (r for r in routes if r.name in answers):
            wire.give(answers[route.name])
            row = {**measure(wire, database, folder, route), **found[route.name]}
            found[route.name] = row
            show(route.name, row)
    for name, why in left_out.items():
        print(f"not measured: {name}: {why}")
    results = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "bare": reach.rate,
        "routes": found,
        "not_measured": left_out,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1))


def show(name: str, row: dict[str, Any]) -> None:
    """A line of the table."""
    refused = f"  refused: {row['refused']}" if row["refused"] else ""
    line = COLUMNS.format(
        name.replace("/api/v1", "").replace("competition_id", "competition"),
        *(text for heat in ("cold", "warm") for text in (
            f"{row[heat]:.0f}", f"{row[heat + '_percent']:.1f}",
            f"{row[heat + '_cpu_ms']:.2f}", row[heat + "_sql"])),
    )  # fmt: skip
    print(line + refused, flush=True)


def compare(saved: Path) -> None:
    """Print the change since a saved run, the routes that lost most first."""
    if missing := [str(path) for path in (saved, RESULTS) if not path.exists()]:
        sys.exit(f"there is no {' and no '.join(missing)}: `make bench-http` writes {RESULTS}")
    was, now = (json.loads(path.read_text()) for path in (saved, RESULTS))
    print(f"{was['at']} (bare {was['bare']:.0f}/s) -> {now['at']} (bare {now['bare']:.0f}/s)")
    both = was["routes"].keys() & now["routes"].keys()
    shown = ("cold_percent", "warm_percent", "cold_cpu_ms", "warm_cpu_ms", "cold_sql", "warm_sql")
    columns = "{:60}" + " {:>16}" * len(shown)
    print(columns.format("", "cold % of bare", "warm % of bare", "cold CPU ms", "warm CPU ms",
                         "cold SQL", "warm SQL"))  # fmt: skip

    def gain(name: str) -> float:
        then, today = was["routes"][name], now["routes"][name]
        ratios = [today[k] / then[k] for k in ("cold_percent", "warm_percent")]
        return float(min(ratios))

    for name in sorted(both, key=gain):
        then, today = was["routes"][name], now["routes"][name]
        changes = [f"{then[k]:.4g} -> {today[k]:.4g}" for k in shown]
        print(columns.format(name.replace("/api/v1", ""), *changes))
    for name in sorted(was["routes"].keys() ^ now["routes"].keys()):
        print(f"in one of them only: {name}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        compare(Path(sys.argv[1]))
    else:
        run()
