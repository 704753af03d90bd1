"""Attachments: templates are rendered for one instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ctfy.challenge.catalogue import TEMPLATE_SUFFIX, Challenge

# Attachments are plain files of any kind, not HTML: escaping would change what authors wrote.
_ENVIRONMENT = ImmutableSandboxedEnvironment(
    autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True
)
del _ENVIRONMENT.filters["random"], _ENVIRONMENT.globals["lipsum"]


def render_attachments(challenge: Challenge, variables: dict[str, Any], target: Path) -> list[Path]:
    """Write the challenge's attachments into `target`, templates rendered; the files.

    Templates see `answers` (by question id), `instance_id`, `challenge_id` and `services` (each
    with `label`, `host`, `port`, `url`), and nothing by chance: rendered again, a file is the same.
    Raises jinja2.TemplateError when one does not render.
    """
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, source in challenge.attachments.items():
        path = target / name
        if source.name.endswith(TEMPLATE_SUFFIX):
            template = _ENVIRONMENT.from_string(source.read_text(encoding="utf-8"))
            path.write_text(template.render(variables), encoding="utf-8")
        else:
            path.write_bytes(source.read_bytes())
        written.append(path)
    return written
