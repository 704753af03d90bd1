"""Archives of challenges: what goes in comes out, and what may not be there is refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctfy.challenge.archive import MOST_ENTRIES, ArchiveRefused, pack, unpack
from ctfy.challenge.catalogue import Catalogue, load_challenge
from ctfy.challenge.versions import ChallengeRefused, Versions

METADATA = (
    "{name: Notes, description: d, difficulty: easy, tags: [t], "
    "questions: [{id: q, prompt: w?, answer: a}]}\n"
)


def made(folder: Path, name: str = "notes", **files: str) -> Path:
    root = folder / name
    root.mkdir(parents=True)
    (root / "metadata.yaml").write_text(METADATA)
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


def packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    pack(folder, buffer)
    return buffer.getvalue()


def tarred(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info, content in entries:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def file(name: str, content: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), content


def special(kind: bytes, name: str = "notes/x", to: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info, b""


def zipped(*entries: tuple[str, bytes], mode: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def test_the_same_files_are_the_same_archive_and_come_out_the_same(tmp_path: Path) -> None:
    folder = made(tmp_path / "one", **{"services/web/run.sh": "#!/bin/sh\n", "attachments/a": "ä"})
    (folder / "services" / "web" / "run.sh").chmod(0o755)
    other = made(tmp_path / "two", **{"attachments/a": "ä", "services/web/run.sh": "#!/bin/sh\n"})
    (other / "services" / "web" / "run.sh").chmod(0o711)
    assert packed(folder) == packed(other)
    archive = tmp_path / "archive"
    archive.write_bytes(packed(folder))
    challenge = Versions(tmp_path / "versions").add(archive)
    assert challenge.id == "notes"
    assert challenge.digest == load_challenge(tmp_path / "one", folder).digest
    assert (challenge.path / "services" / "web" / "run.sh").stat().st_mode & 0o111


def test_a_zip_as_desktops_make_them_is_taken(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(
        zipped(
            ("notes/", b""),
            ("notes/metadata.yaml", METADATA.encode()),
            ("__MACOSX/notes/._metadata.yaml", b"x"),
            ("notes/.DS_Store", b"x"),
        )
    )
    challenge = Versions(tmp_path / "versions").add(archive)
    assert sorted(p.name for p in challenge.path.iterdir()) == ["metadata.yaml"]


HOSTILE: dict[str, Callable[[], bytes]] = {
    "leads out of": lambda: tarred(file("../notes/metadata.yaml")),
    "is no path inside": lambda: tarred(file("/etc/passwd")),
    "leads out of the folder": lambda: zipped(("notes/../../x", b"x")),
    "is no ordinary file": lambda: tarred(special(tarfile.SYMTYPE, to="/etc/passwd")),
    "'notes/h' is no ordinary": lambda: tarred(
        file("notes/x"), special(tarfile.LNKTYPE, "notes/h", "notes/x")
    ),
    "'notes/d' is no": lambda: tarred(special(tarfile.CHRTYPE, "notes/d")),
    "'notes/f' is no": lambda: tarred(special(tarfile.FIFOTYPE, "notes/f")),
    "'notes/l' is no": lambda: zipped(("notes/l", b"/etc/passwd"), mode=0o120777),
    "differ only in case": lambda: tarred(file("notes/A/x"), file("notes/a/y")),
    "twice": lambda: tarred(file("notes/x"), file("notes/x")),
    "below what is a file": lambda: tarred(file("notes/x"), file("notes/x/y")),
    "characters that no file name": lambda: tarred(file("notes/\x1b[2J")),
    "too deep": lambda: tarred(file("a/" * 100 + "x")),
    "no files": lambda: tarred(special(tarfile.DIRTYPE, "notes")),
    "it is no tar": lambda: b"hello",
    "cut short": lambda: packed_bytes()[:-40],
    "broken": lambda: b"PK\x03\x04" + zipped(("notes/x", b"x" * 99))[40:],
    "larger than a challenge": lambda: gzip.compress(
        plain_tar(file("notes/x", bytes(70 * 1024**2)))
    ),
    "unpacked, it is larger": lambda: zipped(("notes/x", bytes(70 * 1024**2))),
    f"more than {MOST_ENTRIES}": lambda: gzip.compress(
        plain_tar(*(file(f"notes/{n}", b"") for n in range(MOST_ENTRIES + 1))), 1
    ),
}


def plain_tar(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    return gzip.decompress(tarred(*entries))


def packed_bytes() -> bytes:
    return tarred(file("notes/x", b"hello " * 100), file("notes/y", b"world" * 100))


@pytest.mark.parametrize("words", HOSTILE)
def test_what_may_not_be_in_an_archive_is_refused_and_leaves_nothing(
    tmp_path: Path, words: str
) -> None:
    archive, versions = tmp_path / "archive", tmp_path / "versions"
    archive.write_bytes(HOSTILE[words]())
    with pytest.raises(ArchiveRefused, match=words):
        Versions(versions).add(archive)
    assert list(versions.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"archive", "versions"}


@settings(max_examples=300, deadline=None)
@given(
    base=st.sampled_from(["tar", "zip"]),
    edits=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=6),
)
def test_a_damaged_archive_is_refused_or_read_and_nothing_else(
    base: str, edits: list[tuple[float, bytes]]
) -> None:
    content = (
        zipped(("notes/x", b"hello" * 50), ("notes/y", b"z")) if base == "zip" else packed_bytes()
    )
    for where, other in edits:
        at = int(where * len(content))
        content = content[:at] + other + content[at + max(1, len(other)) :]
    with tempfile.TemporaryDirectory() as room:
        (Path(room) / "archive").write_bytes(content)
        (Path(room) / "goal").mkdir()
        with contextlib.suppress(ArchiveRefused):
            unpack(Path(room) / "archive", Path(room) / "goal")


def test_a_huge_header_is_not_read_into_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("notes/x")
    info.pax_headers = {"comment": "x" * (70 * 1024**2)}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info)
    (tmp_path / "archive").write_bytes(buffer.getvalue())
    (tmp_path / "goal").mkdir()
    with pytest.raises(ArchiveRefused, match="larger than a challenge"):
        unpack(tmp_path / "archive", tmp_path / "goal")


def test_a_broken_challenge_is_refused_with_what_the_audit_says(tmp_path: Path) -> None:
    folder = made(tmp_path / "one")
    (folder / "metadata.yaml").write_text("{name: Notes}\n")
    (tmp_path / "archive").write_bytes(packed(folder))
    with pytest.raises(ChallengeRefused, match="`notes` is broken") as caught:
        Versions(tmp_path / "versions").add(tmp_path / "archive")
    assert {str(finding.path) for finding in caught.value.findings} == {"notes/metadata.yaml"}
    assert list((tmp_path / "versions").iterdir()) == []


@pytest.mark.parametrize("name", ["Notes", "a b", "metadata.yaml"])
def test_an_archive_says_what_its_challenge_is_called(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "archive"
    inner = "metadata.yaml" if name == "metadata.yaml" else f"{name}/metadata.yaml"
    archive.write_bytes(zipped((inner, METADATA.encode())))
    with pytest.raises(ChallengeRefused, match="no challenge id"):
        Versions(tmp_path / "versions").add(archive)
    assert Versions(tmp_path / "versions").add(archive, "called").id == "called"


def test_another_archive_than_the_one_asked_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(packed(made(tmp_path / "one")))
    with pytest.raises(ArchiveRefused, match="digest differs"):
        Versions(tmp_path / "versions").add(tmp_path / "archive", "notes", "0" * 64)


def test_a_version_that_was_cut_short_on_disk_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(packed(made(tmp_path / "one", **{"attachments/a": "x"})))
    kept = Versions(tmp_path / "versions").add(tmp_path / "archive")
    (kept.path / "attachments" / "a").write_text("")
    again = Versions(tmp_path / "versions")
    assert again.get("notes", kept.digest) is None
    assert again.add(tmp_path / "archive").digest == kept.digest


def test_what_nobody_needs_is_pruned(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "versions")
    kept = []
    for content in ("one", "two"):
        (tmp_path / "archive").write_bytes(
            packed(made(tmp_path / content, **{"attachments/a": content}))
        )
        kept.append(versions.add(tmp_path / "archive").digest)
    versions.prune(kept[:1])
    assert versions.get("notes", kept[0]) is not None
    assert versions.get("notes", kept[1]) is None


@pytest.mark.parametrize("mode", [0o700, 0o744, 0o750, 0o755, 0o600, 0o666])
def test_whatever_a_folder_holds_that_the_audit_passes_can_be_fetched(
    tmp_path: Path, mode: int
) -> None:
    """A node asks by digest: what was packed of a folder is the version that the folder was."""
    folder = made(tmp_path / "one", **{"README": "a", "Readme": "b", ".DS_Store": "c", "a\\b": "d"})
    (folder / "attachments").mkdir()
    (folder / "attachments" / "zeros").write_bytes(bytes(80 * 1024**2))
    (folder / "README").chmod(mode)
    challenge = Catalogue.load(tmp_path / "one").challenges["notes"]
    archive = tmp_path / "archive"
    archive.write_bytes(packed(folder))
    kept = Versions(tmp_path / "versions").add(archive, challenge.id, challenge.digest)
    assert kept.digest == challenge.digest
