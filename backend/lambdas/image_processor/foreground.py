"""The subject's own colours where it is translucent, so that no old background shines through. Pure.

T. Germer, T. Uelwer, S. Conrad and S. Harmeling, "Fast multi-level foreground estimation", 2020: from one
pixel up to the photo, each level begins with the one before and relaxes, per pixel, the two colours F and B
for which alpha F + (1 - alpha) B is the photo and which are smooth where alpha is smooth. Small levels are
relaxed whole; above `DENSE_SIDE_PX` only pixels near a translucent one are held and relaxed, so that cost
grows with the outline.
"""

from __future__ import annotations

from collections.abc import Sequence
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
DENSE_SIDE_PX: Final = 64
#: How far, in pixels, the relaxed region reaches beyond the translucent pixels of a larger level.
_MARGIN_PX: Final = 1
#: The first level's mean colours are taken from about so many rows and columns: they only begin the search.
_MEAN_SIDE_PX: Final = 256

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


def estimate_foreground(pixels: NDArray[np.uint8], alpha: Floats) -> NDArray[np.uint8]:
    """Return the subject's colours, (height, width, 3) uint8: the photo's own where alpha is 0 or 1.

    Args:
        pixels: (height, width, 3) uint8 RGB.
        alpha: (height, width) float32, 0..1.

    """
    translucent = np.flatnonzero((alpha > 0) & (alpha < 1))
    if not len(translucent):
        return pixels
    colours = _solve(pixels, alpha).at(translucent)[:3]
    found = pixels.copy()
    # Truncated, as rembg converts to 8 bits.
    found.reshape(-1, 3)[translucent] = (colours * 255).astype(np.uint8).T
    return found


@dataclass(frozen=True, slots=True)
class _Level:
    """Foreground and background colours of one level, where they are held."""

    #: Height and width of the level.
    size: tuple[int, int]
    #: (n,) ascending flat indices of the held pixels.
    places: Indices
    #: (6, n) float32, 0..1: F and B, channel by channel.
    layers: Floats
    #: The last level that holds every pixel; itself where None.
    whole: _Level | None = None

    def at(self, places: Indices) -> Floats:
        """Return the colours of held pixels, (6, n)."""
        return self.layers.take(np.searchsorted(self.places, places), axis=1)

    def enlarged(self, places: Indices, size: tuple[int, int]) -> Floats:
        """Return the colours of a larger level's pixels, (6, n), each from the nearest pixel here."""
        rows, columns = np.divmod(places, size[1])
        own = (rows * self.size[0] // size[0]) * self.size[1] + columns * self.size[1] // size[1]
        if self.whole is None:
            return np.asarray(self.layers.take(own, axis=1))
        position = np.minimum(np.searchsorted(self.places, own), len(self.places) - 1)
        layers: Floats = self.layers.take(position, axis=1)
        missing = np.flatnonzero(self.places.take(position) != own)
        layers[:, missing] = self.whole.enlarged(places[missing], size)
        return layers


def _solve(pixels: NDArray[np.uint8], alpha: Floats) -> _Level:
    """Relax level after level up to the photo's own size."""
    height, width = alpha.shape
    count = max(int(np.ceil(np.log2(max(height, width)))), 1)
    level = _Level((1, 1), np.zeros(1, np.intp), _means(pixels, alpha))
    for number in range(1, count + 1):
        size = (round(height ** (number / count)), round(width ** (number / count)))
        grid = np.ix_(_nearest(height, size[0]), _nearest(width, size[1]))
        small = alpha if number == count else alpha[grid]
        is_whole = max(size) <= DENSE_SIDE_PX
        relaxed = np.ones(size, np.bool_) if is_whole else _grown((small > 0) & (small < 1), _MARGIN_PX)
        held = relaxed if is_whole else _grown(relaxed, 1)
        places = np.flatnonzero(held)
        rows, columns = np.divmod(places, size[1])
        colours = pixels[grid[0][rows, 0], grid[1][0, columns]].T.astype(np.float32) / np.float32(255)
        layers = level.enlarged(places, size)
        boards = _boards(places, relaxed, colours, small)
        for _ in range(_SMALL_SWEEPS if max(size) <= _SMALL_SIDE_PX else _LARGE_SWEEPS):
            for board in boards:
                board.relax(layers)
        level = _Level(size, places, layers, None if is_whole else level.whole or level)
    return level


def _means(pixels: NDArray[np.uint8], alpha: Floats) -> Floats:
    """Return the (6, 1) mean colours of subject and background."""
    stride = max(max(alpha.shape) // _MEAN_SIDE_PX, 1)
    some_pixels, some_alpha = pixels[::stride, ::stride], alpha[::stride, ::stride]

    def mean(region: NDArray[np.bool_]) -> Floats:
        total = some_pixels[region].sum(axis=0, dtype=np.float64) / 255
        return np.asarray(total / (region.sum() + 1e-5), np.float32)

    return np.concatenate([mean(some_alpha > 0.9), mean(some_alpha < 0.1)])[:, None]


def _nearest(source: int, target: int) -> Indices:
    return np.arange(target) * source // target


def _grown(region: NDArray[np.bool_], margin_px: int) -> NDArray[np.bool_]:
    """Grow a region by its four neighbours, `margin_px` times."""
    for _ in range(margin_px):
        grown = region.copy()
        grown[1:] |= region[:-1]
        grown[:-1] |= region[1:]
        grown[:, 1:] |= region[:, :-1]
        grown[:, :-1] |= region[:, 1:]
        region = grown
    return region


def _boards(places: Indices, relaxed: NDArray[np.bool_], colours: Floats, alpha: Floats) -> Sequence[_Board]:
    """Gather the two colours of a chessboard: neighbours never move at once."""
    width = alpha.shape[1]
    rows, columns = np.divmod(places, width)
    is_relaxed = relaxed.ravel()[places]
    # Only where a pixel is held is anything ever read.
    position = np.empty(alpha.size, np.int32)
    position[places] = np.arange(len(places), dtype=np.int32)
    chosen = [np.flatnonzero(is_relaxed & ((rows + columns) % 2 == parity)) for parity in (0, 1)]
    return [_Board.of(members, places, position, colours, alpha) for members in chosen if len(members)]


@dataclass(frozen=True, slots=True)
class _Board:
    """Pixels that are relaxed together, with all that stays the same between sweeps.

    Arrays are laid out component by component, so that every operation runs along the pixels.
    """

    #: (n,) positions among the held pixels.
    members: Indices
    #: (4, n) positions of the neighbours; beyond the frame, the pixel itself.
    neighbours: NDArray[np.int32]
    #: (4, n) weight of each neighbour.
    weights: Floats
    #: (6, n) what the photo adds to the right-hand sides of F and B.
    pull: Floats
    #: Three (n,) entries of the inverse of each pixel's symmetric 2 x 2 system: FF, FB, BB.
    inverse: tuple[Floats, Floats, Floats]

    @classmethod
    def of(
        cls, members: Indices, places: Indices, position: NDArray[np.int32], colours: Floats, alpha: Floats
    ) -> _Board:
        """Gather one board."""
        height, width = alpha.shape
        own_places = places[members]
        rows, columns = np.divmod(own_places, width)
        targets = np.stack(
            [
                own_places - (columns > 0),
                own_places + (columns < width - 1),
                own_places - width * (rows > 0),
                own_places + width * (rows < height - 1),
            ]
        )
        flat = alpha.ravel()
        own = flat.take(own_places)
        weights = _REGULARIZATION + np.abs(own - flat.take(targets))
        total, rest = weights.sum(axis=0), 1 - own
        ff, fb, bb = own * own + total, own * rest, rest * rest + total
        determinant = ff * bb - fb * fb
        mine = colours.take(members, axis=1)
        pull = np.concatenate([own * mine, rest * mine])
        inverse = (bb / determinant, -fb / determinant, ff / determinant)
        return cls(members, position.take(targets), weights, pull, inverse)

    def relax(self, layers: Floats) -> None:
        """Solve each pixel's system with its neighbours held."""
        right = self.pull.copy()
        for weight, neighbour in zip(self.weights, self.neighbours, strict=True):
            right += weight * layers.take(neighbour, axis=1)
        towards_f, towards_b = right[:3], right[3:]
        ff, fb, bb = self.inverse
        solved = np.concatenate([ff * towards_f + fb * towards_b, fb * towards_f + bb * towards_b])
        layers[:, self.members] = np.clip(solved, 0, 1, out=solved)
