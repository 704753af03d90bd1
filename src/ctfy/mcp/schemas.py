"""What of a tool's schemas an agent reads: all that it can act on, and nothing more.

Every agent has all of them in its context, all the time.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def of_arguments(schema: Schema) -> Schema:
    """The arguments' schema without titles, and without saying that what may be left out is null.

    An argument that the tool does not know is refused.
    """
    properties = {name: _argument(value) for name, value in schema["properties"].items()}
    kept: Schema = {"type": "object", "properties": properties}
    if schema.get("required"):
        kept["required"] = schema["required"]
    return {**kept, "additionalProperties": False}


def _argument(schema: Schema) -> Schema:
    kept = {name: value for name, value in schema.items() if name != "title"}
    ways = [way for way in kept.pop("anyOf", ()) if way != {"type": "null"}]
    if len(ways) == 1:
        kept |= ways[0]
    elif ways:
        kept["anyOf"] = ways
    if kept.get("default", "") is None:
        del kept["default"]
    return kept


def of_result(schema: Schema) -> Schema:
    """The names of a result's fields, and their types where that is one word.

    What is in them the result shows itself.
    """
    fields = schema["properties"].items()
    kept = {name: {"type": value["type"]} if "type" in value else {} for name, value in fields}
    return {"type": "object", "properties": kept}
