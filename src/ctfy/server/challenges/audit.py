"""What the audit says of the challenges folder as it is now."""

from __future__ import annotations

from pathlib import Path

from ctfy.challenge.catalogue import look
from ctfy.challenge.folders import printable
from ctfy.server.models.audits import ChallengeFinding


def audit_folder(root: Path, challenge_id: str = "") -> list[ChallengeFinding]:
    """Every finding, or one challenge's, errors first. Reads files. Raises OSError."""
    root = root.resolve()
    seen = look(root)
    folders = set(seen.folders)
    findings = seen.findings
    rows = [
        ChallengeFinding(
            challenge_id=printable(
                next((f.name for f in (each.path, *each.path.parents) if f in folders), "")
            ),
            path=printable(str(each.path.relative_to(root))),
            line=each.line,
            rule=each.rule,
            severity="error" if each.is_error else "warning",
            problem=printable(each.problem.replace(f"{root}/", "")),
            fix=printable(each.fix.replace(f"{root}/", "")),
        )
        for each in findings
    ]
    rows.sort(key=lambda row: (row.severity, row.path, row.line))
    return [row for row in rows if challenge_id in ("", row.challenge_id)]
