"""What `cut` lets one choose from."""

from __future__ import annotations

from enum import StrEnum


class Background(StrEnum):
    """What the book stands on."""

    AUTO = "auto"
    BLACK = "black"
    WHITE = "white"
    TRANSPARENT = "transparent"


class RecipeChoice(StrEnum):
    """Which model cuts."""

    AUTO = "auto"
    U2NET = "u2net"
    ISNET = "isnet"
    BOOK = "book"


class Engine(StrEnum):
    """Whose code cuts."""

    OURS = "ours"
    #: The path of the deployed predecessor.
    REMBG = "rembg"
