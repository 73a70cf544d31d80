"""A cold start imports what it uses; what it spares is still there for others."""

from __future__ import annotations

import subprocess
import sys

import pytest

SPARED = ("numpy.f2py", "numpy.ma", "numpy.testing", "charset_normalizer")


def told(program: str) -> list[str]:
    """Return the lines that a fresh interpreter prints."""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return run.stdout.split()


def test_rendering_needs_no_wrapper_generator() -> None:
    """Neither importing the pipeline nor cutting a photo out brings it in."""
    program = f"""
import sys
from pathlib import Path
from lambdas.image_processor.domain import Photo
from lambdas.image_processor.recipes import EMBEDDED_RECIPE
from lambdas.image_processor.renderer import Plan, Renderer
from lambdas.image_processor.segment import Segmenter
renderer = Renderer(Segmenter(Path()), Plan((EMBEDDED_RECIPE,)))
renderer.prepare()
import numpy as np
pixels = np.full((120, 160, 3), 200, np.uint8)
pixels[30:90, 40:120] = (150, 30, 30)
renderer.render(Photo(pixels, "PNG"), lambda: None)
print(*(name for name in {SPARED!r} if name in sys.modules))
"""
    assert [] == told(program)


@pytest.mark.parametrize("name", ["f2py", "ma", "polynomial", "testing"])
def test_what_was_spared_is_there_when_asked_for(name: str) -> None:
    """Afterwards, and by its full name even inside the block."""
    program = f"""
import numpy as np
from lambdas.image_processor.lean_imports import without_numpys_extras
with without_numpys_extras():
    from scipy import ndimage
print(np.{name}.__name__)
"""
    assert [f"numpy.{name}"] == told(program)
    inside = program.replace("from scipy import ndimage", f"import numpy.{name}")
    assert [f"numpy.{name}"] == told(inside)
