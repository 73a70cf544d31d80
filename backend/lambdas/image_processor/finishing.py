"""What is made of the embedded model's mask: corrected by the critic, its straight sides put on edges.

Pure but for the networks that are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from lambdas.image_processor.correction import Bytes, corrected
from lambdas.image_processor.critic import around, mean, mirrored
from lambdas.image_processor.domain import Critique, Mask, Photo
from lambdas.image_processor.recipes import ModelSpec
from lambdas.image_processor.straighten import straighten
from lambdas.image_processor.tensors import to_alpha

#: Finds the mask of a picture, (height, width, 3) uint8.
Look = Callable[[Bytes], Mask]
#: Asks a critic about a mask of a part of a photo.
Criticise = Callable[[ModelSpec, Photo, Bytes], Critique]


def finished(spec: ModelSpec, mask: Mask, photo: Photo, look: Look, criticise: Criticise) -> Mask:
    """Return the mask after all that the spec asks for.

    Args:
        spec: the model.
        mask: what it found in the photo.
        photo: (height, width, 3) uint8.
        look: the same model, for further looks.
        criticise: for the critic that the spec names.

    """
    alpha, rightness = mask.alpha, mask.rightness
    if spec.corrected_by is not None:
        critic = partial(_corrections, spec.corrected_by, criticise, photo)
        alpha, rightness = corrected(alpha, critic, _turned(look, photo.pixels))
    if spec.straightens_sides:
        alpha = straighten(photo.pixels, alpha)
    return replace(mask, alpha=alpha, rightness=rightness)


def _corrections(spec: ModelSpec, criticise: Criticise, photo: Photo, alpha: Bytes) -> tuple[Bytes, float]:
    """Return a critic's own mask of a photo, and how right the given one is: means of both ways round."""
    box = around(alpha)
    part, there = photo.pixels[box], alpha[box]
    one = criticise(spec, Photo(np.ascontiguousarray(part), photo.format), there)
    other = criticise(spec, Photo(mirrored(part), photo.format), mirrored(there))
    said = mean(one, other)
    found = np.zeros_like(alpha)
    found[box] = to_alpha(spec, said.probability, (part.shape[1], part.shape[0]))
    return found, said.rightness


def _turned(look: Look, pixels: Bytes) -> Iterator[Bytes]:
    """Yield the masks of a picture that a model finds in it turned by 90, 180 and 270 degrees."""
    for quarters in (1, 2, 3):
        found = look(np.ascontiguousarray(np.rot90(pixels, quarters)))
        yield np.ascontiguousarray(np.rot90(found.alpha, -quarters))
