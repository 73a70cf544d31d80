"""The work of `image-processor cut`: who is to be cut, by whom, and what is told about it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from cli import cut_output, cut_sheet
from cli.console import EXIT_FAILED, EXIT_OK, EXIT_USAGE, console, fail
from cli.crew import Crashed, Crew, Raised, sizes
from cli.cut_choices import Background, Engine, RecipeChoice
from cli.cut_inputs import InputError, expand
from cli.cut_log import CutLog, Line
from cli.cut_task import Cut, Settings, Verdict, make, plan, refusal
from cli.files import alone_in, remove_stale_parts, write_whole
from cli.weights_option import folder
from lambdas.image_processor.errors import FailureCode, failure_reason
from lambdas.image_processor.renderer import Plan
from lambdas.image_processor.weight_files import sha256
from local.signals import endings_unwind

#: The most memory that one process takes for the largest photo, in MiB: models, matting, encoder.
_MIB_EACH: Final = 1300
_EXIT_INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Order:
    """What the command was told."""

    words: Sequence[str]
    out: Path
    background: Background
    recipe: RecipeChoice
    engine: Engine
    weights: Path | None
    force: bool
    report: bool
    jobs: int | None


@dataclass(frozen=True, slots=True)
class _Job:
    """A photo and the name of its result."""

    photo: Path
    name: str


def run_cut(order: Order) -> int:
    """Run it and return the exit status."""
    settings = _settings(order)
    planned = _planned(settings)
    photos = _photos(order)
    try:
        order.out.mkdir(parents=True, exist_ok=True)
        with alone_in(order.out), endings_unwind():
            return _work(order, settings, planned, photos)
    except BlockingIOError:
        fail(f"another cut is at work in {order.out}", EXIT_USAGE)
    except OSError as exc:
        fail(f"{order.out} cannot be written: {exc.strerror or exc}", EXIT_USAGE)
    except KeyboardInterrupt:
        console.print("stopped: what is done stays; the same command goes on from there")
        return _EXIT_INTERRUPTED


def _work(order: Order, settings: Settings, planned: Plan, photos: Sequence[Path]) -> int:
    """Cut what is not done yet, write the report, sum up, and return the exit status."""
    remove_stale_parts(order.out)
    log = CutLog(order.out)
    jobs = _jobs(photos, log, order.out)
    recipes = [recipe.name for recipe in planned.recipes]
    wanted = {"background": order.background, "engine": order.engine, "recipes": recipes}
    todo = [job for job in jobs if order.force or not _is_done(job, log, wanted)]
    if len(todo) < len(jobs):
        console.print(f"[dim]{len(jobs) - len(todo)} of {len(jobs)} done before (--force cuts them again)[/]")
    try:
        _cut_all(todo, settings, order.jobs, log, wanted)
    finally:
        log.tidy(photos)
    lines = [line for line in (log.find(photo) for photo in photos) if line is not None]
    if order.report:
        cut_sheet.write(order.out / cut_sheet.NAME, lines, log, order.jobs)
    where = order.out / cut_sheet.NAME if order.report else order.out
    console.print(cut_output.summary(lines, where))
    return EXIT_OK if all(line["verdict"] == Verdict.ACCEPTED for line in lines) else EXIT_FAILED


def _settings(order: Order) -> Settings:
    if order.engine is Engine.REMBG and find_spec("rembg") is None:
        fail("--engine rembg needs the dependency group `oracle`: uv sync --group oracle", EXIT_USAGE)
    return Settings(order.background, order.recipe, order.engine, folder(order.weights))


def _planned(settings: Settings) -> Plan:
    """Return the recipes that can run, and say which cannot."""
    planned = plan(settings.recipe, settings.weights_dir)
    names = " and ".join(trial.recipe for trial in planned.skipped)
    missing = f"no weights for {names} in {settings.weights_dir}"
    if not planned.recipes:
        fail(f"{missing}; `image-processor models pull` fetches them", EXIT_USAGE)
    if names:
        told = f"{missing}: {planned.recipes[0].name} is used; `image-processor models pull` fetches them"
        console.print(Text.assemble(("! ", "yellow"), told))
    return planned


def _photos(order: Order) -> list[Path]:
    try:
        photos = expand(order.words, sys.stdin if "-" in order.words else (), order.out)
    except InputError as exc:
        fail(str(exc), EXIT_USAGE)
    if not photos:
        fail(f"there are no photos in {', '.join(order.words)}", EXIT_USAGE)
    return photos


def _jobs(photos: Sequence[Path], log: CutLog, out: Path) -> list[_Job]:
    taken: set[str] = set()
    jobs = [_Job(photo, log.name(photo, taken)) for photo in photos]
    mine = {photo.resolve() for photo in photos}
    for job in jobs:
        if (out / f"{job.name}.png").resolve() in mine:
            fail(f"{out} holds the photo {job.name}.png itself: choose another folder for --out", EXIT_USAGE)
    return jobs


def _is_done(job: _Job, log: CutLog, wanted: dict[str, Any]) -> bool:
    """Return whether the photo, as it is now, has a verdict by these settings, and its picture is there."""
    line = log.find(job.photo)
    if line is None or line["verdict"] == Verdict.FAILED or line.get("settings") != wanted:
        return False
    result = log.result(line)
    if result is not None and not (result.exists() and result.stat().st_size == line["output_bytes"]):
        return False
    try:
        return bool(sha256(job.photo) == line["sha256"])
    except OSError:
        return False


def _cut_all(
    todo: Sequence[_Job], settings: Settings, jobs: int | None, log: CutLog, wanted: dict[str, Any]
) -> None:
    if not todo:
        return
    count, threads = sizes(len(todo), _MIB_EACH, jobs)
    by_photo = {job.photo: job for job in todo}
    crew: Crew[Path, Cut] = Crew(partial(make, settings.with_threads(threads)), count, threads)
    columns = (TextColumn("cutting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
        crew,
    ):
        task = progress.add_task("cut", total=len(todo))
        for photo, result in crew.run(by_photo):
            job = by_photo[photo]
            line = _keep(job, _as_cut(result), log, wanted)
            progress.advance(task)
            console.print(cut_output.told(job.photo, line))


def _as_cut(result: Cut | Crashed | Raised) -> Cut:
    """Return the verdict of a photo that took its process along, or met a defect."""
    if isinstance(result, Crashed):
        told = f"It ended with status {result.status}. {result.complaint[-300:]}".strip()
        code = FailureCode.CRASH_LOOP
        return Cut(refusal(code, failure_reason(code, told)) | {"verdict": Verdict.FAILED})
    if isinstance(result, Raised):
        return Cut(
            {"verdict": Verdict.FAILED, "reason": None, "told": f"It could not be tried: {result.told}"}
        )
    return result


def _keep(job: _Job, cut: Cut, log: CutLog, wanted: dict[str, Any]) -> Line:
    """Write the picture, then the verdict; a refused photo loses the picture of an earlier run."""
    target = log.folder / f"{job.name}.png"
    before = log.find(job.photo)
    if cut.png is not None:
        write_whole(target, cut.png)
    elif before is not None and before.get("output"):
        target.unlink(missing_ok=True)
    output = target.name if cut.png is not None else None
    line = {"name": job.name, "output": output, "settings": wanted, **cut.facts}
    log.append(job.photo, line)
    return line
