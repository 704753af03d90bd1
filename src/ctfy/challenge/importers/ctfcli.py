"""ctfcli's `challenge.yml` (https://github.com/CTFd/ctfcli, its specification in spec/)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import Draft, hints, listed, read_draft
from ctfy.challenge.importers.flags import ask, flags_of

_NO_PLACE = {
    "author": "challenges have no author here; it stands in the README",
    "attribution": "challenges have no attribution here",
    "healthcheck": "the node looks whether the service answers",
    "host": "the platform's nodes run it",
    "next": "players choose what comes next",
    "solution": "it belongs into solve.py",
    "state": "a competition says what is visible",
    "topics": "only tags are kept",
    "type": "only standard and dynamic values are known",
    "scripts": "the node builds it",
    "module": "challenges have no modules",
}
_KNOWN = {"name", "id", "category", "description", "value", "extra", "image", "protocol", "flags"}
_VALUE = {"initial", "decay", "minimum"}
_KNOWN |= {
    "connection_info",
    "tags",
    "files",
    "hints",
    "requirements",
    "version",
    "attempts",
    "logic",
    *_VALUE,
    *_NO_PLACE,
}
_SPOKEN = re.compile(r"\s*(?:nc|ncat|telnet|(ssh)|(https?)://)", re.I)


def read(path: Path) -> Draft | None:
    """The challenge of one file; None when it is of another format."""
    found = read_draft(path, lambda given: {"name", "flags"} <= set(given) and _is_ours(given))
    # One that lacks its flags is named as such, not passed over.
    found = found or read_draft(path, lambda given: "name" in given and _is_ours(given))
    if found is None:
        return None
    given, fields, unread = found
    name = str(given["name"] or path.parent.name)
    draft = Draft(path, name, fields=fields, unread=unread)
    draft.aliases = [str(given["id"])] if given.get("id") is not None else []
    draft.carry("name")
    draft.describe(given.get("description"))
    draft.categorise(str(given.get("category") or ""), given.get("tags") or [])
    _value(draft, given)
    _flags(draft, given)
    hints(draft, given.get("hints"))
    for file in listed(given.get("files")):
        draft.attach(draft.root / str(file))
    needed = given.get("requirements") or []
    if isinstance(needed, dict):
        if needed.get("anonymize") is not None:
            draft.lose("requirements.anonymize", "locked challenges are always shown as locked")
        needed = needed.get("prerequisites") or []
    draft.requires = [str(name) for name in listed(needed)]
    connection(draft, given.get("connection_info"))
    _image(draft, given)
    for name, why in _NO_PLACE.items():
        standard = name == "type" and given.get(name) in ("standard", "dynamic")
        if given.get(name) not in (None, "", [], {}) and not standard:
            draft.lose(name, why)
    for name in given:
        if name not in _KNOWN:
            draft.lose(str(name), "not a field that is known here")
    return draft


def _is_ours(given: dict[str, Any]) -> bool:
    return not {"apiVersion", "flag", "provide", "containers"} & set(given)


def _value(draft: Draft, given: dict[str, Any]) -> None:
    """The value, with its decay in `extra` or, as some write it, at the top level."""
    extra = given.get("extra") or {}
    written = {name: extra.get(name, given.get(name)) for name in sorted(_VALUE)}
    if written["initial"] is None:
        written["initial"] = given.get("value")
    is_falling = given.get("type") == "dynamic" or written["decay"] is not None
    if is_falling and None not in written.values():
        value = {name: draft.whole(name, number) for name, number in written.items()}
        if None not in value.values():
            draft.keep("value", {name: value[name] for name in ("initial", "minimum", "decay")})
    elif given.get("value") is not None:
        draft.keep("value", draft.whole("value", given["value"]))
        for name in sorted(_VALUE):
            if name in extra or name in given:
                draft.lose(name, "a value falls by `initial`, `minimum` and `decay` together")
    for name in extra:
        if name not in _VALUE:
            draft.lose(f"extra.{name}", "values fall by one rule, over `decay` solves")


def _flags(draft: Draft, given: dict[str, Any]) -> None:
    """Any of the flags is right, or with the logic `all` each is asked for by itself."""
    logic = str(given.get("logic") or "any")
    attempts = draft.whole("attempts", given["attempts"]) if given.get("attempts") else None
    ask(draft, flags_of(given.get("flags")), each=logic == "all", attempts=attempts)
    if "questions" not in draft.metadata:
        draft.refuse("has no flag that a question can hold", "give it a flag of type static")
        return
    if attempts:
        draft.carry("attempts")
    if logic == "all":
        draft.carry("logic", "each flag is a question, worth its share of the value")
    elif logic != "any":
        draft.lose("logic", f"{logic}: one right answer solves it")


def connection(draft: Draft, info: Any) -> None:
    """How players connect says the protocol; where to is each instance's own."""
    if not info:
        return
    spoken = _SPOKEN.match(str(info))
    if spoken is None:
        draft.lose("connection_info", f"{info!r}: each instance has its own address")
        return
    protocol = (spoken[1] or spoken[2] or "tcp").lower()
    draft.metadata["protocol"] = protocol
    draft.carry("connection_info", f"the protocol is {protocol}: each instance has its own address")


def _image(draft: Draft, given: dict[str, Any]) -> None:
    image = given.get("image")
    if not image:
        if given.get("protocol"):
            draft.lose("protocol", "there is no image that speaks it")
        return
    protocol = str(given.get("protocol") or draft.metadata.get("protocol") or "http")
    if protocol in ("http", "https", "tcp", "ssh"):
        draft.keep("protocol", protocol)
    else:
        draft.lose("protocol", f"{protocol} is not spoken here")
    folder = draft.root / str(image)
    if folder.is_dir():
        draft.serve("main", {}, folder, 0)
    else:
        draft.serve("main", {"image": str(image).removeprefix("docker://")}, None, 0)
    service = draft.compose.get("services", {}).get("main", {})
    if service and "ports" not in service:
        draft.lose("image's ports", "no EXPOSE names one: add `ports` to docker-compose.yml")


IMPORTER = Importer("ctfcli", ("challenge.yml", "challenge.yaml"), read)
