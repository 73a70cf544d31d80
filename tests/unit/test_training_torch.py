"""The network, its checkpoints, its beginnings and its export: `make train-check`, where torch is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch, which `make train-check` brings")

import onnxruntime as ort  # noqa: E402

from lambdas.image_processor.recipes import CRITIC  # noqa: E402
from training import export  # noqa: E402
from training.ablate import Length, measure, table, train  # noqa: E402
from training.candidates import Candidates  # noqa: E402
from training.checkpoint import State  # noqa: E402
from training.generator import Batch, Generator  # noqa: E402
from training.heritage import inherit  # noqa: E402
from training.library import Stock  # noqa: E402
from training.losses import cost  # noqa: E402
from training.network import WIDE, BookNet, Exported, built  # noqa: E402
from training.plan import Plan, parse  # noqa: E402
from training.sources import Lesson, to_tensors  # noqa: E402
from training.train import begin, learning_rate, set_learning, take_step  # noqa: E402

STOCK = Stock(covers=6, sheets=3, spines=4, edges=2, spreads=2, pages=1, surfaces=4)
BOOK_V0 = Path(export.__file__).parent / "weights" / "book-v0.onnx"


@pytest.fixture(scope="module")
def source() -> Generator:
    """A generator of small pictures from few textures."""
    return Generator(5, 64, stock=STOCK)


def plan(folder: Path, *arguments: str) -> Plan:
    return parse(["--folder", str(folder), "--side", "64", "--batch", "4", *arguments])


def lesson(batch: Batch) -> Lesson:
    return Lesson(*to_tensors(batch), len(batch.masks))


def test_a_training_goes_on_as_if_it_had_never_stopped(source: Generator, tmp_path: Path) -> None:
    """Weights, average and counters are equal to the last bit."""
    torch.set_num_threads(1)
    whole, halves = State.fresh(3), State.fresh(3)
    for step in range(4):
        take_step(whole, lesson(source.batch(step * 4, 4)), 1e-3)
        if step == 2:
            halves.save(tmp_path / "latest.pt")
            halves = State.load(tmp_path / "latest.pt")
        take_step(halves, lesson(source.batch(step * 4, 4)), 1e-3)
    assert whole.step == halves.step == 4
    for one, other in ((whole.network, halves.network), (whole.average, halves.average)):
        for name, tensor in one.state_dict().items():
            assert torch.equal(tensor, other.state_dict()[name]), name


def test_training_lowers_the_loss(source: Generator) -> None:
    """A few steps on one batch suffice to see it."""
    torch.set_num_threads(1)
    state, batch = State.fresh(3), lesson(source.batch(0, 8))
    losses = [take_step(state, batch, 2e-3).total.item() for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]


def test_a_picture_without_a_book_gives_an_empty_mask() -> None:
    """The gate takes everything from a picture judged to hold none, and nothing from one that holds one."""
    network = BookNet().eval()
    pictures = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        network.head.bias.fill_(3.0)
        network.presence[2].weight.zero_()
        network.presence[2].bias.fill_(-5.0)
        assert float(Exported(network)(pictures).max()) < 0.01
        network.presence[2].bias.fill_(5.0)
        assert torch.equal(Exported(network)(pictures), torch.sigmoid(network(pictures).mask))


def test_a_pair_averages_its_logits_and_asks_one_gate() -> None:
    """The mask lies between the two; the second network's presence head has no say."""
    one, other = BookNet().eval(), BookNet().eval()
    pictures = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        for network, bias in ((one, 5.0), (other, -5.0)):
            network.presence[2].weight.zero_()
            network.presence[2].bias.fill_(bias)
        mean = (one(pictures).mask + other(pictures).mask) / 2
        assert torch.allclose(Exported(one, other)(pictures), torch.sigmoid(mean))
        assert float(Exported(other, one)(pictures).max()) < float(torch.sigmoid(mean - 19).max())


def test_presence_is_not_learnt_where_it_is_not_asked(source: Generator) -> None:
    """A batch that asks nothing sends no gradient through the presence head."""
    network = BookNet()
    pictures, targets = to_tensors(source.batch(0, 4))
    targets.presence.fill_(-1)
    cost(network(pictures), targets).total.backward()
    assert all(p.grad is None or not p.grad.any() for p in network.presence.parameters())


def test_the_embedded_weights_are_a_beginning(source: Generator) -> None:
    """The network that inherits book-v0 computes what book-v0 computes."""
    network = State.fresh(0).network
    pictures = to_tensors(Generator(5, 256, stock=STOCK).batch(0, 16))[0]
    inherit(network, BOOK_V0, pictures)
    session = ort.InferenceSession(str(BOOK_V0), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    wanted = np.concatenate([session.run(None, {name: p[None].contiguous().numpy()})[0] for p in pictures])
    with torch.no_grad():
        got = torch.sigmoid(network.eval()(pictures).mask).numpy()
    assert ((wanted > 0.5) != (got > 0.5)).mean() < 0.01


def test_the_rate_is_constant_and_falls_in_the_closing_phase(tmp_path: Path) -> None:
    """Warm-up, plateau; a rise, half way down in the middle of the close, next to nothing at its end."""
    state = State.fresh(0)
    state.step = 10_000
    plateau = learning_rate(plan(tmp_path), state)
    closing = plan(tmp_path, "--finish", "--minutes", "10")
    assert learning_rate(closing, state) < 0.1 * plateau
    state.finish_seconds = 20
    assert learning_rate(closing, state) == pytest.approx(plateau, rel=0.02)
    state.finish_seconds = 300
    assert learning_rate(closing, state) == pytest.approx(plateau / 2, rel=0.02)
    state.finish_seconds = 600
    assert learning_rate(closing, state) < 0.01 * plateau


def test_a_gentler_rate_can_be_asked_for(tmp_path: Path) -> None:
    """For weights that are trained already: a share of the usual one throughout."""
    state = State.fresh(1)
    state.step = 10_000
    usual, gentle = (learning_rate(plan(tmp_path, "--rate", rate), state) for rate in ("0.001", "0.0005"))
    assert usual == learning_rate(plan(tmp_path), state)
    assert gentle == pytest.approx(usual / 2)


def test_a_training_begins_from_anothers_average(source: Generator, tmp_path: Path) -> None:
    """With nothing done yet, and nothing remembered by its optimiser."""
    state = State.fresh(1)
    take_step(state, lesson(source.batch(0, 4)), 1e-2)
    state.save(tmp_path / "finished.pt")
    begun = begin(plan(tmp_path / "new", "--from", str(tmp_path / "finished.pt")))
    assert begun.step == 0
    assert not begun.optimiser.state
    for network in (begun.network, begun.average):
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, state.average.state_dict()[name]), name


def test_two_runs_meet_half_way(source: Generator) -> None:
    """What is exported of two runs is the mean of their averages."""
    one, other = State.fresh(1), State.fresh(1)
    take_step(one, lesson(source.batch(0, 4)), 1e-2)
    mine, theirs = (state.average.head.weight.clone() for state in (one, other))
    one.meet(other)
    assert not torch.equal(mine, theirs)
    assert torch.allclose(one.average.head.weight, (mine + theirs) / 2)


def test_a_steady_training_keeps_the_statistics(source: Generator) -> None:
    """The weights change, what the normalisations have seen does not."""
    state = State.fresh(1)
    before = {name: tensor.clone() for name, tensor in state.network.state_dict().items()}
    set_learning(state.network, is_steady=True)
    take_step(state, lesson(source.batch(0, 4)), 1e-2)
    after = state.network.state_dict()
    changed = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert changed
    assert not any("running" in name for name in changed)


def test_the_closing_phase_begins_from_the_constant_one(source: Generator, tmp_path: Path) -> None:
    """And leaves its state alone."""
    state = State.fresh(1)
    take_step(state, lesson(source.batch(0, 4)), 1e-3)
    state.save(tmp_path / "latest.pt")
    assert begin(plan(tmp_path, "--finish")).step == 1
    assert not (tmp_path / "finish.pt").exists()


@pytest.mark.parametrize("beside", [[], ["--beside", str(BOOK_V0)]])
def test_export_writes_a_graph_that_agrees(tmp_path: Path, beside: list[str]) -> None:
    """One input, one output of probabilities, small enough, and the same as torch; alone or as a pair."""
    State.fresh(2).save(tmp_path / "finished.pt")
    out = tmp_path / "model.onnx"
    assert export.main(["--checkpoint", str(tmp_path / "finished.pt"), "--out", str(out), *beside]) == 0
    session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    (given,), (got,) = session.get_inputs(), session.get_outputs()
    assert given.shape == [1, 3, 256, 256]
    assert got.shape == [1, 1, 256, 256]
    assert out.stat().st_size < 4_500_000


def test_a_critic_begins_as_the_embedded_weights_and_ignores_the_mask() -> None:
    """At first: the fourth channel has no weight, so any mask gives the same answer."""
    state = State.fresh(0, 4)
    pictures = to_tensors(Candidates(5, 64, stock=STOCK).batch(0, 8))[0]
    inherit(state.network, BOOK_V0, pictures)
    other = pictures.clone()
    other[:, 3] = -other[:, 3]
    with torch.no_grad():
        one, two = (state.network.eval()(each).mask for each in (pictures, other))
    assert torch.equal(one, two)


def test_a_critic_learns_from_candidates(tmp_path: Path) -> None:
    """Its loss falls, its state is saved with its fourth channel, and its answers are asked for."""
    torch.set_num_threads(1)
    state, batch = State.fresh(3, 4), lesson(Candidates(5, 64, stock=STOCK).batch(0, 8))
    losses = [take_step(state, batch, 2e-3).total.item() for _ in range(12)]
    assert losses[-1] < 0.9 * losses[0]
    state.save(tmp_path / "latest.pt")
    assert State.load(tmp_path / "latest.pt").network.inputs == 4
    assert plan(tmp_path, "--critic").curriculum.is_critic


def test_a_critic_is_exported_with_both_answers(tmp_path: Path) -> None:
    """A mask, and how likely the one asked about is right; small enough to be packaged."""
    State.fresh(2, 4).save(tmp_path / "finished.pt")
    out = tmp_path / "critic.onnx"
    assert export.main(["--checkpoint", str(tmp_path / "finished.pt"), "--out", str(out)]) == 0
    session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    side = CRITIC.input_side_px
    assert session.get_inputs()[0].shape == [1, 4, side, side]
    tensor = np.zeros((1, 4, side, side), np.float32)
    mask, rightness = session.run(None, {session.get_inputs()[0].name: tensor})
    assert mask.shape == (1, 1, side, side)
    assert rightness.shape == (1,)
    assert 0 <= float(rightness[0]) <= 1
    assert out.stat().st_size < 2_500_000


def test_a_checkpoint_knows_how_wide_its_network_is(tmp_path: Path) -> None:
    """The wide network comes back as it was saved."""
    state = State.fresh(4, widths=WIDE)
    state.save(tmp_path / "latest.pt")
    assert built(State.load(tmp_path / "latest.pt").network.state_dict()) == (3, WIDE)


@pytest.mark.parametrize(("bias", "kept"), [(-50.0, False), (50.0, True)])
def test_an_ablation_measures_subjects_by_overlap_and_the_rest_by_emptiness(
    source: Generator, *, bias: float, kept: bool
) -> None:
    """A network that keeps nothing is right about empty scenes alone; one that keeps all, about coverage."""
    batch, network = source.batch(0, 20), BookNet()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.fill_(bias)
        # The gate stays open.
        network.presence[-1].weight.zero_()
        network.presence[-1].bias.fill_(5.0)
    scores = measure(network, batch)
    covered = (batch.masks > 127).mean((1, 2))
    has_subject = covered > 0
    assert has_subject.any()
    assert (~has_subject).any()
    assert scores[has_subject] == pytest.approx(covered[has_subject] if kept else 0.0, abs=1e-6)
    assert (scores[~has_subject] == (0.0 if kept else 1.0)).all()


def test_an_ablation_trains_for_its_steps() -> None:
    """From book-v0, through the renderer beside it; what comes of it can be measured."""
    torch.set_num_threads(1)
    network = train("without negatives", Length(steps=2, side_px=64, scenes=1))
    assert all(torch.isfinite(parameter).all() for parameter in network.parameters())


def test_an_ablations_differences_are_paired() -> None:
    """A run that is worse by the same on every scene is worse without doubt."""
    report = {"everything": {"hands": [0.2, 0.9, 0.5]}, "without hands": {"hands": [0.1, 0.8, 0.4]}}
    assert table(report)[1] == "without hands: hands 0.433 (-0.100 +- 0.000)"
