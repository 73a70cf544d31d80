"""Views of rendered scenes, made where torch computes: cut anew, mirrored, on other ground, relit."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from lambdas.image_processor.recipes import BOOK
from training.darkroom import Throws, develop
from training.losses import RIGHTNESS_WEIGHT, Targets
from training.plates import BENEATH, COVERAGE, SCENE, SHADE

#: How often a subject that can be is laid on what was beneath another one.
_MOVED: Final = 0.35
#: Least part of the picture's height and width that a view shows, and how often it shows less than it could.
_LEAST_PART: Final = 0.7
_CUT: Final = 0.7
#: A cut that a subject covers more of than this asks no longer whether there is a subject.
_MOST_COVERED: Final = 0.9
#: Margin of a critic's view around its mask; rarely everything is shown, or much more at some sides, as
#: where the product steps back to what the book model sees.
_MARGINS: Final = (0.15, 0.4)
_WHOLE: Final = 0.05
_WIDER: Final = 0.12
_MOST_WIDER: Final = 0.8
#: What was photographed by the renderer already is photographed again, less often and in part.
_AGAIN: Final = 0.4
_EDGE_RADIUS_PX: Final = 4


def standardised(pictures: Tensor) -> Tensor:
    """Return (N, 3, S, S), 0..255, as the product's preprocessing does: each by its own maximum first."""
    mean, std = (pictures.new_tensor(values).view(1, 3, 1, 1) for values in (BOOK.mean, BOOK.std))
    return (pictures / pictures.amax((1, 2, 3), keepdim=True).clamp(min=1) - mean) / std


def of_plates(drawn: dict[str, Tensor], side: int, throws: Throws) -> tuple[Tensor, Targets]:
    """Return the book model's inputs, (N, 3, side, side), and targets.

    Args:
        drawn: stacks of `plates.Plates`.
        side: of the views in pixels, a multiple of 32.
        throws: of this batch.

    """
    layers = drawn["layers"].float()
    scene, shade = layers[:, SCENE], layers[:, SHADE] / 255
    coverage, beneath = layers[:, COVERAGE] / 255, layers[:, BENEATH]
    is_loose = drawn["is_loose"].bool()
    other = torch.where(is_loose & is_loose.roll(1), 1.0, 0.0).view(-1, 1, 1, 1) * throws.chance(_MOVED)
    # The scene is subject * coverage + beneath * shade * (1 - coverage): only the ground changes.
    scene = scene + other * (1 - coverage) * shade * (beneath.roll(1, 0) - beneath)
    middles, sizes = _parts(throws)
    across = _mirrored(throws)
    grid = _grid(middles, sizes, torch.cat([across, torch.ones_like(across)], 1), side)
    views = _sampled(torch.cat([scene, coverage * 255], 1), grid)
    masks = views[:, 3:] / 255
    presence = drawn["presence"].clone()
    presence[(presence == 1) & (masks.mean((1, 2, 3)) > _MOST_COVERED)] = -1
    pictures = develop(views[:, :3].clamp(0, 255), masks, throws)
    return standardised(pictures), Targets(masks, edges(masks), presence)


def of_critiques(
    drawn: dict[str, Tensor], side: int, throws: Throws, again: float = 1.0
) -> tuple[Tensor, Targets]:
    """Return the critic's inputs, (N, 4, side, side), and targets; of each scene one mask.

    Args:
        drawn: stacks of `critiques.Critiques`.
        side: of the views in pixels, a multiple of 32.
        throws: of this batch.
        again: share of the views that may be photographed again.

    """
    planes, answers = drawn["planes"], drawn["answers"]
    every = torch.arange(len(planes), device=planes.device)
    pick = (throws.between(0, 1).flatten() * answers.shape[1]).long()
    chosen = torch.cat([planes[:, :4], planes[every, 4 + pick][:, None]], 1).float()
    boxes = drawn["boxes"][every, pick]
    whole = throws.chance(_WHOLE).flatten(1)
    size = boxes[:, 2:] - boxes[:, :2]
    before, after = _margins(throws).flatten(1).split(2, 1)
    low = (boxes[:, :2] - size * before).clamp(min=0) * (1 - whole)
    high = torch.lerp((boxes[:, 2:] + size * after).clamp(max=1), boxes.new_ones(1), whole)
    flips = torch.cat([_mirrored(throws), _mirrored(throws)], 1)
    views = _sampled(chosen, _grid((low + high) / 2, high - low, flips, side))
    # On its side: shadows and sides of things are the same lying.
    turned = throws.chance(0.3)
    views = torch.where(turned > 0, views.transpose(2, 3), views)
    truth, given = views[:, 3:4] / 255, views[:, 4:] / 255
    count = max(1, round(again * len(views)))
    first = develop(views[:count, :3], truth[:count], Throws(count, throws.source), _AGAIN)
    pictures = torch.cat([first, views[count:, :3]])
    wrong = ((given - truth).abs() > 0.5).float()
    inputs = torch.cat([standardised(pictures), given * 2 - 1], 1)
    targets = Targets(truth, torch.maximum(edges(truth), wrong), answers[every, pick], RIGHTNESS_WEIGHT)
    return inputs, targets


def edges(masks: Tensor) -> Tensor:
    """Return (N, 1, S, S), about 1 within four pixels of where a mask, 0..1, has an edge."""
    size = 2 * _EDGE_RADIUS_PX + 1
    grown, shrunk = (functional.max_pool2d(sign * masks, size, 1, _EDGE_RADIUS_PX) * sign for sign in (1, -1))
    return grown - shrunk


def _margins(throws: Throws) -> Tensor:
    """Return (N, 4, 1, 1): left, top, right, bottom of a mask, as shares of its width and height."""
    is_wider = (throws.between(0, 1, channels=4) < _WIDER).float()
    return throws.between(*_MARGINS) + is_wider * throws.between(0, _MOST_WIDER, channels=4)


def _parts(throws: Throws) -> tuple[Tensor, Tensor]:
    """Return the middles, (N, 2), and sizes, (N, 2), of the parts to show; shares of width and height."""
    size = 1 - (1 - throws.between(_LEAST_PART, 1.0)) * throws.chance(_CUT)
    squeeze = throws.between(-0.12, 0.12) * throws.chance(_CUT)
    sizes = torch.cat([size * (1 - squeeze), size * (1 + squeeze)], 1).flatten(1).clamp(max=1)
    places = throws.between(0, 1, channels=2).flatten(1)
    return sizes / 2 + places * (1 - sizes), sizes


def _mirrored(throws: Throws) -> Tensor:
    """Return -1 or 1, (N, 1)."""
    return (1 - 2 * throws.chance(0.5)).flatten(1)


def _grid(middles: Tensor, sizes: Tensor, flips: Tensor, side: int) -> Tensor:
    """Return (N, side, side, 2) for `grid_sample`: parts of a picture, -1 in `flips` mirrors an axis.

    Args:
        middles: (N, 2), x and y, 0..1.
        sizes: (N, 2).
        flips: (N, 2), x and y.
        side: of the views in pixels.

    """
    matrix = middles.new_zeros(len(middles), 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1] = (sizes * flips).unbind(1)
    matrix[:, :, 2] = 2 * middles - 1
    return functional.affine_grid(matrix, [len(middles), 1, side, side], align_corners=False)


def _sampled(planes: Tensor, grid: Tensor) -> Tensor:
    return functional.grid_sample(planes, grid, padding_mode="border", align_corners=False)
