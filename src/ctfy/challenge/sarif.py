"""Findings as SARIF 2.1.0, which code hosts show beside the lines they are about."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ctfy import __version__
from ctfy.challenge.audit import Finding


def sarif(findings: Sequence[Finding], root: Path) -> dict[str, Any]:
    """A SARIF log; paths are relative to `root` where they lie in it."""
    rules = sorted({finding.rule for finding in findings})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "ctfy-admin challenge audit",
                        "version": __version__,
                        "rules": [{"id": rule} for rule in rules],
                    }
                },
                "results": [_result(finding, root.resolve()) for finding in findings],
            }
        ],
    }


def _result(finding: Finding, root: Path) -> dict[str, Any]:
    path = Path(os.path.abspath(finding.path))  # not through a link: it is what was found
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    place: dict[str, Any] = {"artifactLocation": {"uri": shown.as_posix()}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    return {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": f"{finding.problem} ({finding.fix})"},
        "locations": [{"physicalLocation": place}],
    }
