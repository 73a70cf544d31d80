"""The demo's work: start the stack, import a listing, run the main job, write and show what became of it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cli import demo_output
from cli.console import EXIT_OK, EXIT_REJECTED, EXIT_USAGE, console, fail
from local import main_job, sample_photo
from local.databases import DatabaseServerError
from local.main_job import JobRun, WorkerFailedError
from local.postgres import PostgresError
from local.stack import LocalStack, Upload

_TITLE: Final = "The Tragedy of Hamlet, Prince of Denmark"
#: The engine under the worker; other engines are compared by `cut --engine`.
_ENGINE: Final = "ours"


def run_demo(photo: Path | None, out: Path) -> int:
    """Run it and return the exit status."""
    started = time.perf_counter()
    _clear(out)
    try:
        run = _run(photo)
    except (PostgresError, DatabaseServerError, WorkerFailedError) as exc:
        fail(str(exc))
    demo_output.write(run, out, _ENGINE)
    demo_output.show(run, out)
    console.print(f"[dim]  {time.perf_counter() - started:.1f} s in all; the stack is stopped.[/]")
    return EXIT_OK if run.is_completed else EXIT_REJECTED


def _run(photo: Path | None) -> JobRun:
    with console.status("Starting PostgreSQL, S3, SQS and Secrets Manager") as status:
        weights = os.environ.get("U2NET_HOME")
        with LocalStack(
            database_url=os.environ.get("DATABASE_URL"), weights_dir=Path(weights) if weights else None
        ) as stack:
            console.print("[green]✓[/] PostgreSQL, S3, SQS and Secrets Manager are up")
            status.update("Photographing a book")
            uploads = _uploads(photo)
            console.print(f"[green]✓[/] a listing with {len(uploads)} pictures is ready")

            def tell(state: str) -> None:
                status.update(f"The worker has the photo of {uploads[0].filename}: {state}")

            return main_job.run(stack, _TITLE if photo is None else photo.stem, uploads, tell)


def _uploads(photo: Path | None) -> Sequence[Upload]:
    """Return the listing's three pictures, the photo first; the drawn ones keep it company."""
    others = {"fore-edge.jpg": sample_photo.FORE_EDGE, "from-above.jpg": sample_photo.FROM_ABOVE}
    views = others if photo else {"front.jpg": sample_photo.FRONT} | others
    files = sample_photo.photographs(*views.values())
    drawn = [Upload(name, data) for name, data in zip(views, files, strict=True)]
    return [_read(photo), *drawn] if photo else drawn


def _read(photo: Path) -> Upload:
    try:
        # A name without an ending gets one: keys have one. What it says does not matter.
        return Upload(photo.name if photo.suffix else f"{photo.name}.jpg", photo.read_bytes())
    except OSError as exc:
        fail(f"{photo} cannot be read: {exc.strerror}", EXIT_USAGE)


def _clear(out: Path) -> None:
    """Remove an earlier run's files: what lies there afterwards is this run's."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in demo_output.FILES:
            (out / name).unlink(missing_ok=True)
    except OSError as exc:
        fail(f"{out} cannot be written: {exc.strerror}", EXIT_USAGE)
