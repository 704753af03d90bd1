"""Answers that need several domains. Nobody imports them but the app."""

from __future__ import annotations

from ctfy.server.pages import competitions, downloads, event_stream, me, meta, wall

ROUTERS = (
    competitions.router,
    me.router,
    event_stream.router,
    wall.router,
    downloads.router,
    meta.router,
)
