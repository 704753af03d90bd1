"""kCTF's folders: a Kubernetes `Challenge` beside a Docker context (https://google.github.io/kctf)."""

from __future__ import annotations

from pathlib import Path

from ctfy.challenge.folders import PathRefused
from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import Draft, read_mapping

_NO_PLACE = {
    "deployed": "a competition says what is visible",
    "powDifficultySeconds": "instances are each team's own: no proof of work",
    "healthcheck": "the node looks whether the service answers",
    "horizontalPodAutoscalerSpec": "each team has instances of its own",
    "persistentVolumeClaims": "an instance keeps nothing after its end",
    "podTemplate": "the node sets its own limits",
    "image": "it is built from the folder",
}


def read(path: Path) -> Draft | None:
    """The challenge of one folder; None when it is of another format."""
    given = read_mapping(path)
    if not str(given.get("apiVersion", "")).startswith("kctf.dev/"):
        return None
    spec = given.get("spec") or {}
    draft = Draft(path, str((given.get("metadata") or {}).get("name") or path.parent.name))
    draft.categorise("pwn", [])
    draft.lose("description", "kCTF has none: write what players read")
    network = spec.get("network") or {}
    ports = network.get("ports") or [{"protocol": "TCP", "targetPort": 1337}]
    first, *others = ports
    if others:
        draft.lose("network.ports", "the first one is published")
    draft.metadata["protocol"] = "http" if first.get("protocol") in ("HTTP", "HTTPS") else "tcp"
    _flag(draft)
    context = draft.root / "challenge"
    draft.serve("challenge", {}, context, int(first.get("targetPort") or 1337))
    if "kctf" in _dockerfile(draft, context):
        draft.lose(
            "nsjail",
            "kCTF's base image jails each connection, for which it needs rights that no instance "
            "has: start the program itself, an instance is one team's own",
        )
    for name, why in _NO_PLACE.items():
        if name in spec:
            draft.lose(f"spec.{name}", why)
    for name in set(spec) - {"network", *_NO_PLACE}:
        draft.lose(f"spec.{name}", "not a field that is known here")
    return draft


def _dockerfile(draft: Draft, context: Path) -> str:
    try:
        return draft.read(context / "Dockerfile")
    except (PathRefused, OSError, UnicodeDecodeError):
        return ""


def _flag(draft: Draft) -> None:
    try:
        flag = draft.read(draft.root / "challenge" / "flag").strip()
    except (PathRefused, OSError, UnicodeDecodeError) as error:
        draft.lose("flag", f"challenge/flag cannot be read: {error}")
        return
    question = {"id": "flag", "prompt": "Capture the flag", "answer": flag}
    draft.keep("flag", [question], as_="questions")


IMPORTER = Importer("kctf", ("challenge.yaml",), read)
