"""Photo -> Rendition: the recipe loop. Pure but for the segmenter that is handed in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from lambdas.image_processor import background as backgrounds
from lambdas.image_processor import encode, quality
from lambdas.image_processor.book_opinion import BookOpinion, Segmenter
from lambdas.image_processor.domain import Cutout, Mask, Photo, Rejection, Rendition, Trial
from lambdas.image_processor.errors import FailureCode
from lambdas.image_processor.matting_ahead import MattingAhead
from lambdas.image_processor.quality import Policy
from lambdas.image_processor.recipes import BOOK, Recipe
from lambdas.image_processor.working_size import Bytes, Patch


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
            self.add({name: time.perf_counter() - started})

    def add(self, seconds: Mapping[str, float]) -> None:
        """Book seconds measured elsewhere."""
        for name, spent in seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + spent


def render(
    photo: Photo,
    segmenter: Segmenter,
    recipes: Sequence[Recipe],
    *,
    background: str = "auto",
    policy: Policy = Policy.MEASURED,
    skipped: Sequence[Trial] = (),
) -> Rendition | Rejection:
    """Cut a photo out by the first recipe whose mask is accepted.

    Args:
        photo: the decoded photo.
        segmenter: runs the recipes' models.
        recipes: in the order they are tried; each at most once.
        background: a policy of background.py.
        policy: who judges, of quality.py.
        skipped: recipes that cannot run here, for the report.

    Returns:
        The finished picture, or a rejection with the best candidate's code.

    Raises:
        WeightsError: a recipe's model is missing.

    """
    watch = _Stopwatch()
    trials = list(skipped)
    opinion = BookOpinion(segmenter, photo)
    with MattingAhead(photo) as ahead:
        for recipe in recipes:
            trial, mask = _try(recipe, photo, opinion, policy, ahead)
            trials.append(trial)
            watch.add(trial.seconds)
            if trial.verdict is None or not trial.verdict.accepted:
                ahead.drop()
                continue
            cutout, spent = ahead.finish(mask, recipe.matting)
            watch.add({"matte": spent})
            ground, png, thumbnail = _draw(photo, cutout, background, watch)
            return Rendition(
                png=png,
                thumbnail=thumbnail,
                recipe=recipe.ran_as(is_matted=cutout.is_matted),
                background=ground.name,
                brightness=ground.brightness,
                trials=tuple(trials),
                seconds=watch.seconds,
                notes=cutout.notes,
            )
    return Rejection(_best_code(trials), tuple(trials), watch.seconds)


def _try(
    recipe: Recipe, photo: Photo, opinion: BookOpinion, policy: Policy, ahead: MattingAhead
) -> tuple[Trial, Mask]:
    watch = _Stopwatch()
    with watch.stage("segment"):
        mask = opinion.segmenter.segment(recipe.model, photo)

    def second_opinion(alpha: Bytes) -> Iterator[Sequence[Patch]]:
        # Whoever is asked for an opinion found nothing wrong at first sight.
        ahead.begin(mask, recipe.matting)
        opinions = opinion.on(alpha)
        while True:
            with watch.stage("opinion"):
                given = next(opinions, None)
            if given is None:
                return
            yield given

    # A model has no second opinion on its own mask.
    asked = quality.no_opinion if recipe.model == BOOK else second_opinion
    with watch.stage("judge"):
        verdict = quality.POLICIES[policy](photo, mask, asked)
    return Trial(recipe.name, verdict, watch.seconds, probability=mask.probability), mask


def _draw(
    photo: Photo, cutout: Cutout, policy: str, watch: _Stopwatch
) -> tuple[backgrounds.Background, bytes, bytes]:
    """Put the subject on its background; return that, the PNG and the thumbnail."""
    with watch.stage("background"):
        ground = backgrounds.choose(photo.pixels, cutout, policy)
    with watch.stage("composite"):
        pixels = backgrounds.composite(cutout, ground.name)
    with ThreadPoolExecutor(1, "thumbnail") as beside:
        thumbnail = beside.submit(encode.thumbnail, pixels)
        with watch.stage("encode"):
            png = encode.png(pixels)
        with watch.stage("thumbnail"):
            return ground, png, thumbnail.result()


def _best_code(trials: Sequence[Trial]) -> FailureCode:
    """Return the reason of the candidate that came nearest to being accepted."""
    verdicts = [trial.verdict for trial in trials if trial.verdict is not None]
    best = max(verdicts, key=lambda verdict: verdict.score, default=None)
    return best.reason if best is not None and best.reason is not None else FailureCode.NO_SUBJECT
