"""The work of `download_models.py`: plain Python, for builds; people may prefer `image-processor models`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lambdas.image_processor import weight_files
from lambdas.image_processor.recipes import ModelSpec
from models_download.fetch import FetchError, Network
from models_download.optimise import OptimiseError, optimise
from models_download.pull import DEFAULT_DIR, DOWNLOADS, choose, pull

_BAR_CHARACTERS = 30


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Fetch, or only verify, and return the exit status: 0 all there, 1 something is not, 2 wrong usage."""
    options = _parse(arguments)
    folder = options.dir or Path(env.get("U2NET_HOME", "").strip() or DEFAULT_DIR)
    try:
        specs = choose(options.models)
        if options.verify:
            return _verify(specs, folder)
        network = Network(proxy=options.proxy, timeout_seconds=options.timeout)
        for spec in specs:
            path = weight_files.original(spec, folder)
            if options.as_they_are:
                print(f"{path}: taken as it is")
            else:
                is_new = pull(spec, folder, options.mirror, network, _Bar().tell)
                print(f"{path}: {'fetched' if is_new else 'was there'}, checksum right")
            if options.optimise or options.only_optimised:
                print(f"{optimise(spec, folder)}: optimised")
            if options.only_optimised:
                path.unlink()
    except (FetchError, OptimiseError) as exc:
        print(f"\ndownload_models.py: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; run it again to go on where it stopped", file=sys.stderr)
        return 130
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="download_models.py", description=__doc__)
    names = ", ".join(spec.name for spec in DOWNLOADS)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"{names}; default: all")
    parser.add_argument("--dir", type=Path, help="the folder; default: U2NET_HOME, else .weights")
    parser.add_argument("--mirror", metavar="URL", help="a folder on a server of yours that holds the files")
    parser.add_argument("--proxy", metavar="URL", help="default: HTTPS_PROXY of the environment")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="without a byte")
    parser.add_argument("--optimise", action="store_true", help="also write the graphs that the engine loads")
    parser.add_argument(
        "--only-optimised", action="store_true", help="keep those graphs alone, half the size: for an image"
    )
    parser.add_argument(
        "--as-they-are", action="store_true", help="fetch and check nothing: for stand-ins of the weights"
    )
    parser.add_argument("--verify", action="store_true", help="only check what is there")
    return parser.parse_args(arguments)


def _verify(specs: Sequence[ModelSpec], folder: Path) -> int:
    faults = {spec: weight_files.fault(spec, folder) for spec in specs}
    for spec, fault in faults.items():
        print(f"{weight_files.original(spec, folder)}: {fault or 'checksum right'}")
    return int(any(faults.values()))


class _Bar:
    """A bar where somebody watches, a line at every tenth where a log does."""

    def __init__(self) -> None:
        self._tenth = -1

    def tell(self, spec: ModelSpec, done_bytes: int) -> None:
        """Show how far a download is."""
        share = done_bytes / spec.size_bytes
        told = f"{spec.filename} {share:4.0%} of {spec.size_bytes / 1e6:.0f} MB"
        if sys.stderr.isatty():
            full = round(share * _BAR_CHARACTERS)
            bar = "█" * full + "·" * (_BAR_CHARACTERS - full)
            print(f"\r{bar} {told}", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)
        elif int(share * 10) > self._tenth:
            self._tenth = int(share * 10)
            print(told, file=sys.stderr, flush=True)
