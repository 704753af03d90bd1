"""The JSON schema of `metadata.yaml`, by which an editor completes, explains and checks one.

It is made of the models that the audit reads with, so it knows the modes that are installed. What
it refuses the audit refuses; the audit knows more.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from ctfy.challenge.metadata import Metadata
from ctfy.challenge.modes import modes

FILE = "metadata.schema.json"
_WRITTEN = "Written by `ctfy-admin challenge schema --write`."


class _ForEditors(GenerateJsonSchema):
    """Draft 7, which every editor reads."""

    schema_dialect = "http://json-schema.org/draft-07/schema#"


def schema() -> dict[str, Any]:
    """The schema. Raises PluginBroken."""
    models: list[type[BaseModel]] = [Metadata, *modes().values()]
    _, made = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/definitions/{model}",
        schema_generator=_ForEditors,
    )
    definitions: dict[str, Any] = _plain(made["$defs"])
    whole = definitions.pop(Metadata.__name__)
    for mode in modes().values():
        question = definitions[mode.__name__]
        named = {"mode": {"const": mode.mode, "description": question["description"]}}
        question["properties"] = named | question["properties"]
    definitions["Question"] = _of_any_mode(definitions)
    head = {"$schema": _ForEditors.schema_dialect, "$comment": _WRITTEN, "title": "metadata.yaml"}
    return {**head, **whole, "definitions": definitions}


def _of_any_mode(definitions: dict[str, Any]) -> dict[str, Any]:
    """A question: it fits one of the modes, and an editor offers the fields of all."""
    told: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for mode in modes().values():
        for name, field in definitions[mode.__name__]["properties"].items():
            words = str(field.get("description", "")).partition("\n")[0].removesuffix(".")
            told[name].setdefault(words, mode.mode)
    fields: dict[str, dict[str, Any]] = {}
    for name, by_words in told.items():
        several = "; ".join(f"`{mode}`: {words}" for words, mode in by_words.items())
        fields[name] = {"description": several if len(by_words) > 1 else next(iter(by_words))}
    return {
        "description": "One question of a challenge.",
        "type": "object",
        "properties": {**fields, "mode": {**fields["mode"], "enum": list(modes())}},
        "anyOf": [{"$ref": f"#/definitions/{mode.__name__}"} for mode in modes().values()],
    }


def _plain(part: Any) -> Any:
    """Without titles that only repeat the names of fields and classes, and defaults of nothing."""
    if isinstance(part, list):
        return [_plain(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    # A field may have either name, and then its own schema stands there.
    said = {
        key: inner
        for key, inner in part.items()
        if not (key == "title" and isinstance(inner, str)) and (key, inner) != ("default", None)
    }
    return {key: _plain(inner) for key, inner in said.items()}


def text() -> str:
    """The schema as the file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> Path:
    """Write the schema beside the challenges of a folder, and bring an earlier one up to date.

    Raises FileExistsError when a file of that name says something else, and OSError.
    """
    path = folder / FILE
    if path.exists() and _WRITTEN not in path.read_text(errors="replace"):
        raise FileExistsError(f"{path} is there already, and not by this command")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text())
    return path
