"""New challenge folders: one for each category, which run and can be solved at once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import jinja2

from ctfy.challenge import schema
from ctfy.challenge.catalogue import ID
from ctfy.challenge.folders import PathRefused, inside
from ctfy.challenge.metadata import Difficulty
from ctfy.core.enums import ChallengeCategory

_ROOT = Path(__file__).parent / "scaffolds"
_SUFFIX = ".jinja"
STACKS = ("python",)
_DESCRIPTIONS = {
    ChallengeCategory.WEB: "A small server reads pages to whoever asks for one.",
    ChallengeCategory.CRYPTO: "An oracle encrypts what you hand it, over TCP, a line at a time.",
    ChallengeCategory.MISC: "A help desk answers over TCP, a line at a time.",
    ChallengeCategory.PWN: "A vault with sixteen slots listens over TCP, a line at a time.",
    ChallengeCategory.REVERSE: "A gate asks for a serial over TCP. Its checker is the file.",
}


class ScaffoldRefused(ValueError):
    """The folder cannot be made; the message says why."""


@dataclass(frozen=True)
class Scaffold:
    """What a new challenge is to be. `id` is its folder's name."""

    id: str
    category: ChallengeCategory
    difficulty: Difficulty
    tags: list[str]
    title: str = ""

    def write(self, root: Path, *, force: bool = False) -> list[Path]:
        """Make the folder under `root`; its files. Raises ScaffoldRefused, and then makes nothing.

        Beside it stands the schema that its metadata.yaml names, for editors.
        A folder that is there already is written over only with `force`.
        """
        if not ID.fullmatch(self.id):
            raise ScaffoldRefused(f"{self.id!r} is no challenge id: use a-z, 0-9, - and _")
        target = root / self.id
        if target.exists() and not force:
            raise ScaffoldRefused(f"{target} is there already")
        source = _ROOT / self.category.value
        environment = jinja2.Environment(
            keep_trailing_newline=True,
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # noqa: S701
        )
        values = {
            "id": self.id,
            "title": self.title or self.id.replace("-", " ").replace("_", " ").title(),
            "description": _DESCRIPTIONS[self.category],
            "difficulty": self.difficulty,
            "tags": self.tags or [self.category.value],
        }
        written = {}
        try:
            for path in sorted(source.rglob(f"*{_SUFFIX}")):
                name = path.relative_to(source).with_suffix("")
                written[path] = inside(root, f"{self.id}/{name}")
        except PathRefused as error:
            raise ScaffoldRefused(str(error)) from error
        for path, made in written.items():
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(environment.from_string(path.read_text()).render(values))
        with suppress(FileExistsError):  # an author's own, which the editor then goes by
            schema.write(root)
        return list(written.values())
