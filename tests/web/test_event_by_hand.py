"""What organisers do with a competition's challenges in the browser."""

from __future__ import annotations

import re
import uuid
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.available import needs
from tests.conftest import PASSWORD, Arena
from tests.processes import wait_for
from tests.web.browser import findings, settled, window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-operators")]


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def grip(page: Page, name: str) -> tuple[float, float]:
    """The middle of a challenge's handle."""
    box = page.get_by_role("button", name=f"Move {name}", exact=True).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_challenges_are_ordered_by_dragging_and_by_keys(arena: Arena, browser: Browser) -> None:
    competition = arena.competition("notes", "two-time", "field-notes")
    admin = arena.admin.admin.competitions
    with window(browser, arena.url) as mine:
        page = mine.sign_in(arena.admin, PASSWORD).open(
            f"/admin/competitions/{competition.id}?tab=challenges"
        )
        page.get_by_role("button", name="Change the order").click()
        page.mouse.move(*grip(page, "Field Notes"))
        page.mouse.down()
        page.mouse.move(*grip(page, "Pocket Notes"), steps=5)
        expect(page.get_by_role("listitem").first).to_contain_text("Field Notes")
        page.mouse.up()
        page.get_by_role("button", name="Move Pocket Notes", exact=True).press("End")
        expect(page.get_by_text("Pocket Notes: place 3 of 3")).to_be_attached()
        expect(page.get_by_role("button", name="Move Pocket Notes", exact=True)).to_be_focused()
        assert findings(page) == []
        page.get_by_role("button", name="Save the order").click()
        expect(page.get_by_role("button", name="Change the order")).to_be_visible()
    order = [row.challenge_id for row in admin.challenges(competition.id)]
    assert order == ["field-notes", "two-time", "notes"]


def test_a_challenge_is_reset_after_two_questions_and_that_undone(
    arena: Arena, browser: Browser
) -> None:
    competition = arena.competition("field-notes")
    ada = arena.registered(competition, "Ada")
    ada.submissions.submit_qa("field-notes", competition.id, "hello", question_id="answer")
    submissions = arena.admin.admin.submissions
    with window(browser, arena.url) as mine:
        page = mine.sign_in(arena.admin, PASSWORD).open(
            f"/admin/competitions/{competition.id}?tab=challenges"
        )
        page.get_by_role("button", name="Reset Field Notes").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("1 team, 0 solves, 1 answered question")).to_be_visible()
        dialog.get_by_label("Reason, which players read").fill("It asked for the wrong year")
        dialog.get_by_role("button", name="Go on").click()
        expect(dialog.get_by_role("button", name="Reset now")).to_be_disabled()
        dialog.get_by_label("Type “field-notes” to go on").fill("field-notes")
        assert findings(page) == []
        dialog.get_by_role("button", name="Reset now").click()
        expect(page.get_by_text("field-notes: It asked for the wrong year")).to_be_visible()
        (given,) = submissions.list(competition.id)
        assert not given.correct
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("dialog").get_by_role("button", name="Undo").click()
        expect(page.get_by_text("undone", exact=True)).to_be_visible()
    wait_for("it counts", lambda: submissions.list(competition.id)[0].correct)


PASTED = """
([bytes]) => {
  const file = new File([new Uint8Array(bytes)], 'a map.png', {type: 'image/png'});
  const transfer = new DataTransfer();
  transfer.items.add(file);
  const paste = new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true});
  document.querySelector('textarea').dispatchEvent(paste);
}
"""


def test_an_image_pasted_into_a_challenge_is_seen_by_its_players(
    arena: Arena, browser: Browser
) -> None:
    challenge = f"pasted-{uuid.uuid4().hex[:8]}"
    questions = [{"id": "sum", "prompt": "1 + 1?", "answer": "2"}]
    told = {"name": challenge, "description": "Look:\n", "difficulty": "easy", "tags": ["t"]}
    arena.admin.admin.challenges.set_metadata(challenge, {**told, "questions": questions}, base=0)
    with window(browser, arena.url) as mine:
        page = mine.sign_in(arena.admin, PASSWORD).open(f"/admin/challenges/{challenge}?tab=edit")
        text = page.get_by_label("Description", exact=True)
        text.focus()
        text.press("End")
        page.evaluate(PASTED, [list(PNG)])
        expect(text).to_have_value(re.compile(r"!\[a map\]\(images/a-map-[0-9a-f]{12}\.png\)"))
        page.get_by_role("tab", name="Preview").click()
        expect(page.get_by_role("img", name="a map")).to_be_visible()
        settled(page, "document.querySelector('img[alt=\"a map\"]').naturalWidth === 1")
        assert findings(page) == []
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Saved as version 3")).to_be_visible()
    competition = arena.competition(challenge)
    ada = arena.registered(competition, "Ada")
    with window(browser, arena.url) as hers:
        page = hers.sign_in(ada, PASSWORD).open(
            f"/competitions/{competition.id}/challenges/{challenge}"
        )
        expect(page.get_by_role("img", name="a map")).to_be_visible()
        settled(page, "document.querySelector('img[alt=\"a map\"]').naturalWidth === 1")


def test_a_collection_is_looked_at_field_by_field_and_brought_in(
    arena: Arena, browser: Browser, tmp_path: Path
) -> None:
    name = f"Cookies {uuid.uuid4().hex[:8]}"
    archive = tmp_path / "old-ctf.zip"
    with zipfile.ZipFile(archive, "w") as held:
        held.writestr(
            "old-ctf/jar/challenge.yml",
            f"name: {name}\nauthor: me\ncategory: misc\ndescription: d\nvalue: 10\n"
            "type: standard\nflags: ['flag{jar}']\n",
        )
    with window(browser, arena.url) as mine:
        page = mine.sign_in(arena.admin, PASSWORD).open("/admin/new-challenge")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a collection").click()
        chooser.value.set_files(archive)
        expect(
            page.get_by_text("1 challenge of ctfcli: nothing is brought in yet.")
        ).to_be_visible()
        page.get_by_text("jar/challenge.yml").click()
        expect(page.get_by_role("row", name=re.compile("^author"))).to_be_visible()
        assert findings(page) == []
        page.get_by_role("button", name="Bring 1 in").click()
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
