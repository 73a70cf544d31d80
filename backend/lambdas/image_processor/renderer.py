"""Which recipes can run here, and the pipeline with their models plugged in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.domain import Critique, Mask, Photo, Rejection, Rendition, Trial
from lambdas.image_processor.lean_imports import without_numpys_extras
from lambdas.image_processor.recipes import CRITIC, ModelSpec, Recipe
from lambdas.image_processor.segment import Segmenter


@dataclass(frozen=True, slots=True)
class Plan:
    """The recipes that are tried, in order, and those that cannot run here, for the report."""

    recipes: tuple[Recipe, ...]
    skipped: tuple[Trial, ...] = ()

    @classmethod
    def with_weights_in(cls, weights_dir: Path, wanted: Sequence[Recipe]) -> Plan:
        """Return what of these recipes can run: those whose weights are missing are noted and left out."""
        segmenter = Segmenter(weights_dir)
        runnable = tuple(recipe for recipe in wanted if segmenter.has_weights(recipe.model))
        skipped = tuple(
            Trial(recipe.name, None, note=f"weights missing: {weights_dir / recipe.model.filename}")
            for recipe in wanted
            if recipe not in runnable
        )
        return cls(runnable, skipped)


@dataclass(frozen=True, slots=True)
class Renderer:
    """The pipeline with its models plugged in.

    The pipeline is imported when it is first needed: scipy takes as long to import as a network takes to
    load, and the two go on at once.
    """

    segmenter: Segmenter
    plan: Plan

    def prepare(self) -> None:
        """Begin to load the first recipe's model and its critic while the photo is on its way.

        The book model is seldom asked, and soon loaded.
        """
        first = self.plan.recipes[0].model
        self.segmenter.prefetch(first)
        self.segmenter.prefetch(first.corrected_by or CRITIC)
        with without_numpys_extras():
            from lambdas.image_processor import pipeline  # noqa: F401, PLC0415

    def render(self, photo: Photo, checkpoint: Callable[[], None]) -> Rendition | Rejection:
        """Cut the photo out.

        Args:
            photo: the decoded photo.
            checkpoint: called before each model runs; raises when there is no time left.

        """
        with without_numpys_extras():
            from lambdas.image_processor import pipeline  # noqa: PLC0415

        guarded = _GuardedSegmenter(self.segmenter, checkpoint)
        return pipeline.render(photo, guarded, self.plan.recipes, skipped=self.plan.skipped)


@dataclass(frozen=True, slots=True)
class _GuardedSegmenter:
    """Looks at the clock before each model runs."""

    segmenter: Segmenter
    checkpoint: Callable[[], None]

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Run one model if there is time."""
        self.checkpoint()
        return self.segmenter.segment(spec, photo)

    def criticise(self, spec: ModelSpec, part: Photo, alpha: NDArray[np.uint8]) -> Critique:
        """Ask a critic if there is time."""
        self.checkpoint()
        return self.segmenter.criticise(spec, part, alpha)
