"""Which background a subject stands on, and putting it there. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.constants.image_processing import BRIGHTNESS_THRESHOLD
from lambdas.image_processor import strips
from lambdas.image_processor.boxes import Box, extent
from lambdas.image_processor.domain import SUBJECT_ALPHA, Cutout

#: ITU-R BT.601 luma, as the deployed system measured it; thousandths, so that sums stay whole numbers and a
#: subject of level 128 is exactly 128, not a rounding error below the threshold.
_LUMA: Final = np.array([299, 587, 114])
#: Level of the plain backgrounds.
_LEVELS: Final = MappingProxyType({"black": 0, "white": 255})


@dataclass(frozen=True, slots=True)
class Background:
    """What a subject stands on."""

    #: "black" | "white" | "transparent".
    name: str
    #: Mean luma of the subject, 0..255.
    brightness: float


def mean_luma(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> float:
    """Return the mean luma (0..255) over subject pixels (alpha > 10), or 255 without any.

    Args:
        pixels: (height, width, 3) uint8.
        alpha: (height, width) uint8.

    """
    box = _subject_box(alpha)
    subject = (alpha[box] > SUBJECT_ALPHA).view(np.uint8) * np.uint8(255)
    # Counting levels in C is five times as fast as gathering the pixels.
    counts = strips.histogram(pixels[box], subject)
    covered = int(counts[0].sum())
    return int(_LUMA @ (counts @ np.arange(256))) / (1000 * covered) if covered else 255.0


def by_brightness(brightness: float) -> str:
    """Return black for dark subjects, white for bright ones: a dark book glows on black."""
    return "black" if brightness < BRIGHTNESS_THRESHOLD else "white"


#: Name -> brightness -> background; a new policy is one line.
POLICIES: Final[Mapping[str, Callable[[float], str]]] = MappingProxyType(
    {
        "auto": by_brightness,
        "black": lambda _: "black",
        "white": lambda _: "white",
        "transparent": lambda _: "transparent",
    }
)


def choose(photo_pixels: NDArray[np.uint8], cutout: Cutout, policy: str) -> Background:
    """Choose the background.

    Args:
        photo_pixels: (height, width, 3) uint8, the photo itself: brightness is the book's, not the matting's.
        cutout: the subject.
        policy: a key of `POLICIES`.

    Raises:
        ValueError: there is no such policy.

    """
    if policy not in POLICIES:
        raise ValueError(f"there is no background {policy!r}; choose one of {', '.join(POLICIES)}")
    brightness = mean_luma(photo_pixels, cutout.alpha)
    return Background(POLICIES[policy](brightness), brightness)


def composite(cutout: Cutout, background: str) -> NDArray[np.uint8]:
    """Return (height, width, 3) uint8 on black or white, or (height, width, 4) with the opacity itself.

    In whole numbers: `(foreground * alpha + level * (255 - alpha)) / 255`, rounded to nearest.
    """
    if background == "transparent":
        return np.dstack([cutout.foreground, cutout.alpha])
    level = _LEVELS[background]
    picture = np.full_like(cutout.foreground, level)
    box = _subject_box(cutout.alpha)
    picture[box] = strips.blended(cutout.foreground[box], cutout.alpha[box], level)
    return picture


def _subject_box(alpha: NDArray[np.uint8]) -> Box:
    """Return the rows and columns outside which everything is background; none where all of it is."""
    return extent(alpha) or (slice(0, 0), slice(0, 0))
