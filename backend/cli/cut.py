"""`image-processor cut`: cut books out of photos on this machine, by the worker's own engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.cut_choices import Background, Engine, RecipeChoice
from cli.weights_option import WeightsDir


def cut(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Photos, folders, patterns, or `-` for a list on standard input.", metavar="PATHS..."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the pictures and cut.jsonl.", file_okay=False)],
    background: Annotated[Background, typer.Option(help="auto: black under dark books.")] = Background.AUTO,
    recipe: Annotated[RecipeChoice, typer.Option(help="auto: the worker's own order.")] = RecipeChoice.AUTO,
    engine: Annotated[
        Engine, typer.Option(help="rembg: the deployed path, to compare with (needs the group `oracle`).")
    ] = Engine.OURS,
    report: Annotated[
        bool, typer.Option("--report", help="Also write OUT/report.html: before and after.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Cut again what is done.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Photos at once; default: what CPUs and memory allow.")
    ] = None,
    weights: WeightsDir = None,
) -> None:
    """Cut books out of photos: OUT/NAME.png for each, and a line of OUT/cut.jsonl that says why or why not.

    What is done already is skipped, so an interrupted run goes on where it stopped. Exit status: 0 all cut
    out, 1 some refused (the line says why), 2 wrong usage.
    """
    # Imported here: the engine takes a second to import, and the other commands start without it.
    from cli.cut_run import Order, run_cut  # noqa: PLC0415

    order = Order(paths, out, background, recipe, engine, weights, force=force, report=report, jobs=jobs)
    raise typer.Exit(run_cut(order))
