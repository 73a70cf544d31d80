"""The coefficients as a Python module."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lambdas.image_processor.scorecard import Curve, Scorecard, Weighing

_HEAD: Final = '''\
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
    lines += ["})", "", "WEIGHINGS: Final[Mapping[str, Weighing]] = MappingProxyType({"]
    for name, weighing in weighings.items():
        lines.append(f"    {_quoted(name)}: Weighing(bias={weighing.bias}, curves=MappingProxyType({{")
        lines += [*_curves(weighing.curves), "    })),"]
    lines += ["})", "", "CARDS: Final[Mapping[str, Scorecard]] = MappingProxyType({"]
    for name, card in cards.items():
        lines.append(f"    {_quoted(name)}: Scorecard(allowance={card.allowance}, curves=MappingProxyType({{")
        lines += _curves(card.curves)
        if card.reasons:
            lines += ["    }), reasons=MappingProxyType({", *_curves(card.reasons)]
        lines.append("    })),")
    return "\n".join([*lines, "})", ""])


def _curves(curves: Mapping[str, Curve]) -> list[str]:
    return [
        line
        for name, curve in curves.items()
        for line in (
            f"        {_quoted(name)}: Curve(",
            f"            {_tuple(curve.knots)},",
            f"            {_tuple(curve.points)},",
            "        ),",
        )
    ]


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _tuple(values: Sequence[float]) -> str:
    text = textwrap.fill(", ".join(f"{value:g}" for value in values), 92)
    return "(" + text.replace("\n", "\n             ") + ")"
