"""Books as solids: boards, a block of pages, a back that may be round; as faces in painting order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.bindings import Texture
from training.camera import Camera, Points3
from training.canvas import solid
from training.paint import Colour

Vector = NDArray[np.float64]

X, Y, Z = np.eye(3)
#: Rows as `Placement.axes`: on its back on a table, width along x, head away from the viewer, front cover up.
LYING: Final = np.stack([X, -Z, Y])
#: On its tail, front cover to the viewer.
STANDING: Final = np.stack([X, Y, Z])


@dataclass(frozen=True)
class Face:
    """A flat textured quadrilateral in the world."""

    name: str
    #: (4, 3): the texture's top left, top right, bottom right, bottom left.
    corners: Points3
    normal: Vector
    texture: Texture


@dataclass(frozen=True)
class Placement:
    """Where a solid stands: a corner, three unit axes, and its measures along them."""

    #: At the back (spine), bottom and rear cover.
    corner: Vector
    #: (3, 3): rows point from spine to fore edge, from tail to head, from rear to front cover.
    axes: NDArray[np.float64]
    #: Width, height, thickness; a book is about 1 high.
    size: tuple[float, float, float]

    def at(self, across: float, up: float, out: float) -> Vector:
        """Return the world's point at these shares of the three measures."""
        shares = np.asarray([across, up, out]) * self.size
        return np.asarray(self.corner + shares @ self.axes, np.float64)

    def corners(self) -> Points3:
        """Return (8, 3)."""
        return np.stack([self.at(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)])

    def inner(self, low: tuple[float, float, float], size: tuple[float, float, float]) -> Placement:
        """Return a smaller placement, its corner moved by `low` along the axes."""
        return Placement(self.corner + np.asarray(low) @ self.axes, self.axes, size)


def placed(width: float, thickness: float, axes: NDArray[np.float64]) -> Placement:
    """Return where a solid of height 1 lies or stands, its middle above the world's.

    Args:
        width: in heights.
        thickness: likewise.
        axes: `LYING`; or others for one that stands, or leans.

    """
    corner = [-width / 2, 0, 0.5] if axes is LYING else [-width / 2, 0, -thickness / 2]
    return Placement(np.asarray(corner), axes, (width, 1.0, thickness))


@dataclass(frozen=True)
class Book:
    """How a book looks."""

    front: Texture
    rear: Texture
    spine: Texture
    #: Its lines run along the width.
    edge: Texture
    #: Of the boards' own edges and inner sides.
    board: Colour
    #: Thickness of a board, and how far it overhangs the block; both in book heights. 0: a paperback.
    board_thickness: float
    overhang: float
    #: How round the back is, in thicknesses.
    bulge: float


#: Corner order per side: top left, top right, bottom right, bottom left as seen from outside.
_SIDES: Final = {
    "front": ([(0, 1, 1), (1, 1, 1), (1, 0, 1), (0, 0, 1)], (2, 1)),
    "rear": ([(1, 1, 0), (0, 1, 0), (0, 0, 0), (1, 0, 0)], (2, -1)),
    "spine": ([(0, 1, 0), (0, 1, 1), (0, 0, 1), (0, 0, 0)], (0, -1)),
    "fore": ([(1, 1, 1), (1, 1, 0), (1, 0, 0), (1, 0, 1)], (0, 1)),
    "head": ([(0, 1, 0), (1, 1, 0), (1, 1, 1), (0, 1, 1)], (1, 1)),
    "tail": ([(0, 0, 1), (1, 0, 1), (1, 0, 0), (0, 0, 0)], (1, -1)),
}


def cuboid(place: Placement, camera: Camera, textures: dict[str, Texture]) -> list[Face]:
    """Return the sides of a cuboid that the camera sees; sides without a texture are left out."""
    faces = []
    for name, (shares, (axis, sign)) in _SIDES.items():
        if name not in textures:
            continue
        corners = np.stack([place.at(*share) for share in shares])
        normal = sign * place.axes[axis]
        if (camera.position - corners.mean(0)) @ normal > 1e-4:
            faces.append(Face(name, corners, normal, textures[name]))
    return faces


def book_faces(book: Book, place: Placement, camera: Camera) -> list[Face]:
    """Return a book's visible faces, the farthest first."""
    width, height, thickness = place.size
    upright_edge = np.ascontiguousarray(np.rot90(book.edge))
    if book.board_thickness <= 0 or thickness < 4 * book.board_thickness:
        edges = {"fore": upright_edge, "head": book.edge, "tail": book.edge}
        return cuboid(place, camera, {"front": book.front, "rear": book.rear, "spine": book.spine} | edges)
    board, over = book.board_thickness, book.overhang
    rim, inside = solid(book.board), solid(book.board * 0.75)
    sides = dict.fromkeys(("spine", "fore", "head", "tail"), rim)
    front = cuboid(
        place.inner((0, 0, thickness - board), (width, height, board)),
        camera,
        {"front": book.front, "rear": inside} | sides,
    )
    rear = cuboid(
        place.inner((0, 0, 0), (width, height, board)), camera, {"front": inside, "rear": book.rear} | sides
    )
    block = cuboid(
        place.inner((0, over, board), (width - over, height - 2 * over, thickness - 2 * board)),
        camera,
        {"fore": upright_edge, "head": book.edge, "tail": book.edge},
    )
    back = _round_back(book, place, camera)
    local = place.axes @ (camera.position - place.corner)
    middle = back + block if local[0] > 0 else block + back
    if local[2] > thickness - board:
        return rear + middle + front
    if local[2] < board:
        return front + middle + rear
    return rear + front + middle


def _round_back(book: Book, place: Placement, camera: Camera) -> list[Face]:
    """Return the back as flat strips along the height."""
    strips = 4 if book.bulge > 0 else 1
    columns = book.spine.shape[1]
    across, up, out = place.axes
    _, height, thickness = place.size
    faces = []
    for index in range(strips):
        lines = []
        for share in (index / strips, (index + 1) / strips):
            depth = book.bulge * thickness * math.sin(math.pi * share)
            lines.append(place.corner + out * thickness * share - across * depth)
        corners = np.stack([lines[0] + up * height, lines[1] + up * height, lines[1], lines[0]])
        normal = np.cross(lines[1] - lines[0], up)
        normal = normal / np.linalg.norm(normal) * (-1 if normal @ across > 0 else 1)
        if (camera.position - corners.mean(0)) @ normal > 1e-4:
            first = columns * index // strips
            last = max(first + 2, columns * (index + 1) // strips)
            faces.append(Face("spine", corners, normal, book.spine[:, first:last]))
    return faces
