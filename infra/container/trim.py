"""Removes from a folder of installed wheels what neither function imports: `python3 trim.py FOLDER`.

Runs inside the image's build on Python alone. Names and patterns, no cleverness: the build imports both
handlers afterwards, and the acceptance suite runs every path of theirs on what is left.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

#: Services that the functions call; `sts` is boto3's own for roles.
SERVICES = frozenset({"s3", "secretsmanager", "sqs", "sts"})
#: Part of scipy that is imported, and what that imports.
SCIPY = frozenset({"_external", "_lib", "linalg", "ndimage", "sparse", "special"})
#: Folders by path; each holds tools for developers of models, of dialects or of web services.
FOLDERS = (
    "bin",
    "boto3/examples",
    "onnxruntime/backend",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "alembic/templates",
    "alembic/testing",
    "sqlalchemy/testing",
    "aws_lambda_powertools/event_handler",
)
#: Files by pattern.
FILES = (
    # What extensions are made from, and stubs.
    *("*.a", "*.c", "*.cpp", "*.h", "*.hpp", "*.pxd", "*.pyi", "*.pyx"),
    # Extensions that only tests and other extensions' sources use.
    *("_simd.*.so", "_*_tests.*.so", "_test_*.*.so", "cython_special.*.so"),
    # Python's extension holds the whole engine; this is the same again for other languages.
    "libonnxruntime.so.*",
    "ThirdPartyNotices.txt",
)
#: Folders of this name hold tests, wherever they are.
TESTS = ("tests", "test")


def main(folder: Path) -> int:
    """Trim a folder and say what is left."""
    before = size(folder)
    for path in sorted(superfluous(folder)):
        remove(path)
    print(f"trimmed {before / 1e6:.0f} MB to {size(folder) / 1e6:.0f} MB")
    return 0


def superfluous(folder: Path) -> Iterator[Path]:
    """Yield what is to be removed; folders may be yielded with what they hold."""
    yield from (path for name in FOLDERS if (path := folder / name).exists())
    data = folder / "botocore" / "data"
    yield from (path for path in data.iterdir() if path.is_dir() and path.name not in SERVICES)
    yield from (
        path
        for path in (folder / "scipy").iterdir()
        if path.is_dir() and path.name not in SCIPY and path.name != "__pycache__"
    )
    for pattern in FILES:
        yield from folder.rglob(pattern)
    for name in TESTS:
        yield from (path for path in folder.rglob(name) if path.is_dir())


def remove(path: Path) -> None:
    """Remove a file or a folder that may be gone already."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def size(folder: Path) -> int:
    """Return the bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
