"""docs/jobs.md knows every state and every failure code that there is."""

from __future__ import annotations

import re
from pathlib import Path

from app.models import JobStatus
from lambdas.image_processor.errors import FailureCode

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "jobs.md").read_text()


def test_every_failure_code_has_its_advice() -> None:
    """Each stands in the operator's table, and nothing stands there that is no code."""
    table = DOCUMENT.partition("| code | what happened")[2].partition("\n\n")[0]
    told = {code for row in table.splitlines()[2:] for code in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert set(FailureCode) == told


def test_every_state_is_drawn() -> None:
    """The diagram has them all, and no other."""
    diagram = DOCUMENT.partition("```mermaid")[2].partition("```")[0]
    drawn = {name for pair in re.findall(r"(\w+) --> (\w+)", diagram) for name in pair}
    assert set(JobStatus) == drawn
