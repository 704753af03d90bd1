"""The tools on standard input and output, for agents that start them as a process."""

from __future__ import annotations

import logging
import sys

from ctfy.mcp.server import CtfyTools
from ctfy.sdk.aio import AsyncPlatformClient


def serve(server_url: str, token: str) -> None:
    """Serve until standard input ends; logs go to standard error."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    CtfyTools(lambda _: AsyncPlatformClient(server_url, token)).run("stdio")
