"""Colours and how well they are told apart, as WCAG 2.2 measures it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

AA_TEXT = 4.5  # the least contrast of a text with what is behind it
AA_SHAPE = 3.0  # and of what is no text: a bar, a switch

# What text and controls stand on, in the browser's two schemes (frontend/src/theme.ts).
ON_LIGHT = ("#ffffff", "#fbfcfc", "#f1f3f5")
ON_DARK = ("#10161a", "#151c21", "#28323a")
_CARD_ON_DARK = "#151c21"
# How much white each of the library's ten shades has; the ninth is the accent itself.
_WHITE = (0.92, 0.84, 0.76, 0.66, 0.5, 0.36, 0.22, 0.1)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours such as `#087050`, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _mixed(color: str, other: str, share: float) -> str:
    parts = zip(_parts(color), _parts(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in parts)


def check_accent(color: str) -> str:
    """An accent colour in which links and buttons can be read. Raises ValueError, and says why.

    Links on the light pages and white text on a button ask the same of it: to be dark enough. What
    the dark pages need follows from it, see `palette`.
    """
    worst = min(contrast(color, surface) for surface in ON_LIGHT)
    if worst < AA_TEXT:
        raise ValueError(
            f"has a contrast of {worst:.2f} : 1 with the light pages, and white text on it is as "
            f"hard to read; WCAG AA asks for {AA_TEXT} : 1. Choose a darker colour"
        )
    return color


@dataclass(frozen=True, slots=True)
class Palette:
    """An accent colour in all that the pages need: ten shades from light to dark.

    The ninth is the accent: links on light pages, and buttons with white text. The fourth and the
    third are links and badges on dark ones; `fill_on_dark`: buttons and bars there.
    """

    shades: tuple[str, ...]
    fill_on_dark: str


@functools.lru_cache(maxsize=8)
def palette(accent: str) -> Palette:
    """The shades of a colour that `check_accent` let through."""
    fill = accent
    white = 0
    # White text takes a luminance below 0.183, and a shape on a dark card one above 0.133: in
    # steps of a hundredth none jumps over what lies between.
    while contrast(fill, _CARD_ON_DARK) < AA_SHAPE:
        white += 1
        fill = _mixed(accent, "#ffffff", white / 100)
    shades = (*(_mixed(accent, "#ffffff", share) for share in _WHITE), accent)
    return Palette((*shades, _mixed(accent, "#000000", 0.2)), fill)
