"""The endless set of training scenes: sample i is a function of the seed and i alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.dice import Dice
from training.library import Library, Stock
from training.mix import Mix
from training.paint import Paint
from training.scenes import Sample, render

#: Samples that share one stock of textures.
BLOCK: Final = 4096
_BAND: Final = np.ones((9, 9), np.uint8)


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples stacked for training."""

    #: (N, S, S, 3) uint8, RGB.
    pixels: NDArray[np.uint8]
    #: (N, S, S) uint8, 255 = subject.
    masks: NDArray[np.uint8]
    #: (N, S, S) uint8, 255 near the subject's edge, where errors cost more.
    bands: NDArray[np.uint8]
    #: (N,) int8: 1 = one subject, 0 = none, -1 = not asked.
    presence: NDArray[np.int8]

    def mirrored(self) -> Batch:
        """Return the batch as in a mirror: as good as new, and rendered for nothing."""
        pixels, masks, bands = (
            np.ascontiguousarray(plane[:, :, ::-1]) for plane in (self.pixels, self.masks, self.bands)
        )
        return Batch(pixels, masks, bands, self.presence)

    @classmethod
    def of(cls, samples: list[Sample]) -> Batch:
        """Stack samples of one size."""
        masks = np.stack([sample.mask for sample in samples])
        asked = [sample.answer for sample in samples]
        bands = np.stack([cv2.dilate(mask, _BAND) - cv2.erode(mask, _BAND) for mask in masks])
        return cls(
            np.stack([s.pixels for s in samples]), masks, bands.astype(np.uint8), np.asarray(asked, np.int8)
        )


class Generator:
    """Renders samples by number.

    Args:
        seed: of everything.
        side_px: of the square pictures.
        mix: how often each ingredient is met.
        stock: how many textures a block of samples shares.

    """

    def __init__(self, seed: int, side_px: int, mix: Mix | None = None, stock: Stock | None = None) -> None:
        self.side_px = side_px
        self.mix = mix or Mix()
        self._seed = seed
        self._stock = stock or Stock()
        self._paint = Paint(Dice(seed))
        self._block: tuple[int, Library] | None = None

    def sample(self, index: int) -> Sample:
        """Return sample `index`; neighbours are cheap, a new block of textures takes seconds."""
        return render(*self.materials(index), self.side_px, self.mix)

    def batch(self, first: int, count: int) -> Batch:
        """Return samples first .. first + count - 1."""
        return Batch.of([self.sample(first + offset) for offset in range(count)])

    def materials(self, index: int) -> tuple[Library, Paint]:
        """Return the textures and the dice of sample `index`."""
        return self._library(index // BLOCK), self._paint.with_dice(Dice(self._seed, index, 1))

    def _library(self, block: int) -> Library:
        if self._block is None or self._block[0] != block:
            paint = self._paint.with_dice(Dice(self._seed, block, 2))
            self._block = (block, Library.printed(paint, self._stock))
        return self._block[1]
