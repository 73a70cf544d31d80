"""Mask -> Cutout: closed-form alpha in the unknown band, and the subject's own colours there. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lambdas.image_processor import laplacian, solver
from lambdas.image_processor.domain import Cutout
from lambdas.image_processor.foreground import estimate_foreground
from lambdas.image_processor.recipes import Matting
from lambdas.image_processor.trimap import BACKGROUND, FOREGROUND, UNKNOWN, trimap

#: Unknown pixels that are solved at the photo's own resolution; a wider band is solved coarser first.
MAX_UNKNOWN_PX: Final = 400_000


def matte(pixels: NDArray[np.uint8], mask: NDArray[np.uint8], matting: Matting | None) -> Cutout:
    """Turn a mask into a cut-out.

    A trimap without a sure subject, or without a sure background, has no matte: the mask itself is the
    opacity then, `is_matted` is false, and `notes` says why.

    Args:
        pixels: (height, width, 3) uint8 RGB, at least 3 x 3.
        mask: (height, width) uint8, 255 = subject.
        matting: the trimap's thresholds; None: the mask itself is the opacity.

    """
    if matting is None:
        return Cutout(mask, pixels, is_matted=False, notes={"solver": "none"})
    regions = trimap(mask, matting)
    for level, missing in ((FOREGROUND, "no_sure_subject"), (BACKGROUND, "no_sure_background")):
        if not (regions == level).any():
            return Cutout(mask, pixels, is_matted=False, notes={"solver": "none", "why": missing})
    alpha, notes = closed_form_alpha(pixels, regions)
    # Truncated, as rembg converts to 8 bits.
    opacity = np.clip(alpha * 255, 0, 255).astype(np.uint8)
    return Cutout(opacity, estimate_foreground(pixels, alpha), is_matted=True, notes=notes)


def closed_form_alpha(
    pixels: NDArray[np.uint8], trimap: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], dict[str, str | int]]:
    """Return the (height, width) float32 alpha, 0..1, and what was met on the way.

    Args:
        pixels: (height, width, 3) uint8 RGB.
        trimap: (height, width) uint8: 255 subject, 0 background, 128 unknown; both sure regions present.

    """
    alpha = (trimap == FOREGROUND).astype(np.float32)
    unknown_px = int((trimap == UNKNOWN).sum())
    if unknown_px == 0:
        return alpha, {"unknown_px": 0, "solver": "none"}
    if unknown_px > MAX_UNKNOWN_PX:
        return _coarse_alpha(pixels, trimap, alpha), {"unknown_px": unknown_px, "solver": "coarse"}
    system = laplacian.assemble(pixels, trimap)
    found = np.clip(solver.solve(system.matrix, system.right), 0, 1)
    alpha.ravel()[system.pixels] = found
    return alpha, {"unknown_px": unknown_px, "solver": "banded"}


def _coarse_alpha(
    pixels: NDArray[np.uint8], trimap: NDArray[np.uint8], alpha: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Solve at half the size and enlarge; what is known at full size stays."""
    height, width = trimap.shape
    half = (max(width // 2, 3), max(height // 2, 3))
    small_pixels = np.asarray(Image.fromarray(pixels).resize(half, Image.Resampling.BOX))
    small_trimap = np.asarray(Image.fromarray(trimap).resize(half, Image.Resampling.NEAREST))
    small, _ = closed_form_alpha(small_pixels, small_trimap)
    large = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR))
    return np.where(trimap == UNKNOWN, np.clip(large, 0, 1), alpha)
