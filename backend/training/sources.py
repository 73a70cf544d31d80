"""What is trained on, step by step: rendered batches as they come, or views of scenes that a ring keeps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import torch
from torch import Tensor

from training.candidates import Candidates
from training.critiques import Critiques
from training.darkroom import Throws
from training.feeder import Feed, Line, Renderer, batches
from training.generator import Batch, Generator
from training.losses import RIGHTNESS_WEIGHT, Targets
from training.mix import Mix
from training.plates import Plates, Stack
from training.replay import Replay
from training.views import of_critiques, of_plates, standardised

#: Scenes a worker hands over at once.
_HANDED: Final = 8
#: How much larger scenes are rendered than they are viewed: a view shows a part.
_PLATE_SCALE: Final = 1.125
_CRITIQUE_PX: Final = 320
#: Scenes that must be there before the first view, or the first steps would see a handful of them.
_FIRST: Final = 256
#: Views of several sizes make a network that may be shipped at any of them.
_SIDE_DIFFERENCES_PX: Final = (0, -32, 0, 32)


@dataclass(frozen=True)
class Curriculum:
    """What is to be trained, on what."""

    is_critic: bool
    seed: int
    side_px: int
    batch_size: int
    mix: Mix
    #: Where torch computes.
    device: str
    #: Scenes that are kept there, to be trained on views of them; 0: on each scene as it comes.
    kept: int
    #: Share of the critic's views that are photographed again: on a processor that costs half a step.
    rephotographed: float = 1.0


@dataclass(frozen=True)
class Lesson:
    """Inputs and targets of one step, and how many samples were rendered since the one before."""

    pictures: Tensor
    targets: Targets
    new_samples: int


@contextmanager
def lessons(curriculum: Curriculum, first_sample: int, processes: int) -> Iterator[Iterator[Lesson]]:
    """Yield endless lessons."""
    if not curriculum.kept:
        rendered = Feed(
            curriculum.seed, curriculum.side_px, curriculum.batch_size, curriculum.mix, _batches(curriculum)
        )
        with batches(rendered, first_sample, processes) as line:
            yield _as_they_come(line)
        return
    side = _CRITIQUE_PX if curriculum.is_critic else 32 * round(curriculum.side_px * _PLATE_SCALE / 32)
    stacks = Feed(
        curriculum.seed, side, _HANDED, curriculum.mix, _critiques if curriculum.is_critic else _plates
    )
    with batches(stacks, first_sample, processes) as stream:
        yield _views(curriculum, stream)


def _batches(curriculum: Curriculum) -> Callable[[int, int, Mix], Renderer[Batch]]:
    return _candidates if curriculum.is_critic else _scenes


def _scenes(seed: int, side: int, mix: Mix) -> Renderer[Batch]:
    return Generator(seed, side, mix).batch


def _candidates(seed: int, side: int, mix: Mix) -> Renderer[Batch]:
    return Candidates(seed, side, mix).batch


def _plates(seed: int, side: int, mix: Mix) -> Renderer[Stack]:
    return Plates(seed, side, mix).stack


def _critiques(seed: int, side: int, mix: Mix) -> Renderer[Stack]:
    return Critiques(seed, side, mix).stack


def _as_they_come(line: Iterator[Batch]) -> Iterator[Lesson]:
    """Use each rendered batch twice: rendering costs about as much as training on it."""
    for batch in line:
        yield Lesson(*to_tensors(batch), len(batch.masks))
        yield Lesson(*to_tensors(batch.mirrored()), 0)


def _views(curriculum: Curriculum, line: Line[Stack]) -> Iterator[Lesson]:
    source = torch.Generator(curriculum.device)
    source.manual_seed(curriculum.seed)
    replay = Replay(curriculum.kept, source)
    make = partial(of_critiques, again=curriculum.rephotographed) if curriculum.is_critic else of_plates
    sides = itertools.cycle(curriculum.side_px + difference for difference in _SIDE_DIFFERENCES_PX)
    while replay.seen < _FIRST:
        replay.add(next(line))
    before = 0
    while True:
        throws = Throws(curriculum.batch_size, source)
        with torch.no_grad():
            pictures, targets = make(replay.draw(curriculum.batch_size), next(sides), throws)
        yield Lesson(pictures.contiguous(memory_format=torch.channels_last), targets, replay.seen - before)
        before = replay.seen
        for stack in line.arrived():
            replay.add(stack)


def to_tensors(batch: Batch) -> tuple[Tensor, Targets]:
    """Return a batch's inputs, (N, 3 or 4, S, S), and targets; a mask, as fourth channel, is -1 to 1."""
    masks = torch.from_numpy(batch.masks)[:, None].float() / 255
    bands = torch.from_numpy(batch.bands)[:, None].float() / 255
    planes = torch.from_numpy(batch.pixels).permute(0, 3, 1, 2).float()
    inputs = torch.cat([standardised(planes[:, :3]), planes[:, 3:] / 127.5 - 1], 1)
    targets = Targets(masks, bands, torch.from_numpy(batch.presence))
    if inputs.shape[1] > 3:
        targets = replace(targets, presence_weight=RIGHTNESS_WEIGHT)
    return inputs.contiguous(memory_format=torch.channels_last), targets
