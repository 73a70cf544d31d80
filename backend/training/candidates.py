"""What the critic learns from: a photo's part, a mask of it that may be wrong, and the truth.

Scenes of the book model's kinds, of thick books (`tomes.py`) and of solids without a name (`prisms.py`), and
of the book model's own renderer, by seeds of their own; never what the judge is fitted on or measured on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.boxes import Box
from lambdas.image_processor.critic import around
from training import scenes
from training.arrangements import ARRANGEMENTS, Arrangement
from training.bindings import Texture
from training.canvas import solid
from training.dice import Dice
from training.generator import BLOCK, Batch
from training.judging.scenes import SIDE_PX, Region, Scene, compose, silhouette
from training.library import Library, Stock
from training.mistakes import candidate
from training.mix import Mix
from training.paint import Paint
from training.pillars import PILLARS
from training.prisms import PRISMS
from training.tomes import TOMES

#: What is shown, and how often.
SHOWN: Final[Mapping[Arrangement, float]] = {**ARRANGEMENTS, **PRISMS, **PILLARS, **TOMES}
#: Candidates made of one scene.
PER_SCENE: Final = 8
#: Scenes whose candidates are mixed.
_SCENES: Final = 16
_GROUP: Final = PER_SCENE * _SCENES
#: How often the scene is of the book model's own renderer: it knows neighbours and mirrors, but no layers.
_PLAIN: Final = 0.2
_LAYERS: Final = ("block", "shadow", "hand", "object")
_BAND: Final = np.ones((7, 7), np.uint8)

#: (S, S, 4) photo and mask, (S, S) truth, (S, S) bands, all uint8; whether the mask is right.
_Candidate = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], int]


class Candidates:
    """Renders candidates by number; as `generator.Generator` does scenes.

    Args:
        seed: of everything.
        side_px: of the square pictures.
        mix: of the plain scenes.
        stock: how many textures a block of scenes shares.

    """

    def __init__(self, seed: int, side_px: int, mix: Mix | None = None, stock: Stock | None = None) -> None:
        self.seed = seed
        self.side_px = side_px
        self._mix = replace(mix or Mix(), negatives=0.0)
        self._stock = stock or Stock()
        self._paint = Paint(Dice(seed))
        self._block: tuple[int, Library] | None = None
        self._group: tuple[int, list[_Candidate]] | None = None

    def batch(self, first: int, count: int) -> Batch:
        """Return candidates first .. first + count - 1; `pixels` has the mask as its fourth channel.

        Its bands are where the truth has an edge, and where the candidate is wrong; its presence tells
        whether the candidate is right.
        """
        made = [self._candidates(number // _GROUP)[number % _GROUP] for number in range(first, first + count)]
        pixels, truths, bands = (np.stack([one[place] for one in made]) for place in range(3))
        return Batch(pixels, truths, bands, np.asarray([one[3] for one in made], np.int8))

    def _candidates(self, group: int) -> list[_Candidate]:
        """Return a group's candidates: each scene's once, then each scene's again.

        Neighbours come from different scenes, or a batch's statistics would be those of a scene or two.
        """
        if self._group is None or self._group[0] != group:
            scenes_made = [
                list(self._of_scene(index)) for index in range(group * _SCENES, (group + 1) * _SCENES)
            ]
            self._group = group, [each[turn] for turn in range(PER_SCENE) for each in scenes_made]
        return self._group[1]

    def _of_scene(self, index: int) -> Iterator[_Candidate]:
        dice = Dice(self.seed, index, 3)
        scene, stranger = self.scene(index)
        for _ in range(PER_SCENE):
            mask, answer = candidate(scene, stranger, dice)
            yield (*_planes(scene, mask, _box(mask, dice), self.side_px), answer)

    def scene(self, index: int) -> tuple[Scene, Region]:
        """Return a scene, and the mask of another photo in its frame."""
        library, dice = self._library(index // (BLOCK // 2)), Dice(self.seed, index, 1)
        paint = self._paint.with_dice(dice)
        scene = _plain(library, paint, self._mix) if dice.chance(_PLAIN) else compose(library, paint, SHOWN)
        return scene, silhouette(library, dice, SHOWN, scene.truth.shape)

    def _library(self, block: int) -> Library:
        if self._block is None or self._block[0] != block:
            paint = self._paint.with_dice(Dice(self.seed, block, 2))
            library = Library.printed(paint, self._stock)
            self._block = (block, _with_coloured_edges(library, paint.dice))
        return self._block[1]


def _with_coloured_edges(library: Library, dice: Dice) -> Library:
    """Return the library with as many edges that are stained, marbled or covered as are of bare paper.

    Or a page block is whatever is pale and striped.
    """
    edges: list[Texture] = []
    added: Texture
    for edge in library.edges:
        cover = dice.pick(library.covers)
        height, width = edge.shape[:2]
        if dice.chance(0.5):
            plain = solid(cover[::8, ::8, :3].reshape(-1, 3).mean(0) * dice.between(0.5, 1.15))
            added = np.broadcast_to(plain[:1, :1], (height, width, 4)).copy()
        elif dice.chance(0.5):
            strip = cv2.resize(cover[: max(4, cover.shape[0] // 6), :, :3], (width, height))
            added = np.dstack([strip, edge[..., 3]]).astype(np.uint8)
        else:
            mean = cover[::8, ::8, :3].reshape(-1, 3).mean(0)
            own = np.maximum(edge[..., :3].reshape(-1, 3).mean(0), 8)
            tinted = np.clip(edge[..., :3] * (mean / own), 0, 255)
            added = np.dstack([tinted, edge[..., 3]]).astype(np.uint8)
        edges.append(added)
    return replace(library, edges=[*library.edges, *edges])


def _plain(library: Library, paint: Paint, mix: Mix) -> Scene:
    """Return a scene of the book model's renderer: nothing is known of it but the subject."""
    while True:
        sample = scenes.render(library, paint, SIDE_PX, mix)
        truth = sample.mask > 127
        if truth.any():
            break
    points = np.argwhere(truth)[:, ::-1].astype(np.float32)
    cover = np.asarray(cv2.boxPoints(cv2.minAreaRect(points)), np.float64)
    return Scene(sample.pixels, truth, sample.kind, {name: np.zeros_like(truth) for name in _LAYERS}, cover)


def _planes(
    scene: Scene, mask: NDArray[np.uint8], box: Box, side: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a part as (S, S, 4), photo and mask, and (S, S) each, truth and bands."""
    truth = scene.truth.astype(np.uint8) * 255
    photo, given, truth = (squeezed(plane[box], side) for plane in (scene.pixels, mask, truth))
    band = cv2.dilate(truth, _BAND) - cv2.erode(truth, _BAND)
    wrong = np.abs(given.astype(np.int16) - truth) > 127
    return np.dstack([photo, given]), truth, np.maximum(band, wrong * np.uint8(255))


def _box(mask: NDArray[np.uint8], dice: Dice) -> Box:
    if dice.chance(0.08):
        return slice(None), slice(None)
    return around(mask, dice.between(0.15, 0.4))


def squeezed(plane: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return a plane, (height, width), as (side, side)."""
    is_smaller = min(plane.shape[:2]) < side
    way = cv2.INTER_LINEAR if is_smaller else cv2.INTER_AREA
    return np.asarray(cv2.resize(plane, (side, side), interpolation=way), np.uint8)
