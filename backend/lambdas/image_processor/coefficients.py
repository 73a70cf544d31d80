"""The judge's coefficients: data. Written by `make judge-fit`; never edited by hand."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from lambdas.image_processor.scorecard import Curve, Scorecard, Weighing

ORIGIN: Final[Mapping[str, Any]] = MappingProxyType({})
WEIGHINGS: Final[Mapping[str, Weighing]] = MappingProxyType({})
CARDS: Final[Mapping[str, Scorecard]] = MappingProxyType(
    {"alone": Scorecard({"holes": Curve((0, 1), (0, 1))}, 0.5), "with_opinion": Scorecard({}, 0.5)}
)
