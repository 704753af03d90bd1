"""Write-ups of one competition."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import BinaryIO

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.writeups import TeamWriteups, Writeup


class CompetitionWriteups:
    """The caller's team's write-ups, and those that were published; `client.writeups` reads one.

    >>> writeups = client.competition("…").writeups
    """

    def __init__(self, http: BaseHttpClient, competition_id: str) -> None:
        self._http = http
        self._path = f"/competitions/{competition_id}"

    def of_team(self) -> TeamWriteups:
        """The challenges that the team tried, with its write-ups; and until when it may write.

        >>> [item.challenge_id for item in writeups.of_team().items if item.writeup is None]
        """
        return self._http.fetch(TeamWriteups, "GET", f"{self._path}/team/writeups")

    def hand_in(self, challenge_id: str, text: str) -> Writeup:
        """Hand in a write-up in Markdown, in place of the one before.

        >>> writeups.hand_in("notes", "# Notes\\n\\nThe ids are counted up.")
        """
        path = f"{self._path}/challenges/{challenge_id}/writeup"
        return self._http.fetch(Writeup, "PUT", path, json={"text": text})

    def hand_in_pdf(self, challenge_id: str, content: bytes | BinaryIO) -> Writeup:
        """Hand in a write-up as a PDF of at most 10 MB, in place of the one before.

        >>> writeups.hand_in_pdf("notes", Path("notes.pdf").read_bytes())
        """
        return self._http.fetch(
            Writeup,
            "PUT",
            f"{self._path}/challenges/{challenge_id}/writeup/pdf",
            # Whole: a stream could not be sent once more.
            content=content if isinstance(content, bytes) else content.read(),
            headers={"Content-Type": "application/pdf"},
        )

    def list(self, challenge_id: str, offset: int = 0, limit: int = 50) -> builtins.list[Writeup]:
        """The write-ups of a challenge that were published, without their texts.

        There are none before the competition is over.
        """
        path = f"{self._path}/challenges/{challenge_id}/writeups"
        return self._http.fetch_page(Writeup, path, offset=offset, limit=limit)

    def iterate(self, challenge_id: str) -> Iterator[Writeup]:
        """Each one that `list` finds, asked for page by page as they are taken."""
        return self._http.pages(Writeup, f"{self._path}/challenges/{challenge_id}/writeups")
