"""Reading YAML: by libyaml where it is there, which takes a quarter of the time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises OSError, UnicodeDecodeError, yaml.YAMLError."""
    return _read(yaml.load, path)


def read_nodes(path: Path) -> yaml.Node | None:
    """The same as nodes, which know their lines; None of an empty file."""
    node: yaml.Node | None = _read(yaml.compose, path)
    return node


def _read(take: Callable[[str, Any], Any], path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    try:
        return take(text, _FAST)
    except yaml.YAMLError:
        return take(text, yaml.SafeLoader)  # which knows better where the mistake is
