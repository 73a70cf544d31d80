"""`image-processor jobs`: what became of photos, and another try for those that failed."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer

from app.job_status import JobStatus
from cli.options import AsJson, DatabaseUrl

app = typer.Typer(no_args_is_help=True, help="Look at jobs, and try failed ones again.")


@app.command("list")
def list_(
    *,
    status: Annotated[list[JobStatus] | None, typer.Option(help="Only these; may be repeated.")] = None,
    code: Annotated[str | None, typer.Option(help="Only this failure code.")] = None,
    book: Annotated[int | None, typer.Option(help="Only this book's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
) -> None:
    """List jobs, the newest first."""
    from cli.jobs_run import Filter, show_list  # noqa: PLC0415 (the other commands start without it)

    show_list(database_url, Filter(tuple(status or ()), code, book, limit), as_json=as_json)


@app.command()
def show(
    job_id: Annotated[uuid.UUID, typer.Argument(help="The job's id.")],
    *,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Show one job: its row, its report, and what to do about its failure."""
    from cli.jobs_run import show_one  # noqa: PLC0415 (as above)

    show_one(database_url, job_id, as_json=as_json)


@app.command()
def retry(
    job_ids: Annotated[list[uuid.UUID] | None, typer.Argument(help="Failed jobs.")] = None,
    *,
    code: Annotated[str | None, typer.Option(help="Every job that failed with this code.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="With --code: at most so many, the newest first.")] = 50,
    database_url: DatabaseUrl = None,
) -> None:
    """Set failed jobs back to `pending` with their counters at zero, and send their messages.

    Needs IMAGE_PROCESSING_QUEUE_NAME. Exit status 1 when a job could not be reopened. A completed job is
    never reopened: `enqueue --image` makes a new one.
    """
    from cli.jobs_run import retry_all  # noqa: PLC0415 (as above)

    raise typer.Exit(retry_all(database_url, job_ids or [], code, limit))
