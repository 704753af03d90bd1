"""`ctfy play`: a full-screen board. Everything it does goes through the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar

import httpx
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.reactive import reactive
from textual.widgets import DataTable, Footer, Header, Input, Markdown, Select, Static

from ctfy.cli.output import moment
from ctfy.sdk import CtfyApiError, CtfyError
from ctfy.sdk.aio import AsyncPlatformClient
from ctfy.server.models.challenges import ChallengeInfo
from ctfy.server.models.competitions import CompetitionInfo
from ctfy.server.models.instances import InstanceInfo
from ctfy.server.models.standings import ScoreboardEntry
from ctfy.server.models.submissions import SubmissionResponse

Found = TypeVar("Found")
_TOP = 50


class Board(App[None]):
    """Challenges on the left; the chosen one, its instance and an answer box on the right."""

    TITLE = "ctfy"
    CSS = """
    #challenges { width: 2fr; }
    #standings { height: 12; border-top: solid $primary; }
    #right { width: 3fr; }
    #description { height: auto; }
    #instance { height: auto; padding: 0 1; color: $accent; }
    #answering { height: 3; }
    #question { width: 1fr; }
    #answer { width: 2fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "start", "Start"),
        Binding("x", "stop", "Stop"),
        Binding("r", "renew", "More time"),
        Binding("a", "answer", "Answer"),
        Binding("escape", "board", "Board", show=False),
        Binding("q", "quit", "Quit"),
    ]

    chosen: reactive[str] = reactive("")

    def __init__(self, server_url: str, token: str, competition_id: str = "") -> None:
        super().__init__()
        self._client = AsyncPlatformClient(server_url, token)
        self._competition_id = competition_id
        self._challenges: dict[str, ChallengeInfo] = {}
        self._instance: InstanceInfo | None = None

    def compose(self) -> ComposeResult:
        """Lay the board out."""
        yield Header(show_clock=True)
        with Horizontal():
            with Vertical(id="left"):
                yield DataTable(id="challenges", cursor_type="row")
                yield DataTable(id="standings", cursor_type="none")
            with Vertical(id="right"):
                with VerticalScroll():
                    yield Markdown("", id="description")
                    yield Static("", id="instance")
                with Horizontal(id="answering"):
                    yield Select[str]([], id="question", prompt="question")
                    yield Input(placeholder="answer, then Enter", id="answer")
        yield Footer()

    async def on_unmount(self) -> None:
        """Close the connections."""
        await self._client.close()

    def on_mount(self) -> None:
        """Fill the board, and follow what happens."""
        self._table("#challenges").add_columns("challenge", "category", "value", "solves", "")
        self._table("#standings").add_columns("#", "team", "points", "solved")
        self._open()

    def _table(self, selector: str) -> DataTable[str]:
        return self.query_one(selector, DataTable)

    @work
    async def _open(self) -> None:
        found = await self._tried(self._find_competition())
        if found is None:
            return
        self._competition_id = found.id
        self.sub_title = f"{found.title}, {found.phase}"
        self._load()
        self._follow()

    async def _find_competition(self) -> CompetitionInfo:
        """The competition to play, joined alone when the player is not in it yet."""
        competitions = self._client.competitions
        if self._competition_id:
            found: CompetitionInfo = await competitions.get(self._competition_id)
        else:
            running = await competitions.list("running")
            mine = [one for one in running if one.is_registered] or running
            if not mine:
                raise CtfyError("no competition is running: see `ctfy competition list`")
            found = mine[0]
        if not found.is_registered:
            await self._client.competition(found.id).register()
        return found

    @work(exclusive=True, group="load")
    async def _load(self) -> None:
        competition = self._client.competition(self._competition_id)
        challenges = await self._tried(competition.challenges(limit=1000))
        standings = await self._tried(competition.scoreboard(limit=_TOP))
        if challenges is not None and standings is not None:
            self._show(challenges, standings)

    def _show(self, challenges: list[ChallengeInfo], standings: list[ScoreboardEntry]) -> None:
        self._challenges = {one.id: one for one in challenges}
        table = self._table("#challenges")
        row = table.cursor_row
        table.clear()
        for one in challenges:
            mark = "✓" if one.solved else "🔒" if one.locked else ""
            counts = (str(one.value), str(one.solves_count), mark)
            table.add_row(one.name, one.category.value, *counts, key=one.id)
        table.move_cursor(row=row)
        scores = self._table("#standings")
        scores.clear()
        for entry in standings:
            scores.add_row(str(entry.rank), entry.team_name, str(entry.points), str(entry.solved))

    @work(group="follow")
    async def _follow(self) -> None:
        """Look again whenever something happens that the board shows."""
        shown = ("flag_", "challenge_", "instance_", "competition_", "hint_", "standings")
        async for event in self._client.events():
            if event["event"].startswith(shown):
                self._load()
                self._look()

    @on(DataTable.RowHighlighted, "#challenges")
    def _choose(self, event: DataTable.RowHighlighted) -> None:
        self.chosen = str(event.row_key.value or "")

    def watch_chosen(self, challenge_id: str) -> None:
        """Show the challenge that the cursor is on."""
        one = self._challenges.get(challenge_id)
        if one is None:
            return
        files = "".join(f"\n- file `{file.name}`, {file.size} bytes" for file in one.attachments)
        heading = f"## {one.name}\n\n{one.category.value}, {one.difficulty}\n\n"
        self.query_one("#description", Markdown).update(heading + one.description + files)
        select = self.query_one("#question", Select)
        select.set_options((f"{q.id}: {q.prompt}", q.id) for q in one.questions)
        left = [q.id for q in one.questions if q.id not in one.solved_question_ids]
        if left:
            select.value = left[0]
        self._look()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """The chosen challenge's instance, as it is now."""
        challenge_id = self.chosen
        if not challenge_id:
            return
        found = await self._tried(self._client.instances.list(challenge_id, limit=20))
        if found is not None:
            live = [instance for instance in found if instance.status != "stopped"]
            self._show_instance(live[0] if live else None)

    def _show_instance(self, instance: InstanceInfo | None) -> None:
        self._instance = instance
        one = self._challenges.get(self.chosen)
        if instance is None:
            words = "answered without an instance" if one and one.is_qa_only else "s starts it"
        else:
            lines = [f"{instance.status} until {moment(instance.expires_at)}"]
            lines += [service.url for service in instance.services]
            if instance.queue_position:
                lines.append(f"number {instance.queue_position} in the queue for a node")
            if instance.error:
                lines.append(instance.error)
            words = "\n".join(lines)
        self.query_one("#instance", Static).update(words)

    @work
    async def action_start(self) -> None:
        """Start the chosen challenge."""
        challenge_id, shown = self.chosen, self.query_one("#instance", Static)
        shown.update("starting …")
        ready = await self._tried(
            self._client.instances.start(
                challenge_id,
                competition_id=self._competition_id,
                on_status=lambda status: shown.update(
                    f"{status.status} {status.queue_position or ''} …"
                ),
            )
        )
        self._look()
        if ready is not None:
            self.notify(f"{challenge_id} is ready")

    def action_stop(self) -> None:
        """Stop its instance."""
        self._with_instance(lambda found: self._client.instances.stop(found.id), "stopped")

    def action_renew(self) -> None:
        """Give its instance more time."""
        self._with_instance(lambda found: self._client.instances.renew(found.id), "renewed")

    @work
    async def _with_instance(
        self, do: Callable[[InstanceInfo], Awaitable[object]], done: str
    ) -> None:
        instance = self._instance
        if instance is None:
            self.notify("nothing runs: s starts it", severity="warning")
        elif await self._tried(_done(do(instance))):
            self.notify(done)
        self._look()

    def action_answer(self) -> None:
        """Go to the answer box."""
        self.query_one("#answer", Input).focus()

    def action_board(self) -> None:
        """Go back to the challenges."""
        self._table("#challenges").focus()

    @on(Input.Submitted, "#answer")
    def _submit(self, event: Input.Submitted) -> None:
        question = self.query_one("#question", Select).value
        if event.value.strip() and isinstance(question, str):
            self._grade(self.chosen, question, event.value.strip())

    @work
    async def _grade(self, challenge_id: str, question_id: str, answer: str) -> None:
        graded = await self._tried(self._send(challenge_id, question_id, answer))
        if graded is None:
            return
        if graded.correct:
            words = "correct: solved!" if graded.challenge_fully_solved else "correct"
            self.query_one("#answer", Input).clear()
        else:
            left = graded.attempts_remaining
            words = "wrong" if left is None else f"wrong, {left} attempts left"
        self.notify(words, severity="information" if graded.correct else "error")
        self._load()

    async def _send(self, challenge_id: str, question_id: str, answer: str) -> SubmissionResponse:
        question = next(q for q in self._challenges[challenge_id].questions if q.id == question_id)
        # Several choices are typed with commas between them.
        several = question.input is not None and question.input.kind == "any_of"
        given = [part.strip() for part in answer.split(",")] if several else answer
        if self._challenges[challenge_id].is_qa_only:
            return await self._client.submissions.submit_qa(
                challenge_id, self._competition_id, given, question_id=question_id
            )
        if self._instance is None:
            raise CtfyError("start an instance first: s")
        return await self._client.submissions.submit(
            self._instance.id, given, question_id=question_id
        )

    async def _tried(self, do: Awaitable[Found]) -> Found | None:
        """What it gives; None when the server refused or is away, which is shown."""
        try:
            found = await do
            if not self.is_running:  # it closes, and what would be shown is gone
                raise asyncio.CancelledError
            return found
        except CtfyApiError as error:
            detail = error.detail
            words = detail.get("message", detail) if isinstance(detail, dict) else detail
        except CtfyError as error:
            words = str(error)
        except httpx.TransportError:
            words = "the server does not answer"
        self.notify(str(words), severity="error")
        return None


async def _done(work: Awaitable[object]) -> bool:
    """True once it is done."""
    await work
    return True
