"""The option that names the folder of the weights, the same for every command that needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models_download.pull import DEFAULT_DIR

#: `--weights`, or U2NET_HOME.
WeightsDir = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        envvar="U2NET_HOME",
        show_envvar=True,
        file_okay=False,
        metavar="DIR",
        help="Folder of the downloaded weights; default: .weights of the checkout.",
    ),
]


def folder(chosen: Path | None) -> Path:
    """Return the folder, absolute."""
    return (chosen or DEFAULT_DIR).resolve()
