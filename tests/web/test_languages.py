"""Every language of the interface: whole, with the values where the English text has them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.available import needs
from tests.conftest import Arena
from tests.processes import PATIENCE_S, ROOT

CATALOGUES = sorted((ROOT / "frontend/src/i18n").glob("*.ts"))
LANGUAGES = [path for path in CATALOGUES if path.stem != "index"]
_TEXT = r'"(?:[^"\\]|\\.)*"'
_PAIR = re.compile(rf"^  ({_TEXT}|\w+):\s+({_TEXT}),$", re.M)


def texts(catalogue: Path) -> dict[str, str]:
    """What a catalogue says, by the English text."""
    found = _PAIR.findall(catalogue.read_text())
    return {json.loads(k) if k[0] == '"' else k: json.loads(v) for k, v in found}


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_a_translation_has_the_values_of_its_text(path: Path) -> None:
    said = texts(path)
    lines = sum(not line.startswith((" " * 4, "//", "}")) for line in path.read_text().splitlines())
    assert len(said) > 1000
    assert abs(len(said) - lines) < 10, "the catalogue is written in another form than is read here"
    wrong = {
        key: text
        for key, text in said.items()
        for form in text.split("|")
        if set(re.findall(r"\{\w+\}", form)) - set(re.findall(r"\{\w+\}", key))
        or set(re.findall(r"\{\w+\}", key)) - set(re.findall(r"\{\w+\}", text))
        or not form.strip()
    }
    assert wrong == {}


@needs("browser")
@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_a_browsers_own_language_is_spoken(arena: Arena, browser: Browser, path: Path) -> None:
    context = browser.new_context(locale=path.stem)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto(f"{arena.url}/login")
    said = texts(path)
    expect(page.get_by_role("link", name=said["Competitions"], exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=said["Sign in"], exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == path.stem
    context.close()
