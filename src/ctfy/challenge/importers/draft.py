"""A challenge on its way in."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctfy.challenge.audit import METADATA, Finding, audit
from ctfy.challenge.compose.model import FILE
from ctfy.challenge.compose.services import READ
from ctfy.challenge.compose.values import is_plain_name
from ctfy.challenge.documents import read_document, write_yaml
from ctfy.challenge.folders import (
    PathRefused,
    copy_inside,
    copy_tree,
    inside,
    is_printable,
    oddities,
    read_inside,
)
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
_MOST_READ = 1024 * 1024


class ImportRefused(Exception):
    """Nothing can be brought in; the message says why."""


@dataclass
class Report:
    """What became of one challenge, or of a file. With `findings` it was not written."""

    id: str
    title: str
    source: Path
    carried: list[str]
    lost: list[str]
    findings: list[Finding]

    def row(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "source": str(self.source),
            "written": not self.findings,
            "carried": self.carried,
            "not_carried": self.lost,
            "findings": [str(finding) for finding in self.findings],
        }


@dataclass
class Draft:
    """A challenge of another format, in our words. `lost` is what has no place here."""

    source: Path
    name: str
    metadata: dict[str, Any] = field(default_factory=dict)
    compose: dict[str, Any] = field(default_factory=dict)
    copies: list[tuple[Path, str]] = field(default_factory=list)
    requires: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The folder's name."""
        words = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")
        return words[:100] or "challenge"

    @property
    def root(self) -> Path:
        """The folder that it comes from."""
        return self.source.parent

    def keep(self, name: str, value: Any, *, as_: str = "") -> None:
        """Carry a field over, when it has a value."""
        if value not in (None, "", [], {}):
            self.metadata[as_ or name] = value
            self.carried.append(name)

    def lose(self, name: str, why: str) -> None:
        """Say that something has no place here."""
        self.lost.append(f"{name}: {why}")

    def categorise(self, named: str, tags: list[str]) -> None:
        """Our category for theirs; one that we do not have becomes a tag."""
        word = str(named or "").strip().lower()
        ours = _CATEGORIES.get(word.split()[0] if word else "", "")
        self.metadata["category"] = ours or ChallengeCategory.MISC.value
        every = [str(tag) for tag in tags] + ([word] if word and not ours else [])
        self.metadata["tags"] = list(dict.fromkeys(every)) or [self.metadata["category"]]
        self.carried.append("category")

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
            found = (self.root / self._written(path)).is_file()
        except PathRefused as error:
            self.lose(f"file {path}", str(error))
            return
        if found:
            self.copies.append((path, f"attachments/{name}"))
            self.carried.append(f"file {name}")
        else:
            self.lose(f"file {path}", "there is no such file")

    def serve(self, name: str, service: dict[str, Any], context: Path | None, port: int) -> None:
        """Run a service: an image that `service` names, or one built from a folder."""
        if not is_plain_name(name):
            self.lose(f"service {name}", "its name is none here")
            return
        if context is not None:
            try:
                exposed = _EXPOSE.search(self.read(context / "Dockerfile"))
            except (PathRefused, OSError, UnicodeDecodeError) as error:
                self.lose(f"service {name}", f"{context} has no Dockerfile: {error}")
                return
            self.copies.append((context, f"services/{name}"))
            service = {**service, "build": f"services/{name}"}
            port = port or (int(exposed[1]) if exposed else 0)
        if port:
            service = {**service, "ports": [str(port)]}
        self.compose.setdefault("services", {})[name] = service
        self.carried.append(f"service {name}")

    def sift(self, name: str, service: dict[str, Any]) -> dict[str, Any]:
        """What a compose service may keep here; the rest is named as lost."""
        kept = {}
        for key, value in service.items():
            if key in READ:
                kept[key] = value
            else:
                self.lose(f"services.{name}.{key}", "not supported, or it would reach the host")
        if isinstance(kept.get("ports"), list):
            ports = [_container_port(port) for port in kept["ports"]]
            if ports != [str(port) for port in kept["ports"]]:
                self.lose(f"services.{name}.ports", "the node chooses the published ports")
            kept["ports"] = ports
        return kept

    def settle(self, known: dict[str, str], difficulty: str) -> None:
        """What depends on the other challenges, and on what was asked for."""
        self.metadata = {"name": self.name, **self.metadata}
        self.metadata.setdefault("difficulty", difficulty)
        self.metadata.setdefault("tags", [self.metadata.get("category", "misc")])
        if not str(self.metadata.get("description") or "").strip():
            self.metadata["description"] = self.name
        for name in self.requires:
            if name in known:
                self.metadata.setdefault("unlocked_by", []).append(known[name])
                self.carried.append(f"requires {name}")
            else:
                self.lose(f"requires {name}", "no such challenge is among them")

    def write(self, target: Path, *, dry_run: bool) -> Report:
        """Write the folder, unless it would not be valid; what became of it."""
        place = target / self.id
        if os.path.lexists(place):
            taken = Finding(place, 0, "folder.twice", "is there already", "remove it, or rename")
            return self._report([taken])
        if linked := self._linked():
            return self._report(linked)
        with tempfile.TemporaryDirectory(prefix="ctfy-import-") as scratch:
            made = Path(scratch) / self.id
            self._fill(made)
            findings = [finding for finding in audit(made) if finding.is_error]
            if not findings and not dry_run:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copytree(made, place, symlinks=True)
        return self._report(findings)

    def _linked(self) -> list[Finding]:
        """The links among what is to be copied, and other things that are no files."""
        fix = "copy what it leads to, or remove it"
        found = []
        for source, _ in self.copies:
            try:
                inside(self.root, self._written(source))
                odd = oddities(source) if source.is_dir() else ()
                found += [Finding(path, 0, "folder.link", problem, fix) for path, problem in odd]
            except PathRefused as error:
                found.append(Finding(source, 0, "folder.link", str(error), fix))
        return found

    def _fill(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for source, name in self.copies:
            goal = inside(folder, name)
            goal.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                copy_tree(source, goal)
            else:
                copy_inside(self.root, self._written(source), goal)
        (folder / METADATA).write_text(write_yaml(self.metadata))
        if self.compose:
            (folder / FILE).write_text(write_yaml(self.compose))
        lost = "".join(f"- {line}\n" for line in self.lost) or "- nothing\n"
        (folder / "README.md").write_text(f"# {self.name}\n\nNot carried over:\n\n{lost}")

    def _report(self, findings: list[Finding]) -> Report:
        return Report(self.id, self.name, self.source, self.carried, self.lost, findings)


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


def hints(given: list[Any]) -> list[dict[str, Any]]:
    """Hints of other formats, a text or an object each, as ours."""
    made = []
    for number, hint in enumerate(given, 1):
        text = hint.get("content") or hint.get("text") if isinstance(hint, dict) else hint
        cost = int(hint.get("cost") or 0) if isinstance(hint, dict) else 0
        if text:
            made.append({"id": f"hint{number}", "text": str(text), "cost": cost})
    return made
