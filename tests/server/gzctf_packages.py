"""Game packages as GZCTF writes them: made from its documented transfer format."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass
class Package:
    """A game with its challenges, and the files that they give."""

    game: Row = field(default_factory=dict)
    challenges: list[Row] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    manifest: Row = field(default_factory=dict)

    def attachment(self, name: str, data: bytes) -> Row:
        """A file of the package, as a challenge or a flag names it."""
        hash_ = hashlib.sha256(data).hexdigest()
        self.files[hash_] = data
        return {
            "type": "Local",
            "hash": hash_,
            "fileName": name,
            "fileSize": len(data),
            "remoteUrl": None,
        }

    def write(self, path: Path, **replaced: bytes | None) -> Path:
        """The zip. `replaced`: other contents for documents, by their stems; None: left out."""
        manifest = {
            "version": "1.0",
            "format": "GZCTF-GAME",
            "exportedAt": "2026-03-05T09:30:00.1234567+00:00",
            "exporterVersion": "1.8.5.0",
            "game": {"id": 7, "title": "Spring CTF"},
            "statistics": {
                "challengeCount": len(self.challenges),
                "divisionCount": 0,
                "totalFlags": 0,
                "totalFiles": len(self.files),
                "totalFileSize": sum(map(len, self.files.values())),
            },
        }
        documents = {"manifest.json": {**manifest, **self.manifest}, "game.json": self.game}
        for number, one in enumerate(self.challenges, 1):
            documents[f"challenges/challenge-{number}.json"] = one
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for folder in ("challenges/", "files/"):
                archive.writestr(folder, b"")
            for name, document in documents.items():
                stem = Path(name).stem.replace("-", "_")
                if stem in replaced and replaced[stem] is None:
                    continue
                content = json.dumps(document, indent=2, ensure_ascii=False)
                archive.writestr(name, replaced.get(stem) or content.encode(errors="surrogatepass"))
            for hash_, data in self.files.items():
                archive.writestr(f"files/{hash_}", data)
        return path


def package(**game: Any) -> Package:
    """A game without challenges, all that its settings can say said."""
    return Package(
        {
            "title": "Spring CTF",
            "summary": "A weekend.",
            "content": "# Rules\n\nBe kind.",
            "hidden": True,
            "practiceMode": True,
            "acceptWithoutReview": False,
            "inviteCode": None,
            "teamMemberCountLimit": 4,
            "containerCountLimit": 3,
            "startTime": "2026-03-01T12:00:00+00:00",
            "endTime": "2026-03-03T20:00:00+08:00",
            "writeup": {"required": True, "deadline": "2026-03-04T12:00:00+00:00", "note": None},
            "bloodBonus": {"first": 50, "second": 30, "third": 10},
            "posterHash": None,
            "divisions": [],
            **game,
        }
    )


def challenge(
    game: Package,
    title: str,
    *flags: str,
    type_: str = "StaticAttachment",
    **more: Any,
) -> Row:
    """A challenge of the game."""
    made = {
        "id": len(game.challenges) + 1,
        "title": title,
        "content": f"About {title}.",
        "category": "Web",
        "type": type_,
        "enabled": True,
        "scoring": {"original": 1000, "minRate": 0.25, "difficulty": 5.0},
        "limits": {"submission": 0, "deadline": None},
        "flags": {
            "disableBloodBonus": False,
            "enableTrafficCapture": False,
            "template": None,
            "static": [{"value": flag, "attachment": None} for flag in flags],
        },
        "attachment": None,
        "hints": None,
        "container": None,
        **more,
    }
    game.challenges.append(made)
    return made


def container(image: str = "ghcr.io/example/heap:1.0", **more: Any) -> Row:
    """What a challenge's container is."""
    return {
        "image": image,
        "memoryLimit": 128,
        "cpuCount": 5,
        "storageLimit": 256,
        "exposePort": 1337,
        "networkMode": "Isolated",
        "fileName": "attachment",
        **more,
    }
