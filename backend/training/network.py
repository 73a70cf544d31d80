"""The network: a five-level encoder, a narrow decoder, and a presence gate.

1.2 GFLOP at 256 x 256 (a multiply-add counts twice); 2.1 M parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

#: How strongly an image judged to hold no single book is pushed towards an empty mask.
PRESENCE_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Widths:
    """Channels per level, from half resolution to a thirty-second."""

    encoder: tuple[int, int, int, int, int] = (16, 32, 64, 128, 160)
    decoder: tuple[int, int, int, int] = (16, 32, 64, 96)


#: What fits into 4 GFLOP at 320 x 320, and into 4.5 MB with int8 weights.
WIDE = Widths((24, 48, 96, 176, 224), (24, 48, 80, 128))


def built(weights: Mapping[str, Tensor]) -> tuple[int, Widths]:
    """Return the input channels and the widths of the network that these weights are of."""
    one, two, three, four, five = (
        weights[f"{name}.conv.weight"].shape[0]
        for name in ("level1", "level2.0", "level3.0", "level4.0", "level5.0")
    )
    low, middle, high, top = (weights[f"merge{level}.smooth.conv.weight"].shape[0] for level in (1, 2, 3, 4))
    widths = Widths((one, two, three, four, five), (low, middle, high, top))
    return weights["level1.conv.weight"].shape[1], widths


class ConvNorm(nn.Module):
    """Convolution, batch normalisation, and (by `activation`) a rectifier or nothing."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        activation: type[nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        padding = (kernel // 2) * dilation
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.activation = activation()

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        activated: Tensor = self.activation(self.norm(self.conv(features)))
        return activated


class Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels, dilation=dilation)
        self.second = ConvNorm(channels, channels, dilation=dilation, activation=nn.Identity)

    def forward(self, features: Tensor) -> Tensor:
        """Keep the shape."""
        return functional.relu(features + self.second(self.first(features)))


class GlobalContext(nn.Module):
    """Adds what the whole picture says to every place of it; also returns it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels, 1)
        self.excite = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return features of the same shape and the (N, channels, 1, 1) summary."""
        summary = functional.relu(self.squeeze(features.mean((2, 3), keepdim=True)))
        return features + self.excite(summary), summary


class Merge(nn.Module):
    """One step of the decoder: a deeper map, enlarged, added to a shallower one."""

    def __init__(self, shallow: int, deep: int, outputs: int) -> None:
        super().__init__()
        self.lateral = ConvNorm(shallow, outputs, 1, activation=nn.Identity)
        self.reduce = ConvNorm(deep, outputs, 1, activation=nn.Identity)
        self.smooth = ConvNorm(outputs, outputs)

    def forward(self, shallow: Tensor, deep: Tensor) -> Tensor:
        """Return (N, outputs, H, W) at the shallow map's size."""
        enlarged = functional.interpolate(
            self.reduce(deep), size=shallow.shape[2:], mode="bilinear", align_corners=False
        )
        merged: Tensor = self.smooth(functional.relu(self.lateral(shallow) + enlarged))
        return merged


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says while it is trained; logits all."""

    #: (N, 1, S, S) before the gate.
    mask: Tensor
    #: (N,): is there a single subject to cut out?
    presence: Tensor
    #: (N, 1, S/8, S/8) and (N, 1, S/16, S/16), for supervision in depth.
    coarse: tuple[Tensor, Tensor]


class BookNet(nn.Module):
    """(N, 3, S, S) standardised RGB -> `Prediction`; S a multiple of 32.

    Args:
        widths: channels per level.
        inputs: 3, or 4 where a mask is asked about beside its photo (`candidates.py`).

    """

    def __init__(self, widths: Widths | None = None, inputs: int = 3) -> None:
        super().__init__()
        enc = (widths or Widths()).encoder
        dec = (widths or Widths()).decoder
        self.inputs = inputs
        self.level1 = ConvNorm(inputs, enc[0], stride=2)
        self.level2 = nn.Sequential(ConvNorm(enc[0], enc[1], stride=2), Residual(enc[1]))
        self.level3 = nn.Sequential(ConvNorm(enc[1], enc[2], stride=2), Residual(enc[2]))
        self.level4 = nn.Sequential(ConvNorm(enc[2], enc[3], stride=2), Residual(enc[3]), Residual(enc[3], 2))
        self.level5 = nn.Sequential(ConvNorm(enc[3], enc[4], stride=2), Residual(enc[4]), Residual(enc[4], 2))
        self.context = GlobalContext(enc[4])
        self.merge4 = Merge(enc[3], enc[4], dec[3])
        self.merge3 = Merge(enc[2], dec[3], dec[2])
        self.merge2 = Merge(enc[1], dec[2], dec[1])
        self.merge1 = Merge(enc[0], dec[1], dec[0])
        #: Four values a place: the half-resolution map becomes a full one by pixel shuffling.
        self.head = nn.Conv2d(dec[0], 4, 3, padding=1)
        self.coarse3 = nn.Conv2d(dec[2], 1, 1)
        self.coarse4 = nn.Conv2d(dec[3], 1, 1)
        self.presence = nn.Sequential(nn.Conv2d(2 * enc[4], 64, 1), nn.ReLU(), nn.Conv2d(64, 1, 1))

    def forward(self, pictures: Tensor) -> Prediction:
        """Predict; every output is a logit."""
        level1 = self.level1(pictures)
        level2 = self.level2(level1)
        level3 = self.level3(level2)
        level4 = self.level4(level3)
        level5 = self.level5(level4)
        deepest, summary = self.context(level5)
        # The mean says what is there, the maximum whether something is there at all.
        evidence = torch.cat([summary, level5.amax((2, 3), keepdim=True)], 1)
        merged4 = self.merge4(level4, deepest)
        merged3 = self.merge3(level3, merged4)
        merged1 = self.merge1(level1, self.merge2(level2, merged3))
        return Prediction(
            functional.pixel_shuffle(self.head(merged1), 2),
            self.presence(evidence).flatten(),
            (self.coarse3(merged3), self.coarse4(merged4)),
        )


class Exported(nn.Module):
    """What is shipped: (N, 3, S, S) -> (N, 1, S, S) probabilities, the gate applied.

    Args:
        network: its presence head is the gate.
        beside: a second opinion on the mask, averaged in as logits; its presence head is not asked.

    """

    def __init__(self, network: BookNet, beside: BookNet | None = None) -> None:
        super().__init__()
        self.network = network
        self.beside = beside

    def forward(self, pictures: Tensor) -> Tensor:
        """Return probabilities: nothing is taken from a picture judged to hold a book."""
        prediction = self.network(pictures)
        logits = prediction.mask
        if self.beside is not None:
            logits = (logits + self.beside(pictures).mask) / 2
        absence = functional.relu(-prediction.presence).view(-1, 1, 1, 1)
        return torch.sigmoid(logits - PRESENCE_WEIGHT * absence)


class ExportedCritic(nn.Module):
    """What is shipped of a critic: (N, 4, S, S) -> (N, 1, S, S) and (N,), probabilities.

    Of the true mask, and that the mask asked about is right.
    """

    def __init__(self, network: BookNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities; the answer to the one question does not change the other's."""
        prediction = self.network(pictures)
        return torch.sigmoid(prediction.mask), torch.sigmoid(prediction.presence)
