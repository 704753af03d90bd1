"""The audit of the server's challenges folder, as it is now."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import ADMIN_EMAIL, lone_server, sign_in
from tests.processes import CHALLENGES

_WORD = "name: Word\ndescription: A word.\ndifficulty: easy\ntags: [x]\nquestions:\n"


def test_a_server_starts_beside_a_broken_folder_and_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "challenges"
    shutil.copytree(CHALLENGES / "field-notes", folder / "field-notes")
    (folder / "word").mkdir()
    metadata = folder / "word" / "metadata.yaml"
    metadata.write_text(_WORD + "  - {id: flag, mode: never}\n")
    with (
        lone_server(tmp_path, CTFY_CHALLENGES_DIR=str(folder)) as url,
        sign_in(url, ADMIN_EMAIL) as client,
    ):
        challenges = client.admin.challenges
        assert [row.challenge_id for row in challenges.stats()] == ["field-notes"]
        assert {row.challenge_id for row in challenges.audit()} == {"word"}
        metadata.write_text(_WORD + "  - {id: flag, prompt: x, answer: word}\n")
        done = client.admin.tasks.wait(challenges.rescan().id)
        assert done.status == "succeeded", done.error
        assert {row.challenge_id for row in challenges.stats()} == {"field-notes", "word"}


def test_a_broken_folder_is_named_and_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "challenges"
    shutil.copytree(CHALLENGES / "field-notes", folder / "field-notes")
    with (
        lone_server(tmp_path, CTFY_CHALLENGES_DIR=str(folder)) as url,
        sign_in(url, ADMIN_EMAIL) as client,
    ):
        challenges = client.admin.challenges
        assert challenges.audit() == []

        (folder / "word").mkdir()
        (folder / "word" / "metadata.yaml").write_text(_WORD + "  - {id: flag, mode: never}\n")
        findings = challenges.audit()
        assert {(f.challenge_id, f.path, f.severity) for f in findings} == {
            ("word", "word/metadata.yaml", "error")
        }
        assert all(f.line and f.problem and f.fix and f.rule for f in findings)
        assert challenges.audit("field-notes") == []
        done = client.admin.tasks.wait(challenges.rescan().id)
        assert done.status == "failed"
        assert "word/metadata.yaml" in done.error
        assert [row.challenge_id for row in challenges.stats()] == ["field-notes"]

        shutil.rmtree(folder / "word")
        assert client.admin.tasks.wait(challenges.rescan().id).status == "succeeded"

        shutil.copytree(folder / "field-notes", folder / "more" / "field-notes")
        twice = [(f.rule, f.path) for f in challenges.audit()]
        assert twice == [("folder.twice", "field-notes"), ("folder.twice", "more/field-notes")]
