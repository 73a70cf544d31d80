"""What a demo leaves: four files, and the story on the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.bar import Bar
from rich.table import Table
from rich.text import Text

from cli import report
from cli.console import console
from local.main_job import JobRun, Row

FILES: Final = ("processed.png", "thumbnail.jpg", "report.html", "demo.json")
_JOB_FACTS: Final = (
    "id", "book_id", "source_image_id", "processed_image_id", "status", "model_used", "attempt_count",
    "failure_code", "failure_reason", "claim_count", "created_at", "enqueued_at", "completed_at",
)  # fmt: skip


def write(run: JobRun, out: Path, engine: str) -> None:
    """Write the files into `out`; a refused photo leaves no picture."""
    facts = {
        "job": run.job,
        "image": run.image,
        "gallery_before": run.gallery_before,
        "gallery_after": run.gallery_after,
        "objects": run.objects,
        "stages": run.stages,
        "engine": engine,
        "peak_rss_mib": run.peak_rss_mib,
    }
    if run.png is not None and run.thumbnail is not None:
        (out / "processed.png").write_bytes(run.png)
        (out / "thumbnail.jpg").write_bytes(run.thumbnail)
    (out / "demo.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    (out / "report.html").write_text(_page(run))


def show(run: JobRun, out: Path) -> None:
    """Print the job row, the gallery before and after, the objects, the stages and the memory."""
    console.print(_pairs("image_processing_jobs", {name: run.job[name] for name in _JOB_FACTS}))
    console.print(_gallery("book_images before", run.gallery_before))
    console.print(_gallery("book_images after", run.gallery_after))
    if run.objects:
        console.print(_objects(run.objects))
    console.print(_stages(run))
    if run.left_out:
        told = f"no weights for {' and '.join(run.left_out)} here: the embedded book model is used"
        console.print(Text.assemble(("! ", "yellow"), told))
    if run.is_completed:
        told = f"completed with {run.job['model_used']} on {_background(run)}"
        console.print(Text.assemble(("✓ ", "green"), told), f"→ {out / 'report.html'}")
    else:
        console.print(
            Text.assemble(("✗ ", "red"), (f"{run.job['failure_code']}: ", "bold"), run.job["failure_reason"])
        )
        console.print(f"  The original stays primary. → {out / 'report.html'}")


def _page(run: JobRun) -> str:
    source = _source(run)
    case = report.Case(
        name=str(source["original_filename"]),
        before=run.pictures[source["s3_key"]],
        after=run.png,
        verdict=str(run.job["status"]),
        told=_told(run),
        facts=_facts(run),
        seconds=run.stages,
    )
    sections = [
        report.strip("The gallery before", _thumbnails(run, run.gallery_before)),
        report.strip("The gallery after", _thumbnails(run, run.gallery_after)),
        report.table("The job’s row", run.job),
    ]
    if run.objects:
        files = {item["key"]: f"{item['content_type']}, {item['bytes']:,} bytes" for item in run.objects}
        sections.insert(2, report.table("The objects", files))
    if run.image is not None:
        sections.append(report.table("The new picture’s row", run.image))
    lead = "From the queue’s message to the committed row, by the real handler on this machine."
    return report.page("One photo through the image processor", lead, [case], sections)


def _told(run: JobRun) -> str:
    if run.is_completed:
        return f"cut out by {run.job['model_used']}, on {_background(run)}."
    return f"{run.job['failure_reason']} ({run.job['failure_code']})"


def _facts(run: JobRun) -> dict[str, str]:
    found = run.job["report"] or {}
    facts = {
        "Model": run.job["model_used"] or "none accepted",
        "Recipes tried": str(run.job["attempt_count"]),
    }
    if "brightness" in found:
        facts["Brightness"] = f"{found['brightness']:.0f} of 255"
    scores = [trial["score"] for trial in found.get("trials", ()) if trial.get("score") is not None]
    if scores:
        facts["Judge’s score"] = f"{scores[-1]:.2f} of 1"
    facts["Peak memory"] = f"{run.peak_rss_mib:.0f} MiB"
    return facts


def _background(run: JobRun) -> str:
    return str((run.job["report"] or {}).get("background", "no background"))


def _source(run: JobRun) -> Row:
    """Return the picture that the worker chose to cut, else the one that was queued."""
    chosen = (run.job["report"] or {}).get("source_image", {}).get("id", run.job["source_image_id"])
    return next((row for row in run.gallery_before if row["id"] == chosen), run.gallery_before[0])


def _thumbnails(run: JobRun, gallery: Sequence[Row]) -> list[report.Thumbnail]:
    return [
        report.Thumbnail(run.pictures[row["s3_key"]], str(row["s3_key"]), bool(row["is_primary"]))
        for row in gallery
    ]


def _pairs(title: str, row: dict[str, Any]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in row.items():
        if value is not None:
            table.add_row(name, Text(str(value)))
    return table


def _gallery(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE)
    for name in ("order", "id", "s3_key", "primary", "processed"):
        table.add_column(name, overflow="fold")
    for row in rows:
        marks = ["yes" if row[name] else "" for name in ("is_primary", "is_background_processed")]
        style = "green" if row["is_background_processed"] else ""
        table.add_row(str(row["display_order"]), str(row["id"]), str(row["s3_key"]), *marks, style=style)
    return table


def _objects(rows: Sequence[Row]) -> Table:
    table = Table(
        title="objects", title_justify="left", title_style="bold", box=box.SIMPLE, show_header=False
    )
    for name in ("type", "size", "key"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(str(row["content_type"]), f"{row['bytes']:,} bytes", Text(str(row["key"])))
    return table


def _stages(run: JobRun) -> Table:
    table = Table(
        title="seconds per stage", title_justify="left", title_style="bold", box=box.SIMPLE, show_header=False
    )
    longest = max(run.stages.values(), default=1) or 1
    for name, spent in run.stages.items():
        table.add_row(name, f"{spent:.3f}", Bar(longest, 0, spent, width=30, color="yellow"))
    table.add_row("in all", f"{sum(run.stages.values()):.3f}", "")
    table.add_row("peak memory", f"{run.peak_rss_mib:.0f} MiB", "")
    return table
