"""`image-processor reconcile`, `sweep` and `health`: what the schedule does, and what the operator asks."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cli.options import AsJson, DatabaseUrl

#: Hours; the sweep never touches anything younger.
_MIN_AGE_HOURS: Final = 24


def reconcile(*, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Run the reconciler once: take back expired leases, send what was not sent, send again what was lost.

    The schedule does the same. Needs IMAGE_PROCESSING_QUEUE_NAME. Exit status 1 when a row could not be
    helped or SQS did not answer.
    """
    from cli.operate_run import run_reconcile  # noqa: PLC0415 (the other commands start without it)

    raise typer.Exit(run_reconcile(database_url, as_json=as_json))


def sweep(
    *,
    database_url: DatabaseUrl = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete them; without it they are only listed.")
    ] = False,
    min_age_hours: Annotated[
        int, typer.Option(min=_MIN_AGE_HOURS, help="Leave younger objects alone.")
    ] = _MIN_AGE_HOURS,
    as_json: AsJson = False,
) -> None:
    """List results in the bucket that no row names, left by crashed runs; delete them with --delete.

    Only `books/(thumb_)?{book}_processed_{job}.png`, never of a live job. Needs IMAGES_BUCKET; the worker's
    own role may not delete, the operator's must.
    """
    from cli.operate_run import run_sweep  # noqa: PLC0415 (as above)

    run_sweep(database_url, delete=delete, min_age_hours=min_age_hours, as_json=as_json)


def health(*, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Show queue depths, the oldest waiting job, and the stuck and failed counts.

    Needs IMAGE_PROCESSING_QUEUE_NAME. Exit status 1 when jobs are stuck, messages are dead or SQS is silent.
    """
    from cli.operate_run import run_health  # noqa: PLC0415 (as above)

    raise typer.Exit(run_health(database_url, as_json=as_json))
