"""The inventory: what the node runs, on disk, so that a restart forgets nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from ctfy.server.models.nodes import NodeInstanceState


class Inventory:
    """One folder per instance under `root`, each with the instance's `state.json`."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._root.mkdir(parents=True, exist_ok=True)
        self._root.chmod(0o700)
        self.states: dict[str, NodeInstanceState] = {}
        for path in sorted(self._root.iterdir()):
            try:
                state = NodeInstanceState.model_validate_json((path / "state.json").read_bytes())
                self.states[path.name] = state
            except (OSError, ValueError):  # the crash came before the state was written
                shutil.rmtree(path, ignore_errors=True)

    def folder(self, instance_id: str) -> Path:
        """The instance's own folder."""
        return self._root / instance_id

    def put(self, state: NodeInstanceState) -> None:
        """Remember a state; it is on disk when this returns."""
        folder = self.folder(state.instance_id)
        folder.mkdir(exist_ok=True)
        write_atomically(folder / "state.json", state.model_dump_json().encode())
        self.states[state.instance_id] = state

    def forget(self, instance_id: str) -> None:
        """Remove an instance and its folder."""
        self.states.pop(instance_id, None)
        shutil.rmtree(self.folder(instance_id), ignore_errors=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a private file whole or not at all."""
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
