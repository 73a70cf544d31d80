"""The subject's own colours where it is translucent, so that no old background shines through. Pure.

T. Germer, T. Uelwer, S. Conrad and S. Harmeling, "Fast multi-level foreground estimation", 2020: from one
pixel up to the photo, each level begins with the one before and relaxes, per pixel, the two colours F and B
for which alpha F + (1 - alpha) B is the photo and which are smooth where alpha is smooth. Levels up to
`DENSE_SIDE_PX` are relaxed whole; above, only pixels near a translucent one are: elsewhere F is the photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: The paper's constants, as pymatting has them.
_REGULARIZATION: Final = np.float32(1e-5)
_SMALL_SIDE_PX: Final = 32
_SMALL_SWEEPS: Final = 10
_LARGE_SWEEPS: Final = 2
#: Levels up to this side are relaxed whole; they cost little and carry colours far.
DENSE_SIDE_PX: Final = 512
#: How far, in pixels, the relaxed region reaches beyond the translucent pixels of a large level.
_MARGIN_PX: Final = 2

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Layers:
    """Foreground and background colours of one level, each (height, width, 3) float32, 0..1."""

    foreground: Floats
    background: Floats


def estimate_foreground(pixels: NDArray[np.uint8], alpha: Floats) -> NDArray[np.uint8]:
    """Return the subject's colours, (height, width, 3) uint8: the photo's own where alpha is 0 or 1.

    Args:
        pixels: (height, width, 3) uint8 RGB.
        alpha: (height, width) float32, 0..1.

    """
    translucent = np.flatnonzero((alpha > 0) & (alpha < 1))
    if not len(translucent):
        return pixels
    colours = _solve(pixels, alpha, translucent)
    found = pixels.copy()
    # Truncated, as rembg converts to 8 bits.
    found.reshape(-1, 3)[translucent] = np.clip(colours * 255, 0, 255).astype(np.uint8)
    return found


def _solve(pixels: NDArray[np.uint8], alpha: Floats, wanted: NDArray[np.intp]) -> Floats:
    """Return the foreground of the wanted pixels, (n, 3) float32, 0..1."""
    height, width = alpha.shape
    levels = max(int(np.ceil(np.log2(max(height, width)))), 1)
    layers = _means(pixels, alpha)
    for level in range(levels + 1):
        size = (round(height ** (level / levels)), round(width ** (level / levels)))
        rows, columns = _nearest(height, size[0]), _nearest(width, size[1])
        small = alpha[np.ix_(rows, columns)]
        colours = pixels[np.ix_(rows, columns)].astype(np.float32) / np.float32(255)
        layers = _resized(layers, size)
        chosen = np.ones(size, np.bool_) if max(size) <= DENSE_SIDE_PX else _near_translucent(small)
        sweeps = _SMALL_SWEEPS if max(size) <= _SMALL_SIDE_PX else _LARGE_SWEEPS
        _relax(layers, colours, small, chosen, sweeps)
    return layers.foreground.reshape(-1, 3)[wanted]


def _means(pixels: NDArray[np.uint8], alpha: Floats) -> _Layers:
    """Return the first level: the mean colours of subject and background."""

    def mean(region: NDArray[np.bool_]) -> Floats:
        total = pixels[region].sum(axis=0, dtype=np.float64) / 255
        return np.asarray(total / (region.sum() + 1e-5), np.float32).reshape(1, 1, 3)

    return _Layers(mean(alpha > 0.9), mean(alpha < 0.1))


def _nearest(source: int, target: int) -> NDArray[np.intp]:
    return np.arange(target) * source // target


def _resized(layers: _Layers, size: tuple[int, int]) -> _Layers:
    places = np.ix_(
        _nearest(layers.foreground.shape[0], size[0]), _nearest(layers.foreground.shape[1], size[1])
    )
    return _Layers(layers.foreground[places], layers.background[places])


def _near_translucent(alpha: Floats) -> NDArray[np.bool_]:
    near = (alpha > 0) & (alpha < 1)
    for _ in range(_MARGIN_PX):
        grown = near.copy()
        grown[1:] |= near[:-1]
        grown[:-1] |= near[1:]
        grown[:, 1:] |= near[:, :-1]
        grown[:, :-1] |= near[:, 1:]
        near = grown
    return near


def _relax(layers: _Layers, colours: Floats, alpha: Floats, chosen: NDArray[np.bool_], sweeps: int) -> None:
    """Relax the chosen pixels in place, a chessboard's colours in turn: neighbours never move at once."""
    height, width = alpha.shape
    rows, columns = np.nonzero(chosen)
    boards = []
    for parity in (0, 1):
        mine = (rows + columns) % 2 == parity
        if mine.any():
            boards.append(_Board.of(rows[mine], columns[mine], colours, alpha, (height, width)))
    foreground, background = layers.foreground.reshape(-1, 3), layers.background.reshape(-1, 3)
    for _ in range(sweeps):
        for board in boards:
            board.relax(foreground, background)


@dataclass(frozen=True, slots=True)
class _Board:
    """The pixels of one colour of the chessboard, with all that stays the same between sweeps."""

    #: (n,) flat indices.
    places: NDArray[np.intp]
    #: (4, n) flat indices of the neighbours; beyond the frame, the pixel itself.
    neighbours: NDArray[np.intp]
    #: (4, n, 1) weight of each neighbour.
    weights: Floats
    #: (n, 1) opacity.
    alpha: Floats
    #: (n, 3) the photo.
    colours: Floats

    @classmethod
    def of(
        cls,
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
        colours: Floats,
        alpha: Floats,
        size: tuple[int, int],
    ) -> _Board:
        """Gather one board."""
        height, width = size
        places = rows * width + columns
        neighbours = np.stack(
            [
                rows * width + np.maximum(columns - 1, 0),
                rows * width + np.minimum(columns + 1, width - 1),
                np.maximum(rows - 1, 0) * width + columns,
                np.minimum(rows + 1, height - 1) * width + columns,
            ]
        )
        flat = alpha.ravel()
        own = flat[places]
        weights = (_REGULARIZATION + np.abs(own - flat[neighbours]))[..., None]
        return cls(places, neighbours, weights, own[:, None], colours.reshape(-1, 3)[places])

    def relax(self, foreground: Floats, background: Floats) -> None:
        """Solve each pixel's 2 x 2 system with its neighbours held."""
        opacity, rest = self.alpha, 1 - self.alpha
        total = self.weights.sum(axis=0)
        a00, a01, a11 = opacity * opacity + total, opacity * rest, rest * rest + total
        towards_f = opacity * self.colours + (self.weights * foreground[self.neighbours]).sum(axis=0)
        towards_b = rest * self.colours + (self.weights * background[self.neighbours]).sum(axis=0)
        determinant = a00 * a11 - a01 * a01
        foreground[self.places] = np.clip((a11 * towards_f - a01 * towards_b) / determinant, 0, 1)
        background[self.places] = np.clip((a00 * towards_b - a01 * towards_f) / determinant, 0, 1)
