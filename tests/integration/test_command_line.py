"""The command as a shell sees it: completion, a mistyped word, colours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(sys.executable).parent / "image-processor"


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_SCRIPT), *arguments],
        env=os.environ | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("image-processor c", {"cut"}), ("image-processor cut --background b", {"black"}),
     ("image-processor models ", {"pull", "verify"})],
)  # fmt: skip
def test_a_shell_completes_commands_and_values(typed: str, offered: set[str]) -> None:
    """What bash asks with TAB after its words."""
    words = str(len(typed.split()) - (not typed.endswith(" ")))
    done = _run(_IMAGE_PROCESSOR_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=words)
    assert (done.returncode, set(done.stdout.split())) == (0, offered)


def test_a_mistyped_command_suggests() -> None:
    """Exit status 2 and the nearest command."""
    done = _run("cutt")
    assert (done.returncode, "cut" in done.stderr.replace("cutt", "")) == (2, True)


def test_every_command_has_help_without_colours_in_a_pipe() -> None:
    """Each says what it does and its exit statuses, quickly: no engine is imported."""
    for words in (["cut"], ["doctor"], ["models", "pull"], ["models", "verify"], ["demo"], ["migrate"]):
        done = _run(*words, "--help")
        assert (done.returncode, "Usage:" in done.stdout, "\x1b[" in done.stdout) == (0, True, False)


def test_the_help_needs_no_engine() -> None:
    """Pixels and models are imported by the work, not by the word."""
    heavy = {"numpy", "onnxruntime", "boto3", "sqlalchemy"}
    code = f"import sys, cli.main; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_terminal_of_few_letters_still_reads(tmp_path: Path) -> None:
    """An encoding without the marks escapes them instead of failing."""
    done = _run("models", "verify", "u2net", PYTHONIOENCODING="ascii", U2NET_HOME=str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "u2net.onnx is missing" in done.stdout
