"""XBOW-style benchmarks: `benchmark.json` beside a compose file that is given the flag as FLAG."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ctfy.challenge.importers.base import Importer
from ctfy.challenge.importers.draft import Draft, read_mapping

_LEVELS = {"1": "easy", "2": "medium", "3": "hard"}
_COMPOSE = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
_KNOWN = {"name", "description", "level", "tags", "win_condition", "canaries"}
_FLAG = re.compile(r"\$\{FLAG(?::?-[^}$]*)?\}|\$FLAG\b")
_OURS = "${ANSWER_FLAG}"


def read(path: Path) -> Draft | None:
    """The benchmark of one folder; None when it is no benchmark."""
    given = read_mapping(path)
    if "name" not in given:
        return None
    draft = Draft(path, str(given["name"] or path.parent.name))
    draft.carry("name")
    draft.describe(given.get("description"))
    draft.categorise("web", given.get("tags") or [])
    level = str(given.get("level") or "")
    if level in _LEVELS:
        draft.keep("level", _LEVELS[level], as_="difficulty")
    elif level:
        draft.lose("level", f"{level} is none of 1, 2, 3")
    if given.get("win_condition", "flag") != "flag":
        draft.lose("win_condition", "only a captured flag wins here")
    if given.get("canaries"):
        draft.lose("canaries", "they mark the benchmark's own files")
    for name in given:
        if name not in _KNOWN:
            draft.lose(str(name), "not a field that is known here")
    _compose(draft)
    return draft


def _compose(draft: Draft) -> None:
    file = next((draft.root / n for n in _COMPOSE if (draft.root / n).is_file()), None)
    if file is None:
        draft.refuse("there is no compose file", "put docker-compose.yml beside it")
        return
    given = read_mapping(file)
    for key in sorted(set(given) - {"services", "networks", "volumes", "version", "name"}):
        draft.lose(key, "not supported in a compose file here")
    for path in sorted(draft.root.iterdir()):
        if path in (file, draft.source):
            continue
        if path.name in (".env", ".git", "Makefile", "README.md", "metadata.yaml"):
            draft.lose(path.name, "it is the benchmark's own: the folder gets what it needs here")
        else:
            draft.copies.append((path, path.name))
    services = {}
    for name, service in (given.get("services") or {}).items():
        kept = draft.sift(name, service or {})
        services[name] = _with_flag(kept)
        draft.carry(f"service {name}")
    draft.compose = {"services": services}
    if _OURS not in str(services):
        fix = "give it to the service that holds it: `environment: [FLAG]`, or as a build argument"
        draft.refuse("no service of the compose file is given FLAG", fix)
    for key in ("networks", "volumes"):
        if given.get(key):
            draft.compose[key] = given[key]


def _with_flag(service: dict[str, Any]) -> dict[str, Any]:
    """A service that gets the instance's own answer wherever it was given FLAG."""
    build = service.get("build")
    if isinstance(build, dict) and build.get("args"):
        service = {**service, "build": {**build, "args": _named(build["args"])}}
    if service.get("environment"):
        service = {**service, "environment": _named(service["environment"])}
    replaced: dict[str, Any] = _replaced(service)
    return replaced


def _named(values: Any) -> dict[str, Any]:
    """Variables as a mapping; one without a value was taken from the shell: FLAG, of old."""
    if isinstance(values, list):
        pairs = [str(item).partition("=") for item in values]
        values = {name: value if equals else None for name, equals, value in pairs}
    return {
        name: _OURS if value is None and name.upper() == "FLAG" else value
        for name, value in values.items()
    }


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return _FLAG.sub(_OURS, value)
    if isinstance(value, list):
        return [_replaced(item) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(item) for key, item in value.items()}
    return value


IMPORTER = Importer("xbow", ("benchmark.json",), read)
