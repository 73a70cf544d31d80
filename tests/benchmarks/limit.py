"""What no fp32 engine beats here: the networks' multiplications at this machine's measured sgemm peak."""

from __future__ import annotations

import time

import numpy as np

#: Multiply-accumulates of one pass, counted over the graphs' convolutions (tests/unit/test_networks.py).
U2NET_GMAC = 58.6
ISNET_GMAC = 159.67
_SIDE = 2048


def sgemm_gflops(repetitions: int = 5) -> float:
    """Return the best single-precision rate per CPU-second, in GFLOP."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((_SIDE, _SIDE), np.float32) for _ in range(2))
    best = 0.0
    for _ in range(repetitions):
        started = time.process_time()
        a @ b
        best = max(best, 2.0 * _SIDE**3 / 1e9 / (time.process_time() - started))
    return best


def limits() -> dict[str, float]:
    """Return the peak and the CPU-seconds that each network needs at least."""
    gflops = sgemm_gflops()
    return {
        "gflops": gflops,
        "u2net_cpu_seconds": 2 * U2NET_GMAC / gflops,
        "isnet_cpu_seconds": 2 * ISNET_GMAC / gflops,
    }
