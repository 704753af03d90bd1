"""Challenges tried without a server: a node in this process, answers minted here, graded here."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ctfy.challenge.catalogue import Catalogue, Challenge
from ctfy.node.builds import Builds
from ctfy.node.capture.relay import Capture
from ctfy.node.instances import Instances
from ctfy.node.inventory import Inventory
from ctfy.node.library import Library
from ctfy.node.providers import choose_provider
from ctfy.node.settings import NodeSettings
from ctfy.server.models.instances import AttackSurface
from ctfy.server.models.nodes import NodeStartRequest

_TTL_S = 3600
_ROOM = 1000


class TrialFailed(Exception):
    """A challenge does not do what it should; the message says what."""


@dataclass(frozen=True)
class Running:
    """An instance of a trial: what it holds, and where it is attacked."""

    id: str
    challenge: Challenge
    answers: dict[str, str]
    surface: AttackSurface
    attachments: Path

    def grade(self, question_id: str, given: str | list[str]) -> bool:
        """Whether an answer is right here."""
        question = self.challenge.metadata.question(question_id)
        if question is None:
            raise TrialFailed(f"there is no question `{question_id}`")
        return question.is_correct(given, self.answers.get(question_id, ""))


@asynccontextmanager
async def trial_node(
    catalogue: Catalogue,
    provider: str,
    *,
    timeout: float,
    host: str = "",
    port: int = 0,
    in_place: bool = False,
) -> AsyncIterator[Instances]:
    """A node of one's own; everything of it is gone afterwards.

    `in_place`: each instance is published where the one before it was. Raises ProviderUnavailable.
    """
    with tempfile.TemporaryDirectory(prefix="ctfy-trial-") as folder:
        settings = NodeSettings.model_validate(
            {"provider": provider, "data_dir": Path(folder), "ready_timeout_s": timeout}
        )
        chosen = await choose_provider(settings)
        instances = Instances(
            chosen,
            Inventory(settings.data_dir / "instances"),
            Library(catalogue, settings.data_dir / "challenges"),
            _ROOM,
            capture=Capture(host, first_port=port, in_place=in_place),
            builds=Builds(chosen, catalogue, settings.data_dir / "builds.json"),
        )
        await instances.recover()
        try:
            yield instances
        finally:
            await instances.close()


def without_instance(challenge: Challenge) -> Running:
    """A challenge of which no instance runs, since its questions need none."""
    return Running("", challenge, {}, AttackSurface(), challenge.path / "attachments")


def minted(challenge: Challenge) -> dict[str, str]:
    """Answers of the form that the platform mints."""
    return {
        question.id: question.mint(secrets.token_hex(16))
        for question in challenge.metadata.questions
        if question.minted
    }


async def start(
    instances: Instances,
    challenge: Challenge,
    timeout: float,
    answers: dict[str, str] | None = None,
) -> Running:
    """Start an instance and wait until it is ready; `answers` are minted where none are given.

    Raises TrialFailed, and then nothing of it is left; nor when it is cancelled.
    """
    instance_id, answers = uuid.uuid4().hex, answers or minted(challenge)
    order = NodeStartRequest(
        challenge_id=challenge.id, instance_id=instance_id, ttl=_TTL_S, answers=answers
    )
    instances.start(order)
    try:
        await instances.wait_started(instance_id, timeout)
        state = instances.get(instance_id)
        if state.attack_surface is None:
            raise TrialFailed(state.error or f"it was not ready after {timeout:g} s")
    except BaseException:
        await instances.stop(instance_id)
        raise
    attachments = instances.inventory.folder(instance_id) / "attachments"
    return Running(instance_id, challenge, answers, state.attack_surface, attachments)


async def solve(
    challenge: Challenge, url: str, attachments: Path, timeout: float
) -> dict[str, str]:
    """What the challenge's own solver finds, by question. Raises TrialFailed.

    `solve.py URL FOLDER` prints `question answer` lines; its last line answers the question that
    no other line names.
    """
    solver = challenge.path / "solve.py"
    if not solver.is_file():
        raise TrialFailed("it has no solve.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(solver),
        url,
        str(attachments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # the terminal's Ctrl-C reaches only us
    )
    try:
        async with asyncio.timeout(timeout):
            printed, complaint = await process.communicate()
    except TimeoutError:
        raise TrialFailed(f"solve.py did not end within {timeout:g} s") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):  # what it started goes with it
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        said = complaint.decode(errors="replace")
        raise TrialFailed(_complaint(solver, process.returncode, said))
    lines = printed.decode(errors="replace").strip().splitlines()
    if not lines:
        raise TrialFailed("solve.py printed nothing")
    ids = {question.id for question in challenge.metadata.questions}
    named = [line.partition(" ")[::2] for line in lines[:-1]]
    found = {word: rest for word, rest in named if word in ids}
    rest = [q.id for q in challenge.metadata.questions if q.id not in found]
    if len(rest) != 1:
        missing = ", ".join(rest) or "nothing"
        raise TrialFailed(f"solve.py must answer every question; its last line leaves {missing}")
    return found | {rest[0]: lines[-1].strip()}


def _complaint(solver: Path, code: int, said: str) -> str:
    """How a solver failed: its last words, and its line where Python names one."""
    lines = re.findall(rf'File "{re.escape(str(solver))}", line (\d+)', said)
    where = f" in line {lines[-1]}" if lines else ""
    words = said.strip().splitlines() or ["it said nothing"]
    return f"solve.py ended with {code}{where}: {words[-1]}"


def given(running: Running, question_id: str, text: str) -> str | list[str]:
    """A solver's line as an answer: several choices have `|` between them."""
    question = running.challenge.metadata.question(question_id)
    several = question is not None and question.input.kind == "any_of"
    return text.split("|") if several else text


async def smoke(instances: Instances, challenge: Challenge, timeout: float) -> list[str]:
    """Try a challenge; what was seen, a line each. Raises TrialFailed.

    Two instances start and hold different answers, its solver captures each from the outside, and
    neither a wrong answer nor the other instance's is taken.
    """
    if challenge.is_qa_only:
        await solved(without_instance(challenge), timeout)
        return ["solved without an instance"]
    first, second = await asyncio.gather(
        start(instances, challenge, timeout), start(instances, challenge, timeout)
    )
    try:
        answers = [await solved(one, timeout) for one in (first, second)]
        for question_id, answer in first.answers.items():
            if second.answers[question_id] == answer:
                raise TrialFailed(f"both instances hold the same `{question_id}`")
            if second.grade(question_id, answers[0][question_id]):
                raise TrialFailed(f"the answer to `{question_id}` is taken by another instance")
    finally:
        await asyncio.gather(instances.stop(first.id), instances.stop(second.id))
    return ["two instances solved", "wrong answers refused", "answers differ"]


async def solved(running: Running, timeout: float) -> dict[str, str]:
    """What the challenge's solver finds, all of it right, and no wrong answer is taken.

    Raises TrialFailed.
    """
    service = next(iter(running.surface.services), None)
    if service is None and not running.challenge.is_qa_only:
        raise TrialFailed("it is reached by VPN only: its solver cannot be tried here")
    url = service.url if service else ""
    found = await solve(running.challenge, url, running.attachments, timeout)
    _check_answers(running, found)
    return found


def _check_answers(running: Running, found: dict[str, str]) -> None:
    for question_id, text in found.items():
        if not running.grade(question_id, given(running, question_id, text)):
            raise TrialFailed(f"solve.py's answer to `{question_id}` is wrong: {text!r}")
        if running.grade(question_id, f"not {text}"):
            raise TrialFailed(f"a wrong answer to `{question_id}` is taken")
