"""What people look at while a network trains."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from training.checkpoint import State
from training.losses import Cost

_LOG_EVERY: Final = 100


class Journal:
    """Means over the last steps, as a line for people and a line of JSON for the curves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._costs: list[Tensor] = []
        self._since = time.monotonic()

    def add(self, result: Cost, state: State, rate: float) -> None:
        """Take note of a step; every hundredth is written down."""
        # Read at the end: an accelerator need not wait for it.
        self._costs.append(torch.stack([result.total.detach(), result.iou, result.presence_accuracy]))
        if len(self._costs) < _LOG_EVERY:
            return
        loss, iou, presence = torch.stack(self._costs).nanmean(0).tolist()
        now = time.monotonic()
        line = {
            "step": state.step, "samples": state.next_sample, "seconds": round(state.seconds), "rate": rate,
            "loss": round(loss, 4), "iou": round(iou, 4), "presence": round(presence, 4),
            "steps_per_second": round(_LOG_EVERY / (now - self._since), 2),
        }  # fmt: skip
        print("  ".join(f"{name} {value:.4g}" for name, value in line.items()), flush=True)
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self._costs, self._since = [], now
