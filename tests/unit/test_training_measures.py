"""The measures of a mask, and the figures made of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from training.baselines import grabcut, rectangle
from training.contact_sheet import Tile, contact_sheet
from training.labels import read_labels
from training.measures import boundary_f, boundary_mean_px, boundary_px, iou, outline
from training.summary import summarise


def box(left: float, top: float, right: float, bottom: float, side: int = 200) -> NDArray[np.float32]:
    """Return a rectangle whose edges may fall inside pixels."""
    at = np.arange(side)
    across = np.clip(np.minimum(at + 1, right) - np.maximum(at, left), 0, 1)
    down = np.clip(np.minimum(at + 1, bottom) - np.maximum(at, top), 0, 1)
    return np.outer(down, across).astype(np.float32)


@given(st.floats(10, 60), st.floats(10, 60), st.floats(90, 190), st.floats(90, 190))
def test_a_mask_agrees_with_itself(left: float, top: float, right: float, bottom: float) -> None:
    """Nothing is nearer to a mask than itself."""
    mask = box(left, top, right, bottom)
    assert iou(mask, mask) == 1
    assert boundary_f(mask, mask) == 1
    assert boundary_px(mask, mask) == 0


@given(st.floats(0.25, 12))
def test_a_grown_box_is_as_far_off_as_it_grew(growth: float) -> None:
    """The distance is a true one below the pixel too, and given at 1000 px."""
    true, found = box(60, 60, 140, 140), box(60 - growth, 60 - growth, 140 + growth, 140 + growth)
    assert boundary_px(found, true) == pytest.approx(growth * 5, abs=0.6)
    assert boundary_mean_px(found, true) == pytest.approx(growth * 5, rel=0.5)


def test_iou_by_hand() -> None:
    """Half of one and half of the other."""
    assert iou(box(0, 0, 100, 100), box(50, 0, 150, 100)) == pytest.approx(1 / 3)
    assert iou(box(0, 0, 100, 100), box(100, 100, 200, 200)) == 0
    nothing = np.zeros((20, 20), np.float32)
    assert iou(nothing, nothing) == 1


def test_what_is_ignored_counts_for_nothing() -> None:
    """A second book may be kept or dropped."""
    main, second = box(10, 10, 80, 80), box(100, 100, 180, 180)
    assert iou(main, main, second > 0.5) == iou(main + second, main, second > 0.5) == 1


def test_boundary_f_forgives_three_pixels_of_320() -> None:
    """At 200 px that is 1.875 px."""
    true = box(60, 60, 140, 140)
    assert boundary_f(box(61.5, 60, 140, 140), true) == 1
    assert boundary_f(box(75, 75, 125, 125), true) < 0.1


def test_a_missed_subject_is_infinitely_far() -> None:
    """An empty mask has no outline."""
    true, nothing = box(60, 60, 140, 140), np.zeros((200, 200), np.float32)
    assert boundary_px(nothing, true) == np.inf
    assert boundary_f(nothing, true) == 0


def test_the_frame_is_no_outline() -> None:
    """Where the picture ends, nobody cut."""
    points = outline(box(0, 0, 100, 200))
    assert {100.0} == set(points[:, 0].tolist())


def test_baselines_find_a_plain_box() -> None:
    """A rectangle in the middle, and GrabCut on a red box on white."""
    pixels = np.full((120, 90, 3), 250, np.uint8)
    pixels[30:90, 25:65] = (160, 20, 20)
    true = np.zeros((120, 90), np.float32)
    true[30:90, 25:65] = 1
    assert rectangle(pixels).mean() == pytest.approx(0.64, abs=0.01)
    assert iou(grabcut(pixels).astype(np.float32), true) > 0.97


def test_summary_counts_by_role_and_kind() -> None:
    """Each figure comes with its n; negatives count when emptied."""
    good = {
        "role": "positive", "kind": "book", "accepted": True,
        "iou": 0.9, "boundary_f": 0.8, "boundary_px": 2.0, "boundary_mean_px": 3.0,
        "straightened": {"iou": 0.95, "boundary_px": 1.0, "boundary_mean_px": 2.0},
        "finished": {"iou": 0.95, "boundary_px": 0.5, "boundary_mean_px": 3.5},
        "matted_alone": {"iou": 0.95, "boundary_px": 1.0, "boundary_mean_px": 2.0},
        "baselines": {"rectangle": 0.5},
    }  # fmt: skip
    bad = {
        **good,
        "iou": 0.7,
        "accepted": False,
        "straightened": {"iou": 0.6, "boundary_px": 3.0, "boundary_mean_px": 4.0},
    }
    shelf = {"role": "negative", "kind": "shelf", "emptied": True}
    summary = summarise([good, bad, shelf, {**shelf, "emptied": False}])
    positive = summary["roles"]["positive"]
    assert (positive["n"], positive["iou_mean"], positive["iou_worst"]) == (2, 0.8, 0.7)
    assert summary["negative"]["emptied_share"] == 0.5
    assert summary["wrongly_refused_share"] == 0.5
    masks, matted = summary["refinement"]["straightened"], summary["refinement"]["finished"]
    assert (masks["improved_share"], masks["worse_share"]) == (0.5, 0.5)
    assert (matted["n"], matted["improved_share"], matted["boundary_px_median_after"]) == (2, 1.0, 0.5)
    assert (matted["improved_share_by_mean"], matted["improved_share_by_iou"]) == (0.0, 1.0)
    assert (masks["improved_share_by_mean"], masks["improved_share_by_iou"]) == (0.5, 0.5)
    assert summary["roles"]["hard"] == {"n": 0}


def test_contact_sheet_shows_every_tile() -> None:
    """One cell each; what is cut away is dimmed."""
    pixels = np.full((60, 80, 3), 200, np.uint8)
    region = np.zeros((60, 80), np.bool_)
    region[10:50, 10:70] = True
    sheet = contact_sheet(
        [Tile(pixels, region, region, "one"), Tile(pixels, ~region, region, "two")], columns=2
    )
    assert sheet.size == (600, 330)
    inside, outside = sheet.getpixel((40, 55)), sheet.getpixel((6, 36))
    assert inside == (200, 200, 200)
    assert outside == (66, 66, 66)


def test_a_labels_whole_numbers_name_the_middles_of_pixels(tmp_path: Path) -> None:
    """From the middle of pixel 10 to that of pixel 30: half of either, and all between."""
    corners = [[10, 10], [30, 10], [30, 30], [10, 30]]
    Image.new("RGB", (60, 50)).save(tmp_path / "a.png")
    entry = {"file": "a.png", "kind": "book", "role": "positive", "polygons": [corners]}
    (tmp_path / "labels.json").write_text(json.dumps([entry]))
    truth = read_labels(tmp_path)[0].truth((60, 50))
    assert truth[11:30, 11:30].min() == 1
    assert truth[20, [9, 10, 30, 31]] == pytest.approx([0, 0.5, 0.5, 0], abs=0.13)
    assert truth.sum() == pytest.approx(400, rel=0.015)
