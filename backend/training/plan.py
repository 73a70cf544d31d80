"""What one run of the trainer is asked to do: its command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.mix import INGREDIENTS, mix_without
from training.sources import Curriculum

DEFAULT_FOLDER: Final = Path.home() / ".cache" / "bluemoxon-image-processor" / "training"
_LEARNING_RATE: Final = 1e-3


@dataclass(frozen=True)
class Plan:
    """What one run of the trainer is asked to do."""

    folder: Path
    minutes: float
    #: Whether the learning rate falls to its end within these minutes.
    phase: str
    curriculum: Curriculum
    processes: int
    threads: int
    #: Highest learning rate, for the usual batch.
    rate: float
    #: Whether a network that begins from nothing is the wide one.
    is_wide: bool
    #: An ONNX file, or another run's checkpoint, to start from when there is none here; None: from nothing.
    heritage: Path | None
    #: Whether the normalisations keep the statistics that they have: those of a small batch are poor.
    is_steady: bool

    @property
    def checkpoint(self) -> Path:
        """Where this phase keeps its state."""
        return self.folder / ("finish.pt" if self.phase == "finish" else "latest.pt")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make train", description="Renders, trains, saves; goes on where it stopped."
    )
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument(
        "--finish", action="store_true", help="let the learning rate fall within these minutes"
    )
    parser.add_argument(
        "--from", dest="heritage", type=Path, help="ONNX weights, or a checkpoint's average, to start from"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--rate",
        type=float,
        default=_LEARNING_RATE,
        help="highest learning rate; less for weights that are trained already",
    )
    parser.add_argument(
        "--device", default="cpu", help="cuda: train there, on views of what is rendered here (--kept)"
    )
    parser.add_argument(
        "--kept", type=int, default=0, help="scenes to keep where torch computes, to train on views of them"
    )
    parser.add_argument(
        "--rephotographed", type=float, default=1.0, help="share of the critic's views photographed again"
    )
    parser.add_argument(
        "--steady", action="store_true", help="keep the normalisations' statistics, for small batches"
    )
    parser.add_argument("--wide", action="store_true", help="begin with the wide network")
    parser.add_argument(
        "--without", nargs="*", default=[], choices=INGREDIENTS, help="leave out, for ablations"
    )
    parser.add_argument(
        "--critic", action="store_true", help="train the judge's critic: candidates instead of scenes"
    )
    return parser


def parse(arguments: list[str] | None = None) -> Plan:
    """Return the plan of a command line."""
    given = _parser().parse_args(arguments)
    curriculum = Curriculum(
        is_critic=given.critic,
        seed=given.seed,
        side_px=given.side,
        batch_size=given.batch,
        mix=mix_without(*given.without),
        device=given.device,
        kept=given.kept,
        rephotographed=given.rephotographed,
    )
    return Plan(
        folder=given.folder,
        minutes=given.minutes,
        phase="finish" if given.finish else "constant",
        curriculum=curriculum,
        processes=given.processes,
        threads=given.threads,
        rate=given.rate,
        is_wide=given.wide,
        heritage=given.heritage,
        is_steady=given.steady,
    )
