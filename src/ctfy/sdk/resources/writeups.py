"""`client.writeups`."""

from __future__ import annotations

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.writeups import Writeup


class WriteupsResource:
    """Write-ups of every competition, by their ids."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def get(self, writeup_id: str) -> Writeup:
        """A write-up with its text: of one's own team, or one that was published.

        >>> client.writeups.get(writeup.id).text
        """
        return self._http.fetch(Writeup, "GET", f"/writeups/{writeup_id}")

    def pdf(self, writeup_id: str) -> bytes:
        """The same, where its `format` is `pdf`.

        >>> client.writeups.pdf(writeup.id)[:5]
        """
        return self._http.call("GET", f"/writeups/{writeup_id}/pdf").content
