"""One photo of `cut`: read, cut, and say what became of it. Runs in a process of its own."""

from __future__ import annotations

import base64
import hashlib
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from PIL import Image

from app.constants.image_processing import MAX_OBJECT_BYTES
from cli.cut_choices import Background, Engine, RecipeChoice
from lambdas.image_processor import photo as photos
from lambdas.image_processor import pipeline
from lambdas.image_processor.domain import Photo, Rejection, Rendition, Trial, rounded
from lambdas.image_processor.errors import FailureCode, PermanentError, failure_reason
from lambdas.image_processor.recipes import EMBEDDED_RECIPE, RECIPES, Recipe
from lambdas.image_processor.renderer import Plan
from lambdas.image_processor.segment import Segmenter

#: Longest side of the masks in the log.
_MASK_PX: Final = 96


class Verdict(StrEnum):
    """How a photo ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    #: It could not be tried: unreadable, or its process died.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Settings:
    """How photos are cut; a photo cut with the same ones is not cut again."""

    background: Background
    recipe: RecipeChoice
    engine: Engine
    weights_dir: Path
    threads: int = 0

    def with_threads(self, threads: int) -> Settings:
        """Return the settings for a process that has so many."""
        return replace(self, threads=threads)


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of one photo."""

    #: The line of cut.jsonl, as far as it is known here.
    facts: Mapping[str, Any]
    png: bytes | None = field(default=None, repr=False)


class Renderer(Protocol):
    """An engine."""

    def render(self, photo: Photo) -> Rendition | Rejection:
        """Cut a photo out."""


@dataclass(frozen=True, slots=True)
class _Ours:
    segmenter: Segmenter
    plan: Plan
    background: str

    def render(self, photo: Photo) -> Rendition | Rejection:
        """Cut a photo out as the worker does."""
        return pipeline.render(
            photo, self.segmenter, self.plan.recipes, background=self.background, skipped=self.plan.skipped
        )


_BY_CHOICE: Final[Mapping[RecipeChoice, tuple[Recipe, ...]]] = {
    RecipeChoice.AUTO: (*RECIPES, EMBEDDED_RECIPE),
    RecipeChoice.U2NET: RECIPES[:1],
    RecipeChoice.ISNET: RECIPES[1:2],
    RecipeChoice.BOOK: (EMBEDDED_RECIPE,),
}


def plan(choice: RecipeChoice, weights_dir: Path) -> Plan:
    """Return what of a choice can run: recipes whose weights are missing are noted and left out."""
    return Plan.with_weights_in(weights_dir, _BY_CHOICE[choice])


def make(settings: Settings) -> partial[Cut]:
    """Return what cuts one file with these settings; the models are loaded with the first."""
    return partial(cut, _engine(settings))


def _engine(settings: Settings) -> Renderer:
    planned = plan(settings.recipe, settings.weights_dir)
    if settings.engine is Engine.REMBG:
        from cli.cut_rembg import Rembg  # noqa: PLC0415 (the oracle's group, half a minute of imports)

        return Rembg(settings.weights_dir, planned.recipes, planned.skipped, settings.background)
    segmenter = Segmenter(settings.weights_dir, settings.threads)
    # Loaded while the first photo is read.
    segmenter.prefetch(planned.recipes[0].model)
    return _Ours(segmenter, planned, settings.background)


def cut(engine: Renderer, path: Path) -> Cut:
    """Read one file, cut its photo out, and say what became of it; never raises for what a file holds."""
    started = time.perf_counter()
    facts: dict[str, Any] = {"bytes": None, "sha256": None}
    try:
        data = _read(path)
        facts |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        photo = photos.decode(data)
    except PermanentError as exc:
        return Cut(facts | refusal(exc.code, str(exc)) | {"seconds": _since(started)})
    except OSError as exc:
        told = f"The file cannot be read: {exc.strerror}."
        return Cut(facts | {"verdict": Verdict.FAILED, "told": told, "seconds": _since(started)})
    decoded = _since(started)
    facts |= {"format": photo.format, "width": photo.size[0], "height": photo.size[1]}
    result = engine.render(photo)
    stages = {"decode": decoded, **rounded(result.seconds)}
    attempts = sum(bool(trial.seconds) for trial in result.trials)
    facts |= {"attempts": attempts, "trials": [_shown(trial) for trial in result.trials]}
    facts |= _judged(result.trials) | {"stages": stages, "seconds": _since(started)}
    if isinstance(result, Rejection):
        return Cut(facts | refusal(result.code, failure_reason(result.code)))
    return Cut(facts | _acceptance(result), result.png)


def refusal(code: FailureCode, told: str) -> dict[str, Any]:
    """Return the facts of a photo that was refused."""
    return {"verdict": Verdict.REJECTED, "reason": str(code), "told": told, "recipe": None}


def _acceptance(result: Rendition) -> dict[str, Any]:
    return {
        "verdict": Verdict.ACCEPTED,
        "reason": None,
        "told": f"Cut out by {result.recipe}, on {result.background}.",
        "recipe": result.recipe,
        "background": result.background,
        "brightness": round(result.brightness, 2),
        "matting": dict(result.notes),
        "output_sha256": hashlib.sha256(result.png).hexdigest(),
        "output_bytes": len(result.png),
    }


def _judged(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the last judged recipe's score and measures."""
    verdict = next((trial.verdict for trial in reversed(trials) if trial.verdict is not None), None)
    if verdict is None:
        return {"score": None, "measures": {}}
    return {"score": round(verdict.score, 4), "measures": rounded(verdict.measures)}


def _shown(trial: Trial) -> dict[str, Any]:
    """Return a recipe's try with its mask, as a PNG small enough for a line of text."""
    told = trial.as_report()
    if trial.probability is None:
        return told
    small = Image.fromarray((np.clip(trial.probability, 0, 1) * 255).astype(np.uint8))
    small.thumbnail((_MASK_PX, _MASK_PX))
    file = io.BytesIO()
    small.save(file, "PNG", optimize=True)
    return told | {"mask_png": base64.b64encode(file.getvalue()).decode()}


def _read(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_OBJECT_BYTES:
        raise PermanentError(FailureCode.TOO_MANY_BYTES, f"It has {size / 2**20:.0f} MiB.")
    return path.read_bytes()


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 4)
