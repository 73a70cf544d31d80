"""The coefficients as a Python module."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from lambdas.image_processor.disputes import FEATURES
from lambdas.image_processor.scorecard import Scorecard, Weighing

_HEAD = '''\
"""The judge's coefficients: data. Written by `make judge-fit`; never edited by hand."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from lambdas.image_processor.scorecard import Curve, Scorecard, Weighing

# fmt: off
'''


def module(
    weighings: Mapping[str, Weighing], cards: Mapping[str, Scorecard], origin: Mapping[str, Any]
) -> str:
    """Return the module's text."""
    lines = [_HEAD, "#: What they were fitted on.", "ORIGIN: Final[Mapping[str, Any]] = MappingProxyType({"]
    lines += [f"    {_quoted(name)}: {_quoted(value)}," for name, value in origin.items()]
    lines += ["})", "", *_order()]
    lines.append("WEIGHINGS: Final[Mapping[str, Weighing]] = MappingProxyType({")
    for name, weighing in weighings.items():
        lines.append(f"    {_quoted(name)}: Weighing(")
        for field in ("means", "deviations", "weights"):
            lines += [f"        {field}={_tuple(getattr(weighing, field), 8)},"]
        lines += [f"        bias={weighing.bias},", "    ),"]
    lines += ["})", "", "CARDS: Final[Mapping[str, Scorecard]] = MappingProxyType({"]
    for name, card in cards.items():
        lines += [f"    {_quoted(name)}: Scorecard(allowance={card.allowance}, curves=MappingProxyType({{"]
        for measure, curve in card.curves.items():
            lines += [f"        {_quoted(measure)}: Curve("]
            lines += [f"            {_tuple(curve.knots, 12)},", f"            {_tuple(curve.points, 12)},"]
            lines += ["        ),"]
        lines += ["    })),"]
    return "\n".join([*lines, "})", ""])


def _order() -> list[str]:
    text = textwrap.wrap(f"In the order: {', '.join(FEATURES)}.", 96)
    return [f"#: {line}" for line in text]


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _tuple(values: Sequence[float], indent: int) -> str:
    text = textwrap.fill(", ".join(f"{value:g}" for value in values), 96 - indent)
    return "(" + text.replace("\n", "\n" + " " * (indent + 1)) + ")"
