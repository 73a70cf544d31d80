"""Rates with their intervals, and the curve of false rejects against detection."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw

from training.judging.corpus import GOOD, KINDS
from training.judging.table import Row

#: Of a normal distribution: 95 % lie within so many deviations.
_Z: Final = 1.96
#: Corruptions of a larger share of the subject must be caught nine times of ten.
LARGE: Final = 0.05
_SIZE_PX: Final = 640
_MARGIN_PX: Final = 60


@dataclass(frozen=True, slots=True)
class Judged:
    """A row and what a policy made of it."""

    row: Row
    is_accepted: bool
    reason: str | None
    score: float


def judged(rows: Sequence[Row], policy: Callable[[Row], tuple[str | None, float]]) -> list[Judged]:
    """Put rows before a policy: row -> reason (None: accepted) and score."""
    found = []
    for row in rows:
        reason, score = policy(row)
        found.append(Judged(row, reason is None, reason, score))
    return found


def figures(found: Sequence[Judged]) -> dict[str, Any]:
    """Return what judge.json says of one policy on one set of rows."""
    good = [item for item in found if item.row.kind == GOOD]
    bad = [item for item in found if item.row.kind != GOOD]
    large = [item for item in bad if item.row.changed > LARGE]
    kinds = [kind for kind in KINDS if any(item.row.kind == kind for item in bad)]
    return {
        "good": {"n": len(good), "rejected": _count(good), "interval": _interval(_count(good), len(good))},
        "detection": _rate(bad),
        "detection_above_5_percent": _rate(large),
        "bad": [
            {"kind": kind, **_rate([item for item in bad if item.row.kind == kind])}
            | {"above_5_percent": _rate([item for item in large if item.row.kind == kind])}
            for kind in kinds
        ],
        "reasons": _reasons(found),
    }


def interval(hits: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a rate; (0, 1) of nothing."""
    if not count:
        return 0.0, 1.0
    share, spread = hits / count, _Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def roc(found: Sequence[Judged]) -> list[tuple[float, float]]:
    """Return (false rejects, detection) at every score that separates masks."""
    good = np.sort([item.score for item in found if item.row.kind == GOOD])
    bad = np.sort([item.score for item in found if item.row.kind != GOOD])
    cuts = np.unique(np.concatenate([good, bad, [1.0 + 1e-9]]))
    rejected = np.searchsorted(good, cuts) / max(len(good), 1)
    caught = np.searchsorted(bad, cuts) / max(len(bad), 1)
    return [(float(x), float(y)) for x, y in zip(rejected, caught, strict=True)]


def draw(curves: dict[str, list[tuple[float, float]]], points: dict[str, tuple[float, float]]) -> Image.Image:
    """Return the picture: curves, and the policies that are a point; false rejects on a scale of roots."""
    picture = Image.new("RGB", (_SIZE_PX + 2 * _MARGIN_PX,) * 2, "white")
    pen = ImageDraw.Draw(picture)
    for share in (0, 0.01, 0.05, 0.1, 0.25, 0.5, 1):
        x, _ = _at(share, 0)
        pen.line([(x, _at(0, 0)[1]), (x, _at(0, 1)[1])], fill="#dddddd")
        pen.text((x - 10, _at(0, 0)[1] + 8), f"{share:.0%}", fill="black")
    for share in (0, 0.25, 0.5, 0.75, 0.9, 0.97, 1):
        _, y = _at(0, share)
        pen.line([(_at(0, 0)[0], y), (_at(1, 0)[0], y)], fill="#dddddd")
        pen.text((14, y - 6), f"{share:.0%}", fill="black")
    pen.text((_MARGIN_PX, _SIZE_PX + _MARGIN_PX + 30), "right masks refused (square root)", fill="black")
    pen.text((_MARGIN_PX, 20), "wrong masks refused", fill="black")
    colours = ("#1f5fa8", "#c0392b", "#2e8b57", "#8e44ad", "#d98c00")
    for index, (name, curve) in enumerate(curves.items()):
        pen.line([_at(*point) for point in curve], fill=colours[index], width=3)
        pen.text((_at(0.3, 0.2)[0], _at(0, 0.3 - 0.05 * index)[1]), name, fill=colours[index])
    for name, point in points.items():
        x, y = _at(*point)
        pen.ellipse([x - 5, y - 5, x + 5, y + 5], fill="black")
        pen.text((min(x + 9, _SIZE_PX - 20), y - 14), name, fill="black")
    return picture


def _at(rejected: float, caught: float) -> tuple[float, float]:
    return _MARGIN_PX + _SIZE_PX * math.sqrt(rejected), _MARGIN_PX + _SIZE_PX * (1 - caught)


def _count(items: Sequence[Judged]) -> int:
    return sum(not item.is_accepted for item in items)


def _rate(items: Sequence[Judged]) -> dict[str, Any]:
    return {"n": len(items), "caught": _count(items), "interval": _interval(_count(items), len(items))}


def _interval(hits: int, count: int) -> list[float]:
    return [round(end, 4) for end in interval(hits, count)]


def _reasons(found: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Return, per kind of mask, how often it was refused for what."""
    table: dict[str, dict[str, int]] = {}
    for item in found:
        if item.reason is not None:
            row = table.setdefault(item.row.kind, {})
            row[item.reason] = row.get(item.reason, 0) + 1
    return table
