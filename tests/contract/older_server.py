"""A server of 0.6.6, as the contract describes it, without anything of ours.

It keeps nothing: each route answers what its schema says. What is left out is `Fill`'s to say; what
it does with a route that it does not have is what the published server does.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DOCUMENT = json.loads((Path(__file__).parent / "platform.openapi.json").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
PAGE = "<!doctype html><title>CTFy</title>"
WORDS = {"version": "0.6.6", "url": "http://127.0.0.1:9", "status": "ready", "key": "flag"}
FORMATS = {"date-time": "2026-01-01T00:00:00Z", "email": "ada@example.org"}
EVENT = 'event: flag_correct\ndata: {"team_id": "x", "team_name": "", "challenge_id": "x"}\n\n'
# What no server leaves out, though its description would allow it.
ALWAYS = {"status", "counts", "attack_surface"}
# Neither JSON nor described: files, and what a node says.
FILES = re.compile(r"/(pcap|export|openvpn-config|attachments/[^/]+|shell-recordings/[^/]+)$")
SAID = {"container-log": {"logs": "x"}, "traffic": {"items": []}}


class Fill(Enum):
    """What answers hold."""

    EVERYTHING = "everything"
    ROWS = "rows"  # of each list a row, and else what may not be left out
    LEAST = "least"  # what may not be left out


class Answers:
    """Makes an example of a schema."""

    def __init__(self, fill: Fill) -> None:
        self.fill = fill

    def value(self, schema: dict[str, Any], name: str = "") -> Any:
        if "$ref" in schema:
            schema = SCHEMAS[schema["$ref"].rsplit("/", 1)[-1]]
        if "anyOf" in schema:
            return self.value(schema["anyOf"][0], name)
        if "enum" in schema:
            return next(value for value in schema["enum"] if value)
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return [self.value(schema.get("items", {}), name)]
        if kind == "string":
            return WORDS.get(name) or FORMATS.get(schema.get("format", ""), "x")
        return {"integer": int(name != "offset"), "number": 1.0, "boolean": True}.get(kind, "x")

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        properties = schema.get("properties")
        if properties is None:
            free = schema.get("additionalProperties")
            return {"x": self.value(free)} if isinstance(free, dict) else {}
        required = schema.get("required", [])
        return {
            name: self.value(inner, name)
            for name, inner in properties.items()
            if self.fill is Fill.EVERYTHING or self._stays(inner, name, name in required)
        }

    def _stays(self, schema: dict[str, Any], name: str, required: bool) -> bool:
        if name in ALWAYS:
            return True
        if schema.get("type") == "array":
            return name == "items" or self.fill is Fill.ROWS
        optional = "default" in schema or {"type": "null"} in schema.get("anyOf", ())
        shape = "type" not in schema or "additionalProperties" in schema
        return required and not optional and (not shape or "$ref" in schema)


def _routes() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    """The routes, those with the fewest variables first."""
    found = [
        (method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operation)
        for path, operations in sorted(DOCUMENT["paths"].items(), key=lambda p: p[0].count("{"))
        for method, operation in operations.items()
        if path.startswith("/api/")
    ]
    assert len(found) > 180
    return found


ROUTES = _routes()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece: in two, the second would wait for the first's receipt
    answers: Answers

    def answer(self) -> None:
        path = self.path.partition("?")[0]
        self.rfile.read(int(self.headers.get("content-length", 0)))
        operation = next((o for m, p, o in ROUTES if m == self.command and p.fullmatch(path)), None)
        if path.endswith("/events") and "instance-records" not in path and "/nodes/" not in path:
            self.send(200, EVENT.encode(), "text/event-stream")
        elif operation:
            self.send(*self.described(path, operation))
        elif self.command == "GET":
            self.send(200, PAGE.encode(), "text/html; charset=utf-8")
        else:
            self.send(405, b'{"detail":"Method Not Allowed"}')

    def described(self, path: str, operation: dict[str, Any]) -> tuple[int, bytes, str]:
        status, response = next((c, r) for c, r in operation["responses"].items() if c[0] == "2")
        if status == "204":
            return 204, b"", ""
        if FILES.search(path):
            return 200, b"bytes", "application/octet-stream"
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        said = SAID.get(path.rsplit("/", 1)[-1])
        body = said if said and not schema.get("properties") and "$ref" not in schema else None
        body = body or (self.answers.value(schema) if schema else {"status": "ok"})
        if "/tasks" in path:  # over, so that nobody waits for them
            body = json.loads(json.dumps(body).replace('"ready"', '"succeeded"'))
        return int(status), json.dumps(body).encode(), "application/json"

    def send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        if kind:
            self.send_header("content-type", kind)
        if kind == "text/event-stream":
            self.send_header("connection", "close")
        elif status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def older_server(fill: Fill) -> Iterator[str]:
    """Its address."""
    handler = type("Handler", (_Handler,), {"answers": Answers(fill)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
