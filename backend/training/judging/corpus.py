"""Masks to judge: right ones and wrong ones of rendered scenes, or of labelled photographs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.arrangements import ARRANGEMENTS, Arrangement
from training.dice import Dice
from training.judging.corruptions import CORRUPTIONS
from training.judging.objects import UNSEEN
from training.judging.scenes import Region, Scene, compose, silhouette
from training.judging.softness import soften, speckled, unsure
from training.judging.strangers import STRANGERS
from training.labels import LabelledPhoto
from training.library import Library, Stock
from training.paint import Paint

GOOD: Final = "good"
BLUR: Final = "low_confidence_blur"
ANOTHER: Final = "mask_of_another_photo"
#: Every kind of wrong mask.
KINDS: Final = (*CORRUPTIONS, BLUR, ANOTHER)
#: How often a kind is made of a scene, where it can be: many scenes tell more than many masks of a few, and
#: the plain kinds need few examples.
_OFTEN: Final[Mapping[str, float]] = {
    "empty": 0.04, "full_frame": 0.04, "inverted": 0.04, "fragment": 0.08, "portrait_only": 0.1,
    "text_block_only": 0.1, "shifted": 0.12, ANOTHER: 0.08, BLUR: 0.12, "hole": 0.12, "table_leak": 0.18,
    "corner_eaten": 0.2, "edge_band_lost": 0.2, "second_object": 0.4, "hand_included": 0.6,
    "page_block_missing": 0.35, "shadow_included": 0.25,
}  # fmt: skip
_STOCK: Final = Stock(covers=150, sheets=50, spines=70, edges=30, spreads=36, pages=16, surfaces=90)
#: Scenes that share one stock of textures.
BLOCK: Final = 50


@dataclass(frozen=True, slots=True)
class Source:
    """Where scenes come from."""

    name: str
    seed: int
    arrangements: Mapping[Arrangement, float]


#: The judge is fitted on these ...
FITTED: Final = Source("fitted", 310_001, ARRANGEMENTS)
#: ... and on these, on which the opinions are as wrong as on anything new ...
STRANGE: Final = Source("strange", 640_001, STRANGERS)
#: ... and measured on objects and seeds that neither it nor the book model has met.
HELD_OUT: Final = Source("held out", 920_001, UNSEEN)


@dataclass(frozen=True, slots=True)
class Example:
    """A mask of a scene."""

    #: "good" or the corruption.
    kind: str
    #: (height, width) uint8, 255 = subject.
    mask: NDArray[np.uint8]
    #: The area that is wrong, as a share of the subject's.
    changed: float


def rendered(source: Source, block: int) -> Iterator[tuple[Scene, list[Example]]]:
    """Yield a block's scenes with their masks."""
    paint = Paint(Dice(source.seed))
    library = Library.printed(paint.with_dice(Dice(source.seed, block, 2)), _STOCK)
    for index in range(block * BLOCK, (block + 1) * BLOCK):
        dice = Dice(source.seed, index, 1)
        scene = compose(library, paint.with_dice(dice), source.arrangements)
        stranger = silhouette(library, dice, source.arrangements, scene.truth.shape)
        right, wrong = list(_good(scene, dice, 2)), list(_bad(scene, stranger, dice, _OFTEN))
        yield scene, [right[index % 2], *_littered(wrong, Dice(source.seed, index, 4))]


def photographed(photos: list[LabelledPhoto]) -> Iterator[tuple[str, Scene, list[Example]]]:
    """Yield labelled photographs with their masks; those without a subject are left out.

    Nothing is known of their shadows, hands and pages: kinds that need those are not made.
    """
    shown = [photo for photo in photos if photo.role != "negative"]
    for index, labelled in enumerate(shown):
        photo, dice = labelled.photo(), Dice(7, index)
        truth = labelled.truth(photo.size) > 0.5
        scene = Scene(photo.pixels, truth, labelled.kind, _no_layers(truth), _rectangle(truth))
        other = shown[(index + 1) % len(shown)]
        stranger = other.truth(other.photo().size) > 0.5
        stranger = cv2.resize(stranger.astype(np.uint8), photo.size, interpolation=cv2.INTER_AREA) > 0
        bad = [
            example for _ in range(4) for example in _bad(scene, stranger, dice, dict.fromkeys(KINDS, 1.0))
        ]
        yield labelled.path.name, scene, [*_good(scene, dice, 4), *_littered(bad, Dice(7, index, 4))]


def _good(scene: Scene, dice: Dice, count: int) -> Iterator[Example]:
    """Yield right masks, every other one with specks."""
    for index in range(count):
        mask = soften(scene.truth, dice)
        yield _example(GOOD, speckled(mask, dice) if index % 2 else mask, scene.truth)


def _bad(scene: Scene, stranger: Region, dice: Dice, often: Mapping[str, float]) -> Iterator[Example]:
    for kind, corruption in CORRUPTIONS.items():
        region = corruption(scene, dice) if dice.chance(often[kind]) else None
        if region is not None:
            yield _example(kind, soften(region, dice), scene.truth)
    if dice.chance(often[BLUR]):
        yield _example(BLUR, unsure(scene.truth, dice), scene.truth)
    overlap = (stranger & scene.truth).sum() / max(int((stranger | scene.truth).sum()), 1)
    if dice.chance(often[ANOTHER]) and overlap < 0.8:
        yield _example(ANOTHER, soften(stranger, dice), scene.truth)


def _littered(wrong: list[Example], dice: Dice) -> Iterator[Example]:
    """Yield wrong masks, every other one with specks too, or a speck would tell that a mask is right.

    What is wrong about them is as large as before.
    """
    for example in wrong:
        is_speckled = dice.chance(0.5)
        yield replace(example, mask=speckled(example.mask, dice)) if is_speckled else example


def _example(kind: str, mask: NDArray[np.uint8], truth: Region) -> Example:
    return Example(kind, mask, float(((mask > 127) ^ truth).sum() / max(int(truth.sum()), 1)))


def _no_layers(truth: Region) -> dict[str, Region]:
    return {name: np.zeros_like(truth) for name in ("block", "shadow", "hand", "object")}


def _rectangle(truth: Region) -> NDArray[np.float64]:
    """Return the corners of the narrowest rectangle around a region."""
    points = np.argwhere(truth)[:, ::-1].astype(np.float32)
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(points)), np.float64)
