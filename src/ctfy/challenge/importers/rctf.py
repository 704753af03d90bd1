"""rCTF's `challenge.yaml`, as its deployer reads it (https://github.com/redpwn/rcds)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ctfy.challenge.folders import PathRefused
from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import Draft, read_mapping

_NO_PLACE = {
    "author": "challenges have no author here; it stands in the README",
    "deploy": "a competition says what is visible",
    "visible": "a competition says what is visible",
    "hidden": "a competition says what is visible",
    "sortWeight": "a competition says the order",
    "tiebreakEligible": "ties are broken by the earliest last solve",
    "loader": "it was made for another deployer",
}
_KNOWN = {"name", "id", "category", "description", "flag", "value", "points", "tags", "provide"}
_KNOWN |= {"containers", "expose", *_NO_PLACE}
_OF_CONTAINER = {"build", "image", "ports", "environment"}


def read(path: Path) -> Draft | None:
    """The challenge of one file; None when it is of another format."""
    given = read_mapping(path)
    if not {"name", "flag"} <= set(given) or "apiVersion" in given:
        return None
    draft = Draft(path, str(given["name"]))
    draft.keep("description", str(given.get("description") or "").strip())
    # Without a category, it is the folder around the challenge's own.
    draft.categorise(str(given.get("category") or path.parent.parent.name), given.get("tags") or [])
    _flag(draft, given["flag"])
    _points(draft, given)
    for provided in given.get("provide") or []:
        _provide(draft, provided)
    for name, container in (given.get("containers") or {}).items():
        _container(draft, str(name), container or {}, (given.get("expose") or {}).get(name) or [])
    for name, why in _NO_PLACE.items():
        if given.get(name) not in (None, "", [], {}):
            draft.lose(name, why)
    for name in set(given) - _KNOWN:
        draft.lose(str(name), "not a field that is known here")
    return draft


def _flag(draft: Draft, flag: Any) -> None:
    if isinstance(flag, dict):
        if "file" not in flag:
            draft.lose("flag", f"only a text or a file is taken, not {', '.join(flag)}")
            return
        try:
            flag = draft.read(draft.root / str(flag["file"])).strip()
        except (PathRefused, OSError, UnicodeDecodeError) as error:
            draft.lose("flag", f"{flag['file']} cannot be read: {error}")
            return
    question = {"id": "flag", "prompt": "Capture the flag", "answer": str(flag)}
    draft.keep("flag", [question], as_="questions")


def _points(draft: Draft, given: dict[str, Any]) -> None:
    points = given.get("points") or given.get("value")
    if isinstance(points, dict) and {"min", "max"} <= set(points):
        # rCTF lets a value fall by its share of all teams; a fixed number of solves comes near.
        value = {"initial": int(points["max"]), "minimum": int(points["min"]), "decay": 100}
        draft.keep("value", value)
        draft.lose("points", "the value falls over 100 solves, not by the share of all teams")
    elif isinstance(points, int):
        draft.keep("value", points)


def _provide(draft: Draft, provided: Any) -> None:
    if isinstance(provided, str):
        draft.attach(draft.root / provided)
    elif isinstance(provided, dict) and "file" in provided:
        draft.attach(draft.root / str(provided["file"]), str(provided.get("as") or ""))
    else:
        kind = provided.get("kind", "") if isinstance(provided, dict) else ""
        draft.lose(f"provide {kind}".strip(), "archives are not made here: add the files")


def _container(
    draft: Draft, name: str, container: dict[str, Any], exposed: list[dict[str, Any]]
) -> None:
    for key in set(container) - _OF_CONTAINER:
        draft.lose(f"containers.{name}.{key}", "the node sets its own limits")
    build = container.get("build")
    if isinstance(build, dict):
        for key in set(build) - {"context"}:
            draft.lose(f"containers.{name}.build.{key}", "only the context is taken")
        build = build.get("context", ".")
    service = {key: container[key] for key in ("image", "environment") if container.get(key)}
    context = draft.root / str(build) if build else None
    port = next((int(e["target"]) for e in exposed if "target" in e), 0)
    draft.serve(name, service, context, port)
    if exposed:
        draft.metadata["protocol"] = "http" if "http" in exposed[0] else "tcp"
        draft.lose(f"expose.{name}", "the node chooses host and published port")


IMPORTER = Importer("rctf", ("challenge.yaml", "challenge.yml"), read)
