"""Smoke tests: real inference with every model; `deep` also asks the database, the bucket and the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor import weight_files
from lambdas.image_processor.domain import Critique, Mask, Photo
from lambdas.image_processor.recipes import ModelSpec

_WIDTH_PX, _HEIGHT_PX = 320, 240


class SmokeTestError(Exception):
    """A part of the deployed function does not work; the message names it."""


class Segmenter(Protocol):
    """Whatever runs models; `segment.Segmenter`."""

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Run one model."""

    def criticise(self, spec: ModelSpec, part: Photo, alpha: NDArray[np.uint8]) -> Critique:
        """Ask a critic about a mask."""


def check_weights(folder: Path, specs: Sequence[ModelSpec]) -> None:
    """Compare the file that each model is loaded from with what the image was built with.

    Raises:
        SmokeTestError: naming every file that is missing or damaged.

    """
    faults = [fault for spec in specs if (fault := weight_files.damage(spec, folder)) is not None]
    if faults:
        raise SmokeTestError("; ".join(faults))


def check_models(segmenter: Segmenter, specs: Sequence[ModelSpec]) -> dict[str, float]:
    """Run each model on an embedded picture.

    Returns:
        Each model's highest raw probability on the picture.

    Raises:
        SmokeTestError: naming the model whose output is not a finite picture of probabilities.
        WeightsError: naming the file that is missing or wrong.

    """
    picture = embedded_picture()
    found = {}
    for spec in specs:
        probability, is_whole = _asked(segmenter, spec, picture)
        if not is_whole or not np.isfinite(probability).all():
            raise SmokeTestError(f"{spec.name}: the output is not a finite mask of the picture")
        if probability.min() < -1e-3 or probability.max() > 1 + 1e-3:
            raise SmokeTestError(f"{spec.name}: the output is not a probability")
        found[spec.name] = round(float(probability.max()), 4)
    return found


def _asked(segmenter: Segmenter, spec: ModelSpec, picture: Photo) -> tuple[NDArray[np.float32], bool]:
    """Return a model's raw output, and whether the mask has the picture's size; a critic's of its book."""
    if spec.is_critic:
        alpha = np.zeros(picture.pixels.shape[:2], np.uint8)
        alpha[40:204, 90:236] = 255
        return segmenter.criticise(spec, picture, alpha).probability, True
    # Once is enough: this is about the file, not about the picture.
    mask = segmenter.segment(spec.asked_once(), picture)
    return mask.probability, mask.alpha.shape == picture.pixels.shape[:2]


def check_services(checks: Mapping[str, Callable[[], Any]]) -> dict[str, str]:
    """Run each named check and report all that failed at once.

    Raises:
        SmokeTestError: naming every part that failed, and how.

    """
    faults = []
    for name, check in checks.items():
        try:
            check()
        except Exception as exc:  # noqa: BLE001 (every fault is reported)
            faults.append(f"{name}: {type(exc).__name__}: {exc}")
    if faults:
        raise SmokeTestError("; ".join(faults))
    return dict.fromkeys(checks, "ok")


def embedded_picture() -> Photo:
    """Return a drawn book on a table: a dark red cover with a gilt frame and a pale page edge."""
    pixels = np.full((_HEIGHT_PX, _WIDTH_PX, 3), (205, 196, 180), np.uint8)
    pixels[40:200, 90:230] = (120, 28, 24)
    pixels[52:188:134, 102:218] = pixels[186:188, 102:218] = (212, 175, 85)
    pixels[52:188, 102:104] = pixels[52:188, 216:218] = (212, 175, 85)
    pixels[44:204, 230:236] = (240, 232, 208)
    return Photo(pixels, "EMBEDDED")
