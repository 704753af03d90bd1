"""Paging, the same on every list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query
from sqlalchemy import BigInteger, Row, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.models.base import Page

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=10_000)]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]


class Listing:
    """A list whose statement is built once: of a part of its rows, each with the total."""

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        counted, whole = _counted(query)
        limit, offset = (bindparam(name, type_=BigInteger) for name in ("limit", "offset"))
        self.page = Statement(counted.limit(limit).offset(offset))
        self.whole = Statement(whole)


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list a caller asks for."""

    limit: int
    offset: int

    def cut(self, items: Sequence[Item]) -> Page[Item]:
        """That part of a list that is there whole."""
        part = list(items[self.offset : self.offset + self.limit])
        return Page(items=part, total=len(items), limit=self.limit, offset=self.offset)

    async def fetch(
        self,
        session: AsyncSession,
        query: Select[*tuple[Any, ...]],
        item: Callable[[Row[Any]], Item],
        values: dict[str, Any] | None = None,
    ) -> Page[Item]:
        """That part of a query's rows, each made an item."""
        counted, whole = _counted(query)
        page = counted.limit(self.limit).offset(self.offset)
        rows = (await session.execute(page, values)).all()
        if rows or self.offset == 0:
            return self.of([item(row) for row in rows], rows[0].total if rows else 0)
        return self.of([], await session.scalar(whole, values) or 0)

    def of(self, items: list[Item], total: int) -> Page[Item]:
        """A part that was fetched, of a list of `total` items."""
        return Page(items=items, total=total, limit=self.limit, offset=self.offset)

    async def read(
        self,
        database: Database,
        listing: Listing,
        item: Callable[[Any], Item],
        **values: Any,
    ) -> Page[Item]:
        """That part of a listing's rows, each made an item."""
        rows = await database.read(listing.page, limit=self.limit, offset=self.offset, **values)
        if rows or self.offset == 0:
            return self.of([item(row) for row in rows], rows[0].total if rows else 0)
        return self.of([], (await database.read(listing.whole, **values))[0].total)


def _counted(query: Select[*tuple[Any, ...]]) -> tuple[Select[Any], Select[int]]:
    """A query whose rows have the total with them, and the total alone.

    It is counted beside the rows, not over them, so that the database need not read whole rows to
    count them. Only a page beyond the end needs a second look.
    """
    whole = select(func.count().label("total")).select_from(query.order_by(None).subquery())
    return query.add_columns(whole.scalar_subquery().label("total")), whole


# A coroutine although it waits for nothing: FastAPI runs plain functions in threads.
async def _paging(limit: Limit = 50, offset: Offset = 0) -> Paging:
    return Paging(limit, offset)


Paged = Annotated[Paging, Depends(_paging)]
