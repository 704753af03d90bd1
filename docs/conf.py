"""How the documentation is built: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from ctfy import __version__  # noqa: E402
from tools import reference  # noqa: E402 - the path comes first

project = "ctfy"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 3
exclude_patterns: list[str] = []
html_theme = "furo"
html_title = f"ctfy {__version__}"
html_copy_source = False
html_extra_path = ["metadata.schema.json"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_class_signature = "separated"
autodoc_default_options = {"members": True, "show-inheritance": False}

reference.write(HERE / "reference" / "generated")


def _as_rst(_app, _what, _name, _object, _options, lines: list[str]) -> None:
    """Our docstrings are plain text with `code` and >>> examples, not reStructuredText."""
    lines[:] = [line.replace("\\", "\\\\").replace("`", "``").replace("*", "\\*") for line in lines]


def setup(app) -> None:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", _as_rst)
