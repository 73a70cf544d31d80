"""Mask -> Cutout: closed-form alpha in the unknown band, and the subject's own colours there. Pure."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lambdas.image_processor import laplacian, solver
from lambdas.image_processor.domain import Cutout
from lambdas.image_processor.foreground import estimate_foreground
from lambdas.image_processor.recipes import Matting
from lambdas.image_processor.trimap import BACKGROUND, FOREGROUND, UNKNOWN, trimap

#: Unknown pixels that are solved at the photo's own resolution: about 4 CPU-seconds and 400 MiB at the most.
MAX_UNKNOWN_PX: Final = 400_000
_COARSE_MARGIN: Final = 0.98
_SMALLEST_PX: Final = 3


def matte(pixels: NDArray[np.uint8], mask: NDArray[np.uint8], matting: Matting | None) -> Cutout:
    """Turn a mask into a cut-out.

    A trimap without a sure subject, or without a sure background, has no matte, nor has a band whose
    equations flat colours leave singular: the mask itself is the opacity then, `is_matted` is false, and
    `notes` says why.

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
    try:
        alpha, notes = closed_form_alpha(pixels, regions)
    except (solver.NotConvergedError, np.linalg.LinAlgError):
        return Cutout(mask, pixels, is_matted=False, notes={"solver": "none", "why": "singular_band"})
    return Cutout(_opacity(alpha, regions), estimate_foreground(pixels, alpha), is_matted=True, notes=notes)


def _opacity(alpha: NDArray[np.float32], trimap: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return alpha in 8 bits, truncated as rembg does; what the trimap is sure of is 0 or 255 in both."""
    opacity = trimap.copy()
    unknown = np.flatnonzero(trimap == UNKNOWN)
    opacity.ravel()[unknown] = (alpha.ravel().take(unknown) * 255).astype(np.uint8)
    return opacity


def closed_form_alpha(
    pixels: NDArray[np.uint8], trimap: NDArray[np.uint8], max_unknown_px: int = MAX_UNKNOWN_PX
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Return the (height, width) float32 alpha, 0..1, and what was met on the way.

    Up to `max_unknown_px` the band is solved exactly. A wider one is solved on a photo made smaller until
    the band fits, and enlarged: time and memory stay bounded; the mean error stays below 0.02 up to twice the
    cap, and below 0.04 up to four times.

    Args:
        pixels: (height, width, 3) uint8 RGB.
        trimap: (height, width) uint8: 255 subject, 0 background, 128 unknown; both sure regions present.
        max_unknown_px: the cap.

    """
    is_unknown = trimap == UNKNOWN
    unknown_px = int(np.count_nonzero(is_unknown))
    notes: dict[str, Any] = {"unknown_px": unknown_px, "solver": "none" if unknown_px == 0 else "exact"}
    if unknown_px > max_unknown_px:
        scale = math.sqrt(max_unknown_px / unknown_px)
        found: NDArray[Any] = _coarse_alpha(pixels, trimap, scale)[is_unknown]
        notes |= {"solver": "coarse", "scale": round(scale, 4)}
    else:
        found = _exact_alpha(pixels, trimap) if unknown_px else np.empty(0)
    # The frame's plane comes last: the solver needs the room.
    alpha = (trimap == FOREGROUND).astype(np.float32)
    alpha[is_unknown] = found
    return alpha, notes


def _exact_alpha(pixels: NDArray[np.uint8], trimap: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the alpha of the unknown pixels, (n,) float64, 0..1, in the photo's order."""
    system = laplacian.assemble(pixels, trimap)
    return np.clip(solver.solve(system, trimap.shape[1]), 0, 1)


def _coarse_alpha(pixels: NDArray[np.uint8], trimap: NDArray[np.uint8], scale: float) -> NDArray[np.float32]:
    """Return the alpha of a smaller photo, enlarged; only what is sure as a whole is sure when smaller."""
    height, width = trimap.shape
    # A little smaller than asked: a pixel that is partly unknown is unknown.
    scale *= _COARSE_MARGIN
    size = (max(int(width * scale), _SMALLEST_PX), max(int(height * scale), _SMALLEST_PX))

    def shrunk(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX))

    regions = np.full(size[::-1], UNKNOWN, np.uint8)
    for level in (FOREGROUND, BACKGROUND):
        regions[shrunk(np.uint8(255) * (trimap == level)) == 255] = level
    small = (regions == FOREGROUND).astype(np.float32)
    small[regions == UNKNOWN] = _exact_alpha(shrunk(pixels), regions)
    large = Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(large, np.float32), 0, 1)
