"""The example agents play a competition of their own to the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as evaluate
from inspect_ai.model import ChatMessage, ModelOutput, ModelUsage, get_model

from tests.conftest import Arena
from tests.processes import CHALLENGES, PATIENCE_S, ROOT

AGENTS = ROOT / "examples" / "agents"
# Inspect counts what its model for tests says, with a vocabulary that it would fetch.
VOCABULARY = """
import tiktoken
bytes_alone = {bytes([byte]): byte for byte in range(256)}
tiktoken.get_encoding = lambda name: tiktoken.Encoding(
    name, pat_str=".", mergeable_ranks=bytes_alone, special_tokens={}
)
"""


@pytest.mark.parametrize("script", ["play_sdk.py", "play_mcp.py"])
def test_an_agent_solves_every_example(arena: Arena, script: str, tmp_path: Path) -> None:
    competition = arena.competition()
    with arena.player("Loop") as player:
        token = player.auth.mint_token("agent").token
        done = subprocess.run(
            [sys.executable, AGENTS / script, sys.executable, AGENTS / "solver_agent.py"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env={
                **os.environ,
                "TMPDIR": str(tmp_path),
                "CTFY_URL": arena.url,
                "CTFY_TOKEN": token,
                "CTFY_COMPETITION_ID": competition.id,
            },
        )
        assert done.stdout.splitlines()[-1] == "5 solved", done
        assert all(c.solved for c in player.competition(competition.id).challenges())
        assert not [i for i in player.instances.list() if i.status != "stopped"]


def test_an_inspect_task_runs_our_challenges(
    arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inspect's own model for tests plays: it asks a forbidden place, then solves."""
    competition = arena.competition("notes")

    def play(messages: Sequence[ChatMessage], *_: Any) -> ModelOutput:
        said = [message for message in messages if message.role == "tool"]
        url = messages[0].text.split()[-1]
        solver = [sys.executable, str(CHALLENGES / "notes" / "solve.py"), url]
        steps = [
            ("http_request", {"url": "http://127.0.0.1:9/"}),
            ("http_request", {"url": url}),
            ("submit_answer", {"answer": "nonsense"}),
        ]
        if len(said) < len(steps):
            name, arguments = steps[len(said)]
        elif len(said) == len(steps):
            flag = subprocess.run(solver, capture_output=True, text=True, check=True).stdout
            name, arguments = "submit_answer", {"answer": flag.strip()}
        else:
            return counted(ModelOutput.from_content("mockllm", "done"))
        return counted(ModelOutput.for_tool_call("mockllm", name, arguments))

    def counted(output: ModelOutput) -> ModelOutput:
        output.usage = ModelUsage(total_tokens=1)  # else Inspect fetches a vocabulary to count by
        return output

    with arena.player("Inspected") as player:
        monkeypatch.setenv("CTFY_URL", arena.url)
        monkeypatch.setenv("CTFY_TOKEN", player.auth.mint_token("inspect").token)
        monkeypatch.syspath_prepend(AGENTS)
        import inspect_task

        (log,) = evaluate(
            inspect_task.ctfy(competition.id),
            model=get_model("mockllm/model", custom_outputs=play),
            log_dir=str(tmp_path),
            display="none",
        )
        assert log.status == "success", log.error
        assert log.results is not None
        assert log.results.scores[0].metrics["mean"].value == 1.0
        (sample,) = log.samples or []
        said = [message for message in sample.messages if message.role == "tool"]
        assert said[0].error is not None
        assert "is no service of this instance" in said[0].error.message
        assert "Pocket Notes" in said[1].text
        assert [message.text for message in said[2:]] == ["wrong", "correct"]
        assert not [i for i in player.instances.list() if i.status != "stopped"]


def test_an_inspect_task_runs_from_the_command_line(arena: Arena, tmp_path: Path) -> None:
    """As a stranger types it, from a folder of theirs; the model for tests only talks."""
    shutil.copy(AGENTS / "inspect_task.py", tmp_path)
    (tmp_path / "sitecustomize.py").write_text(VOCABULARY)
    competition = arena.competition("notes")
    with arena.player("Inspector") as player:
        done = subprocess.run(
            [
                *(Path(sys.executable).parent / "inspect", "eval", "inspect_task.py"),
                *("--model", "mockllm/model", "-T", f"competition_id={competition.id}"),
                *("--log-dir", "logs", "--log-format", "json", "--display", "plain"),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=PATIENCE_S,
            env={
                **os.environ,
                "PYTHONPATH": str(tmp_path),
                "CTFY_URL": arena.url,
                "CTFY_TOKEN": player.auth.mint_token("inspect").token,
            },
        )
        assert done.returncode == 0, done
        (log,) = map(json.loads, (path.read_text() for path in tmp_path.glob("logs/*.json")))
        assert (log["status"], log["results"]["scores"][0]["metrics"]["mean"]["value"]) == (
            "success",
            0.0,
        )
        (instance,) = player.instances.list()
        assert instance.status == "stopped"
