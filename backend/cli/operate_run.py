"""The work of `reconcile`, `sweep` and `health`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.orm import Session

from app.services.health import health
from app.services.job_queue import JobQueue
from cli.console import EXIT_FAILED, EXIT_OK, console, fail
from cli.services import clients, database, required
from lambdas.reconciler.reconcile import Reconciler
from lambdas.reconciler.sweep import Orphan, Sweep


def run_reconcile(database_url: str | None, *, as_json: bool) -> int:
    """Run once, print the counts, and return the exit status."""
    queue_name = required("IMAGE_PROCESSING_QUEUE_NAME")
    with database(database_url) as engine, clients() as aws:
        tally = Reconciler(engine, JobQueue(aws.sqs, queue_name)).run()
    counts = tally.as_dict()
    if as_json:
        console.print_json(json.dumps(counts))
    else:
        told = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items() if count)
        console.print(f"[green]✓[/] {told or 'nothing to do'}")
    if tally.depth is None:
        fail("SQS did not answer: nothing was sent")
    return EXIT_FAILED if tally.errors else EXIT_OK


def run_sweep(database_url: str | None, *, delete: bool, min_age_hours: int, as_json: bool) -> None:
    """List orphans, delete them where asked to, and say how many."""
    bucket = required("IMAGES_BUCKET")
    with database(database_url) as engine, clients() as aws:
        sweep = Sweep(aws.s3, bucket, engine, timedelta(hours=min_age_hours))
        try:
            found = list(sweep.orphans())
            done = [orphan for orphan in found if not delete or sweep.delete(orphan)]
        except (BotoCoreError, ClientError) as exc:
            fail(f"the bucket {bucket} cannot be swept: {exc}")
    if as_json:
        console.print_json(json.dumps({"deleted": delete, "objects": [_row(orphan) for orphan in done]}))
        return
    for orphan in done:
        console.print(
            f"{orphan.last_modified:%Y-%m-%d %H:%M}  {orphan.size_bytes:>9}  {orphan.key}", markup=False
        )
    mib = sum(orphan.size_bytes for orphan in done) / 2**20
    told = "deleted" if delete else "would be deleted (--delete does it)"
    console.print(f"[green]✓[/] {len(done)} objects, {mib:.1f} MiB, {told}")


def run_health(database_url: str | None, *, as_json: bool) -> int:
    """Print the state of things and return the exit status."""
    queue_name = required("IMAGE_PROCESSING_QUEUE_NAME")
    with database(database_url) as engine, clients() as aws, Session(engine) as session:
        found = health(aws.sqs, session, queue_name=queue_name)
    if as_json:
        console.print_json(json.dumps(asdict(found)))
    else:
        for name, value in asdict(found).items():
            shown = "unknown" if value is None and name.endswith("depth") else value
            console.print(f"{name.replace('_', ' '):<24}{'none' if shown is None else shown}")
    is_well = found.stuck == 0 and found.dead_letter_depth == 0 and found.queue_depth is not None
    return EXIT_OK if is_well else EXIT_FAILED


def _row(orphan: Orphan) -> dict[str, object]:
    return asdict(orphan) | {"last_modified": orphan.last_modified.isoformat()}
