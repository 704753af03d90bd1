"""Paging, the same on every list."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

Limit = Annotated[int, Query(ge=1, le=10_000)]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]


async def fetch_page(
    session: AsyncSession, query: Select[*tuple[Any, ...]], limit: int, offset: int
) -> tuple[list[Row[Any]], int]:
    """The rows of one page and the total, in one statement.

    The total is counted beside the rows, not over them, so that the database need not read whole
    rows to count them. It rides on each row; only a page beyond the end needs a second look.
    """
    whole = select(func.count()).select_from(query.order_by(None).subquery())
    counted = query.add_columns(whole.scalar_subquery().label("total"))
    rows = list((await session.execute(counted.limit(limit).offset(offset))).all())
    if rows or offset == 0:
        return rows, rows[0].total if rows else 0
    return [], await session.scalar(whole) or 0
