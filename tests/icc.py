"""Colour spaces and their ICC profiles, computed from their primaries (ICC.1:2001-04, matrix/TRC)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_D65 = (0.3127, 0.3290)
_D50_XYZ = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True)
class ColourSpace:
    """An RGB space with a D65 white and a power curve.

    Args:
        name: the profile's description.
        primaries: x and y of red, green and blue.
        gamma: the curve's exponent.

    """

    name: str
    primaries: tuple[tuple[float, float], ...]
    gamma: float

    @cached_property
    def to_xyz(self) -> NDArray[np.float64]:
        """Linear RGB -> XYZ adapted to D50, (3, 3)."""
        columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in self.primaries]).T
        white = np.array([_D65[0] / _D65[1], 1.0, (1 - sum(_D65)) / _D65[1]])
        scaled = columns * np.linalg.solve(columns, white)
        gain = np.diag((_BRADFORD @ _D50_XYZ) / (_BRADFORD @ white))
        return np.asarray(np.linalg.inv(_BRADFORD) @ gain @ _BRADFORD @ scaled)

    @cached_property
    def icc(self) -> bytes:
        """The profile."""
        columns = self.to_xyz.T
        curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(self.gamma * 256)) + bytes(2)
        description = self.name.encode() + b"\0"
        text = b"desc" + bytes(4) + struct.pack(">I", len(description)) + description + bytes(78)
        tags = {
            b"desc": text,
            b"cprt": b"text" + bytes(4) + b"none\0",
            b"wtpt": _xyz(_D50_XYZ),
            **{name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)},
            **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
        }
        table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
        for name, content in tags.items():
            padded = content + bytes(-len(content) % 4)
            table += name + struct.pack(">II", start + len(body), len(content))
            body += padded
        size = start + len(body)
        header = struct.pack(">I4xI4s4s4s", size, 0x02400000, b"mntr", b"RGB ", b"XYZ ")
        header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
        header += _xyz(_D50_XYZ)[8:] + bytes(48)
        return header + struct.pack(">I", len(tags)) + table + body

    def encode(self, srgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return sRGB pixels as this space writes the same colours."""
        coded = srgb.astype(np.float64) / 255
        linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
        own = linear @ (np.linalg.inv(self.to_xyz) @ _SRGB_LINEAR.to_xyz).T
        return np.asarray(np.clip(own, 0, 1) ** (1 / self.gamma) * 255 + 0.5).astype(np.uint8)


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


_SRGB_LINEAR = ColourSpace("sRGB primaries", ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), 1.0)
ADOBE_RGB = ColourSpace("Adobe RGB (1998)", ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), 563 / 256)
DISPLAY_P3 = ColourSpace("Display P3", ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)), 2.2)
