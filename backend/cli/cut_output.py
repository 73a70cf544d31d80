"""What `cut` says about photos on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from cli.cut_log import Line
from cli.cut_task import Verdict


def told(photo: Path, line: Line) -> Text:
    """Return a photo's line: its verdict and the sentence."""
    if line["verdict"] == Verdict.ACCEPTED:
        seconds = f"  {line['seconds']:.1f} s"
        return Text.assemble(("✓ ", "green"), f"{photo}: ", line["told"], (seconds, "dim"))
    reason = line.get("reason") or "failed"
    return Text.assemble(("✗ ", "red"), f"{photo}: ", (reason, "bold"), f": {line['told']}")


def summary(lines: Sequence[Line], where: Path) -> Text:
    """Return the last line: how many were cut out, why others were not, and where the results are."""
    verdicts = Counter(line["verdict"] for line in lines)
    reasons = Counter(line["reason"] for line in lines if line["verdict"] == Verdict.REJECTED)
    text = f"{verdicts[Verdict.ACCEPTED]} of {len(lines)} cut out"
    if reasons:
        text += ", refused: " + ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    if verdicts[Verdict.FAILED]:
        text += f", {verdicts[Verdict.FAILED]} could not be tried"
    return Text.assemble((text, "bold"), f" → {where}")
