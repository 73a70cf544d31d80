"""What `photograph.py` does to one picture, done to many at once, where torch computes.

The same kinds of light, tone, blur, noise and compression, as often; thrown anew for each view, so that a
scene rendered once is photographed many times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

_RADIUS: Final = 7
#: The luminance table of JPEG (ITU-T T.81, annex K), row by row; both kinds of channel use it here.
_QUANTISATION: Final = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
#: RGB to Y, Cb, Cr without the offset (JFIF).
_TO_LUMA: Final = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


@dataclass(frozen=True)
class Throws:
    """Random numbers, one for each picture of a batch, as (N, 1, 1, 1)."""

    count: int
    source: torch.Generator

    def between(self, low: float, high: float, channels: int = 1) -> Tensor:
        """Return uniform numbers, (N, channels, 1, 1)."""
        shape = (self.count, channels, 1, 1)
        return low + (high - low) * torch.rand(shape, generator=self.source, device=self.source.device)

    def bell(self, *shape: int) -> Tensor:
        """Return standard normal numbers, (N, *shape)."""
        return torch.randn((self.count, *shape), generator=self.source, device=self.source.device)

    def chance(self, probability: float) -> Tensor:
        """Return 1 this often, 0 otherwise."""
        return (self.between(0, 1) < probability).float()


def develop(pictures: Tensor, coverage: Tensor, throws: Throws, strength: float = 1.0) -> Tensor:
    """Return (N, 3, S, S), 0..255 and whole numbers: the scenes as photographed.

    Args:
        pictures: (N, 3, S, S), 0..255.
        coverage: (N, 1, S, S), 0..1, how much of each pixel the subject covers.
        throws: of the batch.
        strength: how often each thing happens, 1 being as often as to a scene that is developed only here.

    """
    pictures = _tones_matched(pictures, coverage, throws, 0.18 * strength)
    pictures = _lit(pictures, coverage, throws, strength)
    cast = torch.where(
        throws.chance(0.7) > 0, 1 + 0.07 * throws.bell(3, 1, 1), throws.between(0.7, 1.3, channels=3)
    )
    pictures = pictures * _or_one(cast * throws.between(0.75, 1.2), throws.chance(strength))
    gain = _or_one(throws.between(0.4, 1.3), throws.chance(0.3 * strength))
    middle = throws.between(60, 190)
    pictures = ((pictures - middle) * gain + middle).clamp(0, 255)
    pictures = 255 * (pictures / 255) ** _or_one(throws.between(0.6, 1.7), throws.chance(0.3 * strength))
    pictures = _focused(pictures, throws, strength)
    grain = throws.bell(3, *pictures.shape[2:])
    grain = torch.where(throws.chance(0.5) > 0, grain, grain[:, :1])
    pictures = pictures + grain * throws.between(1, 9) * throws.chance(0.6 * strength)
    pictures = pictures.clamp(0, 255).floor()
    return torch.where(throws.chance(0.65 * strength) > 0, compressed(pictures, throws), pictures)


def _or_one(factor: Tensor, is_used: Tensor) -> Tensor:
    return 1 + (factor - 1) * is_used


def _tones_matched(pictures: Tensor, coverage: Tensor, throws: Throws, probability: float) -> Tensor:
    """Give some subjects the background's mean colour: white on white, dark on dark."""
    inside = (pictures * coverage).sum((2, 3), keepdim=True) / (coverage.sum((2, 3), keepdim=True) + 1)
    beside = 1 - coverage
    outside = (pictures * beside).sum((2, 3), keepdim=True) / (beside.sum((2, 3), keepdim=True) + 1)
    shift = (outside - inside) * throws.between(0.6, 1.0) + 8 * throws.bell(1, 1, 1)
    return pictures + shift * coverage * throws.chance(probability)


def _lit(pictures: Tensor, coverage: Tensor, throws: Throws, strength: float) -> Tensor:
    """Light unevenly: slowly over the picture, by a glare on the subject, by a hard shadow, by the lens."""
    rows, columns = pictures.shape[2:]
    low = throws.bell(1, 3, 3) * throws.between(0.05, 0.3) * throws.chance(0.75 * strength)
    slow = functional.interpolate(low, size=(rows, columns), mode="bicubic", align_corners=False)
    y = torch.linspace(-1, 1, rows, device=pictures.device).view(1, 1, rows, 1)
    x = torch.linspace(-1, 1, columns, device=pictures.device).view(1, 1, 1, columns)
    turn = throws.between(0, 2 * math.pi)
    along = (x - throws.between(-1, 1)) * turn.cos() + (y - throws.between(-1, 1)) * turn.sin()
    across = (y - throws.between(-1, 1)) * turn.cos() - (x - throws.between(-1, 1)) * turn.sin()
    spot = torch.exp(-((along / throws.between(0.06, 0.6)) ** 2) - (across / throws.between(0.06, 0.6)) ** 2)
    glare = spot * throws.between(30, 200) * throws.chance(0.15 * strength) * coverage
    edge = torch.sigmoid(along * rows / throws.between(1, 16))
    shadow = 1 - throws.between(0.2, 0.65) * edge * throws.chance(0.15 * strength)
    fall = 1 - throws.between(0.05, 0.5) * (x**2 + y**2) / 2 * throws.chance(0.3 * strength)
    return (pictures + glare) * slow.exp() * shadow * fall


def _focused(pictures: Tensor, throws: Throws, strength: float) -> Tensor:
    """Blur or sharpen."""
    wide = torch.where(throws.chance(0.8) > 0, throws.between(0.3, 1.0), throws.between(1, 2.2))
    is_blurred = throws.chance(0.55 * strength)
    sigma = torch.where(is_blurred > 0, wide, torch.ones_like(wide))
    soft = blurred(pictures, sigma)
    sharpness = throws.between(0.3, 1.2) * throws.chance(0.3 * strength)
    return torch.where(is_blurred > 0, soft, pictures + sharpness * (pictures - soft))


def blurred(pictures: Tensor, sigma: Tensor) -> Tensor:
    """Return (N, C, S, S) under Gaussians of standard deviations, (N, 1, 1, 1) in pixels, up to 2.5."""
    count, channels, rows, columns = pictures.shape
    steps = torch.arange(-_RADIUS, _RADIUS + 1, device=pictures.device)
    kernel = torch.exp(-0.5 * (steps / sigma.view(-1, 1)) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    planes = functional.pad(pictures.reshape(1, -1, rows, columns), (_RADIUS,) * 4, mode="replicate")
    planes = functional.conv2d(planes, kernel.view(-1, 1, 1, kernel.shape[1]), groups=count * channels)
    planes = functional.conv2d(planes, kernel.view(-1, 1, kernel.shape[1], 1), groups=count * channels)
    return planes.view(count, channels, rows, columns)


def compressed(pictures: Tensor, throws: Throws) -> Tensor:
    """Return the pictures as JPEG of a quality from 25 to 95 leaves them; S a multiple of 8."""
    count, channels, rows, columns = pictures.shape
    device = pictures.device
    colours = torch.tensor(_TO_LUMA, device=device)
    luma = torch.einsum("dc,nchw->ndhw", colours, pictures - torch.tensor(128.0, device=device))
    blocks = luma.view(count, channels, rows // 8, 8, columns // 8, 8).transpose(3, 4)
    cosine = _cosines().to(device)
    frequencies = cosine @ blocks @ cosine.T
    quality = throws.between(25, 95)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50).view(-1, 1, 1, 1, 1, 1)
    table = torch.tensor(_QUANTISATION, device=device).view(8, 8) * scale
    table = table.round().clamp(min=1)
    kept = cosine.T @ ((frequencies / table).round() * table) @ cosine
    luma = kept.transpose(3, 4).reshape(count, channels, rows, columns)
    back = torch.einsum("dc,nchw->ndhw", torch.linalg.inv(colours), luma) + 128
    return back.round().clamp(0, 255)


def _cosines() -> Tensor:
    """Return (8, 8), the orthonormal discrete cosine transform of type II."""
    places = torch.arange(8.0)
    waves = torch.cos(math.pi * (places + 0.5) * places.view(-1, 1) / 8) / 2
    waves[0] /= math.sqrt(2)
    return waves
