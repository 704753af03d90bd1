"""Uploaded images, made anew from their pixels: whatever else was in the file is left behind."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Literal

Purpose = Literal["page", "logo", "favicon", "avatar", "team_logo"]

MOST_BYTES = 4 * 1024 * 1024  # of an upload
_MOST_PIXELS = 16_000_000  # 64 MB in memory
_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
# What it is made smaller to fit in: width and height, pixels.
_LARGEST = {
    "page": (2000, 2000),
    "logo": (640, 160),
    "favicon": (180, 180),
    "avatar": (256, 256),
    "team_logo": (256, 256),
}


class PictureRefused(Exception):
    """It is no image that is taken; says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image in a file that we wrote."""

    content: bytes
    content_type: str
    width: int
    height: int


def redrawn(content: bytes, purpose: Purpose) -> Picture:
    """An upload as a new file of its format, turned upright and made to fit; the first of frames.

    Text, places, profiles and whatever hides behind the pixels are not in it. Raises
    PictureRefused. It takes up to a second and 100 MB: not for the event loop.
    """
    # 12 MB in memory, which only servers need to whom images are uploaded.
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not content:
        raise PictureRefused("the file is empty")
    if len(content) > MOST_BYTES:
        raise PictureRefused(f"it has more than {MOST_BYTES // 1024 // 1024} MB")
    try:
        with Image.open(io.BytesIO(content), formats=list(_FORMATS)) as opened:
            kind = opened.format or ""
            if opened.width * opened.height > _MOST_PIXELS:
                raise PictureRefused(
                    f"it has {opened.width} × {opened.height} pixels; up to "
                    f"{_MOST_PIXELS // 1_000_000} million are taken"
                )
            opened.load()
            upright = ImageOps.exif_transpose(opened)
        drawn = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except UnidentifiedImageError as error:
        raise PictureRefused("only PNG, JPEG and WebP images are taken") from error
    except Image.DecompressionBombError as error:
        raise PictureRefused("it has too many pixels") from error
    except (OSError, ValueError, TypeError, LookupError, SyntaxError, struct.error) as error:
        raise PictureRefused("the file is damaged") from error
    if purpose == "avatar":  # it is shown in a circle
        drawn = ImageOps.fit(drawn, (min(drawn.size), min(drawn.size)))
    drawn.thumbnail(_LARGEST[purpose])
    drawn.info = {}
    if purpose == "favicon":  # what every browser shows as one
        kind = "PNG"
    elif purpose in ("avatar", "team_logo"):  # a list shows fifty
        kind = "WEBP"
    written = io.BytesIO()
    if kind == "PNG":
        drawn.save(written, kind, optimize=True)
    else:
        drawn.save(written, kind, quality=88)
    return Picture(written.getvalue(), _FORMATS[kind], drawn.width, drawn.height)
