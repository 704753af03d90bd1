"""The platform's packages stand in the order that pyproject.toml declares."""

from __future__ import annotations

import ast
import graphlib
import importlib
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from ctfy.server.domain import Domain
from ctfy.server.domains import DOMAINS
from tests.processes import ROOT

SERVER = ROOT / "src" / "ctfy" / "server"
Imports = dict[str, dict[str, list[str]]]


def declared_layers() -> list[list[str]]:
    """The layers, the highest first, each with the packages side by side in it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = [
        contract
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["ctfy.server"]
    ]
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


LAYERS = declared_layers()
HEIGHT = {name: -depth for depth, layer in enumerate(LAYERS) for name in layer}


@pytest.fixture(scope="module")
def imports() -> Imports:
    """By package and package that it imports: the modules' own imports, as text."""
    graph = grimp.build_graph("ctfy", cache_dir=None)
    found: Imports = defaultdict(lambda: defaultdict(list))
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            source, target = package_of(importer), package_of(imported)
            if source and target and source != target:
                found[source][target].append(f"{importer} -> {imported}")
    return found


def package_of(module: str) -> str:
    """The package, or lone module, right under the server; empty for what is elsewhere."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["ctfy", "server"] and len(parts) > 2 else ""


def test_every_package_is_in_one_layer() -> None:
    there = {path.stem for path in SERVER.glob("*.py")} - {"__init__"}
    there |= {path.parent.name for path in SERVER.glob("*/__init__.py")}
    assert sorted(name for layer in LAYERS for name in layer) == sorted(there)


def test_packages_import_in_no_circle(imports: Imports) -> None:
    # Raises CycleError, which names the circle.
    order = list(graphlib.TopologicalSorter(imports).static_order())
    assert len(order) > 30


def test_imports_go_down(imports: Imports) -> None:
    wrong = [
        arrow
        for source, targets in imports.items()
        for target, arrows in targets.items()
        if HEIGHT[target] >= HEIGHT[source]
        for arrow in arrows
    ]
    assert wrong == []


def test_domains_are_listed_as_they_are_layered() -> None:
    packages = [importlib.import_module(f"ctfy.server.{name}") for name in HEIGHT]
    brought = [getattr(package, "DOMAIN", None) for package in packages]
    assert [each for each in brought if isinstance(each, Domain)] == list(DOMAINS)


def reads_of_app_state(module: Path) -> Iterator[int]:
    """The lines on which a module reaches for what hangs on the application by a name."""
    for node in ast.walk(ast.parse(module.read_text())):
        if not isinstance(node, ast.Attribute) or node.attr != "state":
            continue
        if ast.unparse(node.value).split(".")[-1] in ("app", "application"):
            yield node.lineno


def test_nothing_is_reached_through_the_applications_state() -> None:
    found = [f"{path}:{line}" for path in SERVER.rglob("*.py") for line in reads_of_app_state(path)]
    assert found == []
