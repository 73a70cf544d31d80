"""The runner of the suites: skipped without a missing component fails, and so does an empty suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import run

_PASSES = "def test_passes():\n    pass\n"
_SKIPS = "import pytest\n\n@pytest.mark.skip(reason={!r})\ndef test_skipped():\n    pass\n"
_MODULE = (
    "import pytest\npytest.importorskip('no_such_package', reason={!r})\n\ndef test_never():\n    pass\n"
)


@pytest.mark.parametrize(
    ("source", "passed", "wrongly_skipped"),
    [
        (_PASSES, True, []),
        (_PASSES + _SKIPS.format("needs a container engine"), True, []),
        (_PASSES + _SKIPS.format("later"), False, ["test_skipped"]),
        (_SKIPS.format("needs a container engine"), False, []),
        ("def test_fails():\n    assert False\n", False, []),
        (_PASSES + "\nimport no_such_package\n", False, []),
        ("", False, []),
    ],
)
def test_one_suite(source: str, passed: bool, wrongly_skipped: list[str], tmp_path: Path) -> None:
    """A real pytest on a suite of one file."""
    (tmp_path / "test_one.py").write_text(source)
    found = run.judge(*_report(tmp_path))
    assert (passed, wrongly_skipped) == (found.passed, found.wrongly_skipped)


def test_a_module_that_skips_itself(tmp_path: Path) -> None:
    """Skipped as a whole: counted, and judged by its reason like a test."""
    for reason, expected in (("needs the dependency group `oracle`", True), ("not today", False)):
        (tmp_path / "test_one.py").write_text(_PASSES)
        (tmp_path / "test_two.py").write_text(_MODULE.format(reason))
        found = run.judge(*_report(tmp_path))
        assert (expected, {"passed": 1, "failed": 0, "skipped": 1}) == (found.passed, found.counts)


def _report(folder: Path) -> tuple[int, Path]:
    """Return pytest's status and its report of the folder."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", str(folder), f"--junitxml={report}"]
    # pytest alone: the plugins of this environment only cost seconds.
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return done.returncode, report
