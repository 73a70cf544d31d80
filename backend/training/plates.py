"""Scenes by number before they are developed: what an accelerator makes many views of (`views.py`)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.generator import Generator
from training.paint import to_bytes
from training.scenes import Plate, Sample, expose

#: Arrays by name, the first axis counts scenes.
Stack = dict[str, NDArray[np.generic]]

#: Channels of `layers`: the scene, what is beneath its subject, the shadow there, the subject's coverage.
SCENE: Final = slice(0, 3)
BENEATH: Final = slice(3, 6)
SHADE: Final = slice(6, 7)
COVERAGE: Final = slice(7, 8)


class Plates(Generator):
    """Renders scenes by number, as `Generator` does, in layers."""

    def stack(self, first: int, count: int) -> Stack:
        """Return scenes first .. first + count - 1.

        Returns:
            layers: (N, 8, S, S) uint8.
            presence: (N,) int8, as in `generator.Batch`.
            is_loose: (N,) uint8, 1 where the subject can be laid on what is beneath another.

        """
        made = [self._exposed(first + offset) for offset in range(count)]
        return {
            "layers": np.stack([_layers(plate, sample) for plate, sample in made]),
            "presence": np.asarray([sample.answer for _, sample in made], np.int8),
            "is_loose": np.asarray([plate.beneath is not None for plate, _ in made], np.uint8),
        }

    def _exposed(self, index: int) -> tuple[Plate, Sample]:
        return expose(*self.materials(index), self.side_px, self.mix)


def _layers(plate: Plate, sample: Sample) -> NDArray[np.uint8]:
    """Return (8, S, S) uint8."""
    beneath, shade = sample.pixels, np.full(sample.mask.shape, 255, np.uint8)
    if plate.beneath is not None and plate.shadowed is not None:
        beneath = to_bytes(plate.beneath)
        # A shadow multiplies all colours alike.
        share = (plate.shadowed.mean(2) / np.maximum(plate.beneath.mean(2), 1)).astype(np.float32)
        shade = to_bytes(share * 255)
    stacked = np.dstack([sample.pixels, beneath, shade, sample.mask])
    return np.ascontiguousarray(stacked.transpose(2, 0, 1))
