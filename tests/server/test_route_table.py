"""The table finds the route that FastAPI would have found by trying one after the other."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import compile_path

from ctfy.server.app import create_app
from ctfy.server.route_table import RouteTable
from ctfy.server.settings import Settings
from tests.processes import CHALLENGES

Declared = list[RouteContext]


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    settings = Settings(
        database_url="postgresql://nowhere/x",
        data_dir=tmp_path_factory.mktemp("data"),
        challenges_dir=CHALLENGES,
    )
    contexts = iter_route_contexts(create_app(settings).routes)
    return [c for c in contexts if isinstance(c.original_route, APIRoute) and c.path]


@pytest.fixture(scope="module")
def table(declared: Declared) -> RouteTable:
    async def nothing(*_: object) -> None: ...

    return RouteTable(nothing, declared)


def tried_in_turn(declared: Declared, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    for context in declared:
        match = compile_path(context.path or "")[0].match(path)
        if match and method in (context.methods or ()):
            return context.path or "", match.groupdict()
    return None


def test_every_route_is_found_under_its_own_address(declared: Declared, table: RouteTable) -> None:
    for context in declared:
        if "{path:path}" in (context.path or ""):
            continue
        for method in context.methods or ():
            found = table.find(method, (context.path or "").replace("{", "<").replace("}", ">"))
            assert found is not None, context.path
            assert found[0].path == context.path
            assert found[1] == {name: f"<{name}>" for name in found[1]}


@given(data=st.data())
def test_any_address_is_found_as_if_routes_were_tried_in_turn(
    declared: Declared, table: RouteTable, data: st.DataObject
) -> None:
    words = sorted({word for c in declared for word in (c.path or "").split("/")} | {"x", "x\n"})
    context = data.draw(st.sampled_from(declared))
    segments = (context.path or "").split("/")
    for place, segment in enumerate(segments):
        if "{" in segment or data.draw(st.integers(0, 9)) == 0:
            segments[place] = data.draw(st.sampled_from(words))
    path = "/".join(segments)
    method = data.draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]))
    found = table.find(method, path)
    slow = tried_in_turn(declared, method, path)
    if found is not None:
        assert (found[0].path, found[1]) == slow
    elif slow is not None:  # what the table leaves to FastAPI
        assert ":path}" in slow[0] or path.endswith("\n")
