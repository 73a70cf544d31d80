"""`make ablate`: what ingredients of the renderer are worth, by short runs that lack one each.

All runs are equally long, start from book-v0 and let their rate fall to nothing. All are measured on the
same scenes of a seed that none of them saw: of the whole mix, and of scenes that all hold the ingredient.
The whole mix is trained twice, by two seeds: their difference is what chance is worth. Leaves ablation.json
in out/; a run that is in it already is not run again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from training.checkpoint import State
from training.generator import Batch, Generator
from training.heritage import inherit
from training.library import Stock
from training.mix import Mix, mix_without
from training.network import BookNet, Exported
from training.scenes import Sample
from training.sources import Curriculum, lessons, to_tensors
from training.train import take_step

_HERITAGE: Final = Path(__file__).parent / "weights" / "book-v0.onnx"
_RATE: Final = 1e-3
_WARM_UP_STEPS: Final = 50
_UNSEEN_SEED: Final = 80_001
_STOCK: Final = Stock()
_BATCH: Final = 16
#: What each run leaves out.
_RUNS: Final[Mapping[str, tuple[str, ...]]] = {
    "everything": (),
    "everything, another seed": (),
    "without neighbours": ("neighbour", "slab"),
    "without hands": ("hand_behind", "hand_over"),
    "without negatives": ("negatives",),
}
#: Scenes that all hold an ingredient, by its name.
_ALWAYS: Final[Mapping[str, Mix]] = {
    "the whole mix": Mix(negatives=0),
    "with a neighbour": Mix(negatives=0, neighbour=1),
    "in a hand": Mix(negatives=0, hand_behind=dict.fromkeys(Mix().hand_behind, 1.0), hand_over=0.5),
    "no single subject": Mix(negatives=1),
}


@dataclass(frozen=True, slots=True)
class Length:
    """How long a run is."""

    steps: int
    side_px: int
    #: Scenes of each sort to measure on.
    scenes: int


def train(run: str, length: Length) -> BookNet:
    """Return the network that a run ends in."""
    seed = 2 if run.endswith("another seed") else 1
    state = State.fresh(seed)
    sample = Generator(seed + 1, length.side_px, stock=_STOCK).batch(0, 64)
    inherit(state.network, _HERITAGE, to_tensors(sample)[0])
    state.network.train()
    curriculum = Curriculum(
        is_critic=False, seed=seed, side_px=length.side_px, batch_size=_BATCH,
        mix=mix_without(*_RUNS[run]), device="cpu", kept=0,
    )  # fmt: skip
    with lessons(curriculum, 0, 1) as stream:
        while state.step < length.steps:
            left = 1 - state.step / length.steps
            take_step(state, next(stream), _RATE * min(1.0, (state.step + 1) / _WARM_UP_STEPS) * left)
    return state.network


def measure(network: BookNet, scenes: Batch) -> NDArray[np.float64]:
    """Return (N,): the IoU of each scene with a subject, gated; of the others 1 where nothing is kept."""
    gated = Exported(network.eval())
    truth = torch.from_numpy(scenes.masks) > 127
    found = []
    with torch.no_grad():
        for first in range(0, len(truth), 16):
            part = some(scenes, slice(first, first + 16))
            found.append(gated(to_tensors(part)[0])[:, 0] > 0.5)
    kept = torch.cat(found)
    common, union = (kept & truth).sum((1, 2)), (kept | truth).sum((1, 2))
    empty = (kept.float().mean((1, 2)) < 0.01).double()
    scores = torch.where(truth.any(2).any(1), common / union.clamp(min=1), empty)
    return np.asarray(scores.numpy(), np.float64)


def some(scenes: Batch, part: slice) -> Batch:
    """Return some scenes of a batch."""
    return Batch(scenes.pixels[part], scenes.masks[part], scenes.bands[part], scenes.presence[part])


def unseen(length: Length) -> dict[str, Batch]:
    """Return the scenes to measure on, by sort; those that fill the frame are left out."""
    sorts = {}
    for name, mix in _ALWAYS.items():
        generator, index = Generator(_UNSEEN_SEED, length.side_px, mix, _STOCK), 0
        samples: list[Sample] = []
        while len(samples) < length.scenes:
            sample = generator.sample(index)
            index += 1
            if sample.presence is (name != "no single subject"):
                samples.append(sample)
        sorts[name] = Batch.of(samples)
    return sorts


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing, print and save; return the exit status."""
    parser = argparse.ArgumentParser(prog="make ablate", description=__doc__)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("out") / "ablation.json")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    length = Length(given.steps, given.side, given.scenes)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = json.loads(given.out.read_text()) if given.out.is_file() else {}
    scenes = unseen(length)
    for run in _RUNS:
        if run in report:
            continue
        network = train(run, length)
        report[run] = {
            name: [round(float(v), 4) for v in measure(network, sort)] for name, sort in scenes.items()
        }
        given.out.write_text(json.dumps(report) + "\n")
        print(
            run, {name: round(float(np.mean(values)), 4) for name, values in report[run].items()}, flush=True
        )
    print(*table(report), sep="\n")
    return 0


def table(report: Mapping[str, Mapping[str, list[float]]]) -> list[str]:
    """Return lines: each run's means, and their paired differences from the whole mix's."""
    lines = []
    for run, sorts in report.items():
        cells = []
        for name, values in sorts.items():
            gap = np.asarray(values) - np.asarray(report["everything"][name])
            error = gap.std(ddof=1) / np.sqrt(len(gap))
            cells.append(f"{name} {np.mean(values):.3f} ({gap.mean():+.3f} +- {error:.3f})")
        lines.append(f"{run}: " + ", ".join(cells))
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
