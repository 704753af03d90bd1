"""Answers that need several domains. Nobody imports them but the app."""

from __future__ import annotations

from ctfy.server.pages import competitions, event_stream, me, meta, wall

ROUTERS = (competitions.router, me.router, event_stream.router, wall.router, meta.router)
