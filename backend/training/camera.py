"""A pinhole camera: x right, y up, z towards the viewer; it looks at the origin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.canvas import Points

#: (n, 3) float.
Points3 = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """Where the viewer stands."""

    #: (3, 3): world to camera.
    rotation: NDArray[np.float64]
    #: From the origin, in book heights.
    distance: float

    @classmethod
    def looking(cls, elevation: float, azimuth: float, roll: float, distance: float) -> Camera:
        """Return a camera by its angles in degrees: 90 of elevation looks straight down."""
        ce, se = math.cos(math.radians(elevation)), math.sin(math.radians(elevation))
        ca, sa = math.cos(math.radians(azimuth)), math.sin(math.radians(azimuth))
        cr, sr = math.cos(math.radians(roll)), math.sin(math.radians(roll))
        turn = np.asarray([[ca, 0, sa], [0, 1, 0], [-sa, 0, ca]])
        tilt = np.asarray([[1, 0, 0], [0, ce, -se], [0, se, ce]])
        spin = np.asarray([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        return cls(spin @ tilt @ turn, distance)

    @property
    def position(self) -> NDArray[np.float64]:
        """Where it stands, (3,)."""
        return np.asarray(self.rotation.T @ np.asarray([0, 0, self.distance]), np.float64)

    def project(self, points: Points3) -> Points:
        """Return (n, 2), y downwards, before any scaling to pixels."""
        turned = points @ self.rotation.T
        depth = np.maximum(self.distance - turned[:, 2], 0.15)
        return np.stack([turned[:, 0] / depth, -turned[:, 1] / depth], 1)


@dataclass(frozen=True)
class Framing:
    """How projected points become pixels; two scales, as the photo's aspect is squeezed into the square."""

    scale: NDArray[np.float64]
    offset: NDArray[np.float64]

    def to_pixels(self, points: Points) -> Points:
        """Return (n, 2) pixel positions."""
        return np.asarray(points * self.scale + self.offset, np.float64)
