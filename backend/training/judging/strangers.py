"""Objects that no training shows and the judge is not measured on: what it is fitted on beside books.

On the kinds that the book model and the critic were trained on, both are right more often than elsewhere; a
judge fitted on those alone believes them too much.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from training.arrangements import Arrangement, Staging
from training.bindings import Texture
from training.camera import Camera
from training.canvas import round_corners, solid
from training.dice import Dice
from training.library import Library, mean_colour, tinted
from training.paint import Colour
from training.solids import LYING, STANDING, Face, Placement, cuboid, placed

_SIDES: Final = ("front", "rear", "spine", "fore", "head", "tail")


def tin(library: Library, dice: Dice) -> Staging:
    """Show a tin: every side of a colour of its own, a panel on its lid, a lighter rim."""
    sides = {name: solid(_colour(library, dice) * dice.between(0.6, 1.2)) for name in _SIDES}
    lid = _panelled(_colour(library, dice), tinted(dice, dice.pick(library.covers)), dice.between(0.05, 0.3))
    return _box("tin", dice, sides | {"front": lid}, (dice.between(0.5, 1.6), dice.between(0.1, 0.6)))


def crate(library: Library, dice: Dice) -> Staging:
    """Show a crate of one material on all sides."""
    picture = dice.pick(library.surfaces)
    plank = np.dstack([picture, np.full(picture.shape[:2], 255)]).clip(0, 255).astype(np.uint8)
    sides = {name: np.ascontiguousarray(np.rot90(plank, dice.whole(0, 3))) for name in _SIDES}
    return _box("crate", dice, sides, (dice.between(0.6, 1.5), dice.between(0.1, 0.5)))


def framed_picture(library: Library, dice: Dice) -> Staging:
    """Show a picture in its frame, with a mount or without."""
    cover = tinted(dice, dice.pick(library.covers))
    inner = _panelled(
        np.asarray([225, 220, 210], np.float32), cover, dice.pick([0.0, dice.between(0.05, 0.2)])
    )
    front = _panelled(_colour(library, dice) * dice.between(0.3, 1.1), inner, dice.between(0.03, 0.12))
    sides = dict.fromkeys(_SIDES, solid(_colour(library, dice) * dice.between(0.2, 0.9)))
    return _box(
        "framed_picture", dice, sides | {"front": front}, (dice.between(0.6, 1.5), dice.between(0.02, 0.1))
    )


def tablet(library: Library, dice: Dice) -> Staging:
    """Show a flat dark thing with a bright face and small round corners."""
    shade = dice.arrays.uniform(10, 60) if dice.chance(0.7) else dice.arrays.uniform(180, 240)
    face = _panelled(
        np.full(3, shade, np.float32), tinted(dice, dice.pick(library.sheets)), dice.between(0.03, 0.1)
    )
    round_corners(face, max(2, int(min(face.shape[:2]) * dice.between(0.02, 0.07))))
    return _box("tablet", dice, {"front": face, "rear": face}, (dice.between(0.5, 0.8), 0.01))


def card_stack(library: Library, dice: Dice) -> Staging:
    """Lay down cases of one make, none quite over the other."""
    camera, base, width = _above(dice), 0.0, dice.between(0.6, 1.2)
    thickness = dice.between(0.02, 0.08)
    rim = solid(_colour(library, dice) * dice.between(0.2, 1.2))
    faces: list[Face] = []
    extents = []
    for _ in range(dice.whole(2, 6)):
        top = tinted(dice, dice.pick(library.covers))
        shift = dice.arrays.normal(0, 0.02, 2)
        corner = np.asarray([-width / 2 + shift[0], base, 0.5 + shift[1]])
        place = Placement(corner, LYING, (width, 1.0, thickness))
        faces += cuboid(place, camera, dict.fromkeys(_SIDES, rim) | {"front": top})
        extents.append(place.corners())
        base += thickness
    return Staging("card_stack", camera, faces, np.concatenate(extents), lies=True)


def folder(library: Library, dice: Dice) -> Staging:
    """Lay down a folder a little open: a leaf looks out at one side."""
    camera, width = _above(dice), dice.between(0.65, 1.3)
    colour, out = _colour(library, dice), dice.between(0.0, 0.08)
    place = placed(width, dice.between(0.01, 0.06), LYING)
    leaf = place.inner((out, 0.03, 0.0), (width, 0.94, place.size[2] * 0.8))
    faces = cuboid(leaf, camera, dict.fromkeys(_SIDES, tinted(dice, dice.pick(library.sheets))))
    front = solid(colour)
    if dice.chance(0.6):
        front = _panelled(colour, tinted(dice, dice.pick(library.sheets)), dice.between(0.25, 0.4))
    faces += cuboid(place, camera, dict.fromkeys(_SIDES, solid(colour * 0.8)) | {"front": front})
    return Staging("folder", camera, faces, np.concatenate([place.corners(), leaf.corners()]), lies=True)


def envelope(library: Library, dice: Dice) -> Staging:
    """Lay down an envelope: its flap as a shade, or its stamp and lines."""
    colour = _colour(library, dice) * 0.3 + np.asarray([160, 150, 130]) * dice.between(0.6, 1.0)
    paper = solid(colour.astype(np.float32)).repeat(40, 0).repeat(56, 1)
    rows, columns = paper.shape[:2]
    if dice.chance(0.5):
        flap = np.asarray([[0, 0], [columns, 0], [columns // 2, int(rows * dice.between(0.3, 0.7))]])
        shade = (colour * dice.between(0.8, 0.95)).clip(0, 255).tolist()
        cv2.fillPoly(paper, [flap.astype(np.int32)], (*shade, 255), cv2.LINE_AA)
    else:
        stamp = cv2.resize(dice.pick(library.covers)[..., :3], (columns // 8, rows // 5))
        paper[8 : 8 + stamp.shape[0], columns - 8 - stamp.shape[1] : columns - 8, :3] = stamp
    camera, width = _above(dice), dice.between(1.2, 1.8)
    place = placed(width, dice.between(0.002, 0.02), LYING)
    faces = cuboid(place, camera, dict.fromkeys(_SIDES, solid(colour * 0.9)) | {"front": paper})  # type: ignore[arg-type]  # a wider float
    return Staging("envelope", camera, faces, place.corners(), lies=True)


def _box(kind: str, dice: Dice, sides: dict[str, Texture], size: tuple[float, float]) -> Staging:
    """Lay a cuboid down or stand it up; `size` is its width and its thickness."""
    lies = dice.chance(0.6)
    if lies:
        camera, axes = _above(dice), LYING
    else:
        camera = Camera.looking(
            dice.between(-3, 28),
            dice.bell(0, 30) + dice.pick([0, 0, 0, 90]),
            dice.bell(0, 3),
            dice.between(2.5, 10),
        )
        axes = STANDING
    place = placed(*size, axes)
    return Staging(kind, camera, cuboid(place, camera, sides), place.corners(), lies)


def _panelled(ground: Colour, panel: Texture, margin: float) -> Texture:
    """Return a panel on a ground, (320, 240, 4); the margin is a share of the width."""
    result = np.full((320, 240, 4), 255, np.uint8)
    result[..., :3] = np.clip(ground, 0, 255).astype(np.uint8)
    edge = int(margin * 240)
    size = 240 - 2 * edge, 320 - 2 * edge
    result[edge : 320 - edge, edge : 240 - edge, :3] = cv2.resize(
        panel[..., :3], size, interpolation=cv2.INTER_AREA
    )
    return result


def _colour(library: Library, dice: Dice) -> Colour:
    return mean_colour(dice.pick(library.covers))


def _above(dice: Dice) -> Camera:
    elevation = max(28.0, 90 - abs(dice.bell(0, 24)))
    azimuth = dice.bell(0, 15) if dice.chance(0.6) else dice.between(-180, 180)
    return Camera.looking(
        elevation, azimuth, dice.bell(0, 12 if dice.chance(0.3) else 4), dice.between(2.2, 12)
    )


#: How often each is shown.
STRANGERS: Final[dict[Arrangement, float]] = {
    tin: 4, crate: 3, framed_picture: 3, tablet: 2, card_stack: 3, folder: 3, envelope: 2,
}  # fmt: skip
