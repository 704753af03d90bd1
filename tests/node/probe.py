"""A service that tells what it reaches, and a listener for it to find."""

from __future__ import annotations

import contextlib
import socket

PROBE = """
import http.server, json, os, socket, urllib.parse

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        if "path" in asked:
            answer = os.path.exists(asked["path"])
        else:
            address = (asked["host"], int(asked["port"]))
            answer = "closed"
            for _ in range(int(asked.get("times", 1))):
                try:
                    socket.create_connection(address, float(asked.get("wait", 5))).close()
                    answer = "open"
                except OSError:
                    pass
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content)
    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""


def accept(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()
