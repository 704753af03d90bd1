"""Named volumes: a tmpfs of 256 MB each, which lasts as long as its instance.

Docker's own tmpfs volumes are empty again as soon as no container of the instance runs that mounts
them, so what one service prepares for another would be lost in between. These are mounted here, and
Docker's volume leads to them.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ctfy.challenge.compose.values import is_plain_name
from ctfy.challenge.folders import PathRefused, inside
from ctfy.node.providers.base import StartFailed

SIZE_MB = 256


class Volumes:
    """The volumes of a node's instances, each at `root/<instance>/<name>`."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def path(self, instance_id: str, name: str) -> Path:
        """The folder of a volume. Raises PathRefused for what is no plain name."""
        if not is_plain_name(name):
            raise PathRefused(f"{name!r} names no volume")
        return inside(self._root, f"{instance_id}/{name}")

    def make(self, instance_id: str, names: list[str]) -> None:
        """Create and mount an instance's volumes, empty. Raises StartFailed."""
        for name in names:
            folder = self.path(instance_id, name)
            folder.mkdir(parents=True, exist_ok=True)
            if folder.is_mount():
                continue
            options = f"size={SIZE_MB}m,mode=0755,nosuid,nodev"
            command = ["mount", "-t", "tmpfs", "-o", options, "ctfy", str(folder)]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise StartFailed(f"The volume {name} was not made: {made.stderr.strip()}")

    def remove(self, instance_id: str) -> None:
        """Unmount and remove an instance's volumes."""
        folder = self._root / instance_id
        if not folder.exists():
            return
        for volume in folder.iterdir():
            # Lazily: a process that the engine is still ending may hold it for a moment.
            subprocess.run(["umount", "--lazy", str(volume)], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)

    def owners(self) -> set[str]:
        """The ids of the instances that have volumes."""
        return {path.name for path in self._root.iterdir()} if self._root.exists() else set()
