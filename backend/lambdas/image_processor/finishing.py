"""What is made of the embedded model's mask: corrected, looked at from farther away, its sides straightened.

Pure but for the networks that are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from PIL import Image

from lambdas.image_processor.correction import Bytes, corrected
from lambdas.image_processor.critic import around, as_opinion, mean, mirrored
from lambdas.image_processor.domain import Critique, Mask, Photo
from lambdas.image_processor.farther_look import differ, from_farther, likelier
from lambdas.image_processor.recipes import ModelSpec
from lambdas.image_processor.straighten import straighten
from lambdas.image_processor.working_size import Patch

#: Finds the mask of a picture, (height, width, 3) uint8, in the ways of a spec.
Look = Callable[[ModelSpec, Bytes], Mask]
#: Asks a critic about a mask of a part of a photo.
Criticise = Callable[[ModelSpec, Photo, Bytes], Critique]
#: Asks it both ways round about a mask of the photo.
Ask = Callable[[Bytes], Patch]


def finished(spec: ModelSpec, mask: Mask, photo: Photo, look: Look, criticise: Criticise) -> Mask:
    """Return the mask after all that the spec asks for.

    Args:
        spec: the model.
        mask: what it found in the photo.
        photo: (height, width, 3) uint8.
        look: the same model, for further looks.
        criticise: for the critic that the spec names.

    """
    if spec.corrected_by is not None:
        ask = partial(_asked, spec.corrected_by, criticise, photo)
        turned = _turned(partial(look, spec), photo.pixels)
        alpha, rightness = corrected(mask.alpha, partial(_corrections, ask), turned)
        mask = replace(mask, alpha=alpha, rightness=rightness)
        if spec.looks_farther and rightness is not None:
            mask = _from_farther_too(spec, mask, photo, look, ask)
    if spec.straightens_sides:
        mask = replace(mask, alpha=straighten(photo.pixels, mask.alpha))
    return mask


def _from_farther_too(spec: ModelSpec, mask: Mask, photo: Photo, look: Look, ask: Ask) -> Mask:
    """Return the mask, or the one of a farther look where that is likelier right."""
    # A glance tells whether there is anything to look at.
    glance = from_farther(photo.pixels, partial(look, spec.asked_once()))
    if not differ(mask.alpha, glance.alpha):
        return mask
    other = from_farther(photo.pixels, partial(look, spec))
    return likelier(photo, mask, other, ask) if differ(mask.alpha, other.alpha) else mask


def _asked(spec: ModelSpec, criticise: Criticise, photo: Photo, alpha: Bytes) -> Patch:
    """Return what a critic makes of a mask, and how right it finds it: means of both ways round."""
    box = around(alpha)
    part, there = photo.pixels[box], alpha[box]
    one = criticise(spec, Photo(np.ascontiguousarray(part), photo.format), there)
    other = criticise(spec, Photo(mirrored(part), photo.format), mirrored(there))
    return as_opinion(mean(one, other), box)


def _corrections(ask: Ask, alpha: Bytes) -> tuple[Bytes, float]:
    """Return the mask that the critic proposes, in the photo's frame, and how right it finds this one."""
    said = ask(alpha)
    found = np.zeros_like(alpha)
    part = found[said.box]
    size = part.shape[1], part.shape[0]
    part[:] = np.asarray(Image.fromarray(said.mask).resize(size, Image.Resampling.LANCZOS))
    return found, said.rightness or 0.0


def _turned(look: Callable[[Bytes], Mask], pixels: Bytes) -> Iterator[Bytes]:
    """Yield the masks of a picture that a model finds in it turned by 90, 180 and 270 degrees."""
    for quarters in (1, 2, 3):
        found = look(np.ascontiguousarray(np.rot90(pixels, quarters)))
        yield np.ascontiguousarray(np.rot90(found.alpha, -quarters))
