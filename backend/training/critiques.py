"""The critic's scenes by number, each with all its masks: what many views are made of (`views.py`)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.boxes import Box
from lambdas.image_processor.critic import around
from training.candidates import Candidates, squeezed
from training.dice import Dice
from training.mistakes import candidate
from training.plates import Stack

#: Masks of one scene.
MASKS: Final = 8
#: How much around the truth is kept, as a share of its width and height.
_MARGINS: Final = (0.5, 0.9)


class Critiques(Candidates):
    """Renders scenes by number, as `Candidates` does, each once with its masks."""

    def stack(self, first: int, count: int) -> Stack:
        """Return scenes first .. first + count - 1, each squeezed to the square around its subject.

        Returns:
            planes: (N, 4 + 8, S, S) uint8: photo, truth, masks.
            answers: (N, 8) int8, whether each mask is right; -1: not asked.
            boxes: (N, 8, 4) float32: left, top, right, bottom of each mask, specks left aside, 0..1.

        """
        made = [self._critique(first + offset) for offset in range(count)]
        planes, answers, boxes = (np.stack([one[place] for one in made]) for place in range(3))
        return {"planes": planes, "answers": answers, "boxes": boxes}

    def _critique(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.int8], NDArray[np.float32]]:
        scene, stranger = self.scene(index)
        dice = Dice(self.seed, index, 3)
        made = [candidate(scene, stranger, dice) for _ in range(MASKS)]
        part = around(scene.truth.astype(np.uint8) * 255, dice.between(*_MARGINS))
        planes = [*np.moveaxis(scene.pixels, 2, 0), scene.truth.astype(np.uint8) * 255]
        small = [squeezed(plane[part], self.side_px) for plane in (*planes, *(mask for mask, _ in made))]
        boxes = [_within(around(mask, 0.0), part) for mask, _ in made]
        return np.stack(small), np.asarray([answer for _, answer in made], np.int8), np.stack(boxes)


def _within(box: Box, part: Box) -> NDArray[np.float32]:
    """Return a box's left, top, right, bottom as shares of a part's width and height."""
    shares = [
        (edge - of.start) / (of.stop - of.start)
        for along, of in ((box[1], part[1]), (box[0], part[0]))
        for edge in (along.start, along.stop)
    ]
    left, right, top, bottom = np.clip(shares, 0, 1)
    return np.asarray([left, top, right, bottom], np.float32)
