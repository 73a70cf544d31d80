"""`python -m container [--weights local] [--version V] [--tag NAME]`: builds the image on this machine."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from container import base
from container.build import Order, build, layers_mb
from container.engine import EngineError, EngineMissingError, running_engine
from local.signals import endings_unwind

ROOT: Final = Path(__file__).resolve().parents[2]
#: Images and cache of an engine that is started here.
ENGINE_DATA: Final = ROOT / ".cache" / "engine"


def main(arguments: Sequence[str]) -> int:
    """Build and return the exit status."""
    options = _parse(arguments)
    started = time.monotonic()
    try:
        with endings_unwind(), running_engine(ENGINE_DATA) as engine:
            if base.provide(engine, options.base):
                print(f"{options.base}: a stand-in, for no registry of images answers")
            build(engine, Order(ROOT, options.tag, options.version, options.weights, options.base))
            told = ", ".join(f"{name} {size:.0f} MB" for name, size in layers_mb(engine, options.tag).items())
    except (EngineMissingError, EngineError) as exc:
        print(f"image: {exc}", file=sys.stderr)
        return 1
    print(f"{options.tag}: {told}; {time.monotonic() - started:.0f} s")
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m container", description=__doc__)
    parser.add_argument("--weights", choices=("download", "local"), default="download")
    parser.add_argument("--version", default="development")
    parser.add_argument("--tag", default="bluemoxon-image-processor:development")
    parser.add_argument("--base", default=base.BASE_IMAGE)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
