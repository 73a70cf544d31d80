"""A photograph of an old book on a table that nobody took: drawn from numbers, the same every time."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from local.sample_noise import Field
from local.sample_scene import Book, trace
from local.sample_shading import Materials, Setting, Sky, paint

_SEED: Final = 1603
_ROWS_AT_ONCE: Final = 60
#: Sub-pixel positions that are averaged where two things meet: edges come out as a lens draws them.
_JITTER: Final = ((0.125, 0.375), (0.375, 0.875), (0.625, 0.125), (0.875, 0.625))


@dataclass(frozen=True, slots=True)
class View:
    """Where the photographer stands."""

    width_px: int = 1600
    height_px: int = 1200
    #: Degrees above the table.
    elevation: float = 58.0
    #: Degrees by which the book is turned.
    turn: float = 17.0
    distance_cm: float = 52.0
    #: Degrees across the picture's width.
    field_of_view: float = 41.0
    #: What the lens is pointed at, as shares of the book's width, height and thickness.
    target: tuple[float, float, float] = (0.52, 0.46, 0.3)


#: The picture that a demo cuts, and two more of the same book for its gallery.
FRONT: Final = View()
FORE_EDGE: Final = View(800, 600, elevation=40.0, turn=52.0, distance_cm=46.0, field_of_view=36.0)
FROM_ABOVE: Final = View(600, 800, elevation=80.0, turn=-4.0, distance_cm=46.0, field_of_view=36.0)


def photographs(*views: View) -> list[bytes]:
    """Return photographs of one book as JPEG files."""
    book = Book()
    materials = Materials.draw(np.random.default_rng(_SEED), book)
    return [_photograph(view, book, materials) for view in views]


def _photograph(view: View, book: Book, materials: Materials) -> bytes:
    rng = np.random.default_rng(_SEED)
    setting = Setting(book, materials, Sky.light(rng, book, view.turn))
    scene = _Scene(setting, view, *_camera(view, book))
    bands = range(0, view.height_px, _ROWS_AT_ONCE)
    return _develop(rng, np.concatenate([scene.render(top) for top in bands]))


def _camera(view: View, book: Book) -> tuple[Field, Field]:
    """Return the eye and the (3, 3) axes right, up, forward, all in the book's own axes."""
    target = np.array(view.target) * (book.width_cm, book.height_cm, book.thickness_cm)
    elevation, bearing = math.radians(view.elevation), math.radians(view.turn)
    back = np.array(
        (
            math.sin(bearing) * math.cos(elevation),
            -math.cos(bearing) * math.cos(elevation),
            math.sin(elevation),
        )
    )
    right = np.cross((0, 0, 1), back)
    right /= np.linalg.norm(right)
    axes = np.stack((right, np.cross(back, right), -back))
    return (target + back * view.distance_cm).astype(np.float32), axes.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Scene:
    setting: Setting
    view: View
    eye: Field
    axes: Field

    def render(self, top: int) -> Field:
        """Return some rows of the picture, from `top`, in linear light."""
        width, height = self.view.width_px, min(_ROWS_AT_ONCE, self.view.height_px - top)
        rows, columns = (axis.ravel() for axis in np.mgrid[top : top + height, 0:width].astype(np.float32))
        light, part = self._look(rows + 0.5, columns + 0.5)
        edges = np.flatnonzero(_differs(part.reshape(height, width)))
        if len(edges):
            extra = [self._look(rows[edges] + down, columns[edges] + across)[0] for down, across in _JITTER]
            light[edges] = sum(extra) / len(_JITTER)
        return light.reshape(height, width, 3)

    def _look(self, rows: Field, columns: Field) -> tuple[Field, NDArray[np.int8]]:
        """Return the light at (N,) places of the picture, and what is seen there."""
        view = self.view
        focal = view.width_px / 2 / math.tan(math.radians(view.field_of_view / 2))
        x, y = (columns - view.width_px / 2) / focal, (view.height_px / 2 - rows) / focal
        directions = np.stack((x, y, np.ones_like(x)), axis=-1) @ self.axes
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        hits = trace(self.setting.book, self.eye, directions)
        return paint(hits, directions, self.setting), hits.part


def _differs(part: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which pixels see another thing than a neighbour, or may do so beyond the band's rim."""
    edges: NDArray[np.bool_] = ndimage.maximum_filter(part, 3) != ndimage.minimum_filter(part, 3)
    edges[[0, -1]] |= part[[0, -1]] > 0
    return edges


def _develop(rng: np.random.Generator, light: Field) -> bytes:
    """Turn linear light into a camera's JPEG: fall-off, a little glow, noise, tone curve."""
    height, width = light.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    light = light * (1 - 0.20 * (columns**2 + rows**2) / 2)[..., None]
    glow = ndimage.gaussian_filter(light, (14, 14, 0))
    light = ndimage.gaussian_filter(0.95 * light + 0.05 * glow, (0.55, 0.55, 0))
    shot = rng.standard_normal(light.shape, dtype=np.float32) * np.sqrt(np.maximum(light, 0) * 0.00022 + 2e-6)
    light = np.clip(light + ndimage.gaussian_filter(shot, (0.5, 0.5, 0)) * 1.6, 0, None)
    # A film-like shoulder: highlights bend instead of clipping.
    toned = light * (1 + light / 2.2) / (1 + light * 0.92)
    encoded = np.where(toned < 0.0031308, toned * 12.92, 1.055 * np.maximum(toned, 1e-6) ** (1 / 2.4) - 0.055)
    pixels = np.clip(encoded * 255 + 0.5, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=91, subsampling=1)
    return file.getvalue()
