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
        presence = [-1 if sample.presence is None else int(sample.presence) for _, sample in made]
        return {
            "layers": np.stack([_layers(plate, sample) for plate, sample in made]),
            "presence": np.asarray(presence, np.int8),
            "is_loose": np.asarray([plate.beneath is not None for plate, _ in made], np.uint8),
        }

    def _exposed(self, index: int) -> tuple[Plate, Sample]:
        return expose(*self.materials(index), self.side_px, self.mix)


def _layers(plate: Plate, sample: Sample) -> NDArray[np.uint8]:
    """Return (8, S, S) uint8."""
    beneath = sample.pixels if plate.beneath is None else to_bytes(plate.beneath)
    shade = np.ones(sample.mask.shape, np.float32) if plate.shade is None else plate.shade
    stacked = np.dstack([sample.pixels, beneath, to_bytes(shade * 255), sample.mask])
    return np.ascontiguousarray(stacked.transpose(2, 0, 1))
