"""A server whose challenges folder turns hostile while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ctfy.sdk import PlatformClient
from tests.conftest import ADMIN_EMAIL, PASSWORD, lone_server, sign_in
from tests.hostile_doors import honest, hostile
from tests.hostile_inputs import FOLDERS, SECRET


@dataclass
class Scene:
    """A server, its administrator, a player, and the folder of its challenges."""

    url: str
    admin: PlatformClient
    player: PlatformClient
    folder: Path
    competition_id: str

    def attachment(self, name: str, **headers: str) -> httpx.Response:
        return httpx.get(
            f"{self.url}/api/v1/challenges/good/attachments/{name}",
            params={"competition_id": self.competition_id},
            headers={"Authorization": f"Bearer {self.player.token}", **headers},
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    root = tmp_path_factory.mktemp("hostile")
    honest(root / "challenges", "good")
    (root / "data").mkdir()
    with (
        lone_server(root / "data", CTFY_CHALLENGES_DIR=str(root / "challenges")) as url,
        sign_in(url, ADMIN_EMAIL) as admin,
    ):
        made = admin.admin.competitions.create(
            title="Cup", challenge_ids=["good"], status="published"
        )
        token = PlatformClient(url).auth.register("p@example.org", PASSWORD, "P").token
        with PlatformClient(url, token, max_retries=0) as player:
            player.competition(made.id).register()
            yield Scene(url, admin, player, root / "challenges", made.id)


def test_an_attachment_is_sent_whole_and_in_parts(scene: Scene) -> None:
    whole = scene.attachment("notes.txt")
    assert (whole.status_code, whole.text) == (200, "notes")
    assert whole.headers["content-disposition"] == 'attachment; filename="notes.txt"'
    part = scene.attachment("notes.txt", Range="bytes=1-3")
    assert (part.status_code, part.text) == (206, "ote")
    again = scene.attachment("notes.txt", Range="bytes=0-0,2-2")
    assert (again.status_code, "n" in again.text) == (206, True)


@pytest.mark.parametrize("linked", ["attachments/notes.txt", "attachments"])
def test_no_link_that_appears_later_is_followed(scene: Scene, linked: str) -> None:
    """The server listed the file when it started, and what it leads to now is nobody's."""
    key = scene.folder.parent / "elsewhere"
    key.mkdir(exist_ok=True)
    (key / "notes.txt").write_text(SECRET)
    place, aside = scene.folder / "good" / linked, scene.folder.parent / "aside"
    assert scene.attachment("notes.txt").text == "notes"
    place.rename(aside)
    try:
        place.symlink_to(key if linked == "attachments" else key / "notes.txt")
        answer = scene.attachment("notes.txt")
        assert (answer.status_code, "has no such file" in answer.text) == (404, True)
        place.unlink()
        if linked != "attachments":
            os.link(key / "notes.txt", place)
            assert scene.attachment("notes.txt").status_code == 404
            place.unlink()
            os.mkfifo(place)
            assert scene.attachment("notes.txt").status_code == 404
            place.unlink()
    finally:
        aside.rename(place)
    assert scene.attachment("notes.txt").text == "notes"


def test_whatever_the_folder_holds_is_a_finding_and_changes_nothing(scene: Scene) -> None:
    """All of the corpus beside one honest challenge: audit and rescan."""
    names = {f"evil-{number}": case for number, case in enumerate(FOLDERS)}
    for name, case in names.items():
        hostile(scene.folder, name, case)
    found = {
        row.challenge_id for row in scene.admin.admin.challenges.audit() if row.severity == "error"
    }
    task = scene.admin.admin.tasks.wait(scene.admin.admin.challenges.rescan().id)
    assert [case for name, case in names.items() if name not in found] == []
    assert "good" not in found
    assert task.status == "failed"
    assert f"{len(names)} broken" in task.error
    assert len(task.error) < 20_000
    assert scene.player.challenges.get("good").name == "Good"
    assert scene.attachment("notes.txt").text == "notes"
