"""The path of the deployed predecessor, for side-by-side trust: rembg cuts, nothing is judged."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort
import rembg
from PIL import Image
from rembg.sessions.base import BaseSession
from rembg.sessions.dis_custom import DisCustomSession
from rembg.sessions.u2net_custom import U2netCustomSession

from lambdas.image_processor import background as backgrounds
from lambdas.image_processor import encode
from lambdas.image_processor.domain import Cutout, Photo, Rejection, Rendition, Trial
from lambdas.image_processor.errors import FailureCode
from lambdas.image_processor.recipes import ISNET, U2NET, ModelSpec, Recipe
from lambdas.image_processor.segment import Segmenter

#: rembg's sessions that read a given file with the preprocessing of these two networks.
_SESSIONS: Final[dict[str, Any]] = {U2NET.name: U2netCustomSession, ISNET.name: DisCustomSession}


class _BookSession(BaseSession):  # type: ignore[misc]
    """Our embedded model under rembg's matting: rembg itself knows no such network."""

    def __init__(self, segmenter: Segmenter, spec: ModelSpec) -> None:
        self._segmenter = segmenter
        self._spec = spec

    def predict(self, img: Image.Image, *_: Any, **__: Any) -> list[Image.Image]:
        """Return the mask, sized as the photo."""
        mask = self._segmenter.segment(self._spec, Photo(np.asarray(img), "rembg"))
        return [Image.fromarray(mask.alpha)]


@dataclass(frozen=True, slots=True)
class Rembg:
    """The deployed handler's calls: the first recipe that does not raise wins."""

    weights_dir: Path
    recipes: tuple[Recipe, ...]
    skipped: tuple[Trial, ...]
    background: str

    def render(self, photo: Photo) -> Rendition | Rejection:
        """Cut a photo out."""
        trials = list(self.skipped)
        for recipe in self.recipes:
            started = time.perf_counter()
            try:
                cutout = self._remove(photo, recipe)
            except (ValueError, RuntimeError, MemoryError) as exc:
                note = f"rembg raised {type(exc).__name__}: {exc}"
                trials.append(Trial(recipe.name, None, _spent("rembg", started), note))
                continue
            spent = _spent("rembg", started)
            trials.append(Trial(recipe.name, None, spent, "the deployed path judges nothing"))
            return self._finish(photo, cutout, recipe, trials, spent)
        return Rejection(FailureCode.NO_SUBJECT, tuple(trials), {})

    def _remove(self, photo: Photo, recipe: Recipe) -> Cutout:
        options: dict[str, Any] = {}
        if recipe.matting is not None:
            options = {
                "alpha_matting": True,
                "alpha_matting_foreground_threshold": recipe.matting.foreground_threshold,
                "alpha_matting_background_threshold": recipe.matting.background_threshold,
                "alpha_matting_erode_size": recipe.matting.erode_size_px,
            }
        session = self._session(recipe.model)
        picture = np.asarray(rembg.remove(Image.fromarray(photo.pixels), session=session, **options))
        return Cutout(
            np.ascontiguousarray(picture[..., 3]),
            np.ascontiguousarray(picture[..., :3]),
            is_matted=recipe.matting is not None,
            notes={"solver": "rembg"},
        )

    def _session(self, spec: ModelSpec) -> Any:
        if spec.name not in _SESSIONS:
            return _BookSession(Segmenter(self.weights_dir), spec)
        # rembg loads files of this folder only.
        os.environ["U2NET_HOME"] = str(self.weights_dir)
        path = str(self.weights_dir / spec.filename)
        return _SESSIONS[spec.name](spec.name, ort.SessionOptions(), model_path=path)

    def _finish(
        self, photo: Photo, cutout: Cutout, recipe: Recipe, trials: Sequence[Trial], spent: dict[str, float]
    ) -> Rendition:
        started = time.perf_counter()
        ground = backgrounds.choose(photo.pixels, cutout, self.background)
        pixels = backgrounds.composite(cutout, ground.name)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", optimize=True)
        return Rendition(
            png=file.getvalue(),
            thumbnail=encode.thumbnail(pixels),
            recipe=recipe.name,
            background=ground.name,
            brightness=ground.brightness,
            trials=tuple(trials),
            seconds=spent | _spent("finish", started),
            notes=cutout.notes,
        )


def _spent(stage: str, started: float) -> dict[str, float]:
    return {stage: time.perf_counter() - started}
