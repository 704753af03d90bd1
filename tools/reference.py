"""Writes the generated parts of the documentation: command lines, REST API, settings."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer


def write(folder: Path) -> None:
    """Write every generated page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (
        ("ctfy", command_line("ctfy")),
        ("ctfy-admin", command_line("ctfy-admin")),
        ("api", rest_api()),
        ("settings", settings()),
        ("mcp", mcp_tools()),
    ):
        text = "\n".join(lines) + "\n"
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def cell(text: object) -> str:
    """A text inside a table."""
    return (
        " ".join(("" if text is None else str(text)).split())
        .replace("|", "\\|")
        .replace("<", "&lt;")
    )


def command_line(program: str) -> Iterator[str]:
    """Every command with its options."""
    from ctfy.cli import operator, player

    app = player.app if program == "ctfy" else operator.app
    yield f"# `{program}`"
    yield ""
    yield "Every command that prints something takes `--json`, `--fields` and `--jq`."
    yield from _commands(typer.main.get_command(app), program)


def _commands(command: Any, words: str) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is not None:
        for name, sub in inner.items():
            if not sub.hidden:
                yield from _commands(sub, f"{words} {name}")
        return
    described, _, example = command.help.partition("Example: ")
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    shown = " ".join(p.name.upper() if p.required else f"[{p.name.upper()}]" for p in arguments)
    yield ""
    yield f"## `{words}`"
    yield ""
    yield described.strip()
    yield ""
    yield "```text"
    yield f"{words} {shown}".strip()
    yield "```"
    yield ""
    options = [
        p
        for p in command.params
        if p.name not in ("help", "as_json", "fields", "jq") and (p.help or p not in arguments)
    ]
    if options:
        yield "| option | what |"
        yield "|---|---|"
        for p in options:
            name = p.name.upper() if p in arguments else ", ".join((*p.opts, *p.secondary_opts))
            default = "" if p.default in (None, "", False) or callable(p.default) else p.default
            more = f" (default {cell(default)})" if default != "" and default is not None else ""
            yield f"| `{name}` | {cell(p.help)}{more} |"
        yield ""
    if example:
        yield "```text"
        yield example.strip()
        yield "```"


def rest_api() -> Iterator[str]:
    """Every route: parameters, body, answer."""
    document = openapi()
    yield "# REST API"
    yield ""
    yield "Every route is under `/api/v1`; a running server shows the same at `/docs`, and as"
    yield "`/openapi.json`. Every refusal is `{code, detail, timestamp, request_id}`."
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in document["paths"].items():
        if path.startswith("/api/v1/"):
            parts = path.split("/")
            group = f"admin/{parts[4]}" if parts[3] == "admin" else parts[3]
            for method, operation in methods.items():
                groups.setdefault(group, []).append((method.upper(), path, operation))
    for group in sorted(groups):
        yield ""
        yield f"## {group}"
        for method, path, operation in groups[group]:
            yield ""
            yield f"### `{method} {path}`"
            yield ""
            yield str(operation.get("description") or operation.get("summary") or "")
            yield ""
            yield from _parameters(operation)


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", []):
        needed = "needed" if parameter.get("required") else "optional"
        yield f"- `{parameter['name']}` ({parameter['in']}, {needed})"
    body = operation.get("requestBody", {}).get("content", {})
    for kind, content in body.items():
        yield f"- body: {_named(content.get('schema', {})) or kind}"
    for status, answer in operation.get("responses", {}).items():
        if status.startswith("2"):
            for kind, content in answer.get("content", {}).items():
                yield f"- answers {status}: {_named(content.get('schema', {})) or kind}"


def _named(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if schema.get("type") == "array":
        return f"list of {_named(schema.get('items', {})) or 'values'}"
    return ""


def openapi() -> dict[str, Any]:
    """The document of the API, without a database behind it."""
    from ctfy.server.app import create_app
    from ctfy.server.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url="postgresql://nobody@127.0.0.1:1/none",
            data_dir=Path(folder),
            challenges_dir=Path(__file__).parent.parent / "examples" / "challenges",
        )
        document: dict[str, Any] = create_app(settings, with_worker=False).openapi()
        return document


def settings() -> Iterator[str]:
    """Every setting of server, node and providers as an environment variable."""
    from ctfy.node.providers import providers
    from ctfy.node.settings import NodeSettings
    from ctfy.server.settings import Settings

    yield "# Settings"
    for title, prefix, model in (
        ("Server and worker", "CTFY_", Settings),
        ("Node", "CTFY_NODE_", NodeSettings),
        *(
            (f"Node with `{name}`", own.model_config["env_prefix"], own)
            for name, provider in providers().items()
            if (own := provider.settings_type) is not None
        ),
    ):
        yield ""
        yield f"## {title}"
        yield ""
        yield "| variable | default | what |"
        yield "|---|---|---|"
        for name, field in model.model_fields.items():
            made = field.default_factory is not None
            default = "from the machine" if made else _default(field.get_default())
            yield f"| `{prefix}{name.upper()}` | {default} | {cell(field.description)} |"


def _default(value: Any) -> str:
    if value in ("", None):
        return "empty"
    shown = value if isinstance(value, (str, int, float, bool)) else json.dumps(value, default=str)
    return f"`{cell(shown)}`"


def mcp_tools() -> Iterator[str]:
    """Every MCP tool with its arguments."""
    import asyncio

    from ctfy.mcp.server import CtfyTools

    server = CtfyTools(lambda _: None)  # type: ignore[arg-type, return-value]
    yield "# MCP tools"
    for tool in asyncio.run(server.list_tools()):
        yield ""
        yield f"## `{tool.name}`"
        yield ""
        yield str(tool.description)
        yield ""
        needed = tool.input_schema.get("required", [])
        for name, schema in tool.input_schema["properties"].items():
            words = schema.get("description", "")
            state = "needed" if name in needed else f"default `{json.dumps(schema.get('default'))}`"
            yield f"- `{name}` ({state}) {words}".rstrip()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    os.chdir(Path(__file__).parent.parent)
    write(arguments.folder)
