"""Open books: two pages in a curve, the block's edge and the cover's rim around them."""

from __future__ import annotations

import cv2
import numpy as np

from training.bindings import Texture
from training.paint import Paint, Picture, Plane, to_bytes
from training.printing import illustration, text_lines
from training.surfaces import cloth, marble, pattern, plain

_HEIGHT = 240


def page(paint: Paint, height: int, width: int) -> Picture:
    """Return one printed page."""
    dice = paint.dice
    picture = plain(paint, height, width, paint.colour("cream", "cream", "white"))
    kind = dice.weighted({"text": 6, "picture": 2, "blank": 1})
    if dice.chance(0.08):
        # Black paper, photographs bled off.
        picture = plain(paint, height, width, paint.colour("dark", "any"))
    if kind == "text":
        # Bibliophile editions have margins as wide as their text.
        left, top, right, bottom = (
            dice.between(0.12, 0.36) if dice.chance(0.25) else dice.between(0.05, 0.15) for _ in range(4)
        )
        text_lines(paint, picture, (left, top, 1 - right, 1 - bottom), paint.colour("dark"))
    elif kind == "picture":
        inset = int(min(height, width) * dice.pick([0, 0.08, 0.15]))
        shape = (height - 2 * inset, width - 2 * inset)
        picture[inset : height - inset, inset : width - inset] = illustration(paint, *shape)
    return picture


def spread(paint: Paint) -> Texture:
    """Return an open book seen from above, RGBA, about 240 rows."""
    dice = paint.dice
    width = int(_HEIGHT * dice.between(1.1, 1.7))
    half = width // 2
    if dice.chance(0.2):
        # Endpapers.
        picture = dice.pick([pattern, marble, cloth, plain])(paint, _HEIGHT, width).copy()
        if dice.chance(0.4):
            picture[:, half:] = plain(paint, _HEIGHT, width - half, paint.colour("cream"))
    else:
        picture = np.concatenate([page(paint, _HEIGHT, half), page(paint, _HEIGHT, width - half)], 1)
    across = np.linspace(-1, 1, width, dtype=np.float32)
    gutter = dice.between(0.1, 0.7) * np.exp(-np.abs(across) / dice.between(0.02, 0.15))
    picture = picture * (1 - gutter + dice.between(-0.15, 0.15) * across)[None, :, None]
    if dice.chance(0.35):
        picture[:, :half] *= dice.between(0.5, 1.1)
        picture[:, half:] *= dice.between(0.6, 1.15)
    if dice.chance(0.7):
        picture = _with_rim(paint, np.asarray(picture, np.float32))
    return _curved(paint, to_bytes(np.asarray(picture, np.float32)))


def _with_rim(paint: Paint, picture: Picture) -> Picture:
    """Return the pages with the block's edge left and right and the cover's rim all around."""
    dice = paint.dice
    height, width = picture.shape[:2]
    edge, rim = dice.whole(2, 10), dice.whole(0, 5)
    book = np.empty((height + 2 * rim, width + 2 * (edge + rim), 3), np.float32)
    book[:] = paint.colour()
    lines = 1 + 0.15 * np.sin(np.arange(width + 2 * edge, dtype=np.float32) * dice.between(1, 3))
    block = paint.colour("cream") * dice.between(0.6, 0.95) * lines[None, :, None]
    book[rim : rim + height, rim : rim + width + 2 * edge] = block
    book[rim : rim + height, rim + edge : rim + edge + width] = picture
    return book


def _curved(paint: Paint, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Texture:
    """Return RGBA: head and tail of the pages bent as they arch out of the gutter."""
    dice = paint.dice
    height, width = picture.shape[:2]
    head = _arch(paint, width) * dice.between(0, 0.09) * height * dice.pick([1, -1, 1])
    tail = head * dice.between(-0.3, 1.2)
    margin = int(np.abs(head).max() * 1.3) + 2
    rows = np.arange(height + 2 * margin, dtype=np.float32)[:, None]
    top, bottom = margin - head[None], margin + height - tail[None]
    source_y = ((rows - top) / (bottom - top) * height).astype(np.float32)
    source_x = np.broadcast_to(np.arange(width, dtype=np.float32)[None], source_y.shape).copy()
    bent = cv2.remap(picture, source_x, source_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    whole = np.full((height, width), 255, np.uint8)
    shape = cv2.remap(whole, source_x, source_y, cv2.INTER_LINEAR, borderValue=0)
    return np.dstack([bent, shape]).astype(np.uint8)


def _arch(paint: Paint, width: int) -> Plane:
    across = np.abs(np.linspace(-1, 1, width, dtype=np.float32))
    arch = across ** paint.dice.between(0.3, 1) * (1 - across) ** paint.dice.between(0.3, 1)
    return np.asarray(arch / (arch.max() + 1e-6), np.float32)
