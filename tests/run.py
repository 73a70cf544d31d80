"""Runs the suites one by one and prints each one's count: `python -m tests.run unit integration contract`.

A suite in which nothing ran fails; so does a skipped test, unless its reason begins with `needs ` and names
what this machine lacks. pytest's own options may follow `--`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

_ROOT = Path(__file__).resolve().parent.parent
_REPORTS = _ROOT / "out" / "tests"


def main(arguments: list[str]) -> int:
    """Run the named suites and return the exit status."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    suites, options = arguments[:split], arguments[split + 1 :]
    _REPORTS.mkdir(parents=True, exist_ok=True)
    lines, failed = [], False
    for suite in suites:
        line, passed = _run(suite, options)
        lines.append(line)
        failed = failed or not passed
    print("\n" + "\n".join(lines))
    print(f"junit reports: {_REPORTS.relative_to(_ROOT)}/")
    return int(failed)


def _run(suite: str, options: list[str]) -> tuple[str, bool]:
    report = _REPORTS / f"{suite}.xml"
    report.unlink(missing_ok=True)
    print(f"== {suite}", flush=True)
    started = time.monotonic()
    # A file's tests share their servers, so a file stays with one process.
    spread = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        *spread,
        f"tests/{suite}",
        f"--junitxml={report}",
        *options,
    ]
    status = subprocess.run(command, cwd=_ROOT, check=False).returncode
    seconds = time.monotonic() - started
    if not report.exists():
        return f"{suite}: no report, pytest ended with {status}", False
    found = judge(status, report)
    told = ", ".join(
        f"{number} {name}" for name, number in found.counts.items() if number or name == "passed"
    )
    told += "".join(f"; skipped without a missing component: {name}" for name in found.wrongly_skipped)
    return f"{suite}: {told} in {seconds:.0f} s: {'ok' if found.passed else 'FAILED'}", found.passed


@dataclass(frozen=True)
class Result:
    """What pytest's report says of a suite."""

    passed: bool
    #: passed, failed, skipped -> tests.
    counts: dict[str, int]
    #: Tests that were skipped although nothing is missing here.
    wrongly_skipped: list[str]


def judge(status: int, report: Path) -> Result:
    """Judge a suite by pytest's exit status and its junit report."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    wrongly_skipped = []
    # The file was written a moment ago by our own pytest.
    for case in ET.parse(report).iter("testcase"):  # noqa: S314
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            counts["failed"] += 1
        elif skipped is not None:
            counts["skipped"] += 1
            if not _reason(skipped).startswith("needs "):
                wrongly_skipped.append(case.get("name", "?"))
        else:
            counts["passed"] += 1
    return Result(status == 0 and counts["passed"] > 0 and not wrongly_skipped, counts, wrongly_skipped)


def _reason(skipped: ET.Element) -> str:
    """Return why a test was skipped; of a module that skips itself pytest keeps the reason in the text."""
    message = skipped.get("message") or ""
    if message != "collection skipped":
        return message
    return (skipped.text or "").partition("Skipped: ")[2]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
