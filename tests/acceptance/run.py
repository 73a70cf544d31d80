"""`python -m tests.acceptance.run [--only NAME]`: every case, then out/acceptance.json."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any, Final

from container.__main__ import ROOT
from container.engine import EngineMissingError
from local.signals import endings_unwind
from local.stack import LocalStack
from tests.acceptance import crash_cases, function_cases, photo_cases, speed_cases
from tests.acceptance.case_list import Check, Result, above_limits, run
from tests.acceptance.runtime import Runtime
from tests.acceptance.setting import chosen_runtime
from tests.acceptance.world import World
from tests.benchmarks.limit import sgemm_gflops

_OUT: Final = ROOT / "out" / "acceptance.json"
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
        with endings_unwind(), chosen_runtime() as runtime, LocalStack() as stack:
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
    for words in body["above_limits"]:
        print(f"slow: {words} ({body['gflops']} GFLOP per CPU-second here)")
    failed = sum(not result.passed for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return int(failed > 0)


def _told(name: str, check: Check, world: World) -> Result:
    result = run(name, check, world)
    figures = ", ".join(f"{key} {value}" for key, value in result.figures.items())
    print(f"{'ok ' if result.passed else 'BAD'} {name} ({result.seconds:.0f} s) {figures}", flush=True)
    if result.fault:
        print("    " + result.fault.replace("\n", "\n    "), flush=True)
    return result


def _report(runtime: Runtime, results: list[Result], seconds: float) -> dict[str, Any]:
    figures = {result.name: result.figures for result in results}
    return {
        "engine": runtime.engine,
        "seconds": round(seconds, 1),
        "cases": [result.as_json() for result in results],
        "above_limits": above_limits(results),
        "gflops": round(sgemm_gflops()),
        "layers_mb": runtime.layers_mb(),
        "cold_start_cpu_seconds": figures.get("cold start", {}).get("cold_start_cpu_seconds"),
    }


if __name__ == "__main__":
    sys.exit(main())
