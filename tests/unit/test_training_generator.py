"""The training scenes: reproducible by number, truthfully labelled."""

from __future__ import annotations

import numpy as np
import pytest

from training.dice import Dice
from training.generator import Batch, Generator
from training.library import Library, Stock
from training.mix import Mix
from training.negatives import NEGATIVES
from training.paint import Paint
from training.scenes import render

SIDE = 96
STOCK = Stock(covers=6, sheets=3, spines=4, edges=2, spreads=2, pages=1, surfaces=4)


def generator(seed: int = 7, negatives: float = 0.2) -> Generator:
    return Generator(seed, SIDE, Mix(negatives=negatives), STOCK)


def test_a_sample_is_a_function_of_its_number() -> None:
    """Neither the order nor what was rendered before matters."""
    forwards, backwards = generator(), generator()
    one = [forwards.sample(index) for index in range(6)]
    other = [backwards.sample(index) for index in reversed(range(6))][::-1]
    for first, second in zip(one, other, strict=True):
        assert np.array_equal(first.pixels, second.pixels)
        assert np.array_equal(first.mask, second.mask)
        assert (first.kind, first.presence) == (second.kind, second.presence)


def test_seeds_and_numbers_differ() -> None:
    """No two samples are the same picture."""
    pictures = [generator().sample(0), generator().sample(1), generator(8).sample(0)]
    assert len({sample.pixels.tobytes() for sample in pictures}) == 3


def test_positives_show_a_subject() -> None:
    """A positive's mask covers a part of the frame, and presence says so unless it fills the frame."""
    source = generator(negatives=0)
    for sample in (source.sample(index) for index in range(40)):
        assert sample.pixels.shape == (SIDE, SIDE, 3)
        assert sample.mask.shape == (SIDE, SIDE)
        coverage = sample.mask.mean() / 255
        if sample.presence:
            assert coverage >= 0.02
        elif sample.kind == "full_page":
            assert coverage == 0
        else:
            assert coverage > 0.95


def test_every_kind_of_negative_is_empty() -> None:
    """All kinds come up, none has a subject, and none is a blank picture."""
    source, met = generator(negatives=1), set()
    for index in range(120):
        sample = source.sample(index)
        met.add(sample.kind)
        assert not sample.mask.any()
        assert sample.presence is False
        assert sample.pixels.std() > 0.5
    assert {kind.__name__ for kind in NEGATIVES} == met


def test_the_mask_is_where_the_subject_was_painted() -> None:
    """With and without the subject, the same scene differs inside the mask and hardly outside it."""
    plain = Mix(negatives=0, slab=0, hand_behind={}, hand_over=0, pen=0)
    paint = Paint(Dice(3))
    library = Library.printed(paint, STOCK)
    sample = render(library, paint.with_dice(Dice(3, 1)), 128, plain)
    inside = sample.mask > 200
    outside = sample.mask < 50
    assert inside.any()
    assert outside.any()
    colours = sample.pixels.reshape(-1, 3).astype(float)
    between = np.abs(colours[inside.ravel()].mean(0) - colours[outside.ravel()].mean(0)).sum()
    assert between > 1


def test_batches_carry_the_edge_band_and_whether_presence_is_asked() -> None:
    """The band lies around the outline; presence is -1, 0 or 1."""
    batch = generator(negatives=0.5).batch(0, 12)
    assert isinstance(batch, Batch)
    assert batch.pixels.shape == (12, SIDE, SIDE, 3)
    assert set(batch.presence.tolist()) <= {-1, 0, 1}
    for mask, band in zip(batch.masks, batch.bands, strict=True):
        assert band.any() == bool(mask.any() and not mask.all())
        sure = np.abs(np.diff(mask.astype(int), axis=0)) > 200
        assert (band[:-1][sure] > 0).all()


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_dice_keep_their_promises_at_the_ends(probability: float) -> None:
    """Never is never and always is always: an ingredient can be switched off."""
    dice = Dice(1)
    assert {dice.chance(probability) for _ in range(100)} == {bool(probability)}
