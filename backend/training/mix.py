"""How often the renderer's ingredients are met, and what an ablation leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final


@dataclass(frozen=True)
class Mix:
    """How often the ingredients are met, as probabilities: what an ablation switches off."""

    negatives: float = 0.2
    slab: float = 0.1
    neighbour: float = 0.4
    reflection: float = 0.08
    #: Little light on everything, half as often again for books seen from their backs.
    gloom: float = 0.06
    hand_behind: Mapping[str, float] = field(
        default_factory=lambda: {"spine": 0.45, "standing": 0.25, "flat": 0.1, "open": 0.08}
    )
    hand_over: float = 0.12
    pen: float = 0.07
    #: A subject held in a hand moves so often; everything else blurs as often as `develop` says.
    hand_blur: float = 0.3
    #: Open books run out of the frame twice as often.
    cropped: float = 0.2
    filling: float = 0.06


INGREDIENTS: Final = tuple(ingredient.name for ingredient in fields(Mix))


def mix_without(*names: str) -> Mix:
    """Return the usual mix with some ingredients left out, by field name; for ablations.

    Raises:
        ValueError: naming what is no ingredient.

    """
    usual = Mix()
    left_out: dict[str, Any] = {}
    for name in names:
        if name not in INGREDIENTS:
            raise ValueError(f"{name} is no ingredient; there are {', '.join(INGREDIENTS)}")
        left_out[name] = {} if isinstance(getattr(usual, name), Mapping) else 0.0
    return replace(usual, **left_out)
