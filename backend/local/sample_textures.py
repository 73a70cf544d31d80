"""What a book and a table are made of: leather with gilt tooling, marbled page edges, oak boards.

Colours are linear light, float32, 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy import ndimage

from local import sample_gilt
from local.sample_noise import Field, cloudy, ramp, smooth

#: Pixels per centimetre of the cover's and the table's textures.
COVER_PX_PER_CM: Final = 60
TABLE_PX_PER_CM: Final = 22

_GOLD: Final = np.array((0.66, 0.43, 0.135), np.float32)
_OAK: Final = np.array(((0.40, 0.240, 0.128), (0.15, 0.072, 0.032)), np.float32)


@dataclass(frozen=True, slots=True)
class Surface:
    """A flat piece of a material, all its channels in one array: one look-up per ray."""

    #: (H, W, 7): red, green, blue; gloss 0..1; gold 0..1; slope along the columns; slope along the rows.
    texels: Field
    px_per_cm: int

    @classmethod
    def of(cls, colour: Field, gloss: Field, gold: Field, height_cm: Field, px_per_cm: int) -> Self:
        """Join the channels; the relief's height becomes slopes."""
        down, right = np.gradient(height_cm.astype(np.float32), 1 / px_per_cm)
        flat = [np.clip(gloss, 0, 1), gold, right, down]
        texels = np.concatenate((np.clip(colour, 0, 1), np.stack(flat, axis=-1)), axis=-1)
        return cls(texels.astype(np.float32), px_per_cm)


@dataclass(frozen=True, slots=True)
class Leather:
    """A tanner's choice."""

    #: Linear colour of the unworn leather.
    colour: tuple[float, float, float]
    #: Linear colour where it is rubbed.
    worn: tuple[float, float, float]


#: Oxblood morocco.
MOROCCO: Final = Leather((0.120, 0.013, 0.012), (0.27, 0.105, 0.055))


def cover(rng: np.random.Generator, leather: Leather, size_cm: tuple[float, float]) -> Surface:
    """Draw a tooled and worn cover, (width, height) in centimetres; row 0: the head, column 0: the spine."""
    width, height = (round(side * COVER_PX_PER_CM) for side in size_cm)
    shape = (height, width)
    tooling = sample_gilt.cover(width, height)
    grain = _grain(rng, shape)
    clouds = cloudy(rng, shape, 9, 5)
    wear = _wear(rng, shape, clouds)
    # Gold survives in the hollows and goes first where hands have been.
    gold = tooling * ramp(1.5 - wear * 1.6 - 0.45 * smooth(rng, shape, (1.5, 1.5)) + 0.25 * clouds, 0.1, 0.9)
    colour = _mix(np.array(leather.colour, np.float32), np.array(leather.worn, np.float32), 0.72 * wear)
    stains = ramp(cloudy(rng, shape, 5, 5), 0.7, 2.2)
    colour = colour * (1 + 0.16 * clouds + 0.26 * grain - 0.45 * stains)[..., None]
    colour = colour * (1 - 0.85 * _hinge(shape))[..., None]
    colour = _mix(colour, _GOLD * (1 + 0.08 * smooth(rng, shape, (2, 2)))[..., None], gold)
    relief = (
        0.0105 * grain * (1 - 0.6 * wear) - 0.012 * ndimage.gaussian_filter(gold, 1.2) - 0.11 * _hinge(shape)
    )
    gloss = 0.36 + 0.10 * clouds - 0.25 * wear + 0.10 * grain + 0.5 * gold
    return Surface.of(colour, gloss, gold, relief, COVER_PX_PER_CM)


def page_edges(rng: np.random.Generator, along_px: int, leaves_px: int) -> Field:
    """Draw the edge of a block of pages, (leaves_px, along_px, 3): a line for each gathering."""
    shape = (leaves_px, along_px)
    leaves = smooth(rng, shape, (0.7, 90)) * 0.5 + smooth(rng, shape, (1.6, 220)) * 0.5
    foxing = ramp(cloudy(rng, shape, 12, 4), 0.9, 2.6)
    tone = 0.60 * (1 + 0.24 * leaves + 0.05 * cloudy(rng, shape, 5, 3))
    paper = np.array((1.0, 0.80, 0.52), np.float32)
    colour = tone[..., None] * _mix(paper, np.array((0.66, 0.42, 0.21), np.float32), 0.6 * foxing)
    return np.clip(colour, 0.02, 1).astype(np.float32)


def table(rng: np.random.Generator, size_cm: float) -> Surface:
    """Draw a square of oiled oak boards."""
    side = round(size_cm * TABLE_PX_PER_CM)
    shape = (side, side)
    across = np.arange(side, dtype=np.float32)[:, None] / TABLE_PX_PER_CM
    board_cm = 13.0
    board = np.floor(across / board_cm)
    # Every board is a tree of its own.
    shift = rng.random(64, dtype=np.float32)[board.astype(int) % 64]
    warp = smooth(rng, shape, (30, 520)) * 0.55 + smooth(rng, shape, (9, 150)) * 0.12
    rings = (across * 1.15 + 40 * shift + 1.5 * warp) * (0.8 + 0.5 * shift)
    late = (0.5 + 0.5 * np.sin(2 * np.pi * rings)) ** 2.2
    fibre = smooth(rng, shape, (0.6, 26)) * 0.6 + smooth(rng, shape, (0.9, 70)) * 0.4
    pores = ramp(smooth(rng, shape, (0.55, 9)), 1.7, 2.9) * (0.35 + 0.65 * late)
    dark = np.clip(0.10 + 0.42 * late + 0.10 * fibre + 0.5 * pores + 0.25 * (shift - 0.5), 0, 1)
    into = np.abs((across / board_cm) % 1 - 0.5) * 2
    seam = np.broadcast_to(ramp(into, 0.978, 0.997), shape)
    colour = _mix(_OAK[0], _OAK[1], dark) * (1 + 0.07 * cloudy(rng, shape, 6, 4))[..., None]
    colour = colour * (1 - 0.88 * seam)[..., None]
    relief = 0.002 * fibre - 0.012 * pores - 0.05 * seam
    gloss = 0.30 + 0.08 * fibre - 0.25 * pores - 0.3 * seam
    return Surface.of(colour, gloss, np.zeros(shape, np.float32), relief, TABLE_PX_PER_CM)


def _grain(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Return pebbled leather, about -2..1: cells with sharp valleys between them."""
    fine = smooth(rng, shape, (1.6, 2.1)) - 0.6 * smooth(rng, shape, (5, 5))
    coarse = smooth(rng, shape, (2.8, 3.6))
    return 0.75 - 0.8 * np.exp(-np.abs(fine) * 2.2) - 0.55 * np.exp(-np.abs(coarse) * 2.6) + 0.12 * coarse


def _wear(rng: np.random.Generator, shape: tuple[int, int], clouds: Field) -> Field:
    """Return 0..1: edges and corners first, then scuffs."""
    height, width = shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)[None, :]
    down = np.minimum(rows, height - 1 - rows) / COVER_PX_PER_CM
    right = (width - 1 - columns) / COVER_PX_PER_CM
    edge = np.minimum(down, right)
    corner = np.hypot(down, right)
    ragged = 0.16 * smooth(rng, shape, (4, 4)) + 0.22 * clouds
    rubbed = 0.95 * ramp(edge - 0.22 * ragged, 0.34, 0.02) + ramp(corner - 0.9 * ragged, 1.9, 0.3)
    scuffs = ramp(smooth(rng, shape, (2.2, 14)) + 0.5 * clouds, 2.1, 3.3)
    return np.clip(rubbed + 0.5 * scuffs, 0, 1).astype(np.float32)


def _hinge(shape: tuple[int, int]) -> Field:
    """Return the joint along the spine in which the board turns, 0..1."""
    columns = np.arange(shape[1], dtype=np.float32) / COVER_PX_PER_CM
    groove = np.exp(-(((columns - 0.62) / 0.15) ** 2))
    return np.broadcast_to(groove, shape).astype(np.float32)


def _mix(first: Field, second: Field, share: Field) -> Field:
    mixed: Field = first + (second - first) * share[..., None]
    return mixed
