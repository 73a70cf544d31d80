"""The work of `image-processor doctor`: runs the checks in order and tells what they found."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.text import Text

from cli import doctor_services as services
from cli import doctor_tool as tool
from cli.console import EXIT_FAILED, EXIT_OK, console
from cli.finding import Finding, State
from cli.weights_option import folder

_MARKS: Final[Mapping[State, tuple[str, str]]] = {
    State.OK: ("✓ ", "green"), State.WRONG: ("✗ ", "red"), State.UNSET: ("– ", "dim"),
}  # fmt: skip


def run_doctor(database_url: str | None, weights: Path | None, *, as_json: bool) -> int:
    """Run every check and return the exit status."""
    findings = []
    for finding in _findings(database_url, folder(weights), os.environ):
        findings.append(finding)
        if not as_json:
            _show(finding)
    counts = Counter(finding.state for finding in findings)
    if as_json:
        print(json.dumps(_document(findings), indent=2, ensure_ascii=False))
    else:
        told = f"{counts[State.OK]} ok, {counts[State.WRONG]} wrong, {counts[State.UNSET]} not set up"
        console.print(Text(told, "bold"))
    return EXIT_FAILED if counts[State.WRONG] else EXIT_OK


def _findings(database_url: str | None, weights_dir: Path, env: Mapping[str, str]) -> Iterator[Finding]:
    yield tool.python()
    yield tool.packages()
    yield from tool.weights(weights_dir)
    yield tool.engine(weights_dir)
    settings, configuration = services.configuration(env)
    yield configuration
    yield services.database(database_url, settings, env)
    yield services.bucket(settings, env)
    yield from services.queues(settings, env)


def _document(findings: Sequence[Finding]) -> dict[str, object]:
    is_well = all(finding.state is not State.WRONG for finding in findings)
    return {"ok": is_well, "checks": [asdict(finding) for finding in findings]}


def _show(finding: Finding) -> None:
    mark, colour = _MARKS[finding.state]
    console.print(Text.assemble((mark, colour), (finding.name, "bold"), f": {finding.told}"))
    if finding.fix:
        console.print(Text(f"  → {finding.fix}", "dim" if finding.state is State.UNSET else "yellow"))
