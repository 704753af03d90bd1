"""Files of challenge folders, sent to players."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from ctfy.challenge.folders import open_inside


class FolderFile(FileResponse):
    """A file of a folder, through the descriptor that `open_inside` gave.

    What is sent is what was opened: a link that takes the file's place meanwhile is not followed.
    """

    def __init__(
        self,
        folder: Path,
        written: str,
        *,
        filename: str,
        media_type: str,
        headers: Mapping[str, str] | None = None,
        content_disposition_type: str = "attachment",
    ) -> None:
        """Open it. Raises PathRefused, OSError."""
        self._file = open_inside(folder, written)
        descriptor = self._file.fileno()
        super().__init__(
            f"/dev/fd/{descriptor}",
            filename=filename,
            media_type=media_type,
            stat_result=os.fstat(descriptor),
            headers=headers,
            content_disposition_type=content_disposition_type,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and close it."""
        with self._file:
            await super().__call__(scope, receive, send)
