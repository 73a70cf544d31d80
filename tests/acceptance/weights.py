"""Stand-ins of the weights: the networks' architecture and size, random weights, and a say in what they see.

A photo's brightness decides: a dark book is seen by both, a grey one by isnet only, a bare table by neither.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import onnx

from lambdas.image_processor.recipes import ISNET, U2NET
from tests.benchmarks import networks

#: Standardised brightness that divides subject from background: 0.45 and 0.75 of the brightest sample.
_THRESHOLDS: Final = {U2NET: (networks.U2NET, -0.15), ISNET: (networks.ISNET, 0.25)}


def stand_ins(folder: Path) -> Path:
    """Return a folder with a file for each download, made where it is absent."""
    folder.mkdir(parents=True, exist_ok=True)
    for spec, (network, threshold) in _THRESHOLDS.items():
        path = folder / spec.filename
        if not path.is_file():
            partial = path.with_suffix(".partial")
            onnx.save(networks.build(replace(network, threshold=threshold)), partial)
            partial.rename(path)
    return folder
