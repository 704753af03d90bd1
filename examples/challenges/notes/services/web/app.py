"""Pocket Notes: a search box with a hole."""

import html
import sqlite3
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PAGE = """<!doctype html><title>Pocket Notes</title><h1>Pocket Notes</h1>
<form action="/search"><input name="q" placeholder="Search the public notes"><button>Go</button>
</form><ul>{rows}</ul>"""

database = sqlite3.connect(":memory:", check_same_thread=False)
database.execute("CREATE TABLE notes (title TEXT, body TEXT, private INTEGER)")
database.executemany(
    "INSERT INTO notes VALUES (?, ?, ?)",
    [
        ("Groceries", "Bread, figs, coffee", 0),
        ("Reading list", "The dictionary, from the end", 0),
        ("Gate code", Path("/answers/flag").read_text(encoding="utf-8").strip(), 1),
    ],
)


def search(text):
    # The hole: the search text becomes part of the statement.
    statement = f"SELECT title, body FROM notes WHERE private = 0 AND title LIKE '%{text}%'"
    return database.execute(statement).fetchall()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        address = urlsplit(self.path)
        text = parse_qs(address.query).get("q", [""])[0]
        status, rows = 200, ""
        try:
            for title, body in search(text):
                rows += f"<li><b>{html.escape(str(title))}</b> {html.escape(str(body))}</li>"
        except sqlite3.Error as error:
            status, rows = 500, f"<li>{html.escape(str(error))}</li>"
        page = PAGE.format(rows=rows).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)


ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
