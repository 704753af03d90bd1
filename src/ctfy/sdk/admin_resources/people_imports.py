"""`admin.people_imports`."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import BinaryIO

from ctfy.sdk.base import BaseHttpClient
from ctfy.server.models.people import PeopleImportInfo, PeopleImportRowInfo
from ctfy.server.models.tasks import AdminTaskInfo


class AdminPeopleImportsResource:
    """Many accounts at once, from CSV files."""

    def __init__(self, http: BaseHttpClient) -> None:
        self._http = http

    def check(self, file: bytes | BinaryIO, *, competition_id: str = "") -> PeopleImportInfo:
        """Send a CSV file; the answer says how many rows come to what, and nothing is made yet.

        Its first line names the columns, in any order: name, email, password, team, bracket,
        competition. `competition_id`: of the rows that name no competition.

        >>> found = admin.people_imports.check(b"name,email\\nAda,ada@example.org\\n")
        ... # doctest: +SKIP
        """
        return self._http.fetch(
            PeopleImportInfo,
            "POST",
            "/admin/people-imports",
            params={"competition_id": competition_id},
            # Whole: a stream could not be sent once more.
            content=file if isinstance(file, bytes) else file.read(),
            headers={"Content-Type": "text/csv"},
            timeout=600,
        )

    def list(self, offset: int = 0, limit: int = 50) -> builtins.list[PeopleImportInfo]:
        """Files that were sent, newest first; they are forgotten after a week."""
        path = "/admin/people-imports"
        return self._http.fetch_page(PeopleImportInfo, path, offset=offset, limit=limit)

    def get(self, import_id: str) -> PeopleImportInfo:
        """One of them."""
        return self._http.fetch(PeopleImportInfo, "GET", f"/admin/people-imports/{import_id}")

    def rows(
        self, import_id: str, offset: int = 0, limit: int = 500, *, outcome: str = ""
    ) -> builtins.list[PeopleImportRowInfo]:
        """What the rows come to; `outcome`: only create, created, exists or refused."""
        return self._http.fetch_page(
            PeopleImportRowInfo,
            f"/admin/people-imports/{import_id}/rows",
            offset=offset,
            limit=limit,
            outcome=outcome,
        )

    def iterate_rows(self, import_id: str, *, outcome: str = "") -> Iterator[PeopleImportRowInfo]:
        """Each row that `rows` finds, asked for page by page as they are taken."""
        path = f"/admin/people-imports/{import_id}/rows"
        return self._http.pages(PeopleImportRowInfo, path, outcome=outcome)

    def apply(
        self, import_id: str, *, rows: str = "all", mail: bool | None = None
    ) -> AdminTaskInfo:
        """Have the accounts made: `all` rows where none is refused, or the `right` ones.

        `mail`: whether links are mailed to them; None: where mail is configured.

        >>> admin.tasks.wait(admin.people_imports.apply(found.id).id)  # doctest: +SKIP
        """
        path = f"/admin/people-imports/{import_id}/apply"
        body = {"rows": rows, "mail": mail}
        return self._http.fetch(AdminTaskInfo, "POST", path, json=body)

    def forget(self, import_id: str) -> None:
        """Forget a file; the accounts that were made stay."""
        self._http.call("DELETE", f"/admin/people-imports/{import_id}")
