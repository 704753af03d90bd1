"""rCTF's `challenge.yaml`, as its deployer reads it (https://github.com/redpwn/rcds)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ctfy.challenge.folders import PathRefused
from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import Draft, listed, read_draft
from ctfy.challenge.importers.flags import Flag, ask

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
# rCTF lets a value fall by its share of all teams; a fixed number of solves comes near.
DECAY = 100
FALLS = f"the value falls over {DECAY} solves, not by the share of all teams"
_OF_CONTAINER = {"build", "image", "ports", "environment"}


def read(path: Path) -> Draft | None:
    """The challenge of one file; None when it is of another format."""
    found = read_draft(path, lambda given: {"name", "flag"} <= set(given) and _is_ours(given))
    # One that lacks its flag is named as such, not passed over.
    found = found or read_draft(path, lambda given: "name" in given and _is_ours(given))
    if found is None:
        return None
    given, fields, unread = found
    draft = Draft(path, str(given["name"] or path.parent.name), fields=fields, unread=unread)
    draft.aliases = [str(given["id"])] if given.get("id") is not None else []
    draft.carry("name")
    draft.describe(given.get("description"))
    # Without a category, it is the folder around the challenge's own.
    draft.categorise(str(given.get("category") or path.parent.parent.name), given.get("tags") or [])
    ask(draft, _flags(draft, given.get("flag")))
    if "questions" not in draft.metadata:
        draft.refuse("has no flag that can be read", "give it `flag`, a text or {file: …}")
    _points(draft, given)
    for provided in listed(given.get("provide")):
        _provide(draft, provided)
    for name, container in (given.get("containers") or {}).items():
        _container(draft, str(name), container or {}, (given.get("expose") or {}).get(name) or [])
    for name, why in _NO_PLACE.items():
        if given.get(name) not in (None, "", [], {}):
            draft.lose(name, why)
    for name in given:
        if name not in _KNOWN:
            draft.lose(str(name), "not a field that is known here")
    return draft


def _is_ours(given: dict[str, Any]) -> bool:
    return not {"apiVersion", "flags"} & set(given)


def _flags(draft: Draft, given: Any) -> list[Flag]:
    """The flags, each a text, a file that holds one, or a regular expression."""
    found = []
    several = listed(given)
    for number, flag in enumerate(several, 1):
        name = f"flag {number}" if len(several) > 1 else "flag"
        if isinstance(flag, dict) and "file" in flag:
            try:
                flag = draft.read(draft.root / str(flag["file"])).strip()
            except (PathRefused, OSError, UnicodeDecodeError) as error:
                draft.lose(name, f"{flag['file']} cannot be read: {error}")
                continue
        if isinstance(flag, dict) and "regex" not in flag:
            draft.lose(name, f"only a text, a file or a regex is taken, not {', '.join(flag)}")
        elif isinstance(flag, dict):
            found.append(Flag(name, str(flag["regex"]), "regex"))
        else:
            found.append(Flag(name, str(flag)))
    return found


def _points(draft: Draft, given: dict[str, Any]) -> None:
    points = given.get("points") or given.get("value")
    if isinstance(points, dict) and {"min", "max"} <= set(points):
        value = {
            "initial": draft.whole("points.max", points["max"]),
            "minimum": draft.whole("points.min", points["min"]),
            "decay": DECAY,
        }
        if None not in value.values():
            draft.keep("points", value, as_="value", changed=FALLS)
    elif points is not None:
        draft.keep("points", draft.whole("points", points), as_="value")


def _provide(draft: Draft, provided: Any) -> None:
    if isinstance(provided, str):
        draft.attach(draft.root / provided)
    elif isinstance(provided, dict) and "file" in provided:
        draft.attach(draft.root / str(provided["file"]), str(provided.get("as") or ""))
    else:
        kind = provided.get("kind", "") if isinstance(provided, dict) else ""
        name = provided.get("as") if isinstance(provided, dict) else ""
        what = f"file {name or provided}"
        draft.lose(what, f"a {kind or 'thing'} is not made here: provide its files")


def _container(
    draft: Draft, name: str, container: dict[str, Any], exposed: list[dict[str, Any]]
) -> None:
    for key in sorted(set(container) - _OF_CONTAINER):
        draft.lose(f"containers.{name}.{key}", "the node sets its own limits")
    build = container.get("build")
    if isinstance(build, dict):
        for key in sorted(set(build) - {"context"}):
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
