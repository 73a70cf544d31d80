"""Random fields for drawn textures: float32, deterministic for a generator's seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Field = NDArray[np.floating[Any]]


def smooth(rng: np.random.Generator, shape: tuple[int, int], sigma: tuple[float, float]) -> Field:
    """Return noise of mean 0 and deviation 1, blurred by `sigma` pixels down and across."""
    # A wide blur is drawn small and enlarged, each axis for itself.
    factors = [max(value / 2, 1.0) for value in sigma]
    small = [max(round(side / factor), 8) for side, factor in zip(shape, factors, strict=True)]
    white = rng.standard_normal(small, dtype=np.float32)
    narrow = [value / factor for value, factor in zip(sigma, factors, strict=True)]
    return _standard(_enlarge(ndimage.gaussian_filter(white, narrow, mode="wrap"), shape))


def cloudy(rng: np.random.Generator, shape: tuple[int, int], cells: int, octaves: int = 4) -> Field:
    """Return fractal noise of mean 0 and deviation 1, `cells` blobs along the longer side at its coarsest."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        step = max(shape) / (cells * 2**octave)
        grid = rng.standard_normal([int(side / step) + 2 for side in shape], dtype=np.float32)
        total += _enlarge(grid, shape) / 2**octave
    return _standard(total)


def ramp(values: Field, low: float, high: float) -> Field:
    """Return 0 below `low`, 1 above `high`, and a smooth step between; `low` may be the larger one."""
    position = np.clip((values - low) / (high - low), 0, 1)
    result: Field = (position * position * (3 - 2 * position)).astype(np.float32)
    return result


def sample(texture: Field, rows: Field, columns: Field) -> Field:
    """Return a texture's values at fractional pixel positions; the edge continues outside.

    Args:
        texture: (H, W) or (H, W, C).
        rows: (N,) positions down.
        columns: (N,) positions across.

    Returns:
        (N,) or (N, C) float32.

    """
    height, width = texture.shape[:2]
    rows, columns = np.clip(rows, 0, height - 1.001), np.clip(columns, 0, width - 1.001)
    top, left = rows.astype(np.intp), columns.astype(np.intp)
    down, right = (rows - top).astype(np.float32), (columns - left).astype(np.float32)
    if texture.ndim == 3:
        down, right = down[:, None], right[:, None]
    upper = texture[top, left] * (1 - right) + texture[top, left + 1] * right
    lower = texture[top + 1, left] * (1 - right) + texture[top + 1, left + 1] * right
    result: Field = upper * (1 - down) + lower * down
    return result


def _enlarge(small: Field, shape: tuple[int, int]) -> Field:
    picture = Image.fromarray(small).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.float32)


def _standard(values: Field) -> Field:
    result: Field = (values - values.mean()) / (values.std() + 1e-9)
    return result
