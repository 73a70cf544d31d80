"""`image-processor judge`: whether a mask is a book's cut-out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class PolicyChoice(StrEnum):
    """Who judges."""

    MEASURED = "measured"
    SEED = "seed"
    ALL = "all"


def judge(
    photo: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The photo.")],
    mask: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            help="Its mask: 8-bit grey, 255 = subject, sized as the upright photo.",
        ),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    policy: Annotated[
        PolicyChoice, typer.Option(help="seed: the first version's two checks; all: accept what is there.")
    ] = PolicyChoice.MEASURED,
) -> None:
    """Judge a finished mask as the worker judges its own, the embedded book model's opinion included.

    Exit status: 0 accepted, 1 refused, 2 wrong usage.
    """
    # Imported here: the engine takes a second to import, and the other commands start without it.
    from cli.judge_run import run_judge  # noqa: PLC0415

    raise typer.Exit(run_judge(photo, mask, policy, as_json=as_json))
