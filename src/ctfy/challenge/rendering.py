"""Attachments: templates are rendered for one instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ctfy.challenge.catalogue import TEMPLATE_SUFFIX, Challenge
from ctfy.challenge.folders import copy_inside, read_inside
from ctfy.challenge.templates import ENVIRONMENT, MOST_TEMPLATE


def render_attachments(challenge: Challenge, variables: dict[str, Any], target: Path) -> list[Path]:
    """Write the challenge's attachments into `target`, templates rendered; the files.

    Templates see `answers` (by question id), `instance_id`, `challenge_id` and `services` (each
    with `label`, `host`, `port`, `url`), and nothing by chance: rendered again, a file is the same.
    Raises jinja2.TemplateError when one does not render, PathRefused when a link stands for one.
    """
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, source in challenge.attachments.items():
        path, written_as = target / name, f"attachments/{source.name}"
        if source.name.endswith(TEMPLATE_SUFFIX):
            text = read_inside(challenge.path, written_as, MOST_TEMPLATE).decode()
            path.write_text(ENVIRONMENT.from_string(text).render(variables), encoding="utf-8")
        else:
            copy_inside(challenge.path, written_as, path)
        written.append(path)
    return written
