"""`image-processor doctor`: whether this machine is set up, and the command that mends what is not."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.weights_option import WeightsDir


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="DATABASE_URL", metavar="URL", show_envvar=True, help="Instead of the worker's secret."
        ),
    ] = None,
    weights: WeightsDir = None,
) -> None:
    """Check Python, packages, weights, engine, configuration, database, bucket, queue and dead-letter queue.

    Each is ok, or wrong with the command that mends it, or not set up here: photos can be cut without any
    cloud. Exit status: 0 nothing is wrong, 1 something is.
    """
    # Imported here: the checks import everything, and the other commands start without it.
    from cli.doctor_run import run_doctor  # noqa: PLC0415

    raise typer.Exit(run_doctor(database_url, weights, as_json=as_json))
