"""The recipe loop on a segmenter that answers what the test gives it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lambdas.image_processor import pipeline
from lambdas.image_processor.domain import Mask, Photo, Rejection, Rendition, Trial
from lambdas.image_processor.errors import FailureCode, WeightsError
from lambdas.image_processor.recipes import BOOK, EMBEDDED_RECIPE, ISNET, RECIPES, U2NET, ModelSpec
from tests import scenes

ALL = (*RECIPES, EMBEDDED_RECIPE)
PHOTO = Photo(scenes.scene(scenes.BOOK), "JPEG")


def probability(*boxes: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """Return a raw output that is sure of the boxes (top, left, bottom, right)."""
    found = np.full((300, 400), 0.01, np.float32)
    for top, left, bottom, right in boxes:
        found[top:bottom, left:right] = 0.99
    return found


THE_BOOK = probability((55, 90, 250, 310))
EMPTY = np.full((300, 400), 0.02, np.float32)
PIECES = probability((20, 20, 100, 100), (20, 200, 100, 280), (200, 20, 280, 100))
#: Sure, and in one piece, so nearest to being accepted.
FULL = np.full((300, 400), 0.99, np.float32)
THREAD = probability((100, 20, 108, 380))


@dataclass
class FakeSegmenter:
    """Answers each model with its raw output; `ran` keeps the order."""

    answers: Mapping[str, NDArray[np.float32]]
    ran: list[str] = field(default_factory=list)

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Return the answer at the photo's size."""
        self.ran.append(spec.name)
        if spec.name not in self.answers:
            raise WeightsError(f"the weights {spec.filename} are missing")
        found = self.answers[spec.name]
        return Mask((found * 255).astype(np.uint8), found)


def segmenter(
    u2net: NDArray[np.float32], isnet: NDArray[np.float32] = EMPTY, book: NDArray[np.float32] = EMPTY
) -> FakeSegmenter:
    return FakeSegmenter({U2NET.name: u2net, ISNET.name: isnet, BOOK.name: book})


@pytest.mark.parametrize(
    ("fake", "recipe", "attempts"),
    [
        (segmenter(THE_BOOK, THE_BOOK, THE_BOOK), "u2net-alpha", 1),
        (segmenter(EMPTY, THE_BOOK, THE_BOOK), "isnet-general-use", 2),
        (segmenter(EMPTY, PIECES, THE_BOOK), EMBEDDED_RECIPE.name, 3),
    ],
)
def test_the_first_accepted_one_wins(fake: FakeSegmenter, recipe: str, attempts: int) -> None:
    """Recipes run in their order, each once, and none after the accepted one."""
    result = pipeline.render(PHOTO, fake, ALL)
    assert isinstance(result, Rendition)
    assert (recipe, attempts) == (result.recipe, result.attempt_count)
    assert [U2NET.name, ISNET.name, BOOK.name][:attempts] == fake.ran
    assert [False] * (attempts - 1) + [True] == [
        trial.verdict is not None and trial.verdict.accepted for trial in result.trials
    ]


def test_the_rendition() -> None:
    """A full-frame RGB PNG on black for a dark book, a thumbnail, and every stage's seconds."""
    result = pipeline.render(PHOTO, segmenter(THE_BOOK), RECIPES)
    assert isinstance(result, Rendition)
    picture = Image.open(io.BytesIO(result.png))
    assert ("PNG", "RGB", PHOTO.size) == (picture.format, picture.mode, picture.size)
    assert ((0, 0, 0), "black") == (picture.getpixel((5, 5)), result.background)
    assert PHOTO.pixels[150, 200].tolist() == list(picture.getpixel((200, 150)))  # type: ignore[arg-type]
    assert "JPEG" == Image.open(io.BytesIO(result.thumbnail)).format
    stages = {"segment", "judge", "matte", "background", "composite", "encode", "thumbnail"}
    assert stages == set(result.seconds)
    assert min(result.seconds.values()) >= 0
    assert result.notes["unknown_px"] > 0


@pytest.mark.parametrize(
    ("policy", "mode", "corner"),
    [("white", "RGB", (255, 255, 255)), ("black", "RGB", (0, 0, 0)), ("transparent", "RGBA", None)],
)
def test_background_policies(policy: str, mode: str, corner: tuple[int, ...] | None) -> None:
    """The caller's choice overrides the brightness."""
    result = pipeline.render(PHOTO, segmenter(THE_BOOK), RECIPES, background=policy)
    assert isinstance(result, Rendition)
    picture = Image.open(io.BytesIO(result.png))
    assert (policy, mode) == (result.background, picture.mode)
    found = picture.getpixel((5, 5))
    assert found == corner if corner else found[3] == 0  # type: ignore[index]


def test_all_refused() -> None:
    """The code is that of the candidate which came nearest; every recipe ran once."""
    fake = segmenter(EMPTY, FULL, PIECES)
    result = pipeline.render(PHOTO, fake, ALL)
    assert isinstance(result, Rejection)
    assert (FailureCode.FILLS_FRAME, 3) == (result.code, result.attempt_count)
    assert [U2NET.name, ISNET.name, BOOK.name] == fake.ran
    reasons = [trial["reason"] for trial in result.as_report()["trials"]]
    assert ["no_subject", "fills_frame", "fragments"] == reasons


def test_no_recipe_at_all() -> None:
    """Nothing was tried: nothing was found."""
    result = pipeline.render(PHOTO, segmenter(THE_BOOK), ())
    assert isinstance(result, Rejection)
    assert (FailureCode.NO_SUBJECT, 0) == (result.code, result.attempt_count)


@pytest.mark.parametrize("answer", [THE_BOOK, EMPTY])
def test_skipped_recipes_are_recorded(answer: NDArray[np.float32]) -> None:
    """What could not run here is in the report, first, and is no attempt."""
    skipped = (Trial(RECIPES[0].name, None, note="weights missing: u2net.onnx"),)
    result = pipeline.render(PHOTO, segmenter(EMPTY, answer), RECIPES[1:], skipped=skipped)
    trials = result.as_report()["trials"]
    assert ["u2net-alpha", "isnet-general-use"] == [trial["recipe"] for trial in trials]
    assert "weights missing: u2net.onnx" == trials[0]["note"]
    assert "accepted" not in trials[0]
    assert 1 == result.attempt_count


def test_what_really_ran_is_recorded() -> None:
    """A subject too thin for a trimap is accepted unmatted, and says so."""
    result = pipeline.render(PHOTO, segmenter(THREAD), RECIPES)
    assert isinstance(result, Rendition)
    assert ("u2net-unmatted", "no_sure_subject") == (result.recipe, result.notes["why"])


def test_missing_weights_are_no_refusal() -> None:
    """A model that cannot run is an operator's matter; no other recipe stands in for it."""
    fake = FakeSegmenter({ISNET.name: THE_BOOK})
    with pytest.raises(WeightsError, match=r"u2net\.onnx"):
        pipeline.render(PHOTO, fake, RECIPES)
    assert [U2NET.name] == fake.ran


def test_same_photo_same_bytes() -> None:
    """A second run of a job writes the same objects."""
    first, second = (pipeline.render(PHOTO, segmenter(THE_BOOK), RECIPES) for _ in range(2))
    assert isinstance(first, Rendition)
    assert isinstance(second, Rendition)
    assert (first.png, first.thumbnail) == (second.png, second.thumbnail)
