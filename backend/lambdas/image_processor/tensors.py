"""From a photo to a network's input, and from its output to a mask. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lambdas.image_processor.recipes import ModelSpec, Stretch

#: A prediction flatter than this carries no subject; stretching it would invent one.
_FLAT: Final = 1e-6
COLOURS: Final = 3


def preprocess(spec: ModelSpec, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (1, 3, S, S) float32 input: squeezed to the square, divided by its maximum, standardised.

    As rembg's sessions do: LANCZOS, then `(x / max(x) - mean) / std` per channel.
    """
    side = spec.input_side_px
    small = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS))
    # An 8-bit channel has 256 values: each is computed once, and then only looked up.
    levels = np.arange(256, dtype=np.float32) / max(float(small.max()), 1e-6)
    standard = (levels[:, None] - np.asarray(spec.mean, np.float32)) / np.asarray(spec.std, np.float32)
    tensor = np.empty((1, COLOURS, side, side), np.float32)
    for channel in range(COLOURS):
        standard[:, channel].take(small[..., channel], out=tensor[0, channel], mode="clip")
    return tensor


def squeezed(alpha: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return a (height, width) uint8 mask as (side, side), each pixel the mean of what it covers."""
    return np.asarray(Image.fromarray(alpha).resize((side, side), Image.Resampling.BOX), np.uint8)


def to_alpha(
    spec: ModelSpec, probability: NDArray[np.float32], size_px: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return the (height, width) uint8 mask of a raw output.

    Args:
        spec: says whether the output is stretched to the full range.
        probability: (S, S) float32.
        size_px: width and height of the photo.

    """
    stretched = probability
    if spec.stretch is Stretch.MIN_MAX:
        low, high = float(probability.min()), float(probability.max())
        # A constant prediction has no range to stretch: it stays as confident as it is.
        stretched = (probability - low) / (high - low) if high - low > _FLAT else probability
    small = Image.fromarray((np.clip(stretched, 0, 1) * 255).astype(np.uint8))
    return np.asarray(small.resize(size_px, Image.Resampling.LANCZOS))
