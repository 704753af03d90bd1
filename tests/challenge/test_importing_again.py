"""Imported again: what changed there comes in, what was changed here stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctfy.challenge.importers import Report, bring
from tests.cli.terminal import Terminal

PLAIN = "{name: Jar, category: misc, description: %s, value: 10, flags: ['flag{x}'], files: [a, b]}"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old" / "jar"
    folder.mkdir(parents=True)
    (folder / "challenge.yml").write_text(PLAIN % "first")
    (folder / "a").write_text("a")
    (folder / "b").write_text("b")
    return tmp_path / "old"


@pytest.fixture
def jar(old: Path, tmp_path: Path) -> Path:
    """The challenge, imported once."""
    (report,) = bring("ctfcli", old, tmp_path / "new")
    assert report.state == "new"
    return tmp_path / "new" / "jar"


def again(old: Path, jar: Path, **options: bool) -> Report:
    (report,) = bring("ctfcli", old, jar.parent, **options)
    return report


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_nothing_changed_changes_nothing(old: Path, jar: Path) -> None:
    before = content(jar)
    assert again(old, jar).state == "unchanged"
    assert content(jar) == before


def test_what_changed_there_comes_in(old: Path, jar: Path) -> None:
    (old / "jar/challenge.yml").write_text((PLAIN % "second").replace(", b]", "]"))
    (old / "jar/a").write_text("another")
    assert again(old, jar).state == "updated"
    assert "second" in (jar / "metadata.yaml").read_text()
    assert (jar / "attachments/a").read_text() == "another"
    assert not (jar / "attachments/b").exists()
    assert sorted(path.name for path in jar.parent.iterdir()) == ["jar"]


def test_what_was_changed_here_stays(old: Path, jar: Path) -> None:
    (jar / "solve.py").write_text("print('flag{x}')")
    (jar / "README.md").write_text("curated")
    (jar / "attachments/b").unlink()
    (old / "jar/a").write_text("another")
    report = again(old, jar)
    assert report.state == "updated"
    assert [line.partition(":")[0] for line in report.changed if line.startswith("edit ")] == [
        "edit README.md",
        "edit attachments/b",
        "edit solve.py",
    ]
    assert (jar / "attachments/a").read_text() == "another"
    assert (jar / "README.md").read_text() == "curated"
    assert (jar / "solve.py").exists()
    assert not (jar / "attachments/b").exists()
    assert again(old, jar).state == "unchanged"


def test_a_file_that_both_changed_is_a_conflict_that_changes_nothing(old: Path, jar: Path) -> None:
    (jar / "attachments/a").write_text("here")
    (old / "jar/a").write_text("there")
    (old / "jar/b").write_text("there")
    before = content(jar)
    report = again(old, jar)
    assert [(f.path, f.rule) for f in report.findings] == [(jar / "attachments/a", "import.edited")]
    assert report.state == "refused"
    assert content(jar) == before


def test_force_takes_theirs_where_both_changed(old: Path, jar: Path) -> None:
    (jar / "attachments/a").write_text("here")
    (jar / "solve.py").write_text("print('flag{x}')")
    (old / "jar/a").write_text("there")
    assert again(old, jar, force=True).state == "updated"
    assert (jar / "attachments/a").read_text() == "there"
    assert (jar / "solve.py").exists()
    assert again(old, jar).state == "unchanged"


def test_an_edit_that_no_longer_fits_is_refused(old: Path, jar: Path) -> None:
    (jar / "docker-compose.yml").write_text("services: {web: {image: x, privileged: true}}")
    (old / "jar/a").write_text("another")
    before = content(jar)
    assert again(old, jar).state == "refused"
    assert content(jar) == before


def test_one_that_was_imported_without_a_record_is_not_written_over(old: Path, jar: Path) -> None:
    (jar / ".imported.json").unlink()
    assert again(old, jar).state == "unchanged"
    (old / "jar/a").write_text("another")
    assert [f.rule for f in again(old, jar).findings] == ["import.edited"]
    assert again(old, jar, force=True).state == "updated"


def test_a_dry_run_says_what_would_be(old: Path, jar: Path) -> None:
    (old / "jar/a").write_text("another")
    before = content(jar)
    assert again(old, jar, dry_run=True).state == "updated"
    assert content(jar) == before


def test_the_command_says_what_became_of_each(old: Path, jar: Path, tmp_path: Path) -> None:
    author = Terminal(tmp_path / "config", "http://127.0.0.1:9")
    line = f"ctfy-admin challenge import ctfcli --source {old} --out {jar.parent}"
    assert author.ok(line).startswith("jar: is as it was, of ")
    (jar / "attachments/a").write_text("here")
    (old / "jar/a").write_text("there")
    ran = author.run(line)
    assert (ran.code, "give --force to take theirs" in ran.err) == (1, True)
    assert author.ok(f"{line} --force").startswith("jar: updated, of ")
