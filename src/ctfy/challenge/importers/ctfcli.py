"""ctfcli's `challenge.yml` (https://github.com/CTFd/ctfcli, its specification in spec/)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import Draft, hints, read_mapping

_NO_PLACE = {
    "author": "challenges have no author here; it stands in the README",
    "attempts": "wrong-answer caps are the platform's, by kind of question",
    "attribution": "challenges have no attribution here",
    "connection_info": "each instance has its own address",
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
_KNOWN = {"name", "category", "description", "value", "extra", "image", "protocol", "flags", "tags"}
_KNOWN |= {"files", "hints", "requirements", "version", *_NO_PLACE}


def read(path: Path) -> Draft | None:
    """The challenge of one file; None when it is of another format."""
    given = read_mapping(path)
    if not {"name", "flags"} <= set(given) or "apiVersion" in given:
        return None
    draft = Draft(path, str(given["name"]))
    draft.keep("description", str(given.get("description") or "").strip())
    draft.categorise(str(given.get("category") or ""), given.get("tags") or [])
    _value(draft, given)
    _flags(draft, given["flags"] or [])
    draft.keep("hints", hints(given.get("hints") or []))
    for file in given.get("files") or []:
        draft.attach(draft.root / str(file))
    needed = given.get("requirements") or []
    if isinstance(needed, dict):
        draft.lose("requirements.anonymize", "locked challenges are always shown as locked")
        needed = needed.get("prerequisites") or []
    draft.requires = [str(name) for name in needed]
    _image(draft, given)
    for name, why in _NO_PLACE.items():
        standard = name == "type" and given.get(name) in ("standard", "dynamic")
        if given.get(name) not in (None, "", [], {}) and not standard:
            draft.lose(name, why)
    for name in set(given) - _KNOWN:
        draft.lose(str(name), "not a field that is known here")
    return draft


def _value(draft: Draft, given: dict[str, Any]) -> None:
    extra = given.get("extra") or {}
    if given.get("type") == "dynamic" and {"initial", "decay", "minimum"} <= set(extra):
        draft.keep("value", {key: int(extra[key]) for key in ("initial", "minimum", "decay")})
    elif given.get("value") is not None:
        draft.keep("value", int(given["value"]))
    for name in set(extra) - {"initial", "decay", "minimum"}:
        draft.lose(f"extra.{name}", "values fall from `initial` to `minimum` over `decay` solves")


def _flags(draft: Draft, flags: list[Any]) -> None:
    """The first static flag becomes the answer; a pattern cannot."""
    for flag in flags:
        kind = flag.get("type", "static") if isinstance(flag, dict) else "static"
        text = (
            str(flag.get("content") or flag.get("flag") or "") if isinstance(flag, dict) else flag
        )
        if kind != "static":
            draft.lose(f"flag of type {kind}", "an answer is one fixed text, or minted")
        elif "questions" in draft.metadata:
            draft.lose("another flag", "a question has one answer")
        else:
            question = {"id": "flag", "prompt": "Capture the flag", "answer": str(text)}
            if isinstance(flag, dict) and flag.get("data") == "case_insensitive":
                question["ignore_case"] = True  # type: ignore[assignment]
            draft.keep("flags", [question], as_="questions")


def _image(draft: Draft, given: dict[str, Any]) -> None:
    image = given.get("image")
    if not image:
        return
    protocol = str(given.get("protocol") or "http")
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
