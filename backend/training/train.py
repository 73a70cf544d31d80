"""`make train`: renders, trains, saves; stops by the clock or by Ctrl-C, and goes on where it stopped.

The learning rate stays constant, so that any later run can go on from `latest.pt`. `--finish` lets it fall
to nothing over the given minutes, from a copy of that state, and ends in `finished.pt`: what is exported.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from training.candidates import Candidates
from training.checkpoint import State
from training.feeder import Feed, batches
from training.generator import Batch, Generator
from training.heritage import inherit
from training.losses import RIGHTNESS_WEIGHT, Cost, Targets, cost
from training.scenes import INGREDIENTS, mix_without

DEFAULT_FOLDER: Final = Path.home() / ".cache" / "bluemoxon-image-processor" / "training"
_LEARNING_RATE: Final = 1e-3
_FINAL_SHARE: Final = 0.005
_WARM_UP_STEPS: Final = 300
_CLIP_NORM: Final = 2.0
_LOG_EVERY: Final = 100
_SAVE_EVERY_SECONDS: Final = 180
_MEAN: Final = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
_STD: Final = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


@dataclass(frozen=True)
class Plan:
    """What one run of the trainer is asked to do."""

    folder: Path
    minutes: float
    #: Whether the learning rate falls to its end within these minutes.
    phase: str
    feed: Feed
    processes: int
    threads: int
    #: An ONNX file to start from when there is no checkpoint; None: from nothing.
    heritage: Path | None

    @property
    def checkpoint(self) -> Path:
        """Where this phase keeps its state."""
        return self.folder / ("finish.pt" if self.phase == "finish" else "latest.pt")


def standardise(pixels: Tensor) -> Tensor:
    """Return (N, C, S, S) float32 of (N, S, S, C) uint8, as the product's preprocessing does.

    Each picture is divided by its own maximum first; a mask, the fourth channel, goes from -1 to 1.
    """
    planes = pixels.permute(0, 3, 1, 2).float()
    photos = planes[:, :3]
    scaled = photos / photos.amax((1, 2, 3), keepdim=True).clamp(min=1)
    inputs = torch.cat([(scaled - _MEAN) / _STD, planes[:, 3:] / 127.5 - 1], 1)
    return inputs.contiguous(memory_format=torch.channels_last)


def to_tensors(batch: Batch) -> tuple[Tensor, Targets]:
    """Return a batch's inputs and targets."""
    masks = torch.from_numpy(batch.masks)[:, None].float() / 255
    bands = torch.from_numpy(batch.bands)[:, None].float() / 255
    pictures = standardise(torch.from_numpy(batch.pixels))
    targets = Targets(masks, bands, torch.from_numpy(batch.presence))
    is_critic = pictures.shape[1] > 3
    return pictures, replace(targets, presence_weight=RIGHTNESS_WEIGHT) if is_critic else targets


def begin(plan: Plan) -> State:
    """Return the state to go on from: this phase's own, the constant phase's, or a fresh one."""
    for path in (plan.checkpoint, plan.folder / "latest.pt"):
        if path.is_file():
            print(f"going on from {path}", flush=True)
            return State.load(path)
    is_critic = plan.feed.renderer is Candidates
    state = State.fresh(plan.feed.seed, 4 if is_critic else 3)
    if plan.heritage is not None:
        print(f"starting from the weights of {plan.heritage.name}", flush=True)
        sample = plan.feed.renderer(plan.feed.seed + 1, plan.feed.side_px).batch(0, 96)
        inherit(state.network, plan.heritage, to_tensors(sample)[0])
        state.restart_average()
    return state


def learning_rate(plan: Plan, state: State) -> float:
    """Return this step's rate: warm-up, then constant; in the closing phase falling along a half cosine."""
    if plan.phase != "finish":
        return _LEARNING_RATE * min(1.0, (state.step + 1) / _WARM_UP_STEPS)
    done = min(1.0, state.finish_seconds / (plan.minutes * 60))
    return _LEARNING_RATE * (_FINAL_SHARE + (1 - _FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * done)))


def take_step(state: State, batch: Batch, rate: float) -> Cost:
    """Train on one batch."""
    pictures, targets = to_tensors(batch)
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    with torch.autocast("cpu", dtype=torch.bfloat16):
        prediction = state.network(pictures)
    result = cost(prediction, targets)
    state.optimiser.zero_grad(set_to_none=True)
    result.total.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), _CLIP_NORM)
    state.optimiser.step()
    state.step += 1
    state.follow()
    return result


class Journal:
    """Means over the last steps, as a line for people and a line of JSON for the curves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._costs: list[tuple[float, float, float]] = []
        self._since = time.monotonic()

    def add(self, result: Cost, state: State, rate: float) -> None:
        """Take note of a step; every hundredth is written down."""
        self._costs.append((result.total.item(), result.iou.item(), result.presence_accuracy.item()))
        if len(self._costs) < _LOG_EVERY:
            return
        loss, iou, presence = torch.tensor(self._costs).nanmean(0).tolist()
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


def run(plan: Plan) -> State:
    """Train until the minutes are over; Ctrl-C or a termination saves and stops."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    plan.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(plan.threads)
    state = begin(plan)
    state.network.train()
    with batches(plan.feed, state.next_sample, plan.processes) as stream:
        try:
            _loop(plan, state, stream)
        except KeyboardInterrupt:
            print("stopped; the state is saved", flush=True)
    state.save(plan.checkpoint)
    return state


def _loop(plan: Plan, state: State, stream: Iterator[Batch]) -> None:
    journal = Journal(plan.folder / f"{plan.phase}.jsonl")
    begun = last = saved = time.monotonic()
    for batch in stream:
        rate = learning_rate(plan, state)
        # Each rendered batch serves twice: rendering costs about as much as training on it.
        for view in (batch, batch.mirrored()):
            journal.add(take_step(state, view, rate), state, rate)
        state.next_sample += len(batch.masks)
        now = time.monotonic()
        state.seconds += now - last
        if plan.phase == "finish":
            state.finish_seconds += now - last
        last = now
        if now - saved > _SAVE_EVERY_SECONDS:
            state.save(plan.checkpoint)
            saved = now
        spent = state.finish_seconds if plan.phase == "finish" else now - begun
        if spent >= plan.minutes * 60:
            break
    else:
        raise RuntimeError("the feeder ended")
    if plan.phase == "finish":
        state.save(plan.folder / "finished.pt")


def parse(arguments: list[str] | None = None) -> Plan:
    """Return the plan of a command line."""
    parser = argparse.ArgumentParser(prog="make train", description=__doc__)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument(
        "--finish", action="store_true", help="let the learning rate fall within these minutes"
    )
    parser.add_argument("--from", dest="heritage", type=Path, help="ONNX weights to start from")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--without", nargs="*", default=[], choices=INGREDIENTS, help="leave out, for ablations"
    )
    parser.add_argument(
        "--critic", action="store_true", help="train the judge's critic: candidates instead of scenes"
    )
    given = parser.parse_args(arguments)
    renderer = Candidates if given.critic else Generator
    feed = Feed(given.seed, given.side, given.batch, mix_without(*given.without), renderer)
    phase = "finish" if given.finish else "constant"
    return Plan(given.folder, given.minutes, phase, feed, given.processes, given.threads, given.heritage)


if __name__ == "__main__":
    run(parse())
