"""Labelled photographs: a folder with labels.json, outlines as polygons in pixels of the upright photo.

Whole numbers name the middle of a pixel, as in OpenCV and Pillow. (On the sharpest photographs that this
project is measured on, the edges along the polygons lie some .4 pixels right of and below where they would be
if whole numbers named a pixel's corner.)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lambdas.image_processor.domain import Photo
from lambdas.image_processor.photo import decode
from training.paint import as_weight

#: Polygons are filled at this many times the photo's size, so that an edge may fall inside a pixel.
_OVERSAMPLING = 8


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One photograph and what is known of it."""

    path: Path
    #: What is shown, e.g. "book", "document".
    kind: str
    #: "positive" | "hard" | "negative".
    role: str
    #: The main subject first; the others are further books in the scene.
    polygons: tuple[NDArray[np.float64], ...]

    def photo(self) -> Photo:
        """Decode the photograph."""
        return decode(self.path.read_bytes())

    def truth(self, size_px: tuple[int, int]) -> NDArray[np.float32]:
        """Return (height, width), 0..1, the main subject; nothing when there is none."""
        return _filled(self.polygons[:1], size_px)

    def ignored(self, size_px: tuple[int, int]) -> NDArray[np.bool_]:
        """Return (height, width), where further books lie: keeping them is neither right nor wrong."""
        return (_filled(self.polygons[1:], size_px) > 0.5) & (self.truth(size_px) <= 0.5)


def read_labels(folder: Path) -> list[LabelledPhoto]:
    """Read a folder's labels.json.

    Raises:
        SystemExit: naming what is missing or malformed.

    """
    source = folder / "labels.json"
    if not source.is_file():
        raise SystemExit(f"{source} is missing: DIR= must name a folder of labelled photographs")
    try:
        return [_labelled(folder, entry) for entry in json.loads(source.read_text())]
    except (ValueError, KeyError, TypeError) as exc:
        raise SystemExit(f"{source} is not in the labels' format: {exc!r}") from exc


def _labelled(folder: Path, entry: dict[str, Any]) -> LabelledPhoto:
    path = folder / entry["file"]
    if not path.is_file():
        raise SystemExit(f"{path} is named in labels.json and is not there")
    polygons = tuple(np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in entry["polygons"])
    return LabelledPhoto(path, entry["kind"], entry["role"], polygons)


def _filled(polygons: tuple[NDArray[np.float64], ...], size_px: tuple[int, int]) -> NDArray[np.float32]:
    large = (size_px[0] * _OVERSAMPLING, size_px[1] * _OVERSAMPLING)
    plane = Image.new("L", large, 0)
    for polygon in polygons:
        # The middle of a pixel becomes the middle of its 8 x 8.
        corners = (polygon + 0.5) * _OVERSAMPLING - 0.5
        ImageDraw.Draw(plane).polygon([tuple(corner) for corner in corners], fill=255)
    return as_weight(np.asarray(plane.resize(size_px, Image.Resampling.BOX)))
