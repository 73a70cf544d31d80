"""`image-processor models`: fetch the weights, and check them."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.weights_option import WeightsDir, folder

app = typer.Typer(help="Fetch and check the weights of u2net and isnet.", no_args_is_help=True)

_Names = Annotated[list[str] | None, typer.Argument(metavar="[MODELS]...", help="Default: all.")]


@app.command()
def pull(
    names: _Names = None,
    *,
    weights: WeightsDir = None,
    mirror: Annotated[
        str | None, typer.Option(metavar="URL", help="A folder on your server that holds the files.")
    ] = None,
    proxy: Annotated[str | None, typer.Option(metavar="URL", help="Default: HTTPS_PROXY.")] = None,
    tries: Annotated[int, typer.Option(min=1, help="Tries in a row that bring nothing.")] = 5,
    optimise: Annotated[
        bool, typer.Option("--optimise", help="Also write the graphs that the engine loads.")
    ] = False,
) -> None:
    """Fetch weights: resumed where they broke off, checked by size and SHA-256.

    Exit status: 0 they are all there, 1 one cannot be had, 2 wrong usage.
    """
    # Imported here: rich's progress takes longer to import than this command's help.
    from cli.models_run import run_pull  # noqa: PLC0415
    from models_download.fetch import Network  # noqa: PLC0415

    raise typer.Exit(
        run_pull(
            names or [], folder(weights), mirror, Network(proxy=proxy, tries=tries), is_optimised=optimise
        )
    )


@app.command()
def verify(names: _Names = None, *, weights: WeightsDir = None) -> None:
    """Check size and SHA-256 of the weights that are there. Exit 1 when one is missing or another file."""
    from cli.models_run import run_verify  # noqa: PLC0415 (as above)

    raise typer.Exit(run_verify(names or [], folder(weights)))
