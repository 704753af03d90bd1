"""The API's document for the web interface's types: frontend/openapi.json.

`--check` fails when the file differs from what the server says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from reference import openapi

FILE = Path(__file__).parent.parent / "frontend" / "openapi.json"


def main() -> None:
    document = json.dumps(openapi(), indent=1, sort_keys=True) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(document)
    elif FILE.read_text() != document:
        sys.exit("frontend/openapi.json is not what the server says: python tools/openapi.py")


if __name__ == "__main__":
    main()
