"""`make bench`: ours and the deployed path, interleaved; out/bench.json, out/bench-stages.json and a table.

`QUICK=1` measures four cases, fewer times; `REPS=n` measures none more than n times. Absolute figures vary by
machine; ratios and CPU-seconds are what to compare, and only within one run.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lambdas.image_processor import weight_files
from lambdas.image_processor.recipes import ISNET, U2NET
from models_download.optimise import optimise
from tests.benchmarks import cases, limit, networks, photos
from tests.benchmarks.cases import CASES, METRICS, PROGRAMS, Case

_CACHE: Final = cases.ROOT / ".cache" / "bench"
_QUICK: Final = {"happy-1600": 3, "fallback-1600": 2, "cold-1600": 1, "happy-3000": 1}

Samples = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]


def main(arguments: Sequence[str]) -> int:
    """Measure, write, show."""
    wanted: Sequence[Case] = CASES
    if "--quick" in arguments:
        wanted = [replace(case, repetitions=_QUICK[case.name]) for case in CASES if case.name in _QUICK]
    for option in arguments:
        if option.startswith("--at-most="):
            most = int(option.removeprefix("--at-most="))
            wanted = [replace(case, repetitions=min(case.repetitions, most)) for case in wanted]
    named = [argument for argument in arguments if not argument.startswith("--")]
    if named:
        wanted = [case for case in wanted if case.name in named]
    console = Console()
    console.print("building the networks and photos (once)")
    weights = _prepare_weights()
    limits = limit.limits(*(weights["reference"] / spec.filename for spec in (U2NET, ISNET)))
    samples = _measure(wanted, weights, console)
    rows = _rows(samples)
    out = cases.ROOT / "out"
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps({"cases": rows, "limit": limits}, indent=2) + "\n")
    (out / "bench-stages.json").write_text(json.dumps(_stages(samples), indent=2) + "\n")
    _show(console, rows, samples, limits)
    console.print(f"→ {(out / 'bench.json').relative_to(cases.ROOT)}, out/bench-stages.json")
    return 0


def _prepare_weights() -> dict[str, Path]:
    """Return the folders of the weights; ours loads optimised graphs, as the image does."""
    folders = {"reference": _CACHE / "published", "happy": _CACHE / "happy", "fallback": _CACHE / "fallback"}
    for name, folder in folders.items():
        first = networks.refusing(networks.U2NET) if name == "fallback" else networks.U2NET
        for spec, network in ((U2NET, first), (ISNET, networks.ISNET)):
            wanted = folder / spec.filename if name == "reference" else weight_files.optimised(spec, folder)
            if not wanted.is_file():
                path = networks.cached(network, folder)
                if name != "reference":
                    optimise(spec, folder)
                    # Alone, as in the image: a stand-in has not the checksum that an original must have.
                    path.unlink()
    return folders


def _measure(wanted: Sequence[Case], weights: Mapping[str, Path], console: Console) -> Samples:
    samples: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    total = sum(case.repetitions * len(PROGRAMS) for case in wanted)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("measuring", total=total)
        for case in wanted:
            photo = photos.cached(case.photo, _CACHE / "photos")
            for _ in range(case.repetitions):
                for program in PROGRAMS:
                    progress.update(task, description=f"{case.name}: {program}")
                    # The reference takes the fallback whatever the mask; ours only where u2net is refused.
                    folder = weights[case.path if program == "ours" else "reference"]
                    samples[case.name][program].append(cases.measure(program, case, photo, folder))
                    progress.advance(task)
            if not console.is_terminal:
                progress.console.print(f"{case.name}: measured")
    return samples


def _rows(samples: Samples) -> list[dict[str, Any]]:
    """Return the medians and their ratio, per case and metric."""
    rows = []
    for case, by_program in samples.items():
        for metric in METRICS:
            reference, ours = (
                statistics.median(sample[metric] for sample in by_program[program]) for program in PROGRAMS
            )
            rows.append(
                {"case": case, "metric": metric, "reference": round(reference, 4), "ours": round(ours, 4),
                 "ratio": round(reference / ours, 3)}
            )  # fmt: skip
    return rows


def _stages(samples: Samples) -> dict[str, dict[str, dict[str, float]]]:
    """Return the medians of each stage's wall seconds, per case and program."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for case, by_program in samples.items():
        for program, measured in by_program.items():
            names = measured[-1]["stages"]
            medians = {name: statistics.median(one["stages"][name] for one in measured) for name in names}
            found.setdefault(case, {})[program] = {name: round(value, 4) for name, value in medians.items()}
    return found


def _show(
    console: Console, rows: Sequence[Mapping[str, Any]], samples: Samples, limits: Mapping[str, float]
) -> None:
    table = Table(title="medians", title_justify="left")
    for name in ("case", "metric", "reference", "ours", "ratio"):
        table.add_column(name, justify="left" if name in {"case", "metric"} else "right")
    for row in rows:
        values = [f"{row[name]:.2f}" for name in ("reference", "ours", "ratio")]
        table.add_row(row["case"], row["metric"], *values, end_section=row["metric"] == METRICS[-1])
    console.print(table)
    console.print(
        f"limit: {limits['gflops']:.0f} GFLOP per CPU-second; u2net {limits['u2net_cpu_seconds']:.2f}, "
        f"isnet {limits['isnet_cpu_seconds']:.2f} CPU-seconds"
    )
    happy = [row for row in rows if row["case"] == "happy-1600" and row["metric"] == "cpu_seconds"]
    if happy:
        share = limits["u2net_cpu_seconds"] / happy[0]["ours"]
        console.print(f"happy-1600: {share:.0%} of our CPU time is the network's at the physical limit")
    for case, by_program in samples.items():
        if case.startswith("row"):
            for program, measured in by_program.items():
                first, last = measured[-1]["first"], measured[-1]["last"]
                console.print(
                    f"{case}, {program}: {first:.0f} MiB after 10 photos, {last:.0f} after the last"
                )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
