"""GZCTF's challenges as drafts of folders."""

from __future__ import annotations

import math
from pathlib import Path

from ctfy.challenge.folders import printable
from ctfy.challenge.importers.draft import Draft, hints
from ctfy.challenge.importers.flags import Flag, ask
from ctfy.challenge.limits import LEAST
from ctfy.challenge.metadata import Value
from ctfy.server.moving.gzctf.package import Attachment, Challenge, Container, Package, Scoring
from ctfy.server.moving.source import MovedChallenge

_FLAG_VARIABLE = "GZCTF_FLAG"  # which their containers find the team's flag in
_UNNAMED = "attachment"


def unpack(package: Package, scratch: Path) -> list[MovedChallenge]:
    """Every challenge, its files unpacked below `scratch`. Raises ExportRefused."""
    moved = []
    for given in package.challenges:
        folder = scratch / str(given.id)
        folder.mkdir(parents=True)
        draft = Draft(folder / "challenge", given.title)
        draft.origin = f"{package.game.title}, challenge {given.id} of GZCTF"
        draft.carry("title")
        draft.describe(given.content)
        draft.categorise(given.category, [])
        one = MovedChallenge(given.id, draft, is_hidden=not given.enabled)
        _score(one, given.scoring)
        _flags(draft, given)
        hints(draft, given.hints)
        files = _Files(package, draft, folder)
        files.attach(given.attachment)
        for flag in given.flags.static or []:
            files.attach(flag.attachment)
        _container(draft, given)
        _limits(draft, given)
        for part, name in ((given, ""), (given.scoring, "scoring."), (given.flags, "flags.")):
            for field in part.unknown:
                draft.lose(f"{name}{field}", "not a field that is known here")
        moved.append(one)
    return moved


def _score(one: MovedChallenge, scoring: Scoring) -> None:
    """Theirs falls by e to the power of solves / difficulty; ours along a parabola.

    Over one and a half times the difficulty the two take as many points in sum.
    """
    one.worth = scoring.original
    minimum = math.floor(scoring.original * scoring.min_rate)
    if minimum == scoring.original:
        return
    decay = min(max(round(1.5 * scoring.difficulty), 1), 1_000_000)
    one.rule = Value(initial=scoring.original, minimum=minimum, decay=decay)
    one.other_rule = (
        f"it falls along a parabola over {decay} more solves, there by "
        f"exp(-solves / {scoring.difficulty:g}), which never quite ends"
    )


def _flags(draft: Draft, given: Challenge) -> None:
    """What is right: a flag of each team's own where the container is told it, else a text."""
    attempts = given.limits.submission or None
    flags, template = given.flags, given.flags.template
    static = [
        Flag(f"flag {number}", flag.value) for number, flag in enumerate(flags.static or [], 1)
    ]
    if given.type == "DynamicContainer":
        question: dict[str, object] = {"id": "flag", "prompt": "Capture the flag"}
        draft.metadata["questions"] = [{**question, **({"attempts": attempts} if attempts else {})}]
        shape = f"{template!r} there" if template else "flag{…} there"
        why = f"an answer of each instance's own, FLAG{{…}}, in {_FLAG_VARIABLE} as before; {shape}"
        draft.carry("flags.template", why)
        for flag in static:
            draft.lose(flag.name, "each instance has an answer of its own")
    else:
        ask(draft, static, attempts=attempts)
        if template:
            draft.lose("flags.template", "no container is told a flag: the texts are right")
    if given.type == "DynamicAttachment" and static:
        why = "every team sees all files, and each flag is right for all; there each team had one"
        draft.carry("type", f"DynamicAttachment: {why}")
    elif given.type == "DynamicAttachment":
        draft.lose("type", "DynamicAttachment: GZCTF exports neither its flags nor their files")
    else:
        draft.carry("type")
    if flags.disable_blood_bonus:
        draft.lose("flags.disableBloodBonus", "a bonus is the competition's, for every challenge")
    if flags.enable_traffic_capture:
        draft.carry("flags.enableTrafficCapture", "the traffic of every instance is recorded")


class _Files:
    def __init__(self, package: Package, draft: Draft, folder: Path) -> None:
        self._package, self._draft, self._folder = package, draft, folder
        self._seen: set[tuple[str, str]] = set()

    def attach(self, attachment: Attachment | None) -> None:
        """Give players a file, once."""
        if attachment is None or attachment.type == "None":
            return
        name = attachment.file_name or _UNNAMED
        hash_ = attachment.hash or ""
        if attachment.type == "Remote":
            url = printable(attachment.remote_url or "")
            self._draft.lose(f"file {name}", f"it lies at {url}: put it into attachments/")
            return
        if (name, hash_) in self._seen:
            return
        self._seen.add((name, hash_))
        place = self._folder / f"file-{len(self._seen)}"
        if hash_ and self._package.extract(hash_, place):
            self._draft.attach(place, name)
        else:
            self._draft.lose(f"file {name}", "it is not in the package")


def _container(draft: Draft, given: Challenge) -> None:
    container = given.container
    if container is None or not given.type.endswith("Container"):
        if given.type.endswith("Container"):
            draft.lose("container", "the package names no image")
        return
    image = container.image.strip()
    if not image:
        draft.lose("container.image", "there is none")
        return
    service: dict[str, object] = {"image": image}
    if given.type == "DynamicContainer":
        service["environment"] = {_FLAG_VARIABLE: "${ANSWER_FLAG}"}
    draft.serve("main", service, None, container.expose_port)
    protocol = "http" if given.category == "Web" else "tcp"
    draft.metadata["protocol"] = protocol
    draft.carry("container.exposePort", f"the protocol is taken for {protocol}: GZCTF names none")
    _network(draft, container)
    least = math.ceil(LEAST["memory_mb"])
    memory = max(container.memory_limit, least)
    changed = f"{least} MB are the least" if memory != container.memory_limit else ""
    draft.carry("container.memoryLimit", changed)
    draft.carry("container.cpuCount")
    draft.carry("container.storageLimit")
    draft.metadata["limits"] = {
        "memory_mb": memory,
        "cpus": max(container.cpu_count, 1) / 10,
        "disk_mb": max(container.storage_limit, 1),
    }
    for field in container.unknown:
        draft.lose(f"container.{field}", "not a field that is known here")


def _network(draft: Draft, container: Container) -> None:
    """Packages of before their network modes say none: containers were open."""
    if container.network_mode == "Custom":
        draft.lose("container.networkMode", "Custom is a network of that platform's machines")
    else:
        draft.metadata["egress"] = container.network_mode != "Isolated"
        draft.carry("container.networkMode")


def _limits(draft: Draft, given: Challenge) -> None:
    if given.limits.submission:
        why = "wrong answers count, and the same one again does not"
        draft.carry("limits.submission", why)
    if given.limits.deadline is not None:
        why = f"{given.limits.deadline.isoformat()}: challenges end with their competition"
        draft.lose("limits.deadline", why)
    for field in given.limits.unknown:
        draft.lose(f"limits.{field}", "not a field that is known here")
