"""`make train`: renders, trains, saves; stops by the clock or by Ctrl-C, and goes on where it stopped.

The learning rate stays constant, so that any later run can go on from `latest.pt`. `--finish` lets it fall
to nothing over the given minutes, from a copy of that state or from nothing, and ends in `finished.pt`: what
is exported. With `--kept`, as on an accelerator (`--device cuda`), it trains on views of the scenes that the
other processes render meanwhile, many at a step.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from typing import Final

import torch
from torch import nn

from training.candidates import Candidates
from training.checkpoint import State
from training.generator import Generator
from training.heritage import inherit
from training.journal import Journal
from training.losses import Cost, cost
from training.network import WIDE, BookNet
from training.plan import Plan, parse
from training.sources import Lesson, lessons, to_tensors

#: The rate is for batches of this size; it grows with the root of a batch's.
_USUAL_BATCH: Final = 16
_MOST_TIMES: Final = 2.0
_FINAL_SHARE: Final = 0.005
#: Share of the closing phase in which the rate rises first.
_RISE: Final = 0.03
_WARM_UP_STEPS: Final = 300
_CLIP_NORM: Final = 2.0
_SAVE_EVERY_SECONDS: Final = 180


def begin(plan: Plan) -> State:
    """Return the state to go on from: this phase's own, the constant phase's, or a fresh one."""
    curriculum = plan.curriculum
    for path in (plan.checkpoint, plan.folder / "latest.pt"):
        if path.is_file():
            print(f"going on from {path}", flush=True)
            return State.load(path, curriculum.device)
    channels = 4 if curriculum.is_critic else 3
    state = State.fresh(curriculum.seed, channels, WIDE if plan.is_wide else None, curriculum.device)
    if plan.heritage is None:
        return state
    print(f"starting from the weights of {plan.heritage.name}", flush=True)
    if plan.heritage.suffix == ".pt":
        return State.after(State.load(plan.heritage), curriculum.seed, curriculum.device)
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


def set_learning(network: BookNet, *, is_steady: bool) -> None:
    """Let a network learn; steadily: with the normalisations' statistics as they are."""
    network.train()
    if is_steady:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


def run(plan: Plan) -> State:
    """Train until the minutes are over; Ctrl-C or a termination saves and stops."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    plan.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(plan.threads)
    torch.backends.cudnn.benchmark = True
    state = begin(plan)
    set_learning(state.network, is_steady=plan.is_steady)
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


if __name__ == "__main__":
    run(parse())
