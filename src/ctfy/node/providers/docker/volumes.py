"""Named volumes: memory of a bounded size, which lasts as long as its instance.

Docker's own tmpfs volumes are empty again as soon as no container of the instance runs that mounts
them, so what one service prepares for another would be lost in between. These are mounted here, and
Docker's volume leads to them.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ctfy.node.providers.base import StartFailed

SIZE_MB = 256


class Volumes:
    """The volumes of a node's instances, each at `root/<instance>/<name>`."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def place(self, instance_id: str, name: str) -> Path:
        """Where a volume is."""
        return self._root / instance_id / name

    def make(self, instance_id: str, names: list[str]) -> None:
        """Have an instance's volumes there, empty. Raises StartFailed."""
        for name in names:
            place = self.place(instance_id, name)
            place.mkdir(parents=True, exist_ok=True)
            if place.is_mount():
                continue
            options = f"size={SIZE_MB}m,mode=0755,nosuid,nodev"
            command = ["mount", "-t", "tmpfs", "-o", options, "ctfy", str(place)]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise StartFailed(f"The volume {name} was not made: {made.stderr.strip()}")

    def remove(self, instance_id: str) -> None:
        """Let go of an instance's volumes, with what is in them."""
        folder = self._root / instance_id
        if not folder.exists():
            return
        for place in folder.iterdir():
            # Lazily: a process that the engine is still ending may hold it for a moment.
            subprocess.run(["umount", "--lazy", str(place)], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)

    def owners(self) -> set[str]:
        """Whose volumes are here."""
        return {path.name for path in self._root.iterdir()} if self._root.exists() else set()
