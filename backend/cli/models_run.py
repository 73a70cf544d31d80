"""The work of `image-processor models`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from cli.console import EXIT_FAILED, EXIT_OK, EXIT_USAGE, console, fail
from lambdas.image_processor import weight_files
from lambdas.image_processor.recipes import ModelSpec
from models_download.fetch import FetchError, Network
from models_download.optimise import OptimiseError, optimise
from models_download.pull import choose, pull


def run_pull(
    names: Sequence[str], folder: Path, mirror: str | None, network: Network, *, is_optimised: bool
) -> int:
    """Fetch what is missing or wrong and return the exit status."""
    for spec in _choose(names):
        try:
            is_new = _pull(spec, folder, mirror, network)
            _tell_good(weight_files.original(spec, folder), "fetched" if is_new else "was there")
            if is_optimised:
                _tell_good(optimise(spec, folder), "optimised")
        except (FetchError, OptimiseError) as exc:
            fail(str(exc))
    return EXIT_OK


def run_verify(names: Sequence[str], folder: Path) -> int:
    """Say of each model how its file is, and return the exit status."""
    faults = {spec: weight_files.fault(spec, folder) for spec in _choose(names)}
    for spec, fault in faults.items():
        path = weight_files.original(spec, folder)
        if fault is None:
            _tell_good(path, "checksum right")
        else:
            told = f"{path} {fault}: image-processor models pull {spec.name}"
            console.print(Text.assemble(("✗ ", "red"), told))
    return EXIT_FAILED if any(faults.values()) else EXIT_OK


def _choose(names: Sequence[str]) -> list[ModelSpec]:
    try:
        return choose(names)
    except FetchError as exc:
        fail(str(exc), EXIT_USAGE)


def _pull(spec: ModelSpec, folder: Path, mirror: str | None, network: Network) -> bool:
    columns = (
        TextColumn(spec.filename),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(spec.name, total=spec.size_bytes)
        return pull(spec, folder, mirror, network, lambda _, done: progress.update(task, completed=done))


def _tell_good(path: Path, told: str) -> None:
    console.print(Text.assemble(("✓ ", "green"), f"{path}: {told}"))
