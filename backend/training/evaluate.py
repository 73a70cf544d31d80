"""`make evaluate DIR=...`: measures the embedded model, or a candidate, on labelled photographs.

`RENDERED=n` measures on n rendered scenes of 1000 px instead, whose truth is exact. Leaves evaluate.json and
evaluate.png, the worst pictures first, in out/.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor import quality
from lambdas.image_processor.matting import matte
from lambdas.image_processor.recipes import BOOK, EMBEDDED_RECIPE, ModelSpec
from lambdas.image_processor.segment import Segmenter
from lambdas.image_processor.straighten import straighten
from training.baselines import grabcut, rectangle
from training.cases import Case, labelled_cases, rendered_cases
from training.contact_sheet import Tile, contact_sheet
from training.labels import read_labels
from training.measures import Plane, Region, boundary_f, boundary_mean_px, boundary_px, iou
from training.paint import as_weight
from training.summary import summarise

#: Below this share of the frame a mask counts as empty.
_EMPTY: Final = 0.01
#: More tiles than this make no sheet that anybody looks at.
_MOST_TILES: Final = 60
_BASELINES: Final[dict[str, Callable[[NDArray[np.uint8]], Region]]] = {
    "rectangle": rectangle,
    "grabcut": grabcut,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture's measures, and what its tile shows."""

    entry: dict[str, Any]
    tile: Tile


def judge(case: Case, segmenter: Segmenter, spec: ModelSpec) -> Judged:
    """Measure one picture: the mask, what is made of it, and the baselines."""
    pixels = case.photo.pixels
    mask = segmenter.segment(dataclasses.replace(spec, straightens_sides=False), case.photo)
    straight = straighten(pixels, mask.alpha)
    verdict = quality.judge(case.photo, dataclasses.replace(mask, alpha=straight))
    found = as_weight(mask.alpha)
    coverage = float((found > 0.5).mean())
    entry: dict[str, Any] = {
        "file": case.name,
        "role": case.role,
        "kind": case.kind,
        "accepted": verdict.accepted,
        "reason": verdict.reason,
        "emptied": coverage < _EMPTY or not verdict.accepted,
        "coverage": round(coverage, 4),
    }
    if case.role != "negative":
        entry |= _nearness(found, case)
        entry |= {
            name: _nearness(as_weight(alpha), case)
            for name, alpha in _later(pixels, mask.alpha, straight).items()
        }
        entry["baselines"] = {
            name: round(iou(baseline(pixels).astype(np.float32), case.truth, case.ignored), 4)
            for name, baseline in _BASELINES.items()
        }
    return Judged(entry, Tile(pixels, found > 0.5, case.truth > 0.5, _caption(entry)))


def _later(
    pixels: NDArray[np.uint8], mask: NDArray[np.uint8], straight: NDArray[np.uint8]
) -> dict[str, NDArray[np.uint8]]:
    """Return what is made of a mask: straightened, that matted; and matted as it was, to compare."""
    return {
        "straightened": straight,
        "finished": matte(pixels, straight, EMBEDDED_RECIPE.matting).alpha,
        "matted_alone": matte(pixels, mask, EMBEDDED_RECIPE.matting).alpha,
    }


def _nearness(found: Plane, case: Case) -> dict[str, float]:
    counted = found * ~case.ignored
    return {
        "iou": round(iou(found, case.truth, case.ignored), 4),
        "boundary_f": round(boundary_f(counted, case.truth), 4),
        # A subject that was missed altogether is as far off as the picture is large.
        "boundary_px": round(min(boundary_px(counted, case.truth), 1000.0), 3),
        "boundary_mean_px": round(min(boundary_mean_px(counted, case.truth), 1000.0), 3),
    }


def _caption(entry: dict[str, Any]) -> str:
    if entry["role"] == "negative":
        verdict = "emptied or refused" if entry["emptied"] else f"kept {entry['coverage']:.0%}"
        return f"{entry['file'][:40]}\nnegative: {verdict}"
    refused = "" if entry["accepted"] else f" refused: {entry['reason']}"
    figures = f"IoU {entry['iou']:.3f}, {entry['boundary_px']:.1f} px{refused}"
    return f"{entry['file'][:40]}\n{entry['role']} {figures}"


def candidate(weights: Path) -> ModelSpec:
    """Return the embedded model's spec with another file's weights."""
    data = weights.read_bytes()
    # An absolute name wins over the folder of the embedded weights.
    return dataclasses.replace(
        BOOK,
        name=weights.stem,
        filename=str(weights.resolve()),
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _worst_first(judged: Judged) -> tuple[bool, float]:
    entry = judged.entry
    if entry["role"] == "negative":
        return entry["emptied"], -entry["coverage"]
    return False, entry["iou"]


def main(arguments: list[str] | None = None) -> int:
    """Evaluate and return the exit status."""
    parser = argparse.ArgumentParser(prog="make evaluate", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="photographs with labels.json")
    parser.add_argument("--rendered", type=int, default=0, help="measure on so many rendered scenes instead")
    parser.add_argument("--weights", type=Path, help="an ONNX file to measure instead of the embedded model")
    parser.add_argument("--out", type=Path, default=Path("out"))
    given = parser.parse_args(arguments)
    if (given.folder is None) == (given.rendered == 0):
        parser.error("name a folder (DIR=...) or a number of rendered scenes (RENDERED=...)")
    spec = candidate(given.weights) if given.weights else BOOK
    cases = rendered_cases(given.rendered) if given.rendered else labelled_cases(read_labels(given.folder))
    segmenter = Segmenter(Path())
    judged = [judge(case, segmenter, spec) for case in cases]
    entries = [item.entry for item in judged]
    report = {
        "model": {"name": spec.name, "sha256": spec.sha256, "size_bytes": spec.size_bytes},
        "photos": entries,
        "summary": summarise(entries),
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "evaluate.json").write_text(json.dumps(report, indent=1) + "\n")
    tiles = [item.tile for item in sorted(judged, key=_worst_first)][:_MOST_TILES]
    contact_sheet(tiles).save(given.out / "evaluate.png")
    print(json.dumps(report["summary"], indent=1))
    print(f"{given.out / 'evaluate.json'}, {given.out / 'evaluate.png'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
