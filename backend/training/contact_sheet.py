"""All judged photographs on one picture, the worst first, the outlines drawn in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from training.measures import Region

_CELL_PX: Final = 300
_CAPTION_PX: Final = 30
_FOUND: Final = (255, 0, 255)
_TRUE: Final = (0, 255, 0)


@dataclass(frozen=True, slots=True)
class Tile:
    """One photograph on the sheet."""

    pixels: NDArray[np.uint8]
    mask: Region
    truth: Region
    #: Two short lines.
    caption: str


def contact_sheet(tiles: Sequence[Tile], columns: int = 6) -> Image.Image:
    """Return the sheet: what was found outlined in magenta, the truth in green, what is cut away dimmed."""
    rows = max(1, math.ceil(len(tiles) / columns))
    sheet = Image.new("RGB", (columns * _CELL_PX, rows * (_CELL_PX + _CAPTION_PX)), (24, 24, 24))
    for index, tile in enumerate(tiles):
        left, top = index % columns * _CELL_PX, index // columns * (_CELL_PX + _CAPTION_PX)
        picture = Image.fromarray(_outlined(tile))
        picture.thumbnail((_CELL_PX - 4, _CELL_PX - 4), Image.Resampling.LANCZOS)
        sheet.paste(picture, (left + 2, top + _CAPTION_PX))
        ImageDraw.Draw(sheet).multiline_text(
            (left + 4, top + 2), tile.caption, fill=(235, 235, 235), spacing=2
        )
    return sheet


def _outlined(tile: Tile) -> NDArray[np.uint8]:
    picture = np.where(tile.mask[..., None], tile.pixels, tile.pixels // 3)
    # Thick enough to survive the reduction to a cell.
    thickness = max(1, round(max(tile.mask.shape) / _CELL_PX))
    for region, colour in ((tile.truth, _TRUE), (tile.mask, _FOUND)):
        picture[region ^ ndimage.binary_erosion(region, iterations=thickness, border_value=1)] = colour
    return np.asarray(picture, np.uint8)
