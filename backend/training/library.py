"""A stock of textures, made once per block of samples and drawn from many times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from training.bindings import Texture, cover, page_edge, printed_sheet, spine
from training.dice import Dice
from training.paint import Colour, Paint, Picture
from training.solids import Book
from training.spreads import page, spread
from training.surfaces import surface

#: Side of a background texture in pixels.
SURFACE_SIDE: Final = 320


@dataclass(frozen=True)
class Stock:
    """How many of each are made."""

    covers: int = 220
    sheets: int = 70
    spines: int = 100
    edges: int = 40
    spreads: int = 50
    pages: int = 24
    surfaces: int = 130


@dataclass(frozen=True)
class Library:
    """The textures of one block of samples."""

    covers: list[Texture]
    sheets: list[Texture]
    spines: list[Texture]
    edges: list[Texture]
    spreads: list[Texture]
    pages: list[Picture]
    surfaces: list[Picture]

    @classmethod
    def printed(cls, paint: Paint, stock: Stock) -> Library:
        """Make all textures."""
        side = SURFACE_SIDE
        return cls(
            covers=[cover(paint) for _ in range(stock.covers)],
            sheets=[cover(paint, printed_sheet) for _ in range(stock.sheets)],
            spines=[spine(paint) for _ in range(stock.spines)],
            edges=[page_edge(paint) for _ in range(stock.edges)],
            spreads=[spread(paint) for _ in range(stock.spreads)],
            pages=[page(paint, side, int(side * 0.75)) for _ in range(stock.pages)],
            surfaces=[surface(paint, side, side) for _ in range(stock.surfaces)],
        )


def tinted(dice: Dice, texture: Texture) -> Texture:
    """Return the texture in other tones, so that a small stock looks large."""
    if dice.chance(0.5):
        return texture
    result = texture.copy()
    ramp = np.arange(256, dtype=np.float32) / 255
    for channel in range(3):
        curve = 255 * ramp ** dice.between(0.6, 1.6) * dice.between(0.7, 1.15)
        result[..., channel] = cv2.LUT(result[..., channel], np.clip(curve, 0, 255).astype(np.uint8))
    if dice.chance(0.3):
        order = dice.arrays.permutation(3)
        result[..., :3] = result[..., order]
    return result


def bound_book(library: Library, dice: Dice) -> Book:
    """Return a book of random parts; half of the backs take the cover's colour."""
    front = tinted(dice, dice.pick(library.covers))
    mean = mean_colour(front)
    back = tinted(dice, dice.pick(library.spines))
    if dice.chance(0.5):
        own = np.maximum(back[::8, ::4, :3].reshape(-1, 3).mean(0), 8)
        back = back.copy()
        back[..., :3] = np.clip(back[..., :3] * (mean / own) * dice.between(0.8, 1.2), 0, 255).astype(
            np.uint8
        )
    is_hardcover = dice.chance(0.6)
    return Book(
        front=front,
        rear=np.ascontiguousarray(front[:, ::-1]),
        spine=back,
        edge=tinted(dice, dice.pick(library.edges)),
        board=np.clip(mean * dice.between(0.5, 1.1), 0, 255).astype(np.float32),
        board_thickness=dice.between(0.006, 0.025) if is_hardcover else 0.0,
        overhang=dice.pick([0, 0.008, 0.015, 0.03]),
        bulge=dice.pick([0, 0, 0.05, 0.15, 0.3]) if is_hardcover else 0.0,
    )


def mean_colour(texture: Texture) -> Colour:
    """Return a texture's mean colour, 0..255, from every eighth row and column."""
    return np.asarray(texture[::8, ::8, :3].reshape(-1, 3).mean(0), np.float32)


def aspect(texture: Texture) -> float:
    """Return width / height."""
    return float(texture.shape[1] / texture.shape[0])
