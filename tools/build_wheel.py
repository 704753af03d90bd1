"""What a wheel carries beside the code: the web interface, and what a first start plays with."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXAMPLES = ("challenges", "quickstart.py")


class BuildWheel(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before a wheel is made; an editable install takes all of it from the repository."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it. Raises CalledProcessError when npm fails."""
        if version == "editable":
            return
        root = Path(self.root)
        for name in EXAMPLES:
            build_data["force_include"][str(root / "examples" / name)] = f"ctfy/examples/{name}"
        if (root / "src/ctfy/server/web/built/index.html").exists():
            return
        for arguments in (["ci", "--silent"], ["run", "--silent", "build"]):
            subprocess.run(
                ["sh", str(root / "tools/with-node"), "npm", *arguments],
                cwd=root / "frontend",
                check=True,
            )
