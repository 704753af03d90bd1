"""Writes the JSON schema of metadata.yaml: into the docs, and beside the sample challenges.

With `--check`, fails when a file is not what it would write.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ctfy.challenge import schema

ROOT = Path(__file__).parents[1]
WRITTEN = (f"docs/{schema.FILE}", f"examples/challenges/{schema.FILE}")


def main() -> int:
    """Write the files, or compare them."""
    stale = []
    for name in WRITTEN:
        path, content = ROOT / name, schema.text()
        if "--check" not in sys.argv:
            path.write_text(content)
        elif not path.exists() or path.read_text() != content:
            stale.append(name)
    if stale:
        print(f"not as the models say: {', '.join(stale)}; run tools/metadata_schema.py")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
