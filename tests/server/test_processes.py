"""One server of two processes and a worker: they share a port, and nobody sees which answered."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from ctfy.sdk import PlatformClient
from tests.conftest import ADMIN_EMAIL, PASSWORD, Arena, cloned_database, make_admin, sign_in
from tests.processes import PATIENCE_S, Process, free_port, wait_for

pytestmark = pytest.mark.xdist_group("processes")
PROCESSES = 2
# Long windows, so that nothing is forgotten meanwhile on a busy machine.
LIMITS = {"login": "30/hour", "register": "none", "submit": "none", "token": "none"}
CHOSEN = ["Preimage resistance", "Collision resistance"]
RIGHT = {"answer": "hello", "algorithm": "MD5", "properties": CHOSEN}


@dataclass
class Server:
    """The processes, as they are seen from outside."""

    url: str
    database: str
    process: Process
    arena: Arena

    def metric(self, name: str) -> float:
        page = httpx.get(
            f"{self.url}/metrics", headers={"Authorization": "Bearer m"}, timeout=PATIENCE_S
        )
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page.text, re.MULTILINE)
        return sum(map(float, found))

    def parent(self) -> psutil.Process:
        assert self.process.popen is not None
        return psutil.Process(self.process.popen.pid)

    def children(self) -> set[int]:
        return {child.pid for child in self.parent().children()}

    def lines(self) -> list[dict[str, Any]]:
        found = []
        for line in self.process.said().splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return [line for line in found if isinstance(line, dict)]

    def answered(self, request_id: str) -> int | None:
        """The process that answered a request, by the log."""
        for line in self.lines():
            if line.get("request_id") == request_id:
                return int(line["process"])
        return None

    @contextmanager
    def connections(self) -> Iterator[list[httpx.Client]]:
        """A client at each process: a connection stays where it is."""
        found: dict[int, httpx.Client] = {}
        opened: list[httpx.Client] = []

        def another() -> bool:
            client = httpx.Client(base_url=f"{self.url}/api/v1", timeout=PATIENCE_S)
            opened.append(client)
            request_id = uuid.uuid4().hex
            client.get("/meta", headers={"X-Request-ID": request_id})
            pid = wait_for("the log", lambda: self.answered(request_id))
            found.setdefault(pid, client)
            return len(found) == PROCESSES

        wait_for("a connection to each process", another)
        try:
            yield list(found.values())
        finally:
            for client in opened:
                client.close()

    def whole(self) -> bool:
        return self.metric("ctfy_processes") == PROCESSES + 1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("processes")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with cloned_database() as database:
        make_admin(database)
        environment = {
            "CTFY_DATABASE_URL": database,
            "CTFY_DATA_DIR": str(folder / "data"),
            "CTFY_METRICS_TOKEN": "m",
            "CTFY_RATE_LIMITS": json.dumps(LIMITS),
            "CTFY_STALLED_JOB_S": "4",
        }
        arguments = ["server", "start", "--port", str(port), "--processes", str(PROCESSES)]
        process = Process(arguments, environment, folder / "server.log")
        process.start()
        try:
            wait_for("the server", lambda: "the server is up" in process.said())
            with sign_in(url, ADMIN_EMAIL) as admin:
                up = Server(url, database, process, Arena(url, admin))
                wait_for("every process", up.whole)
                yield up
        finally:
            assert process.stop() == 0


def bearer(client: PlatformClient) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.token}"}


def test_metrics_are_those_of_all_processes(server: Server) -> None:
    def counted() -> float:
        return server.metric(r'ctfy_http_requests_total\{method="GET",route="/api/v1/meta".*')

    with server.connections() as clients:
        before = [counted() for _ in range(4)]
        assert len(set(before)) == 1
        for client in clients:
            client.get("/meta")
        assert counted() == before[0] + PROCESSES


def test_what_is_changed_at_one_holds_at_the_other(server: Server) -> None:
    player = server.arena.player("Before")
    with server.connections() as (first, second):

        def name_at(client: httpx.Client) -> str:
            return str(client.get("/me", headers=bearer(player)).json()["display_name"])

        assert (name_at(first), name_at(second)) == ("Before", "Before")
        changed = first.patch("/me/profile", headers=bearer(player), json={"display_name": "After"})
        assert changed.status_code == 200
        assert name_at(first) == "After"
        wait_for("the other process", lambda: name_at(second) == "After")
        assert first.post("/auth/logout", headers=bearer(player)).status_code < 300
        wait_for(
            "the end of the session",
            lambda: second.get("/me", headers=bearer(player)).status_code == 401,
        )


def test_what_one_answered_the_other_knows_at_once(server: Server) -> None:
    """Each asks for what it keeps in memory: standings, and who is on a team."""
    competition = server.arena.competition("field-notes")
    board = f"/competitions/{competition.id}/scoreboard"
    with server.connections() as (one, other):
        for _ in range(3):
            player = server.arena.player("Quick")
            for client in (one, other):
                client.headers["Authorization"] = f"Bearer {player.token}"
                assert client.get(board).status_code == 200
            join = one.post(f"/competitions/{competition.id}/teams", json={"mode": "solo"})
            assert join.status_code == 201, join.text
            names = [entry["team_name"] for entry in other.get(board).json()["items"]]
            assert join.json()["name"] in names
            for number in range(1, 4):
                wrong = {
                    "challenge_id": "field-notes",
                    "question_id": "algorithm",
                    "answer": "SHA-1",
                }
                body = {**wrong, "competition_id": competition.id}
                assert one.post("/qa/submissions", json=body).status_code == 200
                mine = {e["team_name"]: e for e in other.get(board).json()["items"]}
                assert mine[join.json()["name"]]["attempts"] == number


def test_a_setting_holds_in_the_very_next_request_at_every_process(server: Server) -> None:
    path = "/admin/platform-settings/password_auth_enabled"
    admin = bearer(server.arena.admin)
    seen = []
    with server.connections() as (one, other):
        for wanted in (False, True) * 25:  # and so it is as it was in the end, for other tests
            changed = one.patch(path, headers=admin, json={"value": wanted})
            assert changed.status_code == 200, changed.text
            answers = [each.get("/auth/providers").json() for each in (one, other)]
            seen.append([wanted, *(answer["password_auth"]["enabled"] for answer in answers)])
    assert [each for each in seen if len(set(each)) > 1] == []


def test_an_agent_goes_on_at_another_process(server: Server) -> None:
    player = server.arena.player()
    headers = bearer(player) | {"Accept": "application/json, text/event-stream"}

    def call(client: httpx.Client, number: int, method: str, **params: object) -> httpx.Response:
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        return client.post("/mcp", headers=headers, json=body)

    with server.connections() as (first, second):
        hello = call(
            first,
            1,
            "initialize",
            protocolVersion="2025-03-26",
            capabilities={},
            clientInfo={"name": "agent", "version": "1"},
        )
        assert hello.status_code == 200
        assert "mcp-session-id" not in hello.headers
        for client in (second, first):
            listed = call(client, 2, "tools/list")
            assert listed.status_code == 200
            assert '"tools"' in listed.text


def test_an_event_reaches_readers_at_every_process(server: Server) -> None:
    competition = server.arena.competition("field-notes")
    player = server.arena.registered(competition)
    with server.connections() as clients:
        streams = [client.stream("GET", "/events", headers=bearer(player)) for client in clients]
        with streams[0] as first, streams[1] as second:
            player.submissions.submit_qa("field-notes", competition.id, "hello")
            for stream in (first, second):
                assert any("event: flag_part_correct" in line for line in stream.iter_lines())


def test_guesses_are_counted_together(server: Server) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    PlatformClient(server.url).auth.register(email, PASSWORD)
    with server.connections() as clients:
        answers = [
            clients[number % PROCESSES]
            .post("/auth/login", json={"email": f"{uuid.uuid4().hex}@x.org", "password": "wrong"})
            .status_code
            for number in range(34)
        ]
    assert answers == [401] * 30 + [429] * 4


def test_caps_and_ranks_hold_whichever_process_is_asked(server: Server) -> None:
    competition = server.arena.competition("field-notes")
    players = [server.arena.registered(competition) for _ in range(4)]

    def submit(client: httpx.Client, player: PlatformClient, question: str, answer: Any) -> Any:
        body = {"challenge_id": "field-notes", "competition_id": competition.id}
        body |= {"question_id": question, "answer": answer}
        return client.post("/qa/submissions", headers=bearer(player), json=body).json()

    with server.connections() as clients, ThreadPoolExecutor(8) as pool:
        asked = [(clients[n % PROCESSES], players[0], "answer", f"no {n}") for n in range(16)]
        told = list(pool.map(lambda each: submit(*each), asked))
        assert sum(answer.get("correct") is False for answer in told) == 10
        asked = [
            (clients[n % PROCESSES], player, question, answer)
            for n, player in enumerate(players[1:])
            for question, answer in RIGHT.items()
        ]
        told = list(pool.map(lambda each: submit(*each), asked))
    ranks = [answer["solve_rank"] for answer in told if answer["challenge_fully_solved"]]
    assert sorted(ranks) == [1, 2, 3]


class Submitting:
    """Players who answer one after the other, each answer on a connection of its own."""

    def __init__(self, server: Server, players: list[PlatformClient], competition_id: str) -> None:
        self._server = server
        self._competition_id = competition_id
        self._done = threading.Event()
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self._threads = [threading.Thread(target=self._play, args=(each,)) for each in players]

    def _play(self, player: PlatformClient) -> None:
        while not self._done.is_set():
            for question, answer in RIGHT.items():
                self._submit(player, question, answer)

    def _submit(self, player: PlatformClient, question: str, answer: Any) -> None:
        body = {"challenge_id": "field-notes", "competition_id": self._competition_id}
        body |= {"question_id": question, "answer": answer}
        headers = bearer(player) | {"Idempotency-Key": uuid.uuid4().hex}
        while True:  # a connection that breaks tells nothing, so it is asked again
            try:
                url = f"{self._server.url}/api/v1/qa/submissions"
                told = httpx.post(url, headers=headers, json=body, timeout=PATIENCE_S)
            except httpx.ConnectError as error:
                self.refused.append(str(error))
                return
            except httpx.HTTPError:
                continue
            assert told.status_code == 200, told.text
            self.acknowledged.append(told.json()["id"])
            return

    def more(self, number: int) -> Callable[[], bool]:
        """Whether so many more were acknowledged than now."""
        before = len(self.acknowledged)
        return lambda: len(self.acknowledged) >= before + number

    def __enter__(self) -> Submitting:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def followed(admin: PlatformClient) -> Iterator[list[dict[str, Any]]]:
    """The events that the SDK's stream brings, which comes back by itself."""
    seen: list[dict[str, Any]] = []
    with admin.events() as stream:

        def read() -> None:
            with suppress(httpx.HTTPError, RuntimeError):  # closed at the end
                seen.extend(stream)  # one by one, as they come

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        yield seen


def graded(server: Server, competition_id: str) -> tuple[list[str], list[str]]:
    """The submissions that are written down, and those of the events about them."""
    with psycopg.connect(server.database) as connection:
        written = connection.execute(
            "SELECT id FROM submissions WHERE competition_id = %s", [competition_id]
        ).fetchall()
        told = connection.execute(
            "SELECT payload->>'submission_id' FROM events"
            " WHERE name LIKE 'flag_%%' AND payload->>'competition_id' = %s",
            [competition_id],
        ).fetchall()
    return sorted(row[0] for row in written), sorted(row[0] for row in told)


def test_a_process_that_is_killed_loses_nothing_and_the_port_refuses_nobody(
    server: Server,
) -> None:
    competition = server.arena.competition("field-notes")
    players = [server.arena.registered(competition) for _ in range(3)]
    before = server.children()

    def about(events: list[dict[str, Any]]) -> list[str]:
        graded = [e["data"] for e in events if e["event"].startswith("flag_")]
        return sorted(
            each["submission_id"] for each in graded if each["competition_id"] == competition.id
        )

    with followed(server.arena.admin) as seen:
        with Submitting(server, players, competition.id) as submitting:
            wait_for("an event, after which the stream goes on", lambda: about(seen))
            for pid in before:  # the servers and the worker, one after the other
                wait_for("answers", submitting.more(10))
                psutil.Process(pid).kill()
                wait_for("answers after a kill", submitting.more(10))
                wait_for("another in its place", server.whole)
        written, told = graded(server, competition.id)
        wait_for("every event", lambda: len(about(seen)) >= len(told))
        assert about(seen) == told
    assert submitting.refused == []
    assert written == sorted(submitting.acknowledged)
    assert not server.children() & before


def test_sighup_replaces_every_process_and_the_port_refuses_nobody(server: Server) -> None:
    competition = server.arena.competition("field-notes")
    players = [server.arena.registered(competition) for _ in range(2)]
    parent, before = server.parent(), server.children()
    with Submitting(server, players, competition.id) as submitting:
        wait_for("answers", submitting.more(5))
        parent.send_signal(signal.SIGHUP)
        wait_for("others", lambda: not server.children() & before)
        wait_for("every process", server.whole)
        wait_for("answers", submitting.more(5))
    assert submitting.refused == []
    assert graded(server, competition.id)[0] == sorted(submitting.acknowledged)
    assert server.parent().pid == parent.pid
    assert len(server.children()) == PROCESSES + 1


@contextmanager
def another(folder: Path) -> Iterator[tuple[int, Process]]:
    """A server that the test ends: its port, and its first process."""
    port = free_port()
    with cloned_database() as database:
        environment = {"CTFY_DATABASE_URL": database, "CTFY_DATA_DIR": str(folder / "data")}
        arguments = ["server", "start", "--port", str(port), "--processes", "2"]
        process = Process(arguments, environment, folder / "log")
        process.start()
        wait_for("the server", lambda: "the server is up" in process.said())
        yield port, process


def test_at_the_end_a_request_that_runs_is_answered(tmp_path: Path) -> None:
    with another(tmp_path) as (port, process):
        assert process.popen is not None
        children = psutil.Process(process.popen.pid).children()
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.settimeout(PATIENCE_S)
            head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 100")  # a process has it
            process.popen.send_signal(signal.SIGTERM)
            connection.sendall(b"{}")
            assert connection.recv(1000).startswith(b"HTTP/1.1 422")
        assert process.popen.wait(PATIENCE_S) == 0
        assert "Traceback" not in process.said()
        assert not any(child.is_running() for child in children)


def test_processes_do_not_outlive_the_one_that_started_them(tmp_path: Path) -> None:
    with another(tmp_path) as (_, process):
        assert process.popen is not None
        children = psutil.Process(process.popen.pid).children()
        process.kill()
        wait_for("their end", lambda: not any(child.is_running() for child in children))


def refused(folder: Path, database: str, processes: int) -> str:
    """What a server that does not start says: one line."""
    environment = {"CTFY_DATABASE_URL": database, "CTFY_DATA_DIR": str(folder)}
    arguments = ["server", "start", "--processes", str(processes)]
    process = Process(arguments, environment, folder / "log")
    process.start()
    assert process.popen is not None
    assert process.popen.wait(PATIENCE_S) == 1
    (line,) = process.said().splitlines()
    return line


@pytest.mark.parametrize(
    "url",
    ["postgresql://nobody@127.0.0.1:1/nothing", "postgresql://nobody@nowhere.invalid/nothing"],
)
def test_a_wrong_database_is_one_line(tmp_path: Path, url: str) -> None:
    assert refused(tmp_path, url, PROCESSES).startswith("error: ")


def test_more_processes_than_the_database_connects_are_one_line(tmp_path: Path) -> None:
    with cloned_database() as database:
        assert "max_connections" in refused(tmp_path, database, 1000)
