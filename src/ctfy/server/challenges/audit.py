"""What the audit says of the challenges folder as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from ctfy.challenge.audit import METADATA, Finding
from ctfy.challenge.catalogue import Challenge, look
from ctfy.challenge.documents import read_document
from ctfy.challenge.folders import printable
from ctfy.server.database.connections import Database
from ctfy.server.database.statement import Statement
from ctfy.server.models.audits import ChallengeFinding
from ctfy.server.scheduling.placement import bounds, unmet
from ctfy.server.settings import Settings
from ctfy.server.tables.nodes import Node


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What the platform gives instances: each node its most, and all of them a longest life."""

    nodes: list[tuple[dict[str, str], dict[str, float]]]
    """The labels of each, and its most by the names of `Limits`."""
    lifetime_s: int


_NODES = Statement(select(Node.labels, Node.most, Node.memory_mb, Node.cpus))


async def ceilings(database: Database, settings: Settings) -> Ceilings:
    """What there is at the moment."""
    nodes = [
        (row.labels, bounds(row.most, row.memory_mb, row.cpus))
        for row in await database.read(_NODES)
    ]
    return Ceilings(nodes, settings.max_instance_ttl_s)


def audit_folder(
    root: Path, challenge_id: str = "", most: Ceilings | None = None
) -> list[ChallengeFinding]:
    """Every finding, or one challenge's, errors first. Reads files. Raises OSError.

    With `most`, what no node gives is a warning, too.
    """
    root = root.resolve()
    seen = look(root)
    folders = set(seen.folders)
    findings = list(seen.findings)
    if most is not None:
        for challenge in seen.challenges:
            findings += beyond(challenge, most)
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


def beyond(challenge: Challenge, most: Ceilings) -> Iterator[Finding]:
    """What a challenge asks for and cannot have here."""
    asks, limits = challenge.wanted.asks, challenge.metadata.limits
    labels = challenge.metadata.node_labels.items()
    fitting = [its for given, its in most.nodes if labels <= given.items()]
    if lack := unmet(asks, fitting):
        yield _at_limits(challenge, "limits.no-node", lack, "ask for less, or let a node give more")
    if limits.lifetime_s is not None and limits.lifetime_s > most.lifetime_s:
        problem = f"an instance lives at most {most.lifetime_s} s here (`max_instance_ttl_s`)"
        yield _at_limits(challenge, "limits.lifetime", problem, f"at most {most.lifetime_s}")


def _at_limits(challenge: Challenge, rule: str, problem: str, fix: str) -> Finding:
    line = 0
    if "limits" in challenge.metadata.model_fields_set:
        line = read_document(challenge.path, METADATA).line(("limits",))
    return Finding(challenge.path / METADATA, line, rule, problem, fix, is_error=False)
