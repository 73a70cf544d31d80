"""`make judge-eval [DIR=...]`: how often the judge is wrong, and the policies it replaces.

On rendered scenes of objects and seeds that neither the judge nor the book model was fitted on, and apart
from them on DIR's labelled photographs. Leaves judge.json and judge-roc.png in out/.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from app.constants.image_processing import MAX_ASPECT_DIFF, MIN_AREA_RATIO
from lambdas.image_processor.beliefs import summary
from lambdas.image_processor.coefficients import ORIGIN, WEIGHINGS
from lambdas.image_processor.measures import is_a_critics
from lambdas.image_processor.quality import OWN, decide
from lambdas.image_processor.recipes import BOOK
from lambdas.image_processor.segment import Segmenter
from training.judging.corpus import HELD_OUT, photographed
from training.judging.figures import Judged, draw, figures, judged, roc
from training.judging.kept import CACHE
from training.judging.table import Row, read_scene, rows
from training.labels import read_labels

_Policy = Callable[[Row], tuple[str | None, float]]


def with_opinions(row: Row) -> tuple[str | None, float]:
    """Judge as the worker does: the critic may accept a mask; only with both opinions it is refused."""
    first = decide(summary(row.first, WEIGHINGS))
    both = decide(summary(row.reading, WEIGHINGS))
    return (None if first.accepted else both.reason), max(first.score, both.score)


def alone(row: Row) -> tuple[str | None, float]:
    """Judge as the worker judges the embedded model's own masks, on which a critic has had its say.

    It is another critic there; here the judge's speaks in its place.
    """
    doubt = next(said["doubt"] for said in row.reading.opinions if is_a_critics(said))
    verdict = decide(row.reading.mask | {"rightness": 1 / (1 + math.exp(doubt))}, OWN)
    return verdict.reason, verdict.score


def unasked(row: Row) -> tuple[str | None, float]:
    """Judge by the mask's shape and edges alone."""
    verdict = decide(row.reading.mask, OWN)
    return verdict.reason, verdict.score


def seed(row: Row) -> tuple[str | None, float]:
    """Judge by the seed's two checks."""
    if row.box_area < MIN_AREA_RATIO:
        return "area", row.box_area
    return ("aspect" if row.aspect_difference > MAX_ASPECT_DIFF else None), row.box_area


def seed_area(row: Row) -> tuple[str | None, float]:
    """Judge by the seed's first check alone."""
    return ("area" if row.box_area < MIN_AREA_RATIO else None), row.box_area


def seed_aspect(row: Row) -> tuple[str | None, float]:
    """Judge by the seed's second check alone."""
    return ("aspect" if row.aspect_difference > MAX_ASPECT_DIFF else None), -row.aspect_difference


def accept_all(row: Row) -> tuple[str | None, float]:
    """Accept everything."""
    del row
    return None, 1.0


POLICIES: Final[Mapping[str, _Policy]] = {
    "measured": with_opinions,
    "measured_own_masks": alone,
    "measured_without_opinion": unasked,
    "seed": seed,
    "seed_area_alone": seed_area,
    "seed_aspect_alone": seed_aspect,
    "accept_all": accept_all,
}


def report(table: Sequence[Row]) -> tuple[dict[str, Any], dict[str, list[Judged]]]:
    """Return the figures of every policy on one set of rows, and the judged rows."""
    found = {name: judged(table, policy) for name, policy in POLICIES.items()}
    told = figures(found["measured"])
    return told | {"policies": {name: figures(each) for name, each in found.items()}}, found


def main(arguments: list[str] | None = None) -> int:
    """Measure, write, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="judge-eval", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--scenes", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, default=Path("out"))
    given = parser.parse_args(arguments)
    table = rows(HELD_OUT, given.scenes, given.processes)
    told, found = report(table)
    answer: dict[str, Any] = {
        "model": {"name": BOOK.name, "sha256": BOOK.sha256},
        "coefficients": dict(ORIGIN),
        "scenes": {
            "n": given.scenes,
            "seed": HELD_OUT.seed,
            "subjects": sorted({row.subject for row in table}),
        },
        **told,
        "subjects": _by_subject(found["measured"]),
    }
    if given.folder is not None:
        photos = photo_rows(given.folder)
        answer["photos"], by_photo = report(photos)
        answer["photos"]["falsely_refused"] = _falsely_refused(by_photo["measured"])
        _print("photographs", answer["photos"])
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "judge.json").write_text(json.dumps(answer, indent=1) + "\n")
    curves = {name: roc(found[name]) for name in ("measured", "measured_without_opinion")}
    points = {name: _point(answer["policies"][name]) for name in POLICIES}
    draw(curves, points).save(given.out / "judge-roc.png")
    _print("held-out scenes", answer)
    print(f"{given.out / 'judge.json'}, {given.out / 'judge-roc.png'}")
    return 0


def photo_rows(folder: Path) -> list[Row]:
    """Return the rows of a folder of labelled photographs."""
    segmenter = Segmenter(CACHE)
    return [
        row
        for name, scene, examples in photographed(read_labels(folder))
        for row in read_scene(name, scene, examples, segmenter)
    ]


def _point(told: Mapping[str, Any]) -> tuple[float, float]:
    good, bad = told["good"], told["detection"]
    return good["rejected"] / max(good["n"], 1), bad["caught"] / max(bad["n"], 1)


def _by_subject(found: Sequence[Judged]) -> dict[str, Any]:
    subjects = sorted({item.row.subject for item in found})
    return {
        subject: {
            key: figures([item for item in found if item.row.subject == subject])[key]
            for key in ("good", "detection")
        }
        for subject in subjects
    }


def _falsely_refused(found: Sequence[Judged]) -> dict[str, str]:
    """Return the photographs of which any right mask was refused, and for what."""
    return {
        item.row.photo: str(item.reason) for item in found if item.row.kind == "good" and not item.is_accepted
    }


def _print(title: str, told: Mapping[str, Any]) -> None:
    table = Table("mask", "n", "refused", "rate", "95 %", "above 5 % of the area", title=title)
    good = told["good"]
    table.add_row("right", str(good["n"]), str(good["rejected"]), *_rates(good["rejected"], good), "")
    for entry in (
        *told["bad"],
        {"kind": "all wrong", **told["detection"], "above_5_percent": told["detection_above_5_percent"]},
    ):
        large = entry["above_5_percent"]
        rate = f"{large['caught'] / large['n']:.1%} of {large['n']}" if large["n"] else ""
        table.add_row(
            entry["kind"], str(entry["n"]), str(entry["caught"]), *_rates(entry["caught"], entry), rate
        )
    for name, policy in told["policies"].items():
        rejected, caught = _point(policy)
        table.add_row(f"policy {name}", "", "", f"{rejected:.1%} / {caught:.1%}", "right / wrong", "")
    Console().print(table)


def _rates(hits: int, entry: Mapping[str, Any]) -> tuple[str, str]:
    low, high = entry["interval"]
    return f"{hits / max(entry['n'], 1):.1%}", f"{low:.1%} - {high:.1%}"


if __name__ == "__main__":
    raise SystemExit(main())
