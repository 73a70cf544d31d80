"""A book on a table as boxes that rays meet. Centimetres; z is up; the table is z = 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from local.sample_noise import Field

#: Parts of the scene, as a hit names them.
TABLE, LOWER_BOARD, PAGES, UPPER_BOARD, SPINE = range(5)
_FAR: Final = np.float32(1e9)


@dataclass(frozen=True, slots=True)
class Book:
    """A closed book lying on its back cover: u from spine to fore-edge, v from foot to head, z up."""

    width_cm: float = 13.6
    height_cm: float = 20.4
    thickness_cm: float = 3.4
    board_cm: float = 0.28
    #: By how much the boards stand over the pages.
    square_cm: float = 0.32
    #: How far the round spine stands out.
    spine_cm: float = 0.75
    #: Radius of the boards' corners, rounded by two centuries of shelves.
    corner_cm: float = 0.34

    def bounds(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Return the lower and the upper corner of the box around everything."""
        return (-self.spine_cm, 0.0, 0.0), (self.width_cm, self.height_cm, self.thickness_cm)

    def boxes(self) -> dict[int, tuple[tuple[float, float, float], tuple[float, float, float]]]:
        """Return each part's lower and upper corner."""
        width, height, thick, board, square = (
            self.width_cm,
            self.height_cm,
            self.thickness_cm,
            self.board_cm,
            self.square_cm,
        )
        return {
            LOWER_BOARD: ((0.0, 0.0, 0.0), (width, height, board)),
            PAGES: ((0.0, square, board), (width - square, height - square, thick - board)),
            UPPER_BOARD: ((0.0, 0.0, thick - board), (width, height, thick)),
        }


@dataclass(frozen=True, slots=True)
class Hits:
    """Where rays end."""

    #: (N,) which part.
    part: NDArray[np.int8]
    #: (N, 3) position in the book's own axes (u, v, z).
    position: Field
    #: (N, 3) surface normal, in the book's own axes.
    normal: Field


def trace(book: Book, origin: Field, directions: Field) -> Hits:
    """Follow rays to the nearest part.

    Args:
        book: the book.
        origin: (3,) the eye, in the book's axes.
        directions: (N, 3), in the book's axes; every ray points downwards.

    """
    hits = _on_table(origin, directions)
    low, high = book.bounds()
    enter, _ = _enter_box(origin, directions, np.array(low, np.float32), np.array(high, np.float32))
    near = np.flatnonzero(enter < _FAR)
    if len(near):
        met = _trace_book(book, origin, directions[near])
        hits.part[near], hits.position[near], hits.normal[near] = met.part, met.position, met.normal
    return hits


def _on_table(origin: Field, directions: Field) -> Hits:
    normal = np.zeros_like(directions)
    normal[:, 2] = 1
    distance = -origin[2] / directions[:, 2]
    return Hits(np.full(len(directions), TABLE, np.int8), origin + directions * distance[:, None], normal)


def _trace_book(book: Book, origin: Field, directions: Field) -> Hits:
    """Follow rays that pass through the book's bounds."""
    distance = -origin[2] / directions[:, 2]
    part = np.full(len(directions), TABLE, np.int8)
    normal = np.zeros_like(directions)
    normal[:, 2] = 1
    for name, (low, high) in book.boxes().items():
        enter, axis = _enter_box(origin, directions, np.array(low, np.float32), np.array(high, np.float32))
        nearer = np.flatnonzero(enter < distance)
        if name != PAGES:
            nearer = nearer[~_beyond_corner(book, origin + directions[nearer] * enter[nearer, None])]
        distance[nearer], part[nearer] = enter[nearer], name
        normal[nearer] = 0
        normal[nearer, axis[nearer]] = -np.sign(directions[nearer, axis[nearer]])
    enter, spine_normal = _enter_spine(book, origin, directions)
    nearer = np.flatnonzero(enter < distance)
    distance[nearer], part[nearer], normal[nearer] = enter[nearer], SPINE, spine_normal[nearer]
    return Hits(part, origin + directions * distance[:, None], normal)


def visibility(book: Book, points: Field, directions: Field) -> Field:
    """Return for each point on the table the share of directions in which the book does not stand.

    Args:
        book: the book; its bounding box casts the shadow.
        points: (N, 2) on the table, in the book's axes.
        directions: (M, 3) towards the light.

    """
    low, high = (np.array(corner, np.float32) for corner in book.bounds())
    free = np.zeros(len(points), np.float32)
    for direction in directions:
        enter, leave = np.float32(0), np.float32(book.thickness_cm / direction[2])
        for axis in range(2):
            near = (low[axis] - points[:, axis]) / direction[axis]
            far = (high[axis] - points[:, axis]) / direction[axis]
            enter, leave = np.maximum(enter, np.minimum(near, far)), np.minimum(leave, np.maximum(near, far))
        free += enter >= leave
    return free / len(directions)


def _enter_box(origin: Field, directions: Field, low: Field, high: Field) -> tuple[Field, NDArray[np.intp]]:
    """Return where rays enter a box (far away: never), and through which axis."""
    # Axis by axis: reductions over three neighbours are slow.
    enter, leave = np.full(len(directions), -_FAR), np.full(len(directions), _FAR)
    through = np.zeros(len(directions), np.intp)
    for axis in range(3):
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1 / directions[:, axis]
            first, second = (low[axis] - origin[axis]) * inverse, (high[axis] - origin[axis]) * inverse
        near = np.minimum(first, second)
        through[near > enter] = axis
        enter, leave = np.maximum(enter, near), np.minimum(leave, np.maximum(first, second))
    return np.where((enter < leave) & (enter > 0), enter, _FAR).astype(np.float32), through


def _beyond_corner(book: Book, places: Field) -> NDArray[np.bool_]:
    """Return which points of a square-cornered board lie outside its rounded fore-edge corners."""
    radius = book.corner_cm
    right = np.maximum(places[:, 0] - (book.width_cm - radius), 0)
    up = np.maximum(np.abs(places[:, 1] - book.height_cm / 2) - (book.height_cm / 2 - radius), 0)
    outside: NDArray[np.bool_] = np.hypot(right, up) > radius
    return outside


def _enter_spine(book: Book, origin: Field, directions: Field) -> tuple[Field, Field]:
    """Return where rays enter the spine, half an elliptic cylinder along v, and its normals there."""
    radii = np.array((book.spine_cm, book.thickness_cm / 2), np.float32)
    start = np.array((origin[0], origin[2] - book.thickness_cm / 2), np.float32) / radii
    slope = directions[:, (0, 2)] / radii
    a = (slope * slope).sum(axis=1)
    b = slope @ start
    root = b * b - a * (start @ start - 1)
    enter = (-b - np.sqrt(np.maximum(root, 0))) / a
    u, v = origin[0] + enter * directions[:, 0], origin[1] + enter * directions[:, 1]
    z = origin[2] + enter * directions[:, 2] - book.thickness_cm / 2
    inside = (root > 0) & (u < 0) & (v > 0) & (v < book.height_cm) & (enter > 0)
    normal = np.stack((u / radii[0] ** 2, np.zeros_like(u), z / radii[1] ** 2), axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    # A ray along the cap never meets it.
    with np.errstate(divide="ignore", invalid="ignore"):
        cap = (np.where(directions[:, 1] > 0, 0, book.height_cm) - origin[1]) / directions[:, 1]
        cap_u = (origin[0] + cap * directions[:, 0]) / radii[0]
        cap_z = (origin[2] + cap * directions[:, 2] - book.thickness_cm / 2) / radii[1]
        on_cap = (cap_u < 0) & (cap_u**2 + cap_z**2 < 1) & (cap < np.where(inside, enter, _FAR)) & (cap > 0)
    normal[on_cap] = np.stack(
        (np.zeros(on_cap.sum()), -np.sign(directions[on_cap, 1]), np.zeros(on_cap.sum())), axis=1
    )
    return np.where(on_cap, cap, np.where(inside, enter, _FAR)).astype(np.float32), normal.astype(np.float32)
