"""The inventory: the state of every instance, on disk."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from ctfy.server.models.nodes import NodeInstanceState

_HANDLE = "handle.json"


class Inventory:
    """One folder per instance under `root`, each with the instance's `state.json`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        self.states: dict[str, NodeInstanceState] = {}
        self._handles: dict[str, str] = {}
        for path in sorted(self.root.iterdir()):
            try:
                state = NodeInstanceState.model_validate_json((path / "state.json").read_bytes())
                self.states[path.name] = state
                if handle := read_json(path / _HANDLE):
                    self._handles[path.name] = str(handle["handle"])
            except (OSError, ValueError):  # the crash came before the state was written
                shutil.rmtree(path, ignore_errors=True)

    def folder(self, instance_id: str) -> Path:
        """The instance's own folder."""
        return self.root / instance_id

    def handle(self, instance_id: str) -> str:
        """The provider's id of an instance: its own, or that of the warm instance it was."""
        return self._handles.get(instance_id, instance_id)

    def adopt(self, instance_id: str, folder: Path, handle: str) -> None:
        """Record a warm instance as this one: its folder is renamed, its `handle` is kept."""
        write_atomically(folder / _HANDLE, json.dumps({"handle": handle}).encode())
        folder.rename(self.folder(instance_id))
        self._handles[instance_id] = handle

    def put(self, state: NodeInstanceState) -> None:
        """Store a state; it is synced to disk when this returns. Raises OSError."""
        self.states[state.instance_id] = state
        folder = self.folder(state.instance_id)
        folder.mkdir(exist_ok=True)
        write_atomically(folder / "state.json", state.model_dump_json().encode())

    def forget(self, instance_id: str) -> None:
        """Remove an instance and its folder."""
        self.states.pop(instance_id, None)
        self._handles.pop(instance_id, None)
        shutil.rmtree(self.folder(instance_id), ignore_errors=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file atomically, with mode 0600, synced to disk."""
    draft = path.with_suffix(".draft")
    with open(draft, "wb", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """A file written by `write_atomically`; None when there is none."""
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return content


def write_answers(folder: Path, answers: dict[str, str]) -> None:
    """Write a file per answer, each replaced atomically, since a service may be reading it."""
    folder.mkdir(parents=True, exist_ok=True)
    for question_id, value in answers.items():
        draft = folder / f".{question_id}"
        draft.write_text(value, encoding="utf-8")
        draft.replace(folder / question_id)
