"""Segmentation on the real runtime, with generated graphs that have the deployed models' signatures."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from PIL import Image
from scipy import ndimage

from lambdas.image_processor import quality, smoke
from lambdas.image_processor.domain import Photo
from lambdas.image_processor.errors import FailureCode, WeightsError
from lambdas.image_processor.main_parts import keep_main_parts
from lambdas.image_processor.memory import LARGE_PX
from lambdas.image_processor.recipes import BOOK, CRITIC, ISNET, U2NET, ModelSpec
from lambdas.image_processor.segment import Segmenter
from lambdas.image_processor.sessions import keep_memory, open_session, return_memory, run
from lambdas.image_processor.tensors import preprocess, to_alpha
from lambdas.image_processor.weight_files import original
from local import sample_photo
from tests import graphs, scenes
from tests.graphs import Sees

PHOTO = Photo(scenes.scene(scenes.BOOK), "JPEG")
BOTH = pytest.mark.parametrize("spec", [U2NET, ISNET], ids=lambda spec: spec.name)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder with both models' files."""
    return graphs.write(tmp_path, {U2NET: Sees.RED, ISNET: Sees.RED})


@pytest.fixture
def no_sessions() -> Iterator[None]:
    """Sessions of earlier tests are gone, so that this one can count its own."""
    gc.collect()
    assert 0 == resident()
    yield
    gc.collect()


def resident() -> int:
    """Return how many models are in memory."""
    return sum(isinstance(found, ort.InferenceSession) for found in gc.get_objects())


@BOTH
def test_the_book_is_found(spec: ModelSpec, weights: Path) -> None:
    """The mask has the photo's size, the raw output the model's, and both show the book."""
    mask = Segmenter(weights).segment(spec, PHOTO)
    side = spec.input_side_px
    assert (np.dtype(np.uint8), (300, 400)) == (mask.alpha.dtype, mask.alpha.shape)
    assert (np.dtype(np.float32), (side, side)) == (mask.probability.dtype, mask.probability.shape)
    truth = scenes.scene(scenes.BOOK, noise=0)[..., 2] < 90
    found = mask.alpha > 127
    assert (truth & found).sum() / (truth | found).sum() > 0.98
    assert quality.judge(PHOTO, mask).accepted


@pytest.mark.parametrize(
    ("sees", "code"),
    [
        (Sees.NOTHING, FailureCode.NO_SUBJECT),
        (Sees.FAINTLY, FailureCode.NO_SUBJECT),
        (Sees.EVERYTHING, FailureCode.FILLS_FRAME),
        (Sees.FRAGMENTS, FailureCode.FRAGMENTS),
    ],
)
@BOTH
def test_what_a_model_sees_is_what_is_judged(
    spec: ModelSpec, sees: Sees, code: FailureCode, tmp_path: Path
) -> None:
    """The raw output reaches the judge: stretching a faint or constant one hides nothing."""
    mask = Segmenter(graphs.write(tmp_path, {spec: sees})).segment(spec, PHOTO)
    assert code == quality.judge(PHOTO, mask).reason


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], FailureCode.NO_SUBJECT),
        ([scenes.SPECK], FailureCode.SUBJECT_TOO_SMALL),
        ([scenes.FULL_FRAME], FailureCode.FILLS_FRAME),
        (scenes.PIECES, FailureCode.FRAGMENTS),
    ],
)
@BOTH
def test_photos_without_a_book(
    spec: ModelSpec, parts: list[scenes.Corners], code: FailureCode, weights: Path
) -> None:
    """One graph, four photos, four codes."""
    photo = Photo(scenes.scene(*parts), "JPEG")
    assert code == quality.judge(photo, Segmenter(weights).segment(spec, photo)).reason


@BOTH
def test_preprocessing(spec: ModelSpec) -> None:
    """Squeezed by LANCZOS, divided by its own maximum, standardised per channel: written out again."""
    dim = (PHOTO.pixels * 0.7).astype(np.uint8)
    side = spec.input_side_px
    small = np.asarray(Image.fromarray(dim).resize((side, side), Image.Resampling.LANCZOS), np.float64)
    tensor = preprocess(spec, dim)
    assert ((1, 3, side, side), np.dtype(np.float32)) == (tensor.shape, tensor.dtype)
    for channel in range(3):
        expected = (small[..., channel] / small.max() - spec.mean[channel]) / spec.std[channel]
        assert np.abs(tensor[0, channel] - expected).max() < 1e-5


def test_a_black_photo_can_be_preprocessed() -> None:
    """No division by its maximum of zero."""
    assert np.isfinite(preprocess(U2NET, np.zeros((120, 160, 3), np.uint8))).all()


def test_stretching() -> None:
    """The lowest becomes 0, the highest 255; without stretching a probability stays what it is."""
    raw = np.linspace(0.2, 0.6, 64, dtype=np.float32).reshape(8, 8)
    stretched, kept = to_alpha(U2NET, raw, (8, 8)), to_alpha(BOOK, raw, (8, 8))
    assert (0, 255) == (stretched.min(), stretched.max())
    assert (51, 153) == (kept.min(), kept.max())


@pytest.mark.parametrize("level", [0.0, 0.02, 0.97, 1.0])
def test_a_constant_prediction_is_not_stretched(level: float) -> None:
    """Nothing is divided by zero; the mask is as sure as the model."""
    alpha = to_alpha(U2NET, np.full((320, 320), level, np.float32), (40, 30))
    assert {int(level * 255)} == set(np.unique(alpha))


def test_main_parts() -> None:
    """A speck beside the subject goes, a hole in it is closed, a second large part stays."""
    raw = np.full((64, 64), 0.05, np.float32)
    raw[8:40, 8:40] = 0.9
    raw[20:24, 20:24] = 0.1
    raw[44:62, 20:50] = 0.8
    raw[4:7, 56:60] = 0.95
    kept = keep_main_parts(raw)
    assert (kept[22, 22], kept[5, 58]) == (1.0, 0.0)
    assert (kept[10, 10], kept[50, 30]) == (raw[10, 10], raw[50, 30])
    empty = np.full((8, 8), 0.2, np.float32)
    assert (keep_main_parts(empty) == empty).all()


@BOTH
def test_a_missing_file_is_named(spec: ModelSpec, tmp_path: Path) -> None:
    """The operator reads which file, and what to do."""
    segmenter = Segmenter(tmp_path)
    assert not segmenter.has_weights(spec)
    with pytest.raises(WeightsError, match=rf"{tmp_path}/{spec.filename} are missing; run") as caught:
        segmenter.segment(spec, PHOTO)
    assert "models pull" in str(caught.value)


@pytest.mark.parametrize("damage", [b"", b"not a model", "half"])
def test_a_damaged_file_is_named(damage: bytes | str, weights: Path) -> None:
    """Empty, something else, or cut off while it was downloaded."""
    file = weights / U2NET.filename
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if isinstance(damage, str) else damage)
    with pytest.raises(WeightsError, match=rf"{file} are damaged"):
        Segmenter(weights).segment(U2NET, PHOTO)


def test_a_file_of_another_model_is_named(tmp_path: Path) -> None:
    """A map of another shape is not this model's."""
    weights = graphs.write(tmp_path, {U2NET: Sees.ANOTHER_SHAPE})
    with pytest.raises(WeightsError, match=rf"{weights / U2NET.filename} is not u2net: its output is"):
        Segmenter(weights).segment(U2NET, PHOTO)


def test_a_file_for_another_input_is_named(tmp_path: Path) -> None:
    """isnet's file under u2net's name."""
    (tmp_path / U2NET.filename).write_bytes(graphs.graph(ISNET, Sees.RED))
    with pytest.raises(WeightsError, match=r"u2net\.onnx is not u2net: its input is \[1, 3, 1024, 1024\]"):
        Segmenter(tmp_path).segment(U2NET, PHOTO)


def test_lazy(no_sessions: None, weights: Path) -> None:
    """Nothing is loaded before its turn, and the same model is loaded once."""
    segmenter = Segmenter(weights)
    assert segmenter.has_weights(U2NET)
    assert 0 == resident()
    segmenter.segment(U2NET, PHOTO)
    (weights / U2NET.filename).unlink()
    segmenter.segment(U2NET, PHOTO)
    assert 1 == resident()


def test_one_download_in_memory_at_a_time(no_sessions: None, weights: Path) -> None:
    """u2net goes when isnet comes, and the other way round; embedded model and critic stay beside them."""
    segmenter = Segmenter(weights)
    for spec, expected in ((U2NET, 1), (ISNET, 1), (BOOK, 3), (U2NET, 3), (BOOK, 3), (ISNET, 3)):
        segmenter.segment(spec, PHOTO)
        assert expected == resident()


def test_a_large_photo_has_the_same_mask(tmp_path: Path) -> None:
    """Its layers' memory goes back to the system between runs; the answers are those of runs that keep it."""
    large = Photo(np.asarray(Image.fromarray(PHOTO.pixels).resize((2400, 1800))), "JPEG")
    assert large.pixels.size // 3 > LARGE_PX
    segmenter, session = Segmenter(tmp_path), open_session(original(BOOK, tmp_path), threads=1)
    tensor = preprocess(BOOK, large.pixels)
    expected = run(session, tensor, keep_memory())
    np.testing.assert_array_equal(run(session, tensor, return_memory()), expected)
    first, second = (segmenter.segment(BOOK, large) for _ in range(2))
    np.testing.assert_array_equal(first.alpha, second.alpha)


def test_prefetched(weights: Path) -> None:
    """What was prefetched is what is used, also after the file is gone."""
    segmenter = Segmenter(weights)
    segmenter.prefetch(U2NET)
    before = segmenter.segment(U2NET, PHOTO)
    (weights / U2NET.filename).unlink()
    segmenter.prefetch(U2NET)
    assert (before.alpha == segmenter.segment(U2NET, PHOTO).alpha).all()


def test_a_prefetch_that_fails_says_so_when_its_turn_comes(tmp_path: Path) -> None:
    """Its error waits; another model is not harmed by it."""
    segmenter = Segmenter(graphs.write(tmp_path, {ISNET: Sees.RED}))
    segmenter.prefetch(U2NET)
    with pytest.raises(WeightsError, match=U2NET.filename):
        segmenter.segment(U2NET, PHOTO)
    assert quality.judge(PHOTO, segmenter.segment(ISNET, PHOTO)).accepted


def test_a_failure_is_not_for_ever(tmp_path: Path) -> None:
    """A warm function works as soon as the file is there."""
    segmenter = Segmenter(tmp_path)
    for _ in range(2):
        with pytest.raises(WeightsError):
            segmenter.segment(U2NET, PHOTO)
    graphs.write(tmp_path, {U2NET: Sees.RED})
    assert quality.judge(PHOTO, segmenter.segment(U2NET, PHOTO)).accepted


def test_the_embedded_model_finds_the_samples_book(tmp_path: Path) -> None:
    """One piece but for pixels of its fringe, in the middle, none of the table; no file is needed for it."""
    view = replace(sample_photo.FRONT, width_px=640, height_px=480)
    picture = Image.open(io.BytesIO(sample_photo.photographs(view)[0]))
    segmenter = Segmenter(tmp_path)
    assert segmenter.has_weights(BOOK)
    photo = Photo(np.asarray(picture), "JPEG")
    mask = segmenter.segment(BOOK, photo)
    assert quality.judge(photo, mask).accepted
    found = mask.alpha > 127
    sizes = np.bincount(ndimage.label(found)[0].ravel())[1:]
    assert sizes.max() > 0.999 * sizes.sum()
    assert found[200:280, 280:360].all()
    assert not any(
        corner.any() for corner in (found[:40, :40], found[:40, -40:], found[-40:, :40], found[-40:, -40:])
    )
    assert 0.12 < found.mean() < 0.45


def test_the_critic_tells_a_right_mask_from_a_wrong_one(tmp_path: Path) -> None:
    """Of the drawn book: its own mask is right; without a half, or with a piece of the table, it is not."""
    photo, segmenter = smoke.embedded_picture(), Segmenter(tmp_path)
    whole = np.zeros(photo.pixels.shape[:2], np.uint8)
    whole[40:204, 90:236] = 255
    half, more = whole.copy(), whole.copy()
    half[:, 90:160] = 0
    more[120:230, 200:310] = 255
    said = [segmenter.criticise(CRITIC, photo, alpha) for alpha in (whole, half, more)]
    assert all(answer.probability.shape == (CRITIC.input_side_px,) * 2 for answer in said)
    assert said[0].rightness > max(said[1].rightness, said[2].rightness)


def test_a_model_that_is_no_critic_is_named(tmp_path: Path) -> None:
    """Another graph under the critic's name fails, and says whose file it is."""
    photo = smoke.embedded_picture()
    impostor = replace(BOOK, name="critic-v0", is_critic=True)
    with pytest.raises(WeightsError, match=r"book-v2\.onnx is not critic-v0"):
        Segmenter(tmp_path).criticise(impostor, photo, np.zeros(photo.pixels.shape[:2], np.uint8))


def test_the_embedded_model_sees_no_book_in_a_plain_picture(tmp_path: Path) -> None:
    """Its probability is not stretched: an empty mask stays empty."""
    photo = Photo(np.full((480, 640, 3), 128, np.uint8), "PNG")
    assert FailureCode.NO_SUBJECT == quality.judge(photo, Segmenter(tmp_path).segment(BOOK, photo)).reason
