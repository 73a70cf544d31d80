"""How much light each point of the drawn book sends to the eye. Linear light, float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from local import sample_textures
from local.sample_noise import Field, ramp, sample
from local.sample_scene import PAGES, SPINE, TABLE, UPPER_BOARD, Book, Hits, visibility
from local.sample_textures import MOROCCO, Surface

_TABLE_CM: Final = 75.0
_TABLE_TURN: Final = 0.14
#: The shadow's grid: its origin and step in the book's axes.
_SHADOW_FROM_CM, _SHADOW_STEP_CM, _SHADOW_CELLS = -22.0, 0.25, 264
_WINDOW: Final = np.array((1.0, 0.965, 0.90), np.float32) * 1.75
_ROOM: Final = np.array((0.80, 0.87, 1.0), np.float32) * 0.40
_BOUNCE: Final = np.array((0.50, 0.34, 0.21), np.float32) * 0.42


@dataclass(frozen=True, slots=True)
class Materials:
    """The textures of one book and its table."""

    cover: Surface
    table: Surface
    #: (leaves, along, 3) colours of the page edges.
    pages: Field

    @classmethod
    def draw(cls, rng: np.random.Generator, book: Book) -> Self:
        """Draw them all."""
        return cls(
            sample_textures.cover(rng, MOROCCO, (book.width_cm, book.height_cm)),
            sample_textures.table(rng, _TABLE_CM),
            sample_textures.page_edges(rng, 1400, 170),
        )


@dataclass(frozen=True, slots=True)
class Sky:
    """A window to the left and a bright room, in the book's axes."""

    #: (3,) towards the window's middle.
    window: Field
    #: (cells, cells, 2) share of the window, and of the room, that a point of the table sees.
    shadows: Field

    @classmethod
    def light(cls, rng: np.random.Generator, book: Book, turn: float) -> Self:
        """Work out the shadows for a book turned by `turn` degrees."""
        angle = np.radians(turn)
        towards = np.array((-0.62, 0.10, 0.78))
        turned = np.array(
            (
                towards[0] * np.cos(angle) - towards[1] * np.sin(angle),
                towards[0] * np.sin(angle) + towards[1] * np.cos(angle),
                towards[2],
            )
        )
        window = (turned / np.linalg.norm(turned)).astype(np.float32)
        lamps = window + rng.uniform(-0.20, 0.20, (48, 3)).astype(np.float32)
        azimuth, height = rng.uniform(0, 2 * np.pi, 64), np.sqrt(rng.uniform(0.01, 1, 64))
        radius = np.sqrt(1 - height**2)
        dome = np.stack((radius * np.cos(azimuth), radius * np.sin(azimuth), height), 1).astype(np.float32)
        steps = _SHADOW_FROM_CM + _SHADOW_STEP_CM * np.arange(_SHADOW_CELLS, dtype=np.float32)
        points = np.stack(np.meshgrid(steps, steps, indexing="xy"), -1).reshape(-1, 2)
        shape = (_SHADOW_CELLS, _SHADOW_CELLS)
        return cls(
            window,
            np.stack(
                (
                    ndimage.gaussian_filter(visibility(book, points, lamps).reshape(shape), 0.8),
                    ndimage.gaussian_filter(visibility(book, points, dome).reshape(shape), 1.6),
                ),
                axis=-1,
            ),
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that stands still: the book, what it is made of, the light."""

    book: Book
    materials: Materials
    sky: Sky


@dataclass(frozen=True, slots=True)
class _Light:
    """What arrives at (N,) points: shares of the window, of the room, and of the table's reflection."""

    window: Field
    room: Field
    bounce: Field


def paint(hits: Hits, rays: Field, setting: Setting) -> Field:
    """Return (N, 3) light for the points that rays met.

    Args:
        hits: from `sample_scene.trace`.
        rays: (N, 3) unit vectors, in the book's axes.
        setting: the scene.

    """
    light = np.zeros((len(rays), 3), np.float32)
    on_table, on_pages = hits.part == TABLE, hits.part == PAGES
    for mask, look in ((on_table, _table), (on_pages, _pages), (~(on_table | on_pages), _leather)):
        chosen = np.flatnonzero(mask)
        if len(chosen):
            seen = Hits(hits.part[chosen], hits.position[chosen], hits.normal[chosen])
            light[chosen] = look(seen, rays[chosen], setting)
    return light


def _table(seen: Hits, rays: Field, setting: Setting) -> Field:
    place, wood, sky = seen.position, setting.materials.table, setting.sky
    across, along = np.cos(_TABLE_TURN), np.sin(_TABLE_TURN)
    turn = np.array(((across, -along), (along, across)), np.float32)
    pixels = (place[:, :2] @ turn.T + _TABLE_CM / 2 - 5) * wood.px_per_cm
    texels = sample(wood.texels, pixels[:, 1], pixels[:, 0])
    slopes = np.stack((texels[:, 5], texels[:, 6]), axis=1) @ turn
    cells = (place[:, :2] - _SHADOW_FROM_CM) / _SHADOW_STEP_CM
    shadows = sample(sky.shadows, cells[:, 1], cells[:, 0])
    # Far from the window there is less of it.
    fall_off = 1.0 / (1 + np.maximum(place @ -sky.window + 6, -20) * 0.012)
    texels[:, 3] *= 0.5
    return _shade(
        texels,
        _tilt(slopes),
        rays,
        sky,
        _Light(shadows[:, 0] * fall_off, shadows[:, 1], np.zeros(len(place))),
    )


def _pages(seen: Hits, rays: Field, setting: Setting) -> Field:
    place, book = seen.position, setting.book
    along = np.where(np.abs(seen.normal[:, 1]) > 0.5, place[:, 0], place[:, 1] + 31)
    leaves = (place[:, 2] - book.board_cm) / (book.thickness_cm - 2 * book.board_cm)
    colour = sample(setting.materials.pages, leaves * 168, (along * 26) % 1398)
    matt = np.broadcast_to(np.array((0.04, 0, 0, 0), np.float32), (len(place), 4))
    under_board = ramp(book.thickness_cm - book.board_cm - place[:, 2], 0.0, 0.55)
    above_board = ramp(place[:, 2] - book.board_cm, -0.08, 0.30)
    # It is dark where the pages meet the spine.
    room = (0.42 + 0.33 * under_board) * (0.55 + 0.45 * above_board) * ramp(place[:, 0], -0.2, 0.8)
    light = _Light(under_board * above_board, room, 0.75 * above_board)
    return _shade(np.concatenate((colour, matt), axis=1), seen.normal, rays, setting.sky, light)


def _leather(seen: Hits, rays: Field, setting: Setting) -> Field:
    place, book, leather = seen.position, setting.book, setting.materials.cover
    on_top = (seen.part == UPPER_BOARD) & (seen.normal[:, 2] > 0.5)
    # The boards' sides and the spine show plain leather: the strip between edge and first fillet.
    strip = book.width_cm - 0.25 - 0.2 * np.abs(place[:, 2] % 1)
    columns = np.where(on_top, place[:, 0], strip) * leather.px_per_cm
    texels = sample(leather.texels, (book.height_cm - place[:, 1]) * leather.px_per_cm, columns)
    texels[:, 4] *= on_top
    slopes = np.stack((texels[:, 5], -texels[:, 6]), axis=1)
    bumped = np.where(on_top[:, None], _tilt(slopes), seen.normal)
    height = ramp(place[:, 2], -0.4, 1.2)
    light = _Light(
        np.where(on_top, 1.0, height),
        np.where(on_top, 1.0, 0.35 + 0.4 * height),
        0.6 * (1 - np.abs(seen.normal[:, 2])),
    )
    shaded = _shade(texels, _round_edges(on_top, place, bumped, book), rays, setting.sky, light)
    joint = ramp(np.abs(place[:, 2] - book.thickness_cm), 0.0, 0.25) * 0.4 + 0.6
    return shaded * np.where(seen.part == SPINE, joint, 1.0)[:, None]


def _round_edges(on_top: NDArray[np.bool_], place: Field, normal: Field, book: Book) -> Field:
    """Bend the normals near a board's rim: leather is turned in, no edge is a knife's."""
    bent = normal.copy()
    for axis, length in ((0, book.width_cm), (1, book.height_cm)):
        for rim, sign in ((0.0, -1.0), (length, 1.0)):
            if axis == 0 and sign < 0:
                continue
            bent[:, axis] += np.where(on_top, sign * 0.9 * ramp(np.abs(place[:, axis] - rim), 0.16, 0.0), 0)
    result: Field = bent / np.linalg.norm(bent, axis=1, keepdims=True)
    return result


def _tilt(slopes: Field) -> Field:
    """Return upward normals tilted by (N, 2) slopes along u and v."""
    tilted = np.concatenate((-slopes, np.ones((len(slopes), 1), np.float32)), axis=1)
    result: Field = tilted / np.linalg.norm(tilted, axis=1, keepdims=True)
    return result


def _shade(texels: Field, normal: Field, rays: Field, sky: Sky, light: _Light) -> Field:
    """Return diffuse light of window, room and table, and the window's broad highlight.

    Args:
        texels: (N, 7) as in `sample_textures.Surface`.
        normal: (N, 3) unit vectors.
        rays: (N, 3) unit vectors from the eye.
        sky: where the window is.
        light: what arrives.

    """
    colour, gloss, gold = texels[:, :3], texels[:, 3], texels[:, 4]
    window = np.maximum(normal @ sky.window, 0) * light.window
    room = (0.62 + 0.38 * normal[:, 2]) * light.room
    diffuse = window[:, None] * _WINDOW + room[:, None] * _ROOM + light.bounce[:, None] * _BOUNCE
    halfway = sky.window - rays
    halfway /= np.linalg.norm(halfway, axis=1, keepdims=True)
    facing = np.maximum((normal * halfway).sum(axis=1), 0)
    # Schlick's approximation of Fresnel's reflectance, for a refractive index of 1.5.
    grazing = 0.04 + 0.96 * (1 - np.maximum(-(rays * normal).sum(axis=1), 0)) ** 5
    sheen = (facing**14 * 0.32 + facing**60 * 0.9) * light.window * gloss
    mirrored = sheen * (0.11 + grazing) + 0.16 * grazing * gloss * light.room
    plain = colour * diffuse + mirrored[:, None] * (_WINDOW * 0.62)
    gilded = colour * (0.55 * diffuse + (facing**7 * 1.1 * light.window)[:, None] * _WINDOW)
    result: Field = (plain + (gilded - plain) * gold[:, None]).astype(np.float32)
    return result
