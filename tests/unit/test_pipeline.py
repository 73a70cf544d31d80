"""The recipe loop on a segmenter that answers what the test gives it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from lambdas.image_processor import pipeline
from lambdas.image_processor.book_opinion import WHOLE
from lambdas.image_processor.domain import Critique, Mask, Photo, Rejection, Rendition, Trial
from lambdas.image_processor.errors import FailureCode, WeightsError
from lambdas.image_processor.quality import Policy
from lambdas.image_processor.recipes import BOOK, CRITIC, EMBEDDED_RECIPE, ISNET, RECIPES, U2NET, ModelSpec
from tests import masks, scenes

ALL = (*RECIPES, EMBEDDED_RECIPE)
PHOTO = Photo(scenes.scene(scenes.BOOK), "JPEG")


def probability(*boxes: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """Return a raw output that is sure of the boxes (top, left, bottom, right)."""
    found = np.full((300, 400), 0.01, np.float32)
    for top, left, bottom, right in boxes:
        found[top:bottom, left:right] = 0.99
    return found


THE_BOOK = masks.mask_of(scenes.BOOK).probability
EMPTY = np.full((300, 400), 0.02, np.float32)
PIECES = probability((20, 20, 100, 100), (20, 200, 100, 280), (200, 20, 280, 100))
FULL = np.full((300, 400), 0.99, np.float32)
#: A plain half of the book: sure, in one piece, and wrong.
HALF = masks.without(masks.mask_of(scenes.BOOK), [(0, 0), (1, 0), (1, 0.5), (0, 0.5)]).probability
THREAD: scenes.Corners = [(0.05, 0.33), (0.95, 0.33), (0.95, 0.355), (0.05, 0.355)]


@dataclass
class FakeSegmenter:
    """Answers each recipe's model with its raw output, and as a second opinion with what is red.

    `ran` keeps the recipes' order, `asked` the opinions'.
    """

    answers: Mapping[str, NDArray[np.float32]]
    ran: list[str] = field(default_factory=list)
    asked: list[ModelSpec] = field(default_factory=list)

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Return the answer at the photo's size."""
        if spec == WHOLE:
            self.asked.append(spec)
            return masks.from_alpha(_red(photo))
        self.ran.append(spec.name)
        if spec.name not in self.answers:
            raise WeightsError(f"the weights {spec.filename} are missing")
        found = self.answers[spec.name]
        return Mask((found * 255).astype(np.uint8), found)

    def criticise(self, spec: ModelSpec, part: Photo, alpha: NDArray[np.uint8]) -> Critique:
        """Say that the red is the subject, whatever the mask."""
        assert part.pixels.shape[2] == 3
        assert alpha.ndim == 2
        self.asked.append(spec)
        side = spec.input_side_px
        red = Image.fromarray(_red(part)).resize((side, side))
        return Critique(np.asarray(red, np.float32) / np.float32(255), 0.5)


def _red(photo: Photo) -> NDArray[np.uint8]:
    """Return what of a photo is the book's colour, a little soft."""
    red = photo.pixels[..., 0].astype(int) - photo.pixels[..., 1] > 50
    return np.asarray(ndimage.uniform_filter(red.astype(np.float32), 3) * 255, np.uint8)


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
    stages = {"segment", "opinion", "judge", "matte", "background", "composite", "encode", "thumbnail"}
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
    photo = Photo(scenes.scene(THREAD), "JPEG")
    result = pipeline.render(photo, segmenter(masks.mask_of(THREAD, soft_px=0.8).probability), RECIPES)
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


def test_a_second_opinion_is_asked_once() -> None:
    """Of the whole photo once, the critic near and far, both ways; not of the embedded model's own mask."""
    fake = segmenter(HALF, HALF, HALF)
    result = pipeline.render(PHOTO, fake, ALL)
    assert [CRITIC, WHOLE, *[CRITIC] * 3, *[CRITIC] * 4] == fake.asked
    assert ["opinion" in trial.seconds for trial in result.trials] == [True, True, False]


def test_rules_need_no_opinion() -> None:
    """An empty mask and a full one are refused without a look by the book model."""
    fake = segmenter(EMPTY, FULL, THE_BOOK)
    assert isinstance(pipeline.render(PHOTO, fake, ALL), Rendition)
    assert [] == fake.asked


def test_a_wrong_mask_gives_way_to_the_next_recipe() -> None:
    """Half a book is refused for what is wrong with it, with all its measures in the report."""
    result = pipeline.render(PHOTO, segmenter(HALF, THE_BOOK), RECIPES)
    assert isinstance(result, Rendition)
    assert "isnet-general-use" == result.recipe
    first, second = result.as_report()["trials"]
    assert (False, True) == (first["accepted"], second["accepted"])
    assert first["measures"]["critic_disagreement"] > second["measures"]["critic_disagreement"]
    # The book model is asked about the mask that the critic doubts, and only about that.
    assert "missing" in first["measures"]
    assert first["measures"].keys() > second["measures"].keys()


def test_the_seeds_policy_by_name() -> None:
    """It refuses this book for its box, and accepts nothing that the measured policy would save."""
    result = pipeline.render(PHOTO, segmenter(THE_BOOK, THE_BOOK), RECIPES, policy=Policy.SEED)
    assert isinstance(result, Rejection)
    assert FailureCode.SUBJECT_TOO_SMALL == result.code
