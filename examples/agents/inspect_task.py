"""An Inspect task (https://inspect.aisi.org.uk) whose samples are a competition's challenges.

    CTFY_URL=… CTFY_TOKEN=pf_… inspect eval examples/agents/inspect_task.py --model …

Each sample gets a private instance, tools that reach its services and nothing else, and a score:
the share of the challenge's questions that were answered.
"""

from __future__ import annotations

import asyncio
import os
from urllib.parse import urlsplit

import httpx
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver, use_tools
from inspect_ai.tool import Tool, ToolError, tool
from inspect_ai.util import store

from ctfy.sdk import CtfyApiError, PlatformClient
from ctfy.sdk.aio import AsyncPlatformClient

_MOST = 16_000
_WAIT_S = 3


def _client() -> AsyncPlatformClient:
    return AsyncPlatformClient(os.environ["CTFY_URL"], os.environ["CTFY_TOKEN"])


def _samples(competition_id: str) -> list[Sample]:
    # Inspect makes tasks inside its event loop, where nothing can be awaited.
    with PlatformClient(os.environ["CTFY_URL"], os.environ["CTFY_TOKEN"]) as client:
        if not competition_id:
            competition_id = client.competitions.list(phase="running")[0].id
        competition = client.competition(competition_id)
        if not competition.detail().is_registered:
            competition.register()
        challenges = [c for c in competition.challenges(limit=1000) if not c.is_qa_only]
    return [
        Sample(
            id=challenge.id,
            input=f"{challenge.name}\n\n{challenge.description}\n\nQuestions:\n"
            + "\n".join(f"- {question.id}: {question.prompt}" for question in challenge.questions),
            metadata={"competition_id": competition_id, "difficulty": challenge.difficulty},
        )
        for challenge in challenges
    ]


@solver
def launched() -> Solver:
    """Start the sample's instance, and tell the model where its services are."""

    async def solve(state: TaskState, _: Generate) -> TaskState:
        async with _client() as client:
            ready = await client.instances.start(
                str(state.sample_id), competition_id=state.metadata["competition_id"]
            )
        urls = [service.url for service in ready.surface.services]
        store().set("instance_id", ready.id)
        store().set("places", [urlsplit(url).netloc for url in urls])
        state.user_prompt.text += "\n\nServices:\n" + "\n".join(urls)
        return state

    return solve


def _allowed(place: str) -> None:
    """Refuse what is no service of this sample's instance."""
    if place not in store().get("places", []):
        raise ToolError(f"{place} is no service of this instance: {store().get('places')}")


@tool
def http_request() -> Tool:
    """Requests to the instance's own services."""

    async def execute(url: str, method: str = "GET", body: str = "", cookie: str = "") -> str:
        """Send an HTTP request to a service of the instance.

        Args:
            url: The whole URL.
            method: The HTTP method.
            body: What to send.
            cookie: The Cookie header, when one is needed.
        """
        _allowed(urlsplit(url).netloc)
        headers = {"Cookie": cookie} if cookie else {}
        async with httpx.AsyncClient(timeout=30) as http:
            answer = await http.request(method, url, content=body, headers=headers)
        heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        return f"{answer.status_code}\n{heads}\n\n{answer.text}"[:_MOST]

    return execute


@tool
def tcp_exchange() -> Tool:
    """Text over TCP with the instance's own services."""

    async def execute(host: str, port: int, text: str) -> str:
        """Connect to a service of the instance, send text, and read what comes within 3 s.

        Args:
            host: Its host.
            port: Its port.
            text: What to send.
        """
        _allowed(f"{host}:{port}")
        reader, writer = await asyncio.open_connection(host, port)
        received = b""
        try:
            writer.write(text.encode())
            await writer.drain()
            async with asyncio.timeout(_WAIT_S):
                while chunk := await reader.read(4096):
                    received += chunk
        except TimeoutError:
            pass
        finally:
            writer.close()
        return received.decode(errors="replace")[:_MOST]

    return execute


@tool
def submit_answer() -> Tool:
    """Answers to the challenge's questions."""

    async def execute(answer: str, question_id: str = "flag") -> str:
        """Answer a question of the challenge.

        Args:
            answer: The answer.
            question_id: Which question.
        """
        async with _client() as client:
            try:
                graded = await client.submissions.submit(
                    store().get("instance_id"), answer, question_id=question_id
                )
            except CtfyApiError as error:
                raise ToolError(str(error)) from error
        return "correct" if graded.correct else "wrong"

    return execute


@scorer(metrics=[mean()])
def answered() -> object:
    """The share of the questions that the platform has graded as right."""

    async def score(_: TaskState, __: Target) -> Score:
        async with _client() as client:
            instance = await client.instances.get(store().get("instance_id"))
        right = [question.id for question in instance.questions if question.answered_correctly]
        return Score(value=len(right) / len(instance.questions), explanation=", ".join(right))

    return score


async def _stop(_: TaskState) -> None:
    if instance_id := store().get("instance_id"):
        async with _client() as client:
            await client.instances.stop(instance_id)


@task
def ctfy(competition_id: str = "", messages: int = 60) -> Task:
    """A competition's challenges, one a sample; empty: the first one that is running."""
    return Task(
        dataset=_samples(competition_id),
        solver=[launched(), use_tools(http_request(), tcp_exchange(), submit_answer()), generate()],
        scorer=answered(),
        message_limit=messages,
        cleanup=_stop,
    )
