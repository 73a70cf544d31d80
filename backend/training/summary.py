"""The figures of an evaluation: by role, by kind, with each group's size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Figures = dict[str, float | int | None]


def summarise(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the summary of out/evaluate.json.

    Args:
        entries: one per picture, as `evaluate` measures them.

    """
    subjects = [entry for entry in entries if entry["role"] != "negative"]
    negatives = [entry for entry in entries if entry["role"] == "negative"]
    roles = {role: [e for e in subjects if e["role"] == role] for role in ("positive", "hard")}
    kinds = sorted({entry["kind"] for entry in subjects})
    baselines = subjects[0]["baselines"] if subjects else {}
    return {
        "roles": {role: figures(members) for role, members in roles.items()},
        "kinds": {kind: figures([e for e in subjects if e["kind"] == kind]) for kind in kinds},
        "negative": {
            "n": len(negatives),
            "emptied_share": mean(e["emptied"] for e in negatives),
            "emptied_by_kind": {
                kind: mean(e["emptied"] for e in negatives if e["kind"] == kind)
                for kind in sorted({e["kind"] for e in negatives})
            },
        },
        "wrongly_refused_share": mean(not e["accepted"] for e in subjects),
        "refinement": {
            name: refinement([(entry, entry[name]) for entry in subjects])
            for name in ("straightened", "finished", "matted_alone")
        },
        "baselines": {name: figures([{"iou": e["baselines"][name]} for e in subjects]) for name in baselines},
    }


def figures(entries: Sequence[dict[str, Any]]) -> Figures:
    """Return a group's overlap, and its boundary measures where there are any."""
    result: Figures = {"n": len(entries)}
    if not entries:
        return result
    overlaps = [entry["iou"] for entry in entries]
    result["iou_median"] = round(float(np.median(overlaps)), 4)
    result["iou_mean"] = mean(overlaps)
    result["iou_worst"] = round(float(np.min(overlaps)), 4)
    if "boundary_f" in entries[0]:
        result["boundary_f_mean"] = mean(entry["boundary_f"] for entry in entries)
        result["boundary_px_median"] = round(float(np.median([e["boundary_px"] for e in entries])), 3)
    return result


def refinement(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> Figures:
    """Return the boundary error before and after, and on how many pictures it fell or rose."""
    if not pairs:
        return {"n": 0}
    before, after = np.asarray([(one["boundary_px"], other["boundary_px"]) for one, other in pairs]).T
    return {
        "n": len(pairs),
        "boundary_px_median_before": round(float(np.median(before)), 3),
        "boundary_px_median_after": round(float(np.median(after)), 3),
        "improved_share": round(float((after < before).mean()), 4),
        "worse_share": round(float((after > before).mean()), 4),
        "improved_share_by_mean": mean(
            other["boundary_mean_px"] < one["boundary_mean_px"] for one, other in pairs
        ),
        "improved_share_by_iou": mean(other["iou"] > one["iou"] for one, other in pairs),
        "iou_mean_before": mean(one["iou"] for one, _ in pairs),
        "iou_mean_after": mean(other["iou"] for _, other in pairs),
    }


def mean(values: Iterable[float | bool]) -> float | None:
    """Return the mean with four decimals; None of nothing."""
    numbers = [float(value) for value in values]
    return round(float(np.mean(numbers)), 4) if numbers else None
