"""A challenge that runs while it is written: it follows its files, and a broken version waits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.text import Text

from ctfy.challenge.audit import Finding
from ctfy.challenge.catalogue import Catalogue, Challenge, Folder, load_challenge, look_at
from ctfy.challenge.folders import PathRefused, copy_tree, digests, is_printable, printable
from ctfy.challenge.question import Question
from ctfy.cli.operator import trial
from ctfy.cli.operator.challenge import say_where
from ctfy.cli.operator.processes import until_signal
from ctfy.cli.output import cells, out, say
from ctfy.core.errors import CtfyError
from ctfy.node.instances import Instances
from ctfy.node.providers.base import ProviderAway

_QUIET_MS = 50  # nothing written for so long: whoever saves is done
_MOST_MS = 500  # and if something is written all the time
_TURN_MS = 100  # how often the watch can be stopped
_LOOK_S = 0.25
_GONE_S = 1.0
# What an instance does not see of a folder: a change of these leaves it running.
_BESIDE = frozenset({"solve.py", "README.md"})
_KEYS = "s solves it, r starts it anew with other answers, Ctrl-C stops it"


async def follow(
    folder: Path, provider: str, timeout: float, *, host: str, port: int, solves: bool
) -> None:
    """Run the challenge in a folder, and follow its changes until SIGINT or SIGTERM.

    Raises ProviderUnavailable, and OSError where the port is taken.
    """
    # Instances follow one another on a port, which they could share with another program, too.
    socket.create_server(("", port)).close()
    with tempfile.TemporaryDirectory(prefix="ctfy-dev-", ignore_cleanup_errors=True) as versions:
        async with trial.trial_node(
            Catalogue([]), provider, timeout=timeout, host=host, port=port, in_place=True
        ) as instances:
            session = Session(folder, instances, Path(versions), timeout, solves=solves)
            say(f"{folder.name}, provider {instances.provider.name}: {_KEYS}")
            try:
                with _keys(session.pressed):
                    # Of a terminal that is closed, too: containers would outlive it.
                    await until_signal(session.run(), signal.SIGHUP)
            finally:
                with contextlib.suppress(OSError):  # the terminal may be gone
                    say("stopping …")
                await session.close()


@dataclass(frozen=True)
class Version:
    """A version of the challenge that runs. `files`: the digests of what its folder held."""

    running: trial.Running
    files: dict[str, str]
    copies: tuple[Path, ...]

    @property
    def challenge(self) -> Challenge:
        """What runs, as it is in the copy."""
        return self.running.challenge


class Session:
    """One challenge that runs while its folder changes.

    What runs is a copy of the folder, in `versions`: so the version before is whole until the next
    one is ready.
    """

    def __init__(
        self, folder: Path, instances: Instances, versions: Path, timeout: float, *, solves: bool
    ) -> None:
        self._folder = folder
        self._instances = instances
        self._versions = versions
        self._timeout = timeout
        self._solves = solves
        self._solves_next = False
        self._seen: Folder | None = None
        self._told: list[Finding] = []
        self._number = 0
        self._current: Version | None = None
        self._work: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._followers: list[asyncio.Task[None]] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._shown: list[tuple[str, str]] = []

    async def run(self) -> None:
        """Start it, and again whenever its folder changes; until it is cancelled."""
        async for _ in _looks(self._folder):
            await self._begin(self._reload())

    async def close(self) -> None:
        """Stop all that this began but the instances themselves, which end with their node."""
        await asyncio.gather(*self._leaving, return_exceptions=True)
        tasks = [*self._followers, *([self._work] if self._work else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def pressed(self, key: str) -> None:
        """Somebody pressed a key."""
        busy = self._work is not None and not self._work.done()
        if key == "s" and busy:
            self._solves_next = True
        elif key in ("s", "r"):
            work = self._solve() if key == "s" else self._reload(anew=True)
            self._leave(self._begin(work))

    async def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this instead of what is being done, which is out of date."""
        async with self._turn:
            if self._work is not None:
                self._work.cancel()
                await asyncio.wait({self._work})
            self._work = asyncio.create_task(_told_in_a_line(work))

    def _leave(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_told_in_a_line(work))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _reload(self, *, anew: bool = False) -> None:
        """Look at the folder; run what it holds now, unless that is broken or as before."""
        began = time.monotonic()
        self._seen = await asyncio.to_thread(look_at, self._folder.parent, self._folder, self._seen)
        self._tell(self._seen.findings)
        if self._seen.challenge is None:
            self._still()
            return
        before = self._current
        try:
            copy = await self._copied()
        except (PathRefused, OSError, ValueError) as error:  # a look at the next change tells more
            out.print(f"error: changed while it was read: {error}", markup=False, soft_wrap=True)
            self._still()
            return
        changed = _changed(before.files, copy.files) if before else []
        runs = before is not None and self._ended(before) == ""
        if before is not None and runs and not anew and _BESIDE.issuperset(changed):
            await self._run_on(before, copy, changed)
            return
        if changed:
            say(f"changed: {', '.join(changed[:5])}{' …' if len(changed) > 5 else ''}")
        await self._replace(before, copy, began, anew=anew)

    async def _copied(self) -> Version:
        """The folder as it is now, copied; nothing runs of it yet."""
        self._number += 1
        root = self._versions / str(self._number)
        copy = root / self._folder.name

        def work() -> Version:
            copy_tree(self._folder, copy)
            challenge = load_challenge(root, copy)
            # Instances kept ready would be of no version that anybody asks for.
            metadata = challenge.metadata.model_copy(update={"warm": 0})
            challenge = replace(challenge, metadata=metadata)
            return Version(trial.without_instance(challenge), digests(copy), (root,))

        try:
            return await asyncio.to_thread(work)
        except BaseException:
            shutil.rmtree(root, ignore_errors=True)
            raise

    async def _run_on(self, before: Version, copy: Version, changed: list[str]) -> None:
        """Leave the instance as it is, with the solver that the folder holds now."""
        running = replace(before.running, challenge=copy.challenge)
        self._current = Version(running, copy.files, (*before.copies, *copy.copies))
        if changed:
            say(f"changed: {', '.join(changed)}; the instance runs on")
        if self._solves_next or (changed and self._solves):
            await self._solve()

    async def _replace(
        self, before: Version | None, copy: Version, began: float, *, anew: bool
    ) -> None:
        """Start a version, and end the one before once it is ready."""
        challenge = copy.challenge
        if not challenge.is_qa_only:
            answers = _answers(challenge, None if anew else before)
            self._instances.library.catalogue.pin({challenge.id: challenge})
            try:
                running = await trial.start(self._instances, challenge, self._timeout, answers)
            except BaseException as error:
                shutil.rmtree(copy.copies[0], ignore_errors=True)
                if not isinstance(error, trial.TrialFailed):
                    raise
                # Providers put the lines of a log behind one another.
                out.print(f"error: {error}".replace(" | ", "\n  "), markup=False, soft_wrap=True)
                self._still()
                return
            copy = replace(copy, running=self._at_the_same_place(running))
        self._current = copy
        if before is not None:
            self._instances.capture.withdraw(before.running.id)
            self._leave(self._ends(before))
        for follower in self._followers:
            follower.cancel()
        self._followers = []
        if not challenge.is_qa_only:
            self._followers = [
                asyncio.create_task(_told_in_a_line(self._follow_logs(copy))),
                asyncio.create_task(_told_in_a_line(self._await_end(copy))),
            ]
        self._show(copy)
        say(f"live after {time.monotonic() - began:.2f} s")
        if self._solves or self._solves_next:
            await self._solve()

    def _at_the_same_place(self, running: trial.Running) -> trial.Running:
        """An instance whose files are where those of the one before were."""
        link, draft = self._versions / "instance", self._versions / "instance.new"
        draft.symlink_to(running.attachments.parent)
        draft.replace(link)
        return replace(running, attachments=link / running.attachments.name)

    async def _ends(self, version: Version) -> None:
        """End a version that nobody reaches any more."""
        if version.running.id:
            await self._instances.stop(version.running.id)
        for copy in version.copies:
            shutil.rmtree(copy, ignore_errors=True)

    async def _solve(self) -> None:
        """Run the solver on what runs."""
        self._solves_next = False
        if self._current is None or self._ended(self._current):
            out.print("error: nothing runs that could be solved")
            return
        began = time.monotonic()
        try:
            await trial.solved(self._current.running, self._timeout)
        except trial.TrialFailed as error:
            out.print(f"not solved: {error}", markup=False, soft_wrap=True)
        else:
            out.print(f"solved in {time.monotonic() - began:.2f} s")
        if self._solves_next:  # asked for meanwhile
            await self._solve()

    def _tell(self, findings: list[Finding]) -> None:
        """Say what the audit finds: errors each time, a warning once while it stands."""
        for finding in findings:
            if finding.is_error or finding not in self._told:
                near = replace(finding, path=_near(finding.path))
                out.print(f"{finding.severity}: {near}", markup=False, soft_wrap=True)
        self._told = findings

    def _still(self) -> None:
        version = self._current
        serves = version is not None and not self._ended(version)
        say("the version before serves on" if serves else "nothing runs; it waits for a change")

    def _ended(self, version: Version) -> str:
        """Why an instance is over; empty while it runs."""
        if not version.running.id:
            return ""
        state = self._instances.inventory.states.get(version.running.id)
        return state.error if state is not None else "it was stopped"

    def _show(self, version: Version) -> None:
        """Where it is and what is right, unless that is what was shown last."""
        running = version.running
        answers = [
            (question.id, _right(question, running.answers.get(question.id, "")))
            for question in version.challenge.metadata.questions
        ]
        shown = [(service.label, service.url) for service in running.surface.services]
        shown += [("file", file.name) for file in running.surface.provided_files] + answers
        if shown == self._shown:
            return
        self._shown = shown
        say_where(running)
        for question_id, right in answers:
            cells("answer", question_id, right)

    async def _follow_logs(self, version: Version) -> None:
        instance_id = version.running.id
        provider, handle = self._instances.provider, self._instances.handle(instance_id)
        folder = self._instances.inventory.folder(instance_id)
        async with contextlib.aclosing(provider.follow_logs(handle, folder)) as lines:
            async for line in lines:
                text = Text.from_ansi(line.expandtabs())
                shown = text if is_printable(text.plain) else Text(printable(text.plain))
                out.print(Text("| ", style="dim") + shown, soft_wrap=True)

    async def _await_end(self, version: Version) -> None:
        reason = ""
        while not reason:
            await asyncio.sleep(_LOOK_S)
            reason = self._ended(version)
        out.print(f"error: {reason}".replace(" | ", "\n  "), markup=False, soft_wrap=True)
        say("nothing runs; it waits for a change")


async def _looks(folder: Path) -> AsyncIterator[None]:
    """When to look at a folder: once it is watched, and whenever something in it changed.

    It may be gone for a while.
    """
    from watchfiles import awatch

    polling = None  # as the machine and WATCHFILES_FORCE_POLLING say
    while True:
        watched = False
        try:
            async for changes in awatch(
                folder,
                debounce=_MOST_MS,
                step=_QUIET_MS,
                rust_timeout=_TURN_MS,
                yield_on_timeout=True,
                force_polling=polling,
            ):
                if watched and not changes:
                    continue
                watched = True
                yield
                if not os.path.isdir(folder):  # noqa: ASYNC240 - a look takes no time
                    break
        except FileNotFoundError:  # it is gone: look until it is there again
            await asyncio.sleep(_GONE_S)
        except OSError:  # the machine watches no more folders
            if polling:
                raise
            polling = True


@contextlib.contextmanager
def _keys(pressed: Callable[[str], None]) -> Iterator[None]:
    """In a terminal, tell of each key at once."""
    import termios
    import tty

    if not sys.stdin.isatty() or os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp():
        yield
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()

    def read() -> None:
        typed = os.read(terminal, 64)
        if not typed:
            loop.remove_reader(terminal)
        for key in typed.decode(errors="replace").lower():
            pressed(key)

    tty.setcbreak(terminal, termios.TCSANOW)
    loop.add_reader(terminal, read)
    try:
        yield
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSANOW, before)


async def _told_in_a_line(work: Coroutine[Any, Any, None]) -> None:
    """Do something that must not end the session, whatever happens."""
    try:
        await work
    except (trial.TrialFailed, ProviderAway, CtfyError, OSError) as error:
        out.print(f"error: {error}", markup=False, soft_wrap=True)
    except Exception as error:
        if os.environ.get("CTFY_DEBUG"):
            raise
        words = " ".join(f"error: {type(error).__name__}: {error}".split())
        out.print(f"{words} (CTFY_DEBUG=1 shows where)", markup=False, soft_wrap=True)


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The files that are others now, or gone."""
    return sorted({name for name, _ in before.items() ^ after.items()})


def _answers(challenge: Challenge, before: Version | None) -> dict[str, str]:
    """The answers of a version: those of the one before, for questions that are the same."""
    answers = trial.minted(challenge)
    if before is not None:
        earlier, kept = before.challenge.metadata.questions, before.running.answers
        same = [q.id for q in challenge.metadata.questions if q in earlier and q.id in kept]
        answers |= {id_: kept[id_] for id_ in same}
    return answers


def _right(question: Question, minted: str) -> str:
    """What is right, in words."""
    for name in ("answer", "answers", "pattern"):
        if written := getattr(question, name, None):
            return written if isinstance(written, str) else " | ".join(written)
    return minted


def _near(path: Path) -> Path:
    """A path as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
