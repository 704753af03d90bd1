"""A whole event from the browser: an organiser without a shell, and three who play it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.available import needs
from tests.conftest import ADMIN_EMAIL, PASSWORD, Arena, cloned_database, make_admin, mint_invite
from tests.conftest import sign_in as signed_in
from tests.playing import solved
from tests.processes import CHALLENGES, stack
from tests.web.browser import DESKTOP, PHONE, window

pytestmark = [needs("browser"), pytest.mark.xdist_group("web-event")]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A platform without one challenge, with a node."""
    folder = tmp_path_factory.mktemp("empty")
    (folder / "challenges").mkdir()
    with cloned_database() as database:
        make_admin(database)
        with (
            stack(database, folder, mint_invite, challenges=folder / "challenges") as up,
            signed_in(up.url, ADMIN_EMAIL) as admin,
        ):
            yield Arena(up.url, admin)


def make(page: Page, url: str, name: str, answer: str) -> None:
    """A challenge that is only asked."""
    page.goto(f"{url}/admin/new-challenge")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Description").fill(f"What is *{name}*?")
    page.get_by_label("Answer", exact=True).fill(answer)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def fill_in(page: Page, url: str) -> None:
    """Ten challenges: a folder, an example, one with three kinds of questions, and seven more."""
    page.goto(f"{url}/admin/new-challenge")
    folder = page.get_by_label("Choose a folder").and_(page.locator("input")).first
    folder.set_input_files(CHALLENGES / "notes")
    expect(page.get_by_role("heading", name="Pocket Notes")).to_be_visible()

    page.goto(f"{url}/admin/new-challenge")
    page.get_by_label("Name", exact=True).fill("Own site")
    page.get_by_label("A service of its own").check()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Own site")).to_be_visible()

    for number in range(1, 8):
        make(page, url, f"Riddle {number}", f"FLAG{{{number}}}")

    make(page, url, "Sums", "FLAG{sums}")
    page.get_by_role("button", name="Add a question").click()
    page.get_by_label("What players are asked").nth(1).fill("How much is 6 by 7?")
    page.get_by_label("The answer is").nth(1).select_option("numeric")
    page.get_by_label("Right answer", exact=True).fill("42")
    page.get_by_role("button", name="Add a question").click()
    page.get_by_label("What players are asked").nth(2).fill("Which is odd?")
    page.get_by_label("The answer is").nth(2).select_option("single_select")
    for choice in ("two", "three, or so"):
        page.get_by_role("combobox", name="Choices").fill(choice)
        page.keyboard.press("Enter")
    page.get_by_label("Right answer", exact=True).nth(1).fill("three, or so")
    page.get_by_role("button", name="Add a hint").click()
    page.get_by_label("Hint 1", exact=True).fill("Count on your fingers.")
    page.get_by_label("Cost", exact=True).fill("10")
    page.get_by_role("combobox", name="Closed until these are solved").fill("riddle-1")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version 2")).to_be_visible()


def open_event(page: Page, url: str, people: Path) -> list[str]:
    """Brand it, make a competition, bring in its people; the links of the first three cards."""
    page.goto(f"{url}/admin/look")
    page.get_by_label("Event name").fill("Harvest CTF")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Harvest CTF: competitions")).to_be_visible()

    page.goto(f"{url}/admin/competitions/new")
    page.get_by_label("Title").fill("Autumn Cup")
    page.get_by_role("button", name="Add all").click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="Autumn Cup")).to_be_visible()

    page.goto(f"{url}/admin/imports")
    page.get_by_label("Competition of rows").select_option("Autumn Cup")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(people)
    page.get_by_role("button", name="Make 200 accounts").click()
    page.get_by_role("link", name="Cards to print").click()
    page.get_by_role("button", name="Make the cards").click()
    cards = [page.get_by_role("listitem").filter(has_text=f"Player {n:03}") for n in (1, 2, 3)]
    return [card.get_by_text("#token=").inner_text() for card in cards]


def enter(page: Page, link: str) -> None:
    """Sign in with a card, and go to the competition."""
    page.goto(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set it and sign in").click()
    expect(page.get_by_role("button", name="Account of")).to_be_visible()
    page.get_by_role("link", name="Autumn Cup", exact=True).first.click()
    page.get_by_role("tab", name="Challenges").click()


def answer(page: Page, question: str, given: str) -> None:
    asked = page.locator("form").filter(has_text=question)
    asked.get_by_role("textbox").fill(given)
    asked.get_by_role("button", name="Submit").click()


def test_an_event_from_an_empty_platform_to_its_results(
    empty: Arena, browser: Browser, tmp_path: Path
) -> None:
    people = tmp_path / "people.csv"
    rows = [f"Player {n:03},player{n}@example.org,Team {n:03}" for n in range(1, 201)]
    people.write_text("\n".join(["name,email,team", *rows]))
    with window(browser, empty.url, DESKTOP) as desk:
        operator = desk.sign_in(empty.admin, PASSWORD).page
        fill_in(operator, empty.url)
        links = open_event(operator, empty.url, people)

        with window(browser, empty.url, DESKTOP) as first, window(browser, empty.url) as second:
            page = first.page
            enter(page, links[0])
            page.get_by_role("link", name="Pocket Notes").click()
            page.get_by_role("button", name="Start the instance").click()
            site = page.get_by_role("link", name="Open in the browser")
            found = solved("notes", site.get_attribute("href") or "")
            answer(page, "What does the private note say?", found)
            expect(page.get_by_text("Your team answered every question.")).to_be_visible()

            page = second.page
            enter(page, links[1])
            page.get_by_role("link", name="Riddle 1").click()
            answer(page, "What is the flag?", "FLAG{1}")
            expect(page.get_by_text("Your team answered every question.")).to_be_visible()
            page.get_by_role("tab", name="Challenges").click()
            page.get_by_role("link", name="Sums").click()
            page.get_by_role("tab", name="Hints (1)").click()
            page.get_by_role("button", name="Unlock for 10 points").click()
            page.get_by_role("dialog").get_by_role("button", name="Unlock").click()
            expect(page.get_by_text("Count on your fingers.")).to_be_visible()
            page.get_by_role("tab", name="Task").click()
            answer(page, "What is the flag?", "FLAG{sums}")
            answer(page, "How much is 6 by 7?", "42")
            choice = page.locator("form").filter(has_text="Which is odd?")
            choice.get_by_label("three, or so").check()
            choice.get_by_role("button", name="Submit").click()
            expect(page.get_by_text("Your team answered every question.")).to_be_visible()

        with window(browser, empty.url, PHONE) as third:
            page = third.page
            enter(page, links[2])
            page.get_by_role("link", name="Riddle 2").click()
            answer(page, "What is the flag?", "FLAG{3}")
            expect(page.get_by_text("Not the answer.")).to_be_visible()
            team = page.get_by_role("link", name="Team 003").first.get_attribute("href")
            operator.goto(f"{empty.url}/admin{team}")
            operator.get_by_label("Points").fill("30")
            operator.get_by_role("textbox", name="Reason").first.fill("found a mistake of ours")
            operator.get_by_role("button", name="Give points").click()
            expect(operator.get_by_role("button", name="Take back")).to_be_visible()

        (cup,) = empty.admin.competitions.list()
        operator.goto(f"{empty.url}/admin/competitions/{cup.id}?tab=teams")
        with operator.expect_download() as saved:
            operator.get_by_role("link", name="Standings as CSV").click()
        table = saved.value.path().read_text("utf-8-sig")
    standings = list(csv.DictReader(io.StringIO(table)))
    assert len(standings) == 200
    ranked = [(row["team_name"], row["points"], row["solved"]) for row in standings[:3]]
    assert ranked == [("Team 001", "500", "1"), ("Team 002", "190", "2"), ("Team 003", "30", "0")]
