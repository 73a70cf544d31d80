"""The opinions on a mask: from near, in a mirror, and of all that the book model sees."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from lambdas.image_processor.book_opinion import WHOLE, BookOpinion
from lambdas.image_processor.boxes import whole
from lambdas.image_processor.critic import around
from lambdas.image_processor.domain import Critique, Mask, Photo
from lambdas.image_processor.recipes import ModelSpec
from lambdas.image_processor.working_size import Bytes, Patch
from tests import masks

PHOTO = Photo(np.zeros((240, 200, 3), np.uint8), "jpeg")


@dataclass
class FakeSegmenter:
    """Sees one subject, and finds masks right by how tall a part of the photo it is shown."""

    subject: Bytes
    #: By the part's height in pixels.
    rightness: dict[int, float]
    shown: list[int] = field(default_factory=list)

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Return the subject, whatever the photo."""
        assert spec == WHOLE
        assert photo.pixels.shape == PHOTO.pixels.shape
        return masks.from_alpha(self.subject)

    def criticise(self, spec: ModelSpec, part: Photo, alpha: Bytes) -> Critique:
        """Agree with the mask."""
        assert part.pixels.shape[:2] == alpha.shape
        self.shown.append(alpha.shape[0])
        return Critique(np.ones((spec.input_side_px,) * 2, np.float32), self.rightness[alpha.shape[0]])


def upright(top: int, bottom: int) -> NDArray[np.uint8]:
    alpha = np.zeros((240, 200), np.uint8)
    alpha[top:bottom, 60:140] = 255
    return alpha


def said(fake: FakeSegmenter, alpha: Bytes) -> list[tuple[Patch, ...]]:
    return list(BookOpinion(fake, PHOTO).on(alpha))


def test_what_shows_the_same_is_looked_at_once_and_in_a_mirror() -> None:
    """The book model sees a little more than the mask has: no reason to step back."""
    fake = FakeSegmenter(upright(80, 162), {128: 0.7})
    first, last = said(fake, upright(80, 160))
    assert [128, 128] == fake.shown
    assert [0.7] == [look.rightness for look in first]
    assert [0.7, None] == [look.rightness for look in last]
    assert around(upright(80, 160)) == last[0].box


@pytest.mark.parametrize(("far", "counts"), [(0.2, 0.2), (0.9, 0.7)])
def test_where_the_book_model_sees_more_the_look_that_doubts_counts(far: float, counts: float) -> None:
    """The critic looks from where all of that is in view, both ways round."""
    fake = FakeSegmenter(upright(40, 160), {128: 0.7, 188: far})
    last = said(fake, upright(80, 160))[-1]
    assert [128, 128, 188, 188] == fake.shown
    assert counts == pytest.approx(last[0].rightness)
    assert (around(upright(40, 160)) if far < 0.7 else around(upright(80, 160))) == last[0].box


def test_an_opinion_that_sees_nothing_changes_no_look() -> None:
    """Nor one that sees less than the mask has."""
    for subject in (upright(0, 0), upright(100, 120)):
        fake = FakeSegmenter(subject, {128: 0.7})
        last = said(fake, upright(80, 160))[-1]
        assert [128, 128] == fake.shown
        assert whole(PHOTO.pixels.shape) == last[1].box
