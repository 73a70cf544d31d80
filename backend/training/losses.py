"""What a prediction costs: cross-entropy that weighs edges, soft IoU, supervision in depth, presence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from training.network import Prediction

#: Extra weight of the pixels near an edge.
_BAND_WEIGHT: Final = 3.0
#: Keeps the IoU of empty masks defined, in pixels.
_SMOOTH: Final = 20.0
_COARSE_WEIGHTS: Final = (0.3, 0.2)
_PRESENCE_WEIGHT: Final = 0.3
#: Of the critic's answer whether a mask is right.
RIGHTNESS_WEIGHT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Targets:
    """The truth of a batch."""

    #: (N, 1, S, S), 0..1.
    masks: Tensor
    #: (N, 1, S, S), 1 near edges.
    bands: Tensor
    #: (N,): 1, 0, or -1 where it is not asked.
    presence: Tensor
    #: How much that counts.
    presence_weight: float = _PRESENCE_WEIGHT


@dataclass(frozen=True, slots=True)
class Cost:
    """The loss, and what people look at."""

    total: Tensor
    #: Mean over the pictures with a subject, at probability 0.5.
    iou: Tensor
    #: Share of right answers among those asked.
    presence_accuracy: Tensor


def cost(prediction: Prediction, targets: Targets) -> Cost:
    """Return the loss of a batch; computed in float32 whatever the network ran in."""
    logits = prediction.mask.float()
    weights = 1 + _BAND_WEIGHT * targets.bands
    entropy = functional.binary_cross_entropy_with_logits(logits, targets.masks, reduction="none")
    total = (entropy * weights).sum() / weights.sum()
    total = total + (1 - _soft_iou(torch.sigmoid(logits), targets.masks)).mean()
    for coarse, weight in zip(prediction.coarse, _COARSE_WEIGHTS, strict=True):
        small = functional.interpolate(targets.masks, size=coarse.shape[2:], mode="area")
        total = total + weight * functional.binary_cross_entropy_with_logits(coarse.float(), small)
    asked = targets.presence >= 0
    presence = prediction.presence.float()[asked]
    truth = targets.presence[asked].float()
    if len(truth):
        entropy = functional.binary_cross_entropy_with_logits(presence, truth)
        total = total + targets.presence_weight * entropy
    with torch.no_grad():
        hard, has_subject = (logits > 0).float(), targets.masks.amax((1, 2, 3)) > 0.5
        iou = _soft_iou(hard, (targets.masks > 0.5).float())[has_subject].mean()
        accuracy = ((presence > 0).float() == truth).float().mean()
    return Cost(total, iou, accuracy)


def _soft_iou(predicted: Tensor, truth: Tensor) -> Tensor:
    """Return (N,) intersections over unions."""
    common = (predicted * truth).sum((1, 2, 3))
    union = (predicted + truth - predicted * truth).sum((1, 2, 3))
    return (common + _SMOOTH) / (union + _SMOOTH)
