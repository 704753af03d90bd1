"""Admin shells: a terminal in an instance's container, recorded."""

from __future__ import annotations

from ctfy.server.domain import Domain
from ctfy.server.shell import routes, socket

DOMAIN = Domain(
    routers=(routes.router, socket.router),
)
