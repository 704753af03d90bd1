"""Collections of other formats, taken in over the API."""

from __future__ import annotations

import io
import uuid
import zipfile

import pytest

from ctfy.sdk import PlatformClient
from tests.conftest import Arena
from tests.refusals import refusal


def zipped(files: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return held.getvalue()


def challenge_yml(name: str, description: str = "d", **more: object) -> str:
    fields = {"category": "crypto", "value": 10, "type": "standard", "flags": ["flag{warm}"]}
    lines = {"name": name, "description": description, "state": "visible", **fields, **more}
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


@pytest.fixture
def admin(arena: Arena) -> PlatformClient:
    return arena.admin


def test_a_collection_is_looked_at_then_brought_in_then_brought_up_to_date(
    admin: PlatformClient,
) -> None:
    challenges, name = admin.admin.challenges, f"Warm {uuid.uuid4().hex[:8]}"
    id_ = name.lower().replace(" ", "-")
    top = f"ctf-{id_}"
    files = {
        f"{top}/warm/challenge.yml": challenge_yml(name, author="me", files="[hand.txt]"),
        f"{top}/warm/hand.txt": "out",
        f"{top}/other/challenge.yml": "apiVersion: 1\n",
    }
    would = challenges.import_(zipped(files))
    assert (would.format, would.dry_run) == ("ctfcli", True)
    rows = {row.id: row for row in would.challenges}
    assert (rows[id_].state, rows[id_].version) == ("new", 0)
    became = {row.field: row.became for row in rows[id_].fields}
    assert became["name"] == "carried"
    assert all(row.why for row in rows[id_].fields if row.became != "carried")
    assert rows["other"].state == "refused"
    assert rows["other"].source == "other/challenge.yml"
    assert "/tmp" not in would.model_dump_json()
    assert refusal(challenges.files, id_).code == "challenge_not_found"

    done = {row.id: row for row in challenges.import_(zipped(files), dry_run=False).challenges}
    assert (done[id_].version, done["other"].version) == (1, 0)
    assert challenges.read_file(id_, "attachments/hand.txt") == b"out"
    assert admin.challenges.get(id_).name == name

    # What was changed here stays, and what changed there is taken over.
    challenges.write_file(id_, "attachments/ours.txt", b"ours", base=1)
    files[f"{top}/warm/challenge.yml"] = challenge_yml(name, "new", files="[hand.txt]")
    (again,) = [row for row in challenges.import_(zipped(files)).challenges if row.id == id_]
    assert (again.state, again.findings) == ("updated", [])
    challenges.import_(zipped(files), dry_run=False)
    now = challenges.files(id_)
    assert (now.version, now.metadata["description"]) == (3, "new")
    assert challenges.read_file(id_, "attachments/ours.txt") == b"ours"
    (same,) = [row for row in challenges.import_(zipped(files)).challenges if row.id == id_]
    assert same.state == "unchanged"

    # Changed here and there: it is asked which of them.
    challenges.set_metadata(id_, {**now.metadata, "tags": ["ours"]}, base=3)
    files[f"{top}/warm/challenge.yml"] = challenge_yml(name, "newest", files="[hand.txt]")
    both = {row.id: row for row in challenges.import_(zipped(files), dry_run=False).challenges}
    assert "changed here since" in both[id_].findings[0]
    assert challenges.files(id_).version == 4
    challenges.import_(zipped(files), dry_run=False, force=True)
    assert challenges.files(id_).metadata["description"] == "newest"


def test_a_collection_takes_no_other_challenges_place(admin: PlatformClient) -> None:
    challenges = admin.admin.challenges
    before = challenges.files("notes")
    files = {"strange/challenge.yml": challenge_yml("Notes")}
    (row,) = challenges.import_(zipped(files)).challenges
    assert (row.state, row.id) == ("new", "strange-notes")
    assert challenges.files("notes") == before


@pytest.mark.parametrize(
    ("archive", "format_", "code"),
    [
        (b"nothing", "", "archive_refused"),
        (zipped({"../out/challenge.yml": challenge_yml("Out")}), "", "archive_refused"),
        (zipped({"readme.txt": "hello"}), "", "import_refused"),
        (zipped({"a/readme.txt": "hello"}), "ctfcli", "import_refused"),
        (zipped({"a/challenge.yml": challenge_yml("A")}), "zip", "validation_error"),
    ],
    ids=["none", "leaves", "empty", "of another", "unknown"],
)
def test_what_is_no_collection_is_refused(
    admin: PlatformClient, archive: bytes, format_: str, code: str
) -> None:
    assert refusal(admin.admin.challenges.import_, archive, format=format_).code == code
