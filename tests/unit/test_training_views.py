"""Views of rendered scenes: what an accelerator trains on; tested on the processor, where torch is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs torch, which `make train-check` brings")

from training.critiques import MASKS, Critiques  # noqa: E402
from training.darkroom import Throws, blurred, compressed, develop  # noqa: E402
from training.library import Stock  # noqa: E402
from training.mix import Mix  # noqa: E402
from training.plan import parse  # noqa: E402
from training.plates import BENEATH, COVERAGE, SCENE, SHADE, Plates, Stack  # noqa: E402
from training.replay import Replay  # noqa: E402
from training.train import run  # noqa: E402
from training.views import edges, of_critiques, of_plates  # noqa: E402

STOCK = Stock(covers=6, sheets=3, spines=4, edges=2, spreads=2, pages=1, surfaces=4)
SIDE = 96


def source(seed: int = 3) -> Any:
    made = torch.Generator("cpu")
    made.manual_seed(seed)
    return made


def drawn(stack: Stack) -> dict[str, Any]:
    return {name: torch.from_numpy(array) for name, array in stack.items()}


@pytest.fixture(scope="module")
def plates() -> Stack:
    """Scenes in layers, one in five without a subject."""
    return Plates(5, SIDE, Mix(negatives=0.2), STOCK).stack(0, 24)


def test_a_loose_subject_lies_on_its_own_ground(plates: Stack) -> None:
    """The layers say again what the scene is: outside the subject the ground, darkened by the shadow."""
    layers = plates["layers"].astype(np.float64)
    seen = 0
    for scene in layers[plates["is_loose"].astype(bool)]:
        outside = scene[COVERAGE][0] == 0
        ground = scene[BENEATH] * scene[SHADE] / 255
        assert np.abs(scene[SCENE] - ground)[:, outside].mean() < 4
        seen += 1
    assert seen >= 4


def test_views_are_as_the_product_would_see_them(plates: Stack) -> None:
    """Standardised by their own maximum; masks from nothing to all; the same from the same throws."""
    pictures, targets = of_plates(drawn(plates), 64, Throws(24, source()))
    assert pictures.shape == (24, 3, 64, 64)
    assert targets.masks.shape == targets.bands.shape == (24, 1, 64, 64)
    assert 0 <= float(targets.masks.min()) <= float(targets.masks.max()) <= 1.001
    assert float(pictures.amax()) <= (1 - 0.406) / 0.225 + 1e-5
    absent = targets.presence == 0
    assert absent.any()
    assert not targets.masks[absent].any()
    again = of_plates(drawn(plates), 64, Throws(24, source()))[0]
    assert torch.equal(pictures, again)


def test_a_subject_that_fills_its_view_is_not_asked_for(plates: Stack) -> None:
    """A cut can make a cover a surface; nobody could tell whether a book is there."""
    full = {name: tensor.clone() for name, tensor in drawn(plates).items()}
    full["layers"][:, COVERAGE] = 255
    full["presence"][:] = 1
    assert (of_plates(full, 64, Throws(24, source()))[1].presence == -1).all()


def test_a_critics_view_shows_a_mask_and_whether_it_is_right() -> None:
    """The answer is the one that belongs to the mask shown: a right one agrees with the truth."""
    stack = Critiques(5, SIDE, stock=STOCK).stack(0, 6)
    assert stack["planes"].shape == (6, 4 + MASKS, SIDE, SIDE)
    agreements: dict[int, list[float]] = {0: [], 1: []}
    throws = Throws(6, source())
    for _ in range(8):
        inputs, targets = of_critiques(drawn(stack), 64, throws)
        assert inputs.shape == (6, 4, 64, 64)
        given, truth = inputs[:, 3:] > 0, targets.masks > 0.5
        overlap = (given & truth).sum((1, 2, 3)) / (given | truth).sum((1, 2, 3)).clamp(min=1)
        for answer, score in zip(targets.presence.tolist(), overlap.tolist(), strict=True):
            if answer >= 0:
                agreements[answer].append(score)
    assert np.mean(agreements[1]) > 0.93
    assert np.mean(agreements[0]) < np.mean(agreements[1]) - 0.05


def test_views_may_be_left_as_they_were_photographed() -> None:
    """Of an even grey, half the views stay even; of the others not all do."""
    stack = Critiques(5, SIDE, stock=STOCK).stack(0, 6)
    stack["planes"][:, :3] = 100
    pictures = of_critiques(drawn(stack), 64, Throws(6, source()), again=0.5)[0][:, :3]
    unevenness = (pictures - pictures[..., :1, :1]).abs().amax((1, 2, 3))
    assert unevenness[3:].max() < 1e-5
    assert unevenness[:3].max() > 0.1


def test_some_views_reach_farther_at_single_sides() -> None:
    """Of a mask in the middle of its plane, most views show as much at each side; some more at one."""
    stack = Critiques(5, SIDE, stock=STOCK).stack(0, 6)
    stack["planes"][:] = 0
    stack["planes"][:, :, 36:60, 36:60] = 255
    stack["boxes"][:] = [36 / SIDE, 36 / SIDE, 60 / SIDE, 60 / SIDE]
    throws, even = Throws(6, source()), []
    for _ in range(12):
        given = of_critiques(drawn(stack), 64, throws)[0][:, 3] > 0
        for columns in given.any(1):
            before, after = columns.nonzero()[[0, -1], 0].tolist()
            even.append(abs(before - (63 - after)) <= 2)
    assert 0.5 < np.mean(even) < 0.95


def test_compression_is_that_of_jpeg() -> None:
    """As near to Pillow's, without subsampling, as rounding allows: nearer than to the picture itself."""
    rng = np.random.default_rng(4)
    smooth = np.kron(rng.integers(0, 255, (8, 8, 3)), np.ones((8, 8, 1)))
    picture = (smooth + rng.normal(0, 12, smooth.shape)).clip(0, 255).astype(np.uint8)

    class Fixed(Throws):
        def between(self, low: float, high: float, channels: int = 1) -> Any:
            assert (low, high, channels) == (25, 95, 1)
            return torch.full((self.count, 1, 1, 1), 40.0)

    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    ours = compressed(tensor, Fixed(1, source()))[0].permute(1, 2, 0).numpy()
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=40, subsampling=0)
    theirs = np.asarray(Image.open(stream)).astype(np.float64)
    grey = np.asarray([0.299, 0.587, 0.114])
    assert np.abs((ours - theirs) @ grey).mean() < 0.2 * np.abs((picture - theirs) @ grey).mean()


def test_a_blur_keeps_what_is_even_and_is_wider_for_a_larger_sigma() -> None:
    """Each picture has its own."""
    dots = torch.zeros(2, 1, 31, 31)
    dots[:, :, 15, 15] = 1
    soft = blurred(dots, torch.tensor([0.5, 2.0]).view(2, 1, 1, 1))
    assert soft.sum((1, 2, 3)) == pytest.approx(torch.ones(2), abs=1e-3)
    assert float(soft[0, 0, 15, 15]) > 4 * float(soft[1, 0, 15, 15])
    even = torch.full((2, 3, 16, 16), 77.0)
    assert torch.allclose(blurred(even, torch.ones(2, 1, 1, 1)), even, atol=1e-3)


def test_developing_changes_pictures_and_stays_in_range() -> None:
    """Whole numbers from 0 to 255; at no strength nothing happens but rounding down."""
    pictures = torch.rand(6, 3, 32, 32, generator=source()) * 255
    coverage = torch.zeros(6, 1, 32, 32)
    coverage[:, :, 8:24, 8:24] = 1
    made = develop(pictures, coverage, Throws(6, source()))
    assert 0 <= float(made.min()) <= float(made.max()) <= 255
    assert torch.equal(made, made.round())
    assert float((made - pictures).abs().mean()) > 3
    untouched = develop(pictures, coverage, Throws(6, source()), 0.0)
    assert float((untouched - pictures).abs().max()) <= 1


def test_edges_are_near_where_masks_change() -> None:
    """Four pixels to either side, nothing beyond."""
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 16:] = 1
    row = edges(mask)[0, 0, 10]
    assert (row > 0.5).nonzero().flatten().tolist() == list(range(12, 20))


def test_a_ring_keeps_the_newest_and_draws_from_all_of_it() -> None:
    """What is too old is gone; a draw is as the generator says."""
    ring = Replay(4, source())
    for first in (0, 3):
        ring.add({"number": np.arange(first, first + 3, dtype=np.int8)})
    assert (len(ring), ring.seen) == (4, 6)
    assert set(ring.draw(200)["number"].tolist()) == {2, 3, 4, 5}


@pytest.mark.parametrize("critic", [[], ["--critic"]])
def test_a_training_on_views_ends_in_a_finished_state(tmp_path: Path, critic: list[str]) -> None:
    """Through the workers, the ring and the views, as on an accelerator; this device is one by name only."""
    plan = parse(
        ["--folder", str(tmp_path), "--minutes", "0.02", "--finish", "--side", "64", "--batch", "4",
         "--device", "cpu:0", "--kept", "300", "--wide", *critic]
    )  # fmt: skip
    state = run(plan)
    assert state.step >= 1
    assert state.next_sample >= 256
    assert (tmp_path / "finished.pt").is_file()
