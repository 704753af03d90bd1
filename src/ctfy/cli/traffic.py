"""How traffic is shown to people."""

from __future__ import annotations

from typing import Any

from ctfy.cli.output import moment, out, table


def show_flows(flows: list[dict[str, Any]]) -> None:
    """A line for each exchange: an HTTP request and its answer, or a TCP stream."""
    if not flows:
        out.print("Nobody talked to it yet.")
        return
    rows = [
        [
            moment(flow["started_at"]),
            flow["service"],
            *_said(flow),
            f"{flow['duration_ms']:.0f} ms",
        ]
        for flow in flows
    ]
    headings = ("at", "service", "request", "answer", "took")
    if out.is_terminal:
        out.print(table(headings, rows))
    else:
        for row in rows:
            out.print("\t".join(row), markup=False, soft_wrap=True)


def _said(flow: dict[str, Any]) -> tuple[str, str]:
    if flow["kind"] == "http":
        request, response = flow["request"], flow["response"] or {}
        return f"{request['method']} {request['path']}", str(response.get("status", "none"))
    return f"{flow['bytes_from_client']} bytes", f"{flow['bytes_from_service']} bytes"
