"""`client.me`."""

from __future__ import annotations

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.accounts import MeResponse


class MeResource:
    """The caller."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def get(self) -> MeResponse:
        """The caller, with the competitions they take part in."""
        return self._http.fetch(MeResponse, "GET", "/me")
