"""Answers that need several domains. Nobody imports them but the app."""

from __future__ import annotations

from ctfy.server.pages import competitions, downloads, event_stream, me, meta, test_play, wall

ROUTERS = (
    competitions.router,
    me.router,
    event_stream.router,
    wall.router,
    downloads.router,
    test_play.router,
    meta.router,
)
