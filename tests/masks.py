"""Masks drawn for tests: what a model would say about the photos of scenes.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from lambdas.image_processor.domain import Mask
from lambdas.image_processor.working_size import Patch
from tests import scenes


def mask_of(*parts: scenes.Corners, size_px: tuple[int, int] = (400, 300), soft_px: float = 1.5) -> Mask:
    """Return the mask that is sure of these polygons, corners as shares of the frame, with a soft outline."""
    picture = Image.new("L", size_px)
    draw = ImageDraw.Draw(picture)
    for corners in parts:
        draw.polygon([(x * size_px[0], y * size_px[1]) for x, y in corners], fill=255)
    return from_alpha(np.asarray(picture.filter(ImageFilter.GaussianBlur(soft_px))))


def from_alpha(alpha: NDArray[np.uint8]) -> Mask:
    """Return a finished mask, as sure as it is white."""
    return Mask(alpha, np.asarray(alpha / np.float32(255), np.float32))


def patch(alpha: NDArray[np.uint8]) -> Patch:
    """Return a photo's mask as an opinion on all of it."""
    return Patch(alpha, (slice(0, alpha.shape[0]), slice(0, alpha.shape[1])))


def without(mask: Mask, *parts: scenes.Corners) -> Mask:
    """Return the mask with polygons taken away."""
    lost = mask_of(*parts, size_px=(mask.alpha.shape[1], mask.alpha.shape[0])).alpha
    return from_alpha(np.minimum(mask.alpha, 255 - lost))


def with_more(mask: Mask, *parts: scenes.Corners) -> Mask:
    """Return the mask with polygons added."""
    gained = mask_of(*parts, size_px=(mask.alpha.shape[1], mask.alpha.shape[0])).alpha
    return from_alpha(np.maximum(mask.alpha, gained))
