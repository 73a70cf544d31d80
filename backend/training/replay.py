"""A ring of rendered scenes on the device that trains: each comes once and is drawn many times."""

from __future__ import annotations

import torch
from torch import Tensor

from training.plates import Stack


class Replay:
    """Keeps the newest scenes.

    Args:
        capacity: how many.
        source: of the draws; its device is where scenes are kept.

    """

    def __init__(self, capacity: int, source: torch.Generator) -> None:
        self._capacity = capacity
        self._source = source
        self._kept: dict[str, Tensor] = {}
        #: Scenes that have come.
        self.seen = 0

    def __len__(self) -> int:
        """Return how many can be drawn."""
        return min(self.seen, self._capacity)

    def add(self, stack: Stack) -> None:
        """Take scenes in; the oldest make room."""
        count = 0
        for name, array in stack.items():
            given = torch.from_numpy(array)
            count = len(given)
            if name not in self._kept:
                shape = (self._capacity, *given.shape[1:])
                self._kept[name] = torch.empty(shape, dtype=given.dtype, device=self._source.device)
            places = torch.arange(self.seen, self.seen + count) % self._capacity
            self._kept[name][places.to(self._source.device)] = given.to(self._source.device)
        self.seen += count

    def draw(self, count: int) -> dict[str, Tensor]:
        """Return some scenes, any of those kept, by name, (count, ...)."""
        device = self._source.device
        picks = torch.randint(0, len(self), (count,), generator=self._source, device=device)
        return {name: tensor[picks] for name, tensor in self._kept.items()}
