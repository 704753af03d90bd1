"""The audit: every mistake in a challenge folder, with file, line and fix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml
from pydantic import ValidationError

from ctfy.challenge.compose import early_answers, refusals
from ctfy.challenge.documents import read_nodes, read_yaml
from ctfy.challenge.metadata import Metadata

_FIXED_ANSWER = re.compile(rb"FLAG\{[0-9a-fA-F]{16,}\}")
_MOST_READ = 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One mistake. `line` counts from 1; 0 is the whole file or folder.

    `rule` names what it breaks, for ever the same. An error keeps the challenge from running; a
    warning does not.
    """

    path: Path
    line: int
    rule: str
    problem: str
    fix: str
    is_error: bool = True

    @property
    def severity(self) -> str:
        """`error` or `warning`."""
        return "error" if self.is_error else "warning"

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{where}: {self.problem} ({self.fix}) [{self.rule}]"


def audit(folder: Path) -> list[Finding]:
    """Everything wrong with one challenge folder; empty when it is fit to run."""
    path = folder / "metadata.yaml"
    try:
        node = read_nodes(path)
        data = read_yaml(path)
    except (OSError, UnicodeDecodeError) as error:
        return [
            Finding(
                path,
                0,
                "metadata.unreadable",
                f"cannot be read: {error}",
                "make it a readable UTF-8 file",
            )
        ]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "is not YAML"
        return [
            Finding(
                path,
                mark.line + 1 if mark else 0,
                "metadata.yaml",
                problem,
                "correct the YAML",
            )
        ]
    if not isinstance(data, dict):
        return [Finding(path, 1, "metadata.yaml", "is no mapping", "start with `name: …`")]
    try:
        metadata = Metadata.model_validate(data)
    except ValidationError as error:
        return [
            Finding(
                path,
                _line(node, e["loc"]),
                _rule(e["type"]),
                _problem(e),
                _fix(e["type"], e.get("ctx", {})),
            )
            for e in error.errors()
        ]
    return [
        *_misread(path, node),
        *_runs(folder, metadata),
        *_sandbox(folder, metadata, _line(node, ("sandbox", "run"))),
        *_templates(folder),
        *_unfinished(folder),
    ]


def _rule(kind: str) -> str:
    known = {"missing": "metadata.missing", "extra_forbidden": "metadata.unknown"}
    return known.get(kind, "metadata.value")


def _problem(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    return f"`{where}`: {error['msg'].removeprefix('Value error, ')}"


def _fix(kind: str, context: dict[str, Any]) -> str:
    if kind == "missing":
        return "add the field"
    if kind == "extra_forbidden":
        return "remove the field, or correct its name"
    if "expected" in context:
        return f"use one of {context['expected']}"
    return "change the value"


def _line(node: yaml.Node | None, location: Sequence[int | str]) -> int:
    """The line on which a location stands, or the nearest thing around it that exists."""
    for part in location:
        if isinstance(node, yaml.MappingNode):
            inside = [(k, v) for k, v in node.value if k.value == part]
            if not inside:
                break
            key, node = inside[0]
            if not isinstance(node, (yaml.MappingNode, yaml.SequenceNode)):
                return int(key.start_mark.line) + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
    return int(node.start_mark.line) + 1 if node is not None else 0


def _misread(path: Path, node: yaml.Node | None) -> Iterator[Finding]:
    """Integers that YAML 1.1 reads in base 8 or 60: no author means that."""
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:int":
        if re.match(r"[-+]?0[0-9_]", node.value) or ":" in node.value:
            yield Finding(
                path,
                int(node.start_mark.line) + 1,
                "metadata.number",
                f"`{node.value}` is another number in YAML than it looks",
                "put it in quotes, or write it as 1 or 0.5",
            )
    elif isinstance(node, yaml.CollectionNode):
        for value in node.value:
            yield from _misread(path, value[1] if isinstance(value, tuple) else value)


def _runs(folder: Path, metadata: Metadata) -> Iterator[Finding]:
    compose = folder / "docker-compose.yml"
    minted = [q.id for q in metadata.questions if q.minted]
    if not compose.is_file():
        if metadata.sandbox is None and metadata.warm:
            yield Finding(
                folder / "metadata.yaml",
                0,
                "runs.warm",
                "nothing runs that could be `warm`",
                "remove `warm`",
            )
        if metadata.sandbox is None and minted:
            yield Finding(
                folder / "metadata.yaml",
                0,
                "runs.nothing",
                f"{minted} are minted per instance, but nothing runs",
                "add a docker-compose.yml or `sandbox:`, or give them an `answer`",
            )
        return
    try:
        content = read_yaml(compose)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        yield Finding(
            compose,
            mark.line + 1 if mark else 0,
            "compose.yaml",
            "is not YAML",
            "correct the YAML",
        )
        return
    services = content.get("services") if isinstance(content, dict) else None
    if not isinstance(services, dict) or not all(isinstance(s, dict) for s in services.values()):
        yield Finding(
            compose,
            0,
            "compose.services",
            "has no services",
            "add `services:` with one service or more",
        )
    elif not any(service.get("ports") for service in services.values()):
        yield Finding(
            compose,
            0,
            "compose.no-port",
            "publishes no port",
            "add `ports:` to the service players reach",
        )
    if metadata.warm and (line := early_answers(compose)):
        yield Finding(
            compose,
            line,
            "compose.warm",
            "a `warm` instance runs before it has answers, and this takes them at the start",
            "read /answers/<id> when asked, or remove `warm`",
        )
    for refusal in refusals(compose):
        yield Finding(compose, refusal.line, refusal.rule, refusal.problem, refusal.fix)


def _sandbox(folder: Path, metadata: Metadata, line: int) -> Iterator[Finding]:
    if metadata.sandbox is None:
        return
    for word in metadata.sandbox.run[1:]:
        if "/" in word and not (folder / word).is_file():
            yield Finding(
                folder / "metadata.yaml",
                line,
                "sandbox.missing",
                f"`sandbox.run` names {word}, which is not here",
                "give a path inside the challenge folder",
            )
        elif "/" in word and not word.startswith("services/"):
            yield Finding(
                folder / "metadata.yaml",
                line,
                "sandbox.outside",
                f"`sandbox.run` names {word}, outside services/",
                "move it: only services/ is seen inside",
            )


def _templates(folder: Path) -> Iterator[Finding]:
    for path in sorted((folder / "attachments").glob("*.j2")):
        try:
            jinja2.Environment(autoescape=False).parse(path.read_text(encoding="utf-8"))  # noqa: S701
        except (jinja2.TemplateSyntaxError, UnicodeDecodeError) as error:
            yield Finding(
                path,
                getattr(error, "lineno", 0),
                "attachments.template",
                f"is no Jinja2 template: {error}",
                "correct it",
            )


def _unfinished(folder: Path) -> Iterator[Finding]:
    """What lets a challenge run, and should not be missing when others play it."""
    for name, why in (
        ("solve.py", "without a solver nobody knows that it can be solved"),
        ("README.md", "whoever curates it finds no word about it"),
    ):
        if not (folder / name).is_file():
            rule = f"missing.{name.partition('.')[0].lower()}"
            yield Finding(folder, 0, rule, f"has no {name}: {why}", f"add {name}", is_error=False)
    for path in sorted((folder / "services").rglob("*")):
        if not path.is_file() or path.stat().st_size > _MOST_READ:
            continue
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if _FIXED_ANSWER.search(line):
                yield Finding(
                    path,
                    number,
                    "answer.fixed",
                    "holds what looks like a fixed answer: every team would have the same",
                    "read /answers/<id> instead",
                    is_error=False,
                )
