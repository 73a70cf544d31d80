"""`make train`: renders, trains, saves; stops by the clock or by Ctrl-C, and goes on where it stopped.

The learning rate stays constant, so that any later run can go on from `latest.pt`. `--finish` lets it fall
to nothing over the given minutes, from a copy of that state or from nothing, and ends in `finished.pt`: what
is exported. On an accelerator (`--device cuda`) it trains on views of the scenes that the other processes
render meanwhile, hundreds at a step.
"""

from __future__ import annotations

import argparse
import math
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from training.candidates import Candidates
from training.checkpoint import State
from training.generator import Generator
from training.heritage import inherit
from training.journal import Journal
from training.losses import Cost, cost
from training.mix import INGREDIENTS, mix_without
from training.network import WIDE
from training.sources import Curriculum, Lesson, lessons, to_tensors

DEFAULT_FOLDER: Final = Path.home() / ".cache" / "bluemoxon-image-processor" / "training"
#: For batches of this size; it grows with the root of a batch's.
_LEARNING_RATE: Final = 1e-3
_USUAL_BATCH: Final = 16
_MOST_TIMES: Final = 2.0
_FINAL_SHARE: Final = 0.005
#: Share of the closing phase in which the rate rises first.
_RISE: Final = 0.03
_WARM_UP_STEPS: Final = 300
_CLIP_NORM: Final = 2.0
_SAVE_EVERY_SECONDS: Final = 180


@dataclass(frozen=True)
class Plan:
    """What one run of the trainer is asked to do."""

    folder: Path
    minutes: float
    #: Whether the learning rate falls to its end within these minutes.
    phase: str
    curriculum: Curriculum
    processes: int
    threads: int
    #: Highest learning rate, for the usual batch.
    rate: float
    #: Whether a network that begins from nothing is the wide one.
    is_wide: bool
    #: An ONNX file to start from when there is no checkpoint; None: from nothing.
    heritage: Path | None

    @property
    def checkpoint(self) -> Path:
        """Where this phase keeps its state."""
        return self.folder / ("finish.pt" if self.phase == "finish" else "latest.pt")


def begin(plan: Plan) -> State:
    """Return the state to go on from: this phase's own, the constant phase's, or a fresh one."""
    curriculum = plan.curriculum
    for path in (plan.checkpoint, plan.folder / "latest.pt"):
        if path.is_file():
            print(f"going on from {path}", flush=True)
            return State.load(path, curriculum.device)
    channels = 4 if curriculum.is_critic else 3
    state = State.fresh(curriculum.seed, channels, WIDE if plan.is_wide else None, curriculum.device)
    if plan.heritage is not None:
        print(f"starting from the weights of {plan.heritage.name}", flush=True)
        renderer = Candidates if curriculum.is_critic else Generator
        sample = renderer(curriculum.seed + 1, curriculum.side_px).batch(0, 96)
        inherit(state.network, plan.heritage, to_tensors(sample)[0].to(curriculum.device))
        state.restart_average()
    return state


def learning_rate(plan: Plan, state: State) -> float:
    """Return this step's rate: warm-up, then constant; in the closing phase falling along a half cosine."""
    times = min(_MOST_TIMES, math.sqrt(plan.curriculum.batch_size / _USUAL_BATCH))
    rate = plan.rate * max(1.0, times) * min(1.0, (state.step + 1) / _WARM_UP_STEPS)
    if plan.phase != "finish":
        return rate
    done = min(1.0, state.finish_seconds / (plan.minutes * 60))
    # A network that has been trained before must not be thrown far off before its averages have followed.
    rate *= min(1.0, done / _RISE + 0.02)
    return rate * (_FINAL_SHARE + (1 - _FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * done)))


def take_step(state: State, lesson: Lesson, rate: float) -> Cost:
    """Train on one batch."""
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    with torch.autocast(lesson.pictures.device.type, dtype=torch.bfloat16):
        prediction = state.network(lesson.pictures)
    result = cost(prediction, lesson.targets)
    state.optimiser.zero_grad(set_to_none=True)
    result.total.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), _CLIP_NORM)
    state.optimiser.step()
    state.step += 1
    state.follow()
    return result


def run(plan: Plan) -> State:
    """Train until the minutes are over; Ctrl-C or a termination saves and stops."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    plan.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(plan.threads)
    torch.backends.cudnn.benchmark = True
    state = begin(plan)
    state.network.train()
    with lessons(plan.curriculum, state.next_sample, plan.processes) as stream:
        try:
            _loop(plan, state, stream)
        except KeyboardInterrupt:
            print("stopped; the state is saved", flush=True)
    state.save(plan.checkpoint)
    return state


def _loop(plan: Plan, state: State, stream: Iterator[Lesson]) -> None:
    journal = Journal(plan.folder / f"{plan.phase}.jsonl")
    begun = last = saved = time.monotonic()
    for lesson in stream:
        rate = learning_rate(plan, state)
        state.next_sample += lesson.new_samples
        journal.add(take_step(state, lesson, rate), state, rate)
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
        "--rate",
        type=float,
        default=_LEARNING_RATE,
        help="highest learning rate; less for weights that are trained already",
    )
    parser.add_argument(
        "--device", default="cpu", help="cuda: train there, on views of what is rendered here"
    )
    parser.add_argument("--kept", type=int, default=20_000, help="scenes to keep on the device")
    parser.add_argument("--wide", action="store_true", help="begin with the wide network")
    parser.add_argument(
        "--without", nargs="*", default=[], choices=INGREDIENTS, help="leave out, for ablations"
    )
    parser.add_argument(
        "--critic", action="store_true", help="train the judge's critic: candidates instead of scenes"
    )
    given = parser.parse_args(arguments)
    mix = mix_without(*given.without)
    curriculum = Curriculum(given.critic, given.seed, given.side, given.batch, mix, given.device, given.kept)
    phase = "finish" if given.finish else "constant"
    return Plan(
        given.folder,
        given.minutes,
        phase,
        curriculum,
        given.processes,
        given.threads,
        given.rate,
        given.wide,
        given.heritage,
    )


if __name__ == "__main__":
    run(parse())
