"""Writes what is generated from the declared events: the names, the browser's types, a docs page.

With `--check`, fails when a file is not what it would write.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ctfy.server import domains  # noqa: F401 - importing them declares their events
from ctfy.server.events.types import EVENTS, Audience, Event

ROOT = Path(__file__).parents[1]
COMMON = tuple(Event.model_fields)
TYPES = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}
MOST_COLUMNS = 100  # as frontend/biome.json has it
HEARD_BY = {
    Audience.EVERYBODY: "everybody",
    Audience.COMPETITION: "the competition's people",
    Audience.OPERATORS: "who runs the competition",
    Audience.BRACKET: "the teams of a bracket",
    Audience.TEAM: "the team",
    Audience.PERSON: "the person",
    Audience.ADMINS: "administrators",
}


# Names that older servers send and this one does not: clients switch on them still.
OLDER = ("meta_stats", "node_status", "team_membership_changed")


def told() -> list[type[Event]]:
    """The events that somebody can read, by name."""
    return [
        EVENTS[name] for name in sorted(EVENTS) if EVENTS[name].audiences != (Audience.PLATFORM,)
    ]


def words(annotation: Any) -> str:
    """A field's type as Python writes it, without `| None`."""
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return text.replace(" | None", "").removeprefix("typing.")


def own_fields(event: type[Event]) -> dict[str, str]:
    """What an event has besides the fields that all have: names with their types."""
    return {
        name: words(field.annotation) if "list" not in str(field.annotation) else "list[str]"
        for name, field in event.model_fields.items()
        if name not in COMMON
    }


def may_lack(event: type[Event], name: str) -> bool:
    """Whether a field is absent from some payloads: those in which it is None."""
    field = event.model_fields[name]
    return not field.is_required() and field.default is None


def summary(event: type[Event]) -> str:
    """What happened, on one line."""
    return " ".join((event.__doc__ or "").split())


def typescript() -> str:
    """The union that the browser's live updates switch on."""
    lines = [
        "// Written by tools/events.py from the events that the server declares.",
        "",
        "/** What every event has; empty where it does not apply. */",
        "interface Common {",
        *(f"  {name}: string;" for name in COMMON),
        "}",
        "",
        "/** The events by name, with what each has besides. */",
        "export interface Events {",
    ]
    for event in told():
        fields = [
            f"{name}{'?' if may_lack(event, name) else ''}: "
            + ("string[]" if kind == "list[str]" else TYPES[kind])
            for name, kind in own_fields(event).items()
        ]
        lines += [f"  /** {summary(event)} */", *laid_out(event.name, fields)]
    lines += [
        "}",
        "export type EventName = keyof Events;",
        "/** An event as the stream tells it; `event` is its name. */",
        "export type LiveEvent<Name extends EventName = EventName> = {",
        "  [Each in Name]: { event: Each } & Common & Events[Each];",
        "}[Name];",
        "",
    ]
    return "\n".join(lines)


def laid_out(name: str, fields: list[str]) -> list[str]:
    """A member of the union on one line, or on several where the formatter wants that."""
    line = f"  {name}: {{ {'; '.join(fields)} }};"
    if len(line) <= MOST_COLUMNS:
        return [line]
    return [f"  {name}: {{", *(f"    {field};" for field in fields), "  };"]


def names() -> str:
    """The names as an enumeration, for clients."""
    lines = [
        "# Written by tools/events.py from the events that the server declares.",
        '"""The names of the events on `GET /api/v1/events`."""',
        "",
        "from __future__ import annotations",
        "",
        "from enum import StrEnum",
        "",
        "",
        "class PlatformEvent(StrEnum):",
        '    """What an event says has happened."""',
        "",
        *(
            f'    {name.upper()} = "{name}"'
            for name in sorted({event.name for event in told()}.union(OLDER))
        ),
        "",
    ]
    return "\n".join(lines)


def page() -> str:
    """The table of the docs."""
    lines = [
        "# Events",
        "",
        "What `GET /api/v1/events` streams, and the activity log lists. Every event has `team_id`,",
        "`team_name` and `challenge_id`, empty where they do not apply. Administrators hear of all",
        "of them. Written by `tools/events.py` from what the domains declare.",
        "",
        "| event | when | for | besides |",
        "|---|---|---|---|",
    ]
    for event in told():
        heard = [HEARD_BY[audience] for audience in event.audiences]
        if event.is_personal:
            heard.append("the person whom it is about")
        fields = ", ".join(f"`{name}`" for name in own_fields(event))
        lines.append(f"| `{event.name}` | {summary(event)} | {', or '.join(heard)} | {fields} |")
    return "\n".join([*lines, ""])


WRITTEN = {
    "src/ctfy/core/platform_events.py": names,
    "frontend/src/api/events.ts": typescript,
    "docs/events.md": page,
}


def main() -> int:
    """Write the files, or compare them."""
    stale = []
    for name, make in WRITTEN.items():
        path, content = ROOT / name, make()
        if "--check" not in sys.argv:
            path.write_text(content)
        elif not path.exists() or path.read_text() != content:
            stale.append(name)
    if stale:
        print(f"not as declared: {', '.join(stale)}; run tools/events.py")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
