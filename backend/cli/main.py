"""The `image-processor` command: each group of commands is a module, registered by one line here."""

from __future__ import annotations

import io
import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from cli import cut, demo, dlq, doctor, enqueue, jobs, judge, migrate, models, operate

app = typer.Typer(
    name="image-processor",
    help="Cuts books out of their photographs: the worker's main job, its data, its engine.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,
)
app.command()(cut.cut)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command()(judge.judge)
app.command()(migrate.migrate)
app.command()(enqueue.enqueue)
app.command()(operate.health)
app.command()(operate.reconcile)
app.command()(operate.sweep)
app.add_typer(jobs.app, name="jobs")
app.add_typer(dlq.app, name="dlq")
app.add_typer(models.app, name="models")


def _print_version(value: bool) -> None:  # noqa: FBT001 (typer calls it with the flag)
    if value:
        typer.echo(f"image-processor {version('bluemoxon-image-processor')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del show_version


def main() -> None:
    """Run the command line: the console script's entry point."""
    # onnxruntime would send usage data to its maker.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file's name may hold what the terminal's encoding cannot say.
            stream.reconfigure(errors="backslashreplace")
    app()
