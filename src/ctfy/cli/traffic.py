"""How traffic is shown to people."""

from __future__ import annotations

from typing import Any

from ctfy.cli.output import moment, out, print_table

_MOST_SHOWN = 2000


def show_flows(flows: list[dict[str, Any]]) -> None:
    """A line for each exchange: an HTTP request and its answer, or a TCP stream.

    What a server, or an older one, does not say of an exchange stays blank.
    """
    if not flows:
        out.print("Nobody talked to it yet.")
        return
    rows = [
        [
            moment(flow.get("started_at")),
            _plain(flow.get("service", "")),
            *_said(flow),
            f"{flow.get('duration_ms', 0):.0f} ms",
        ]
        for flow in flows
    ]
    headings = ("at", "service", "request", "answer", "took")
    print_table(headings, rows)


def _said(flow: dict[str, Any]) -> tuple[str, str]:
    if flow.get("kind") == "http":
        request, response = flow.get("request") or {}, flow.get("response") or {}
        asked = f"{request.get('method', '')} {request.get('path', '/')}"
        return _plain(asked), str(response.get("status", "none"))
    sides = (flow.get(f"bytes_from_{side}", 0) for side in ("client", "service"))
    sent, answered = (f"{size} bytes" for size in sides)
    return sent, answered


def _plain(said: str) -> str:
    """What a stranger sent, without what moves a terminal's cursor, and not too much of it."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in said[:_MOST_SHOWN])
    return shown + "…" * (len(said) > _MOST_SHOWN)
