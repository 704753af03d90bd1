"""The audit: every mistake in a challenge folder, with file, line and fix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import jinja2
from pydantic import ValidationError

from ctfy.challenge.compose.file import load_compose
from ctfy.challenge.compose.model import FILE, Compose, ComposeRefused
from ctfy.challenge.documents import Document, DocumentRefused, read_document
from ctfy.challenge.folders import PathRefused, inside, oddities, printable, read_inside
from ctfy.challenge.limits import unfit
from ctfy.challenge.metadata import Metadata
from ctfy.challenge.templates import MOST_TEMPLATE, mistakes
from ctfy.challenge.wording import told

METADATA = "metadata.yaml"
_FIXED_ANSWER = re.compile(rb"FLAG\{[0-9a-fA-F]{16,}\}")
_MOST_READ = 1024 * 1024
_MOST_SEARCHED = 64 * _MOST_READ  # for fixed answers, in a whole folder
_MOST_FINDINGS = 100  # of a kind
_PLACEHOLDER = re.compile(r"\{\{-?\s*([A-Za-z_][\w.]{0,60})\s*-?\}\}", re.ASCII)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


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
        return printable(f"{where}: {self.problem} ({self.fix}) [{self.rule}]")


def audit(folder: Path) -> list[Finding]:
    """Everything wrong with one challenge folder; empty when it is fit to run.

    Nothing is read of a folder with a link in it, and nothing outside of any.
    """
    path = folder / METADATA
    if findings := list(islice(_oddities(folder), _MOST_FINDINGS)):
        return findings
    try:
        document = read_document(folder, METADATA)
    except DocumentRefused as error:
        rule = "metadata.yaml" if error.is_read else "metadata.unreadable"
        return [Finding(path, error.line, rule, error.problem, error.fix)]
    if not isinstance(document.content, dict):
        return [Finding(path, 1, "metadata.yaml", "is no mapping", "start with `name: …`")]
    try:
        metadata = Metadata.model_validate(document.content)
    except ValidationError as error:
        return [
            Finding(path, mistake.line, mistake.rule, mistake.problem, mistake.fix)
            for mistake in islice(told(error, document, Metadata), _MOST_FINDINGS)
        ]
    return [
        *_misread(path, document),
        *_runs(folder, metadata, document),
        *_sandbox(folder, metadata, document.line_within(("sandbox", "run"))),
        *_templates(folder, metadata),
        *_hints(path, document, metadata),
        *_placeholders(path, document, metadata),
        *_unfinished(folder),
    ]


def _oddities(folder: Path) -> Iterator[Finding]:
    """What has no place in the folder, whatever its files say."""
    try:
        for found, problem in oddities(folder):
            path = Path(printable(str(found)))
            if "link" in problem:
                yield Finding(path, 0, "folder.link", problem, "copy what it leads to")
            else:
                yield Finding(path, 0, "folder.file", problem, "remove it")
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        yield Finding(folder, 0, "folder.unreadable", problem, "make it readable")


def _misread(path: Path, document: Document) -> Iterator[Finding]:
    for line, number in document.misread:
        problem = f"`{number}` is another number in YAML than it looks"
        fix = "put it in quotes, or write it as 1 or 0.5"
        yield Finding(path, line, "metadata.number", problem, fix)


def _runs(folder: Path, metadata: Metadata, document: Document) -> Iterator[Finding]:
    compose = folder / FILE
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
        yield from _limits(folder, metadata, Compose({}, 0), document)
        return
    try:
        found = load_compose(folder)
    except ComposeRefused as error:
        for refusal in error.refusals[:_MOST_FINDINGS]:
            yield Finding(compose, refusal.line, refusal.rule, refusal.problem, refusal.fix)
        return
    yield from _limits(folder, metadata, found, document)
    for note in found.notes[:_MOST_FINDINGS]:
        yield Finding(compose, note.line, note.rule, note.problem, note.fix, is_error=False)
    if metadata.warm and found.early_line:
        yield Finding(
            compose,
            found.early_line,
            "compose.warm",
            "a `warm` instance runs before it has answers, and this takes them at the start",
            "read /answers/<id> when asked, or remove `warm`",
        )


def _limits(
    folder: Path, metadata: Metadata, compose: Compose, document: Document
) -> Iterator[Finding]:
    for kind, problem, fix in unfit(metadata, compose.services):
        line = document.line_within(("limits", kind))
        yield Finding(folder / METADATA, line, "limits.unfit", f"`limits.{kind}`: {problem}", fix)


def _sandbox(folder: Path, metadata: Metadata, line: int) -> Iterator[Finding]:
    if metadata.sandbox is None:
        return
    for word in metadata.sandbox.run[1:]:
        if "/" in word and not _is_here(folder, word):
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


def _is_here(folder: Path, written: str) -> bool:
    """Whether a path is one of a file in the folder."""
    try:
        return inside(folder, written).is_file()
    except (PathRefused, OSError):
        return False


def _templates(folder: Path, metadata: Metadata) -> Iterator[Finding]:
    answers = {question.id for question in metadata.questions if question.minted}
    for path in sorted((folder / "attachments").glob("*.j2")):
        try:
            text = read_inside(folder, f"attachments/{path.name}", MOST_TEMPLATE).decode()
            for line, problem, fix in islice(mistakes(text, answers), _MOST_FINDINGS):
                yield Finding(path, line, "attachments.template", problem, fix)
        except RecursionError:
            problem = "is nested too deep for a template"
            yield Finding(path, 0, "attachments.template", problem, "make it flatter")
        except (jinja2.TemplateSyntaxError, UnicodeDecodeError, PathRefused) as error:
            yield Finding(
                path,
                getattr(error, "lineno", 0),
                "attachments.template",
                f"is no Jinja2 template: {error}",
                "correct it",
            )


def _hints(path: Path, document: Document, metadata: Metadata) -> Iterator[Finding]:
    worth = metadata.value if isinstance(metadata.value, int) else metadata.value.initial
    for number, hint in enumerate(metadata.hints):
        if hint.cost > worth:
            problem = f"the hint `{hint.id}` costs {hint.cost}, and the challenge brings {worth}"
            fix = f"at most {worth}"
            line = document.line_within(("hints", number, "cost"))
            yield Finding(path, line, "hint.dear", problem, fix, is_error=False)


def _placeholders(path: Path, document: Document, metadata: Metadata) -> Iterator[Finding]:
    """What looks like a variable in a text that is shown, or compared, as it is written."""
    texts: list[tuple[tuple[int | str, ...], str]] = [(("description",), metadata.description)]
    for number, hint in enumerate(metadata.hints):
        texts.append((("hints", number, "text"), hint.text))
    for number, question in enumerate(metadata.questions):
        texts.append((("questions", number, "prompt"), question.prompt))
        for key in ("answer", "answers", "choices"):
            written = getattr(question, key, None)
            given = [written] if isinstance(written, str) else written or []
            texts += [(("questions", number, key), text) for text in given]
    for place, text in texts:
        for name in sorted(set(_PLACEHOLDER.findall(_CODE.sub("", text)))):
            problem = f"nobody replaces `{{{{ {name} }}}}`: only files in attachments/ are rendered"
            fix = "write what is meant, or put it in backticks; the address is shown beside it"
            if place[-1] in ("answer", "answers", "choices"):
                fix = "write what is right, or remove the answer and it is minted"
            line = document.line_within(place)
            yield Finding(path, line, "text.placeholder", problem, fix, is_error=False)


def _unfinished(folder: Path) -> Iterator[Finding]:
    """What lets a challenge run, and should not be missing when others play it."""
    for name, why in (
        ("solve.py", "without a solver nobody knows that it can be solved"),
        ("README.md", "whoever curates it finds no word about it"),
    ):
        if not (folder / name).is_file():
            rule = f"missing.{name.partition('.')[0].lower()}"
            yield Finding(folder, 0, rule, f"has no {name}: {why}", f"add {name}", is_error=False)
    left = _MOST_SEARCHED
    for path in sorted((folder / "services").rglob("*")):
        if not path.is_file() or path.stat().st_size > min(left, _MOST_READ):
            continue
        left -= path.stat().st_size
        content = read_inside(folder, str(path.relative_to(folder)), _MOST_READ)
        for number, line in enumerate(content.splitlines(), 1):
            if _FIXED_ANSWER.search(line):
                yield Finding(
                    path,
                    number,
                    "answer.fixed",
                    "holds what looks like a fixed answer: every team would have the same",
                    "read /answers/<id> instead",
                    is_error=False,
                )
