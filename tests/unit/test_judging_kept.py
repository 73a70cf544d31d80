"""Scenes that are kept on disk come back as they were rendered."""

from __future__ import annotations

import numpy as np

from training.dice import Dice
from training.judging.corpus import Example
from training.judging.kept import _packed, _unpacked
from training.judging.objects import UNSEEN
from training.judging.scenes import compose
from training.library import Library, Stock
from training.paint import Paint

SMALL = Stock(covers=8, sheets=4, spines=5, edges=3, spreads=3, pages=2, surfaces=6)


def test_a_scene_comes_back_to_the_last_bit() -> None:
    """Photo, truth, layers, cover and masks."""
    paint = Paint(Dice(9))
    scene = compose(Library.printed(paint, SMALL), paint.with_dice(Dice(9, 1)), UNSEEN)
    examples = [Example("good", scene.truth.astype(np.uint8) * 200, 0.25)]
    back, masks = _unpacked(_packed(scene, examples))
    assert (back.pixels == scene.pixels).all()
    assert (back.truth == scene.truth).all()
    assert back.truth.dtype == np.bool_
    assert back.kind == scene.kind
    assert {*scene.layers} == {*back.layers}
    assert all((back.layers[name] == layer).all() for name, layer in scene.layers.items())
    assert scene.cover is not None
    assert back.cover is not None
    assert np.array_equal(back.cover, scene.cover)
    assert [(one.kind, one.changed) for one in masks] == [("good", 0.25)]
    assert (masks[0].mask == examples[0].mask).all()
