"""Our engine, measured: `python -m tests.benchmarks.ours WEIGHTS`: the worker's own renderer."""

from __future__ import annotations

import sys
from pathlib import Path

from lambdas.image_processor import photo as photos
from lambdas.image_processor.domain import Rendition
from lambdas.image_processor.memory import return_freed_memory
from lambdas.image_processor.recipes import RECIPES
from lambdas.image_processor.renderer import Plan, Renderer
from lambdas.image_processor.segment import Segmenter
from tests.benchmarks.program import Stopwatch, serve


def main(weights: str) -> None:
    """Serve; the path that is taken follows from the weights, as in production."""
    return_freed_memory()
    renderer = Renderer(Segmenter(Path(weights), resident_models=2), Plan(RECIPES))

    def cut(photo: bytes, path: str, watch: Stopwatch) -> bytes:
        renderer.prepare()
        with watch.stage("decode"):
            decoded = photos.decode(photo)
        result = renderer.render(decoded, lambda: None)
        watch.seconds |= dict(result.seconds)
        expected = RECIPES[0 if path == "happy" else 1].name
        if not isinstance(result, Rendition) or result.recipe != expected:
            raise RuntimeError(f"the {path} path should end with {expected}: {result.as_report()}")
        return result.png

    serve(cut)


if __name__ == "__main__":
    main(sys.argv[1])
