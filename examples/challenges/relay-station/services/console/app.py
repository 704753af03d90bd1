"""Relay Station: a maintenance console that asks for a passphrase, and then for nothing more."""

import hmac
import html
import secrets
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


def answer(name):
    return Path("/answers", name).read_text(encoding="utf-8").strip()


SESSIONS = set()
AUDIT = [
    "02:58 ruiz    signed in, read report 3",
    "03:05 okafor  rebooted the barometer",
    "03:11 marlowe added maintenance access from outside, filed report 0",
    "03:40 ruiz    signed out",
]
REPORTS = {
    0: f"(not listed) Left for the next one in: {answer('flag')}",
    1: "Wind vane greased.",
    2: "Rain gauge emptied.",
    3: "Battery at 81 percent.",
}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 4096)).decode()
        given = parse_qs(body).get("passphrase", [""])[0]
        if self.path != "/login" or not hmac.compare_digest(
            given.encode(), answer("passphrase").encode()
        ):
            self.send(403, "Wrong passphrase.")
            return
        session = secrets.token_hex(16)
        SESSIONS.add(session)
        self.send(200, "Signed in. See /audit and /reports/1 to /reports/3.", session)

    def do_GET(self):
        path = urlsplit(self.path).path
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        if cookie is None or cookie.value not in SESSIONS:
            self.send(401, "Maintenance console. POST /login with passphrase=…")
        elif path == "/audit":
            self.send(200, "\n".join(AUDIT))
        elif path.startswith("/reports/") and path[9:].isdecimal():
            report = REPORTS.get(int(path[9:]))
            self.send(200 if report else 404, report or "No such report.")
        else:
            self.send(200, "Signed in. See /audit and /reports/1 to /reports/3.")

    def send(self, status, text, session=None):
        page = f"<!doctype html><title>Relay</title><pre>{html.escape(text)}</pre>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        if session:
            self.send_header("Set-Cookie", f"session={session}; HttpOnly")
        self.end_headers()
        self.wfile.write(page)


ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
