"""A challenge on its way in."""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ctfy.challenge.audit import METADATA, Finding, audit
from ctfy.challenge.catalogue import TEMPLATE_SUFFIX
from ctfy.challenge.compose.model import FILE
from ctfy.challenge.compose.services import READ
from ctfy.challenge.compose.values import is_plain_name
from ctfy.challenge.documents import read_document, read_documents, write_yaml
from ctfy.challenge.folders import (
    PathRefused,
    copy_inside,
    copy_tree,
    inside,
    is_printable,
    oddities,
    open_inside,
    printable,
    read_inside,
)
from ctfy.challenge.importers.again import Merged, appear, merge, read_record, write_record
from ctfy.core.enums import ChallengeCategory

# What others call our categories.
_CATEGORIES = {
    "web": "web",
    "pwn": "pwn",
    "binary": "pwn",
    "exploitation": "pwn",
    "rev": "reverse",
    "reverse": "reverse",
    "reversing": "reverse",
    "crypto": "crypto",
    "cryptography": "crypto",
}
_EXPOSE = re.compile(r"^[ \t]*EXPOSE[ \t]+([0-9]{1,5})\b", re.M | re.I)
_COPY = re.compile(r"^[ \t]*(?:COPY|ADD)[ \t]+(.*)$", re.M | re.I)
# What authors keep beside a service, and no player may find in its image.
_AUTHORS = re.compile(
    r"challenge\.ya?ml|metadata\.ya?ml|benchmark\.json|\.git|\.env"
    r"|(sol(ve|ver|ution|utions)?|exploit|write-?ups?|healthcheck)(\.[a-z0-9]+)?",
    re.I,
)
_FLAG = re.compile(r"flags?(\.txt)?", re.I)
_ADDRESS = re.compile(r"\{\{\s*(?:nc|link|url|host|port|connection_info|challenge\.\w+)\s*\}\}")
_PLACEHOLDER = re.compile(r"\{\{[^{}\n]*\}\}")
_MOST_READ = 1024 * 1024


State = Literal["new", "updated", "unchanged", "refused"]


class ImportRefused(Exception):
    """Nothing can be brought in; the message says why."""


@dataclass(frozen=True)
class Outcome:
    """What became of one field, service or file of a challenge, and why unless it was carried."""

    field: str
    became: Literal["carried", "changed", "dropped"]
    why: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.why}" if self.why else self.field


@dataclass
class Report:
    """What became of one challenge, or of a file. With `findings` it was not written.

    `state`: `new`, `updated`, `unchanged` since it was imported before, or `refused`.
    """

    id: str
    title: str
    source: Path
    fields: list[Outcome]
    findings: list[Finding]
    state: State = "refused"

    @property
    def carried(self) -> list[str]:
        """The fields that are as they were."""
        return [one.field for one in self.fields if one.became == "carried"]

    @property
    def changed(self) -> list[str]:
        """The fields that say it in another way here, each with how."""
        return [str(one) for one in self.fields if one.became == "changed"]

    @property
    def lost(self) -> list[str]:
        """The fields that were dropped, each with why."""
        return [str(one) for one in self.fields if one.became == "dropped"]

    @property
    def is_whole(self) -> bool:
        """Whether the challenge was brought in, with every file that it gives to players."""
        dropped = (one.field for one in self.fields if one.became == "dropped")
        return not self.findings and not any(name.startswith("file ") for name in dropped)

    def row(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "source": printable(str(self.source)),
            "written": not self.findings,
            "state": self.state,
            "complete": self.is_whole,
            "fields": [vars(one) for one in self.fields],
            "carried": self.carried,
            "changed": self.changed,
            "not_carried": self.lost,
            "findings": [str(finding) for finding in self.findings],
        }


@dataclass
class Draft:
    """A challenge of another format, in our words, and what became of each of its fields.

    With `refusals` it is not written. `unread` are parts of its file that are left aside though
    they may be challenges: each is reported as one that was not brought in.
    """

    source: Path
    name: str
    metadata: dict[str, Any] = field(default_factory=dict)
    compose: dict[str, Any] = field(default_factory=dict)
    copies: list[tuple[Path, str]] = field(default_factory=list)
    requires: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    fields: list[Outcome] = field(default_factory=list)
    refusals: list[Finding] = field(default_factory=list)
    unread: list[Finding] = field(default_factory=list)
    origin: str = ""
    id: str = ""
    _kept_out: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.id = self.id or slug(self.name)

    @property
    def root(self) -> Path:
        """The folder that it comes from."""
        return self.source.parent

    def keep(self, name: str, value: Any, *, as_: str = "", changed: str = "") -> None:
        """Carry a field over, when it has a value; `changed` says in what it differs here."""
        if value not in (None, "", [], {}):
            self.metadata[as_ or name] = value
            self.carry(name, changed)

    def carry(self, name: str, changed: str = "") -> None:
        """Say that something is here as it was, or in what it differs."""
        self.fields.append(Outcome(name, "changed" if changed else "carried", changed))

    def lose(self, name: str, why: str) -> None:
        """Say that something has no place here."""
        self.fields.append(Outcome(name, "dropped", why))

    def refuse(self, problem: str, fix: str) -> None:
        """Say why the challenge cannot be brought in at all."""
        self.refusals.append(Finding(self.source, 0, "import.no-answer", problem, fix))

    def describe(self, text: Any) -> None:
        """Carry the description over; what others put an address in for says where ours is."""
        written = str(text or "").strip()
        words = _ADDRESS.sub("(the address is shown with your instance)", written)
        changed = "its placeholders say where the instance's address is shown"
        self.keep("description", words, changed=changed if words != written else "")
        for left in dict.fromkeys(_PLACEHOLDER.findall(words)):
            self.lose(f"description {left}", "left as written: descriptions are not rendered")

    def whole(self, name: str, value: Any) -> int | None:
        """A number of points or solves, rounded when it is a fraction; None when it is none."""
        try:
            number = float(value)
            rounded = math.floor(number + 0.5)
        except (TypeError, ValueError, OverflowError):
            self.lose(name, f"{value!r} is no number")
            return None
        if rounded != number:
            self.carry(name, f"{value} is {rounded}: points and solves are whole")
        return rounded

    def categorise(self, named: str, tags: Any) -> None:
        """Our category for theirs; one that we do not have becomes a tag."""
        word = str(named or "").strip().lower()
        ours = _CATEGORIES.get(word.split()[0] if word else "", "")
        ours = ours or (word if is_category(word) else "")
        self.metadata["category"] = ours or ChallengeCategory.MISC.value
        tags = listed(tags)
        every = [str(tag) for tag in tags] + ([word] if word and not ours else [])
        self.metadata["tags"] = list(dict.fromkeys(every)) or [self.metadata["category"]]
        if named or ours:
            as_ = "" if word == ours or not word else f"{word} is {self.metadata['category']} here"
            self.carry("category", as_ + ("" if ours or not word else ", and a tag"))
        if tags:
            self.carry("tags")

    def read(self, path: Path) -> str:
        """The text of a file of the folder. Raises PathRefused, OSError, UnicodeDecodeError."""
        return read_inside(self.root, self._written(path), _MOST_READ).decode()

    def _written(self, path: Path) -> str:
        """A path as one below the folder that it comes from. Raises PathRefused."""
        try:
            written = str(path.relative_to(self.root))
        except ValueError as error:
            raise PathRefused("it lies outside the challenge's folder") from error
        inside(self.root, written)
        return written

    def attach(self, path: Path, name: str = "") -> None:
        """Give players a file."""
        name = name or path.name
        if "/" in name or name in ("", ".", "..") or not is_printable(name):
            self.lose(f"file {path}", f"{name!r} is no file's name")
            return
        try:
            written = self._written(path)
            open_inside(self.root, written).close()
        except FileNotFoundError:
            self.lose(f"file {path}", "there is no such file")
            return
        except PathRefused as error:
            self.lose(f"file {path}", str(error))
            return
        except OSError as error:
            self.lose(f"file {path}", f"cannot be read: {error.strerror}")
            return
        given, taken = name, {goal for _, goal in self.copies}
        if name.endswith(TEMPLATE_SUFFIX):
            name += ".txt"  # or it would be rendered
        if f"attachments/{name}" in taken:
            name = "-".join(Path(written).parts)
        number = 2
        while f"attachments/{name}" in taken:
            name, number = f"{number}-{given}", number + 1
        self.copies.append((path, f"attachments/{name}"))
        self.carry(f"file {given}", f"players see {name}" if name != given else "")

    def serve(self, name: str, service: dict[str, Any], context: Path | None, port: int) -> None:
        """Run a service: an image that `service` names, or one built from a folder."""
        if not is_plain_name(name):
            self.lose(f"service {name}", "its name is none here")
            return
        if context is not None:
            try:
                dockerfile = self.read(context / "Dockerfile")
                exposed = _EXPOSE.search(dockerfile)
            except (PathRefused, OSError, UnicodeDecodeError) as error:
                self.lose(f"service {name}", f"{context} has no Dockerfile: {error}")
                return
            self.copies.append((context, f"services/{name}"))
            self._keep_out(context, dockerfile)
            service = {**service, "build": f"services/{name}"}
            port = port or (int(exposed[1]) if exposed else 0)
        if port:
            service = {**service, "ports": [str(port)]}
        self.compose.setdefault("services", {})[name] = service
        self.carry(f"service {name}")

    def _keep_out(self, context: Path, dockerfile: str) -> None:
        """Leave what authors wrote for themselves out of a build context."""
        words = [word for line in _COPY.findall(dockerfile) for word in line.split()[:-1]]
        copied = {Path(word.strip("[],\"'")).name for word in words}
        takes_all = bool(copied & {"", "*"})  # `COPY . /app`
        for path in sorted(p for p in context.iterdir() if not p.is_symlink()):
            is_flag = _FLAG.fullmatch(path.name) and not takes_all
            is_authors = (is_flag or _AUTHORS.fullmatch(path.name)) and path.name not in copied
            if path == self.source or is_authors:
                self._kept_out.add(path)
                name = path.relative_to(self.root)
                self.lose(f"context {name}", "an author's file: it is kept out of the image")

    def sift(self, name: str, service: dict[str, Any]) -> dict[str, Any]:
        """What a compose service may keep here; the rest is named as lost."""
        kept = {}
        for key, value in service.items():
            if key in READ:
                kept[key] = value
            else:
                self.lose(f"services.{name}.{key}", "not supported, or it would reach the host")
        deploy = kept.get("deploy")
        if isinstance(deploy, dict):
            for key in deploy.keys() - {"resources"}:
                self.lose(f"services.{name}.deploy.{key}", "not supported: a service runs once")
            kept["deploy"] = {key: deploy[key] for key in deploy.keys() & {"resources"}}
        if isinstance(kept.get("ports"), list):
            for port in filter(_is_udp, kept["ports"]):
                self.lose(f"services.{name}.ports {port}", "players reach ports by TCP alone")
            kept["ports"] = [port for port in kept["ports"] if not _is_udp(port)]
            ports = [_container_port(port) for port in kept["ports"]]
            if ports != [str(port) for port in kept["ports"]]:
                self.lose(f"services.{name}.ports", "the node chooses the published ports")
            kept["ports"] = ports
        return kept

    def settle(self, known: dict[str, str], difficulty: str) -> None:
        """What depends on the other challenges, and on what was asked for.

        `known` has their ids by every name that they may be asked for, in small letters.
        """
        self.metadata = {"name": self.name, **self.metadata}
        self.metadata.setdefault("difficulty", difficulty)
        self.metadata.setdefault("tags", [self.metadata.get("category", "misc")])
        if not str(self.metadata.get("description") or "").strip():
            self.metadata["description"] = self.name
        for name in self.requires:
            if found := known.get(name.strip().lower()):
                self.metadata.setdefault("unlocked_by", []).append(found)
                self.carry(f"requires {name}", f"it is {found} here" if found != name else "")
            else:
                self.lose(f"requires {name}", "no such challenge is among them")

    def write(self, target: Path, *, dry_run: bool, force: bool = False) -> Report:
        """Write the folder, unless it would not be valid; what became of it.

        One that was imported before is brought up to date: what was changed in it here stays, and
        what was changed here and there is a finding, unless `force` takes theirs.
        """
        place = target / self.id
        is_there = os.path.lexists(place)
        if is_there and not self.is_at(target):
            taken = Finding(place, 0, "folder.twice", "is there already", "remove it, or rename")
            return self._report([taken])
        if refused := [*self._linked(), *self.refusals]:
            return self._report(refused)
        with tempfile.TemporaryDirectory(prefix="ctfy-import-") as scratch:
            made = Path(scratch) / self.id
            self._fill(made)
            findings = [finding for finding in audit(made) if finding.is_error]
            merged = Merged(changed=True)
            if is_there and not findings:
                merged = merge(made, place, force=force)
                findings = [*_conflicts(place, merged), *(f for f in audit(made) if f.is_error)]
            for name in merged.edited:
                self.carry(f"edit {name}", "it was changed here since, and stays so")
            if merged.changed and not findings and not dry_run:
                target.mkdir(parents=True, exist_ok=True)
                appear(made, place)
        state: State = "unchanged" if not merged.changed else "updated" if is_there else "new"
        return self._report(findings, state)

    def is_at(self, target: Path) -> bool:
        """Whether the folder that has this challenge's id was imported from the same place."""
        origin, _ = read_record(target / self.id) if (target / self.id).is_dir() else ("", {})
        if origin:
            return origin == self.origin
        try:  # of a version that kept no record
            readme = read_inside(target, f"{self.id}/README.md", _MOST_READ).decode()
        except (OSError, ValueError):
            return False
        return origin_line(self.origin) in readme.splitlines()

    def _linked(self) -> list[Finding]:
        """The links among what is to be copied, and other things that are no files."""
        fix = "copy what it leads to, or remove it"
        found = []
        for source, _ in self.copies:
            try:
                inside(self.root, self._written(source))
                odd = oddities(source) if source.is_dir() else ()
                found += [
                    Finding(path, 0, "folder.link", problem, fix)
                    for path, problem in odd
                    if not self._kept_out.intersection((path, *path.parents))
                ]
            except PathRefused as error:
                found.append(Finding(source, 0, "folder.link", str(error), fix))
        return found

    def _fill(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for source, name in self.copies:
            goal = inside(folder, name)
            goal.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                goal.mkdir(exist_ok=True)
                copy_tree(source, goal, without=self._kept_out)
            else:
                copy_inside(self.root, self._written(source), goal)
        (folder / METADATA).write_text(write_yaml(self.metadata))
        if self.compose:
            (folder / FILE).write_text(write_yaml(self.compose))
        report = self._report([])
        text = f"# {self.name}\n\n{origin_line(self.origin)}\n"
        for title, lines in (("Changed", report.changed), ("Not carried over", report.lost)):
            text += f"\n{title}:\n\n" + ("".join(f"- {one}\n" for one in lines) or "- nothing\n")
        (folder / "README.md").write_text(text)
        write_record(folder, self.origin)

    def _report(self, findings: list[Finding], state: State = "refused") -> Report:
        state = "refused" if findings else state
        return Report(self.id, self.name, self.source, self.fields, findings, state)


def _conflicts(place: Path, merged: Merged) -> Iterator[Finding]:
    for name in merged.conflicts:
        problem = "was changed here since it was imported, and there, too"
        fix = "give --force to take theirs, or carry their change over by hand"
        yield Finding(place / name, 0, "import.edited", problem, fix)


def slug(name: str) -> str:
    """A folder's name for a title."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:100].strip("-") or "challenge"


def is_category(word: str) -> bool:
    """Whether others call one of our categories so."""
    return word in _CATEGORIES or word in set(ChallengeCategory)


def listed(value: Any) -> list[Any]:
    """A list, of whatever other formats take for one: also one thing alone, and nothing."""
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]


def origin_line(origin: str) -> str:
    """The line of a README that says where an imported challenge comes from."""
    return f"Imported from {printable(origin)}."


def _is_udp(port: Any) -> bool:
    written = port.get("protocol", "") if isinstance(port, dict) else str(port).rpartition("/")[2]
    return str(written).lower() == "udp"


def _container_port(port: Any) -> str:
    if isinstance(port, dict):
        return str(port.get("target", ""))
    return str(port).rpartition(":")[2].partition("/")[0]


def read_mapping(path: Path) -> dict[str, Any]:
    """A YAML or JSON file that holds an object; empty when it holds another thing.

    Raises DocumentRefused.
    """
    content = read_document(path.parent, path.name).content
    return content if isinstance(content, dict) else {}


def read_draft(
    path: Path, is_ours: Callable[[dict[str, Any]], bool]
) -> tuple[dict[str, Any], list[Outcome], list[Finding]] | None:
    """The first document of a file that is a challenge; None when there is none.

    With it, what is said of the other documents: those that are no challenge are dropped, those
    that are one too are findings. Raises DocumentRefused.
    """
    documents = read_documents(path.parent, path.name)
    found: dict[str, Any] | None = None
    dropped, unread = [], []
    for number, document in enumerate(documents, 1):
        given = document.content
        if isinstance(given, dict) and is_ours(given):
            if found is None:
                found = given
                continue
            problem = f"document {number} is a challenge, too: the first is brought in"
            fix = "give it a folder of its own"
            unread.append(Finding(path, document.line(()), "import.second", problem, fix))
        elif given is not None:
            kind = given.get("kind") if isinstance(given, dict) else None
            why = f"a {kind}, no challenge" if kind else "it is no challenge"
            dropped.append(Outcome(f"document {number}", "dropped", why))
    return None if found is None else (found, dropped, unread)


def hints(draft: Draft, given: Any) -> None:
    """Hints of other formats, a text or an object each, as ours: the title leads the text."""
    made = []
    for number, hint in enumerate(listed(given), 1):
        fields = hint if isinstance(hint, dict) else {"content": hint}
        text, title = str(fields.get("content") or fields.get("text") or ""), fields.get("title")
        cost = draft.whole(f"hint {number} cost", fields.get("cost") or 0) or 0
        if not text:
            draft.lose(f"hint {number}", "it has no text")
            continue
        if title:
            draft.carry(f"hint {number} title", "it is the first line of the text")
        for name in sorted(set(fields) - {"content", "text", "title", "cost"}):
            draft.lose(f"hint {number} {name}", "a hint has a text and a cost")
        text = f"{title}\n\n{text}" if title else text
        made.append({"id": f"hint{number}", "text": text, "cost": cost})
    draft.keep("hints", made)
