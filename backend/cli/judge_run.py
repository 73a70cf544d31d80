"""What `image-processor judge` does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image
from rich.table import Table

from cli.console import EXIT_FAILED, EXIT_OK, EXIT_USAGE, console, fail
from cli.weights_option import folder
from lambdas.image_processor import photo as photos
from lambdas.image_processor.book_opinion import BookOpinion
from lambdas.image_processor.domain import Mask, Photo, Verdict, rounded
from lambdas.image_processor.errors import PermanentError, failure_reason
from lambdas.image_processor.quality import POLICIES, Policy
from lambdas.image_processor.segment import Segmenter


def run_judge(photo: Path, mask: Path, policy: str, *, as_json: bool) -> int:
    """Judge a mask, print the verdict, and return the exit status."""
    picture = _photo(photo)
    opinion = BookOpinion(Segmenter(folder(None)), picture)
    verdict = POLICIES[Policy(policy)](picture, _mask(mask, picture), opinion.on)
    if as_json:
        answer = {
            "accepted": verdict.accepted,
            "reason": verdict.reason,
            "score": round(verdict.score, 4),
            "measures": rounded(verdict.measures),
        }
        # Not rich's: a pipe gets the text as it is.
        print(json.dumps(answer))
    else:
        _tell(verdict)
    return EXIT_OK if verdict.accepted else EXIT_FAILED


def _photo(path: Path) -> Photo:
    try:
        return photos.decode(path.read_bytes())
    except PermanentError as exc:
        fail(f"{path}: {exc}", EXIT_USAGE)
    except OSError as exc:
        fail(f"{path} cannot be read: {exc.strerror}", EXIT_USAGE)


def _mask(path: Path, photo: Photo) -> Mask:
    """Return a finished mask; its own grey is all that is known of the model's certainty."""
    try:
        with Image.open(path) as opened:
            grey = opened.convert("L") if opened.mode in {"1", "L", "P", "RGB"} else None
            told = f"{opened.width} × {opened.height} px, mode {opened.mode}"
    except (OSError, ValueError, Image.DecompressionBombError) as exc:
        fail(f"{path} is not a picture: {exc}", EXIT_USAGE)
    if grey is None:
        fail(f"{path} is no 8-bit grey mask: {told}", EXIT_USAGE)
    if grey.size != photo.size:
        width, height = photo.size
        fail(f"{path} has {told}; the upright photo has {width} × {height} px", EXIT_USAGE)
    alpha = np.asarray(grey, np.uint8)
    return Mask(alpha, np.asarray(alpha / np.float32(255), np.float32))


def _tell(verdict: Verdict) -> None:
    told = "accepted" if verdict.reason is None else f"{verdict.reason}: {failure_reason(verdict.reason)}"
    console.print(f"{told} (score {verdict.score:.2f})")
    table = Table("measure", "value", box=None)
    for name, value in rounded(verdict.measures).items():
        table.add_row(name, f"{value:g}")
    console.print(table)
