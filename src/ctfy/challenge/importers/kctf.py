"""kCTF's folders: a Kubernetes `Challenge` beside a Docker context (https://google.github.io/kctf)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ctfy.challenge.documents import DocumentRefused
from ctfy.challenge.folders import PathRefused
from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import (
    Draft,
    Outcome,
    hints,
    is_category,
    listed,
    read_draft,
    read_mapping,
)
from ctfy.challenge.importers.flags import Flag, ask, flags_of

_NO_PLACE = {
    "deployed": "a competition says what is visible",
    "powDifficultySeconds": "instances are each team's own: no proof of work",
    "healthcheck": "the node looks whether the service answers",
    "horizontalPodAutoscalerSpec": "each team has instances of its own",
    "persistentVolumeClaims": "an instance keeps nothing after its end",
    "podTemplate": "the node sets its own limits",
    "image": "it is built from the folder",
}

_ABOUT = {"name", "description", "category", "label", "tags", "value", "points", "hints", "flag"}
_ABOUT |= {"flags"}
_COPIED = re.compile(r"^[ \t]*(?:COPY|ADD)[ \t]+(?:--\S+[ \t]+)*(\S*flag\S*)[ \t]", re.M | re.I)
_SET = re.compile(r"^[ \t]*(?:ENV|ARG)[ \t]+FLAG[= \t](?:[\"']([^\"'\n]+)[\"']|(\S+))", re.M)


def read(path: Path) -> Draft | None:
    """The challenge of one folder; None when it is of another format."""
    found = read_draft(path, _is_ours)
    if found is None:
        return None
    given, fields, unread = found
    spec = given.get("spec") or {}
    name = str((given.get("metadata") or {}).get("name") or path.parent.name)
    about = _about(path, fields)
    draft = Draft(path, str(about.get("name") or name), fields=fields, unread=unread)
    draft.aliases = [name]
    draft.carry("name")
    _described(draft, about)
    network = spec.get("network") or {}
    first, *others = network.get("ports") or [{"protocol": "TCP", "targetPort": 1337}]
    if others:
        draft.lose("network.ports", "the first one is published")
    draft.metadata["protocol"] = "http" if first.get("protocol") in ("HTTP", "HTTPS") else "tcp"
    context = draft.root / "challenge"
    dockerfile = _text(draft, context / "Dockerfile")
    _flag(draft, about, spec, dockerfile)
    flag = next(iter(_environment(spec)), "")
    service = {"environment": {"FLAG": flag}} if flag else {}
    draft.serve("challenge", service, context, int(first.get("targetPort") or 1337))
    folder = draft.root / "attachments"
    if folder.is_dir():
        for file in sorted(path for path in folder.rglob("*") if not path.is_dir()):
            draft.attach(file)
    elif folder.is_symlink():
        draft.attach(folder)
    if "kctf" in dockerfile:
        draft.lose(
            "nsjail",
            "kCTF's base image jails each connection, for which it needs rights that no instance "
            "has: start the program itself, an instance is one team's own",
        )
    for name, why in _NO_PLACE.items():
        if name in spec:
            draft.lose(f"spec.{name}", why)
    for name in spec:
        if name not in {"network", *_NO_PLACE}:
            draft.lose(f"spec.{name}", "not a field that is known here")
    return draft


def _is_ours(given: dict[str, Any]) -> bool:
    is_challenge = given.get("kind", "Challenge") == "Challenge"
    return is_challenge and str(given.get("apiVersion", "")).startswith("kctf.dev/")


def _about(path: Path, fields: list[Outcome]) -> dict[str, Any]:
    """What `metadata.yaml` says, at its top level or below `challenge`."""
    if not os.path.lexists(path.parent / "metadata.yaml"):
        return {}
    try:
        given = read_mapping(path.parent / "metadata.yaml")
    except DocumentRefused as error:
        fields.append(Outcome("file metadata.yaml", "dropped", f"{error}: {error.fix}"))
        return {}
    inner = given.pop("challenge", None)
    return {**given, **inner} if isinstance(inner, dict) else given


def _described(draft: Draft, about: dict[str, Any]) -> None:
    """Words, category and value, which kCTF itself has not: of `metadata.yaml` and the folder."""
    if about.get("description"):
        draft.describe(about["description"])
    else:
        draft.lose("description", "there is none in metadata.yaml: write what players read")
    around, own = draft.root.parent.name.lower(), draft.root.name.lower()
    # As `pwn/heap` or `pwn-heap`.
    folder = next((w for w in (around, re.split("[-_]", own)[0]) if is_category(w)), "pwn")
    draft.categorise(str(about.get("category") or about.get("label") or folder), about.get("tags"))
    for name in ("value", "points"):
        if about.get(name) is not None:
            draft.keep(name, draft.whole(name, about[name]), as_="value")
    hints(draft, about.get("hints"))
    for name in about:
        if name not in _ABOUT:
            draft.lose(f"metadata.yaml {name}", "not a field that is known here")


def _text(draft: Draft, path: Path) -> str:
    """A file's text; empty when there is none that can be read."""
    try:
        return draft.read(path)
    except (PathRefused, OSError, UnicodeDecodeError):
        return ""


def _flag(draft: Draft, about: dict[str, Any], spec: dict[str, Any], dockerfile: str) -> None:
    """The flag, of the first of the places where authors put it."""
    context = draft.root / "challenge"
    copied = [Path(source).name for source in _COPIED.findall(dockerfile)]
    files = [context / name for name in ("flag", "flag.txt", *copied)]
    files += [draft.root / "flag", draft.root / "flag.txt"]
    found = [(str(file.relative_to(draft.root)), _text(draft, file).strip()) for file in files]
    set_ = _SET.search(dockerfile)
    found.append(("challenge/Dockerfile", (set_[1] or set_[2]) if set_ else ""))
    found += [("podTemplate", value) for value in _environment(spec)]
    known = [(place, flag) for place, flag in found if flag]
    # Of `metadata.yaml` all are right; of the other places the first one that has any.
    given = flags_of([*listed(about.get("flag")), *listed(about.get("flags"))])
    if len(given) == 1:
        given = [given[0]._replace(name="flag")]
    ask(draft, given)
    place, right = "metadata.yaml", {flag.text for flag in given}
    if "questions" not in draft.metadata and known:
        place, right = known[0][0], {known[0][1]}
        ask(draft, [Flag("flag", known[0][1])])
    if "questions" not in draft.metadata:
        fix = "write it to challenge/flag, or as `flag` to metadata.yaml"
        draft.refuse("has no flag in a place where one is looked for", fix)
        return
    for other in dict.fromkeys(other for other, flag in known if flag not in right):
        draft.lose(f"flag in {other}", f"it is another than that in {place}")


def _environment(spec: dict[str, Any]) -> list[str]:
    """The values of FLAG in the containers' environment."""
    pod = ((spec.get("podTemplate") or {}).get("template") or {}).get("spec") or {}
    variables = [v for one in listed(pod.get("containers")) for v in listed(one.get("env"))]
    return [str(v["value"]) for v in variables if v.get("name") == "FLAG" and v.get("value")]


IMPORTER = Importer("kctf", ("challenge.yaml", "challenge.yml"), read)
