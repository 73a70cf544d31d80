"""`image-processor models` and download_models.py as they are started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = Path(sys.executable).parent / "image-processor"


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    variables = os.environ | {"U2NET_HOME": str(folder), "COLUMNS": "200", "NO_PROXY": "*"}
    return subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, check=False)


def test_verify_names_the_command_that_mends(tmp_path: Path) -> None:
    """Exit status 1, a line a model."""
    done = _run([str(_SCRIPT), "models", "verify", "u2net"], tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path}/u2net.onnx is missing: image-processor models pull u2net" in done.stdout


def test_an_unknown_model_is_wrong_usage(tmp_path: Path) -> None:
    """Exit status 2, and the models there are."""
    done = _run([str(_SCRIPT), "models", "pull", "u3net"], tmp_path)
    assert (done.returncode, "u2net and isnet-general-use" in done.stderr) == (2, True)


def test_a_mirror_that_nobody_serves_is_one_sentence(tmp_path: Path) -> None:
    """No traceback, nothing on the disk."""
    done = _run(
        [str(_SCRIPT), "models", "pull", "u2net", "--mirror", "http://127.0.0.1:9", "--tries", "1"], tmp_path
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "http://127.0.0.1:9/u2net.onnx cannot be fetched" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_script_needs_python_alone(tmp_path: Path) -> None:
    """In the image's build only these files are there, and no package is installed."""
    files = [
        "download_models.py",
        "backend/lambdas/__init__.py",
        *(f"backend/lambdas/image_processor/{name}.py" for name in ("__init__", "recipes", "weight_files")),
        *(str(path.relative_to(_ROOT)) for path in (_ROOT / "backend/models_download").glob("*.py")),
    ]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_ROOT / name, tmp_path / name)
    bare = [sys.executable, "-I", "-S", "download_models.py"]
    done = _run([*bare, "--verify"], tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "u2net.onnx: is missing" in done.stdout
    assert "--mirror URL" in _run([*bare, "--help"], tmp_path).stdout
