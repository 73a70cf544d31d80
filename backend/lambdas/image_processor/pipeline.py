"""Photo -> Rendition: the recipe loop. Pure but for the segmenter that is handed in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from lambdas.image_processor import background as backgrounds
from lambdas.image_processor import encode, matting, quality
from lambdas.image_processor.domain import Cutout, Mask, Photo, Rejection, Rendition, Trial, Verdict
from lambdas.image_processor.errors import FailureCode
from lambdas.image_processor.recipes import ModelSpec, Recipe


class Segmenter(Protocol):
    """Whatever runs models; `segment.Segmenter`."""

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Run one model over a photo."""


@dataclass(slots=True)
class _Stopwatch:
    """Wall seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Book the block's time under `name`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


def render(
    photo: Photo,
    segmenter: Segmenter,
    recipes: Sequence[Recipe],
    *,
    background: str = "auto",
    skipped: Sequence[Trial] = (),
) -> Rendition | Rejection:
    """Cut a photo out by the first recipe whose mask is accepted.

    Args:
        photo: the decoded photo.
        segmenter: runs the recipes' models.
        recipes: in the order they are tried; each at most once.
        background: a policy of background.py.
        skipped: recipes that cannot run here, for the report.

    Returns:
        The finished picture, or a rejection with the best candidate's code.

    Raises:
        WeightsError: a recipe's model is missing.

    """
    watch = _Stopwatch()
    trials = list(skipped)
    for recipe in recipes:
        trial, mask = _try(recipe, photo, segmenter)
        trials.append(trial)
        for stage, seconds in trial.seconds.items():
            watch.seconds[stage] = watch.seconds.get(stage, 0.0) + seconds
        if trial.verdict is not None and trial.verdict.accepted:
            with watch.stage("matte"):
                cutout = matting.matte(photo.pixels, mask.alpha, recipe.matting)
            return _finish(photo, cutout, background, tuple(trials), watch)
    return Rejection(_best_code(trials), tuple(trials), watch.seconds)


def _try(recipe: Recipe, photo: Photo, segmenter: Segmenter) -> tuple[Trial, Mask]:
    watch = _Stopwatch()
    with watch.stage("segment"):
        mask = segmenter.segment(recipe.model, photo)
    with watch.stage("judge"):
        verdict: Verdict = quality.judge(mask)
    return Trial(recipe.name, verdict, watch.seconds, probability=mask.probability), mask


def _finish(
    photo: Photo, cutout: Cutout, policy: str, trials: tuple[Trial, ...], watch: _Stopwatch
) -> Rendition:
    with watch.stage("background"):
        ground = backgrounds.choose(photo.pixels, cutout, policy)
    with watch.stage("composite"):
        pixels = backgrounds.composite(cutout, ground.name)
    with watch.stage("encode"):
        png = encode.png(pixels)
    with watch.stage("thumbnail"):
        thumbnail = encode.thumbnail(pixels)
    return Rendition(
        png=png,
        thumbnail=thumbnail,
        recipe=trials[-1].recipe,
        background=ground.name,
        brightness=ground.brightness,
        trials=trials,
        seconds=watch.seconds,
        notes=cutout.notes,
    )


def _best_code(trials: Sequence[Trial]) -> FailureCode:
    """Return the reason of the candidate that came nearest to being accepted."""
    verdicts = [trial.verdict for trial in trials if trial.verdict is not None]
    best = max(verdicts, key=lambda verdict: verdict.score, default=None)
    return best.reason if best is not None and best.reason is not None else FailureCode.NO_SUBJECT
