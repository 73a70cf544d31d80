"""`image-processor dlq`: the dead-letter queue."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import AsJson, DatabaseUrl

app = typer.Typer(no_args_is_help=True, help="Look at the dead-letter queue, send it back, remove one.")

Limit = Annotated[int, typer.Option(min=1, help="At most so many messages.")]


@app.command("list")
def list_(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List dead messages and leave them where they are. Needs IMAGE_PROCESSING_QUEUE_NAME."""
    from cli.dlq_run import show_list  # noqa: PLC0415 (the other commands start without it)

    show_list(limit, as_json=as_json)


@app.command()
def redrive(*, limit: Limit = 1000, database_url: DatabaseUrl = None) -> None:
    """Reopen the jobs whose failure may have passed, and send every dead message back to the queue.

    Jobs failed with `retries_exhausted`, `crash_loop` or `deadline` start anew, their counters at zero; other
    jobs' messages are acknowledged as already finished. Uses SQS's own move task where there is one.
    """
    from cli.dlq_run import redrive as run  # noqa: PLC0415 (as above)

    run(database_url, limit)


@app.command("purge-one")
def purge_one(message_id: Annotated[str, typer.Argument(help="As `dlq list` shows it.")]) -> None:
    """Delete one dead message for good and print it as JSON: it was the last copy."""
    from cli.dlq_run import purge_one as run  # noqa: PLC0415 (as above)

    run(message_id)
