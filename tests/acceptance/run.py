"""`python -m tests.acceptance.run [--only NAME]`: every case, then out/acceptance.json."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from container import base
from container.__main__ import ENGINE_DATA, ROOT
from container.build import Order, build
from container.engine import EngineMissingError, running_engine
from local.stack import LocalStack
from tests.acceptance import crash_cases, function_cases, photo_cases, speed_cases
from tests.acceptance.case_list import Check, Result, run
from tests.acceptance.containers import Containers
from tests.acceptance.runtime import Runtime
from tests.acceptance.weights import stand_ins
from tests.acceptance.world import World

_OUT: Final = ROOT / "out" / "acceptance.json"
_STAND_INS: Final = ROOT / ".cache" / "stand-ins"
_TAG: Final = "bluemoxon-image-processor:acceptance"
_VERSION: Final = "v0.0.0-accept1"
#: What a build reads, beside the weights.
_CONTEXT: Final = (
    ".dockerignore", "Dockerfile", "backend/app", "backend/lambdas", "backend/models_download",
    "download_models.py", "infra/container/trim.py", "requirements.txt",
)  # fmt: skip
#: Longer than a delivery takes, shorter than anyone wants to wait for the next.
_VISIBILITY_SECONDS: Final = 25
_CASES: Final[dict[str, Check]] = {
    "contents": function_cases.contents,
    "smoke": function_cases.smoke,
    "smoke, a weight missing": function_cases.missing_weights,
    "smoke, a weight damaged": function_cases.damaged_weights,
    "smoke, a weight cut short": function_cases.cut_weights,
    "migrate": function_cases.migrate,
    "success": photo_cases.success,
    "u2net rejected, isnet accepted": photo_cases.second_recipe,
    "all rejected": photo_cases.all_rejected,
    "poison": photo_cases.poison,
    "too large": photo_cases.too_large,
    "4096 x 4096": photo_cases.largest,
    "timeout": crash_cases.timeout,
    "out of memory": crash_cases.out_of_memory,
    "reconciler": function_cases.reconciler,
    "import": speed_cases.import_time,
    "cold start": speed_cases.cold_start,
    "20 invocations": speed_cases.warm,
}


def main() -> int:
    """Run and return the exit status: 0 when every case passed, or when there is nothing to run them with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name contains this; writes no file")
    only = parser.parse_args().only
    started = time.monotonic()
    try:
        with _runtime() as runtime, LocalStack(visibility_seconds=_VISIBILITY_SECONDS) as stack:
            print(f"{runtime.engine}: ready in {time.monotonic() - started:.0f} s", flush=True)
            world = World(stack, runtime)
            results = [_told(name, check, world) for name, check in _CASES.items() if only in name]
            body = _report(runtime, results, time.monotonic() - started)
    except EngineMissingError as exc:
        print(f"acceptance: skipped, {exc}")
        return 0
    if not only:
        _OUT.parent.mkdir(exist_ok=True)
        _OUT.write_text(json.dumps(body, indent=2) + "\n")
    failed = sum(not result.passed for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return int(failed > 0)


@contextmanager
def _runtime() -> Iterator[Runtime]:
    with running_engine(ENGINE_DATA) as engine:
        is_stand_in = base.provide(engine)
        with _context() as context:
            build(engine, Order(context, _TAG, _VERSION, weights="local"))
        name = "docker, on a stand-in of Lambda's base image" if is_stand_in else "docker"
        yield Containers(engine, _TAG, _VERSION, name)


@contextmanager
def _context() -> Iterator[Path]:
    """Yield the checkout as a build sees it, with stand-ins as its weights: a developer's own stay untouched."""
    weights = stand_ins(_STAND_INS)
    with tempfile.TemporaryDirectory(prefix="context-", dir=_STAND_INS.parent) as name:
        folder = Path(name)
        for source in _CONTEXT:
            (folder / source).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, folder / source)
        (folder / ".weights").mkdir()
        for weight in weights.glob("*.onnx"):
            (folder / ".weights" / weight.name).hardlink_to(weight)
        yield folder


def _told(name: str, check: Check, world: World) -> Result:
    result = run(name, check, world)
    figures = ", ".join(f"{key} {value}" for key, value in result.figures.items())
    print(f"{'ok ' if result.passed else 'BAD'} {name} ({result.seconds:.0f} s) {figures}", flush=True)
    if result.fault:
        print("    " + result.fault.replace("\n", "\n    "), flush=True)
    return result


def _report(runtime: Runtime, results: list[Result], seconds: float) -> dict[str, Any]:
    cold = next(
        (result.figures.get("cold_start_cpu_seconds") for result in results if result.name == "cold start"),
        None,
    )
    return {
        "engine": runtime.engine,
        "seconds": round(seconds, 1),
        "cases": [result.as_json() for result in results],
        "layers_mb": runtime.layers_mb(),
        "cold_start_cpu_seconds": cold,
    }


if __name__ == "__main__":
    sys.exit(main())
