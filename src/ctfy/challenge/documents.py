"""Reading YAML and JSON that others wrote: the one place where a document is parsed.

A document is bounded before anything is made of it: in bytes, in depth, and in what its aliases
and merge keys stand for. Merge keys are resolved here, once, so that whoever looks at a document
sees what everybody sees, with the line on which each part is written.

Parsing is libyaml's where it is there, which takes a quarter of the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from ctfy.challenge.folders import PathRefused, read_inside

MOST_BYTES = 1024 * 1024
MOST_NODES = 50_000
MOST_CHARACTERS = 4 * MOST_BYTES
MOST_LEVELS = 40
MOST_DOCUMENTS = 100
Location = Sequence[int | str]
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "null", "timestamp"))
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_OTHER_BASE = re.compile(r"[-+]?0[0-9_]|.*:")


class DocumentRefused(ValueError):
    """A document cannot be taken. `line` counts from 1; 0 is the whole document."""

    def __init__(self, problem: str, fix: str, line: int = 0, *, is_read: bool = True) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.problem, self.fix, self.line, self.is_read = problem, fix, line, is_read


@dataclass(frozen=True)
class Document:
    """What a document says, and where it says it."""

    content: Any
    misread: list[tuple[int, str]]
    """Integers that YAML 1.1 reads in base 8 or 60, each with its line: no author means that."""
    _root: yaml.Node | None = field(repr=False)

    def line(self, location: Location) -> int:
        """The line on which a part is named: its key, or where it begins in a list."""
        found = self._root
        line = _line(found)
        for part in location:
            if isinstance(found, yaml.MappingNode):
                inner = next(((k, v) for k, v in found.value if k.value == part), None)
                if inner is None:
                    break
                found, line = inner[1], _line(inner[0])
            elif isinstance(found, yaml.SequenceNode) and isinstance(part, int):
                if part >= len(found.value):
                    break
                found = found.value[part]
                line = _line(found)
            else:
                break
        return line

    def written(self, location: Location) -> str:
        """A value as it stands in the document, which may say more than what it is read as."""
        found = self._root
        for part in location:
            if isinstance(found, yaml.MappingNode):
                found = next((v for k, v in found.value if k.value == part), None)
            elif isinstance(found, yaml.SequenceNode) and isinstance(part, int):
                found = found.value[part] if part < len(found.value) else None
            else:
                found = None
        return str(found.value) if isinstance(found, yaml.ScalarNode) else ""

    def line_within(self, location: Location) -> int:
        """The line on which a part begins, where it is a mapping or list; else `line`."""
        found = self._root
        for part in location:
            if isinstance(found, yaml.MappingNode):
                inner = next((v for k, v in found.value if k.value == part), None)
            elif isinstance(found, yaml.SequenceNode) and isinstance(part, int):
                inner = found.value[part] if part < len(found.value) else None
            else:
                inner = None
            if inner is None:
                return _line(found)
            if isinstance(inner, yaml.ScalarNode):
                return self.line(location)
            found = inner
        return _line(found)


def read_document(folder: Path, name: str) -> Document:
    """A document in a folder that others wrote. Raises DocumentRefused."""
    return parse(_content(folder, name))


def _content(folder: Path, name: str) -> bytes:
    try:
        return read_inside(folder, name, MOST_BYTES)
    except PathRefused as error:
        raise DocumentRefused(str(error), "make it an ordinary file", is_read=False) from error
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise DocumentRefused(problem, "make it a readable file", is_read=False) from error


def read_documents(folder: Path, name: str) -> list[Document]:
    """All documents of a file that others wrote, at most 100. Raises DocumentRefused."""
    content = _content(folder, name)
    try:
        text = content.decode("utf-8-sig")
        marks = [
            event.start_mark
            for event in yaml.parse(text, _FAST)
            if isinstance(event, yaml.DocumentStartEvent)
        ]
    except (UnicodeDecodeError, yaml.YAMLError):
        return [parse(content)]  # which tells what is wrong
    starts = [(mark.line, mark.index - mark.column) for mark in marks if mark is not None]
    if len(starts) < 2:
        return [parse(content)]
    if len(starts) > MOST_DOCUMENTS:
        problem = f"holds more than {MOST_DOCUMENTS} documents"
        raise DocumentRefused(problem, "split the file", starts[MOST_DOCUMENTS][0] + 1)
    ends = [begin for _, begin in starts[1:]] + [len(text)]
    # The empty lines before keep the numbers of those that follow.
    return [
        parse(("\n" * line + text[begin:end]).encode())
        for (line, begin), end in zip(starts, ends, strict=True)
    ]


def parse(content: bytes) -> Document:
    """A document. Raises DocumentRefused."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentRefused("is not UTF-8", "save it as UTF-8", line, is_read=False) from error
    if len(content) > MOST_BYTES:
        raise _too_much(0)
    if not text.strip():
        return Document(None, [], None)
    try:
        _measure(yaml.parse(text, _FAST))
        root = yaml.compose(text, _FAST)
    except yaml.YAMLError as error:
        raise _not_yaml(text, error) from error
    reading = _Reading()
    found = reading.value(root) if root is not None else None
    return Document(found, reading.misread, root)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        f"{_TAG}str", text, style="|" if "\n" in text else None
    ),
)


def write_yaml(content: Any) -> str:
    """A document that says `content`."""
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def rewrite(text: str, content: dict[str, Any]) -> str:
    """A document that says `content`; where it says the same as before, as it was written.

    Comments stay, but for those within a field that says something else now. A document with
    anchors or in one line is written anew. Raises DocumentRefused.
    """
    before = parse(text.encode()).content
    text = text.removeprefix("\ufeff")
    if isinstance(before, dict) and (fields := _fields(text)) is not None:
        head, parts = fields
        kept = "".join(
            part if name in before and before[name] == content[name] else _said(name, content, part)
            for name, part in parts.items()
            if name in content
        )
        added = {name: value for name, value in content.items() if name not in parts}
        made = head + kept + (write_yaml(added) if added else "")
        with suppress(DocumentRefused):
            if parse(made.encode()).content == content:
                return made
    return write_yaml(content)


def _fields(text: str) -> tuple[str, dict[str, str]] | None:
    """What stands before the first field, and each field as written; None where that can't be."""
    root = yaml.compose(text, _FAST)
    if not isinstance(root, yaml.MappingNode) or root.flow_style or not root.value:
        return None
    if any(getattr(event, "anchor", None) for event in yaml.parse(text, _FAST)):
        return None
    starts = [key.start_mark.index for key, _ in root.value]
    parts = {
        key.value: text[start:end].rstrip("\n") + "\n" if end == len(text) else text[start:end]
        for (key, _), start, end in zip(root.value, starts, [*starts[1:], len(text)], strict=True)
    }
    return text[: starts[0]], parts


def _said(name: str, content: dict[str, Any], before: str) -> str:
    """A field that says something else, with the comments that stand before the next one."""
    lines = before.splitlines(keepends=True)
    last = len(lines)
    while last > 1 and (lines[last - 1].startswith("#") or not lines[last - 1].strip()):
        last -= 1
    return write_yaml({name: content[name]}) + "".join(lines[last:])


@dataclass
class _Size:
    """What a part of a document comes to, with every alias in its place."""

    anchor: str | None
    nodes: int = 1
    characters: int = 0
    levels: int = 1

    def take(self, inner: _Size) -> None:
        self.nodes += inner.nodes
        self.characters += inner.characters
        self.levels = max(self.levels, inner.levels + 1)


def _measure(events: Iterator[yaml.Event]) -> None:
    """Refuse what would become too large, is too deep, holds itself, or is more than one.

    It looks at the parser's events, one after the other, and builds nothing.
    """
    open_: list[_Size] = []
    known: dict[str, _Size] = {}
    documents = 0
    for event in events:
        line = _line(event)
        ended = None
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise DocumentRefused("a second document begins", "keep the first alone", line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            open_.append(_Size(event.anchor))
            if len(open_) > MOST_LEVELS:
                raise _too_deep(line)
            known.pop(event.anchor or "", None)
        elif isinstance(event, yaml.ScalarEvent):
            ended = _Size(event.anchor, characters=len(event.value))
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in (size.anchor for size in open_):
                problem = f"`*{event.anchor}` holds itself"
                raise DocumentRefused(problem, "write out what is meant", line)
            if event.anchor not in known:
                continue  # which the composer tells of
            ended = replace(known[event.anchor], anchor=None)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            ended = open_.pop()
        if ended is not None:
            if ended.anchor:
                known[ended.anchor] = ended
            if open_:
                open_[-1].take(ended)
            if ended.nodes > MOST_NODES or ended.characters > MOST_CHARACTERS:
                raise _too_much(line)
            if ended.levels + len(open_) > MOST_LEVELS:
                raise _too_deep(line)


class _Reading:
    """Makes plain values of nodes; merge keys are resolved in the nodes themselves."""

    def __init__(self) -> None:
        self.misread: list[tuple[int, str]] = []
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            node.value = self._entries(node)
            return {key.value: self.value(inner) for key, inner in node.value}
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(inner) for inner in node.value]
        raise _unknown_tag(node)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == f"{_TAG}value":  # a lone `=`
            node.tag = f"{_TAG}str"
        if node.tag not in _SCALARS:
            raise _unknown_tag(node)
        if _UNWANTED.search(node.value):
            problem = "a text holds a character that cannot be shown"
            raise DocumentRefused(problem, "remove it, or write it in base64", _line(node))
        if node.tag == f"{_TAG}int" and _OTHER_BASE.match(node.value):
            self.misread.append((_line(node), node.value))
        try:
            return self._scalars.construct_object(node)
        except (ValueError, LookupError, OverflowError, AttributeError) as error:
            kind = node.tag.removeprefix(_TAG)
            problem = f"`{node.value[:40]}` is no {kind}"
            raise DocumentRefused(problem, "put it in quotes", _line(node)) from error

    def _entries(self, node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
        """The entries of a mapping: its own, and those of what it merges that it lacks."""
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merges = 0
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                merges += 1
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if not isinstance(source, yaml.MappingNode):
                        raise DocumentRefused("`<<` merges no mapping", "remove it", _line(key))
                    for entry in self._entries(source):
                        merged.setdefault(entry[0].value, entry)
                continue
            if not isinstance(key, yaml.ScalarNode) or not isinstance(self._scalar(key), str):
                shown = key.value[:40] if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                raise DocumentRefused(
                    f"`{shown}` is no name for a field", "put it in quotes", _line(key)
                )
            if key.value in own:
                raise DocumentRefused(
                    f"`{key.value[:40]}` stands here twice", "keep one of them", _line(key)
                )
            own[key.value] = (key, value)
        if merges > 1:
            raise DocumentRefused("`<<` stands here twice", "write `<<: [*a, *b]`", _line(node))
        return [*(e for name, e in merged.items() if name not in own), *own.values()]


def _line(marked: yaml.Node | yaml.Event | None) -> int:
    mark = getattr(marked, "start_mark", None)
    return int(mark.line) + 1 if mark is not None else 0


def _too_much(line: int) -> DocumentRefused:
    problem = f"is too large: {MOST_BYTES // 1024} KB and {MOST_NODES} parts, aliases written out"
    return DocumentRefused(problem, "make it smaller", line)


def _too_deep(line: int) -> DocumentRefused:
    return DocumentRefused(f"is more than {MOST_LEVELS} levels deep", "make it flatter", line)


def _unknown_tag(node: yaml.Node) -> DocumentRefused:
    problem = f"the tag `{node.tag.replace(_TAG, '!!')[:40]}` is not known here"
    return DocumentRefused(problem, "remove it", _line(node))


def _not_yaml(text: str, error: yaml.YAMLError) -> DocumentRefused:
    """What is wrong, in the words of the parser that knows it better, for a text of some length."""
    found: Any = error
    quoted: yaml.ScalarToken | None = None
    if len(text) < MOST_BYTES // 16:
        try:
            _measure(yaml.parse(text, yaml.SafeLoader))
        except yaml.YAMLError as better:
            found = better
        except DocumentRefused as better:
            return better
        quoted = _last_quoted(text, found)
    mark = getattr(found, "problem_mark", None)
    line = int(mark.line) + 1 if mark else 0
    problem = str(getattr(found, "problem", None) or "is not YAML")
    context = str(getattr(found, "context", None) or "")
    opened = getattr(found, "context_mark", None)
    begins = int(opened.line) + 1 if opened else line
    if "quoted scalar" in context:
        unclosed = "a quotation mark opens here, and none closes it"
        return DocumentRefused(unclosed, "close it", begins)
    if quoted is not None and quoted.end_mark.line + 1 == line:
        opens = int(quoted.start_mark.line) + 1
        if opens < line:
            unclosed = f"a quotation mark opens here, and the next one is in line {line}"
            return DocumentRefused(unclosed, "close it", opens)
        follows = "something follows a text in quotation marks"
        return DocumentRefused(follows, "inside '…', write '' for a mark", line)
    if "flow" in context:
        bracket = "`[`" if "sequence" in context else "`{`"
        unclosed = f"{bracket} opens here, and line {line} neither closes it nor has a comma"
        return DocumentRefused(unclosed, "close it, or add the comma", begins)
    for words, said, fix in _SAID:
        if words in problem:
            at = begins if "simple key" in context else line
            return DocumentRefused(said, fix, at)
    return DocumentRefused(problem, "correct the YAML", line)


# What the parser says, and what that means.
_SAID = (
    ("'\\t' that cannot start", "a tab indents here", "indent with spaces"),
    ("that cannot start any token", "a text begins with a sign of YAML's own", "put it in quotes"),
    (
        "mapping values are not allowed",
        "a second `: ` stands here",
        "put the text in quotes, or correct the indentation",
    ),
    ("could not find expected ':'", "this is no `name: value`", "add the colon and the space"),
)


def _last_quoted(text: str, error: Any) -> yaml.ScalarToken | None:
    """The last text in quotation marks before a mistake."""
    mark = getattr(error, "problem_mark", None)
    last = None
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text, yaml.SafeLoader):
            if mark is not None and token.start_mark.index >= mark.index:
                break
            if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"'):
                last = token
    return last
