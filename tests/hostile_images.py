"""Files that are no image to show, or hide something in one; each says in its name what it is."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, PngImagePlugin

SECRET = b"S3CRET-of-the-host"


def drawn(kind: str = "PNG", size: tuple[int, int] = (40, 20), **options: object) -> bytes:
    """An honest image."""
    file = io.BytesIO()
    Image.new("RGB", size, "#7a1fa2").save(file, kind, **options)
    return file.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _png(width: int, height: int, pixels: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(pixels, 9))
        + _chunk(b"IEND", b"")
    )


_text = PngImagePlugin.PngInfo()
_text.add_text("comment", SECRET.decode())
_exif = Image.Exif()
_exif[0x010E] = SECRET.decode()

REFUSED = {
    "nothing": b"",
    "a text": b"hello",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a drawing that runs": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a GIF": drawn("GIF"),
    "a BMP": drawn("BMP"),
    "an icon": drawn("ICO"),
    "a PostScript program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n",
    "a PNG that is cut off": drawn()[:60],
    "a JPEG that is cut off": drawn("JPEG")[:200],
    "a WebP that is cut off": drawn("WEBP")[:30],
    "a PNG's first bytes alone": b"\x89PNG\r\n\x1a\n",
    "a bomb of pixels": _png(20_000, 20_000, b"\0" * 1000),
    "the largest that a PNG can say": _png(2**31 - 1, 2**31 - 1, b""),
    "no pixels": _png(0, 0, b""),
    "more than is taken": drawn() + b"\0" * (4 * 1024 * 1024),
}
# What is an image, and more than one.
REDRAWN = {
    "a PNG with a text in it": drawn(pnginfo=_text),
    "a PNG with a page behind it": drawn() + b"<script>" + SECRET,
    "a JPEG that says where it was taken": drawn("JPEG", exif=_exif),
    "a JPEG with a remark": drawn("JPEG", comment=SECRET),
    "a WebP with a profile": drawn("WEBP", icc_profile=SECRET * 8),
    "a JPEG and an archive": drawn("JPEG") + b"PK\x03\x04" + SECRET,
}
