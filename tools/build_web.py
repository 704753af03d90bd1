"""Has the web interface in every wheel: built here where it is not yet."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildWeb(BuildHookInterface):  # type: ignore[type-arg]
    """Runs npm before a wheel is made; an editable install takes what `make web` builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it. Raises CalledProcessError when npm fails."""
        root = Path(self.root)
        built = root / "src/ctfy/server/web/built/index.html"
        if version == "editable" or built.exists():
            return
        for arguments in (["ci", "--silent"], ["run", "--silent", "build"]):
            subprocess.run(
                ["sh", str(root / "tools/with-node"), "npm", *arguments],
                cwd=root / "frontend",
                check=True,
            )
