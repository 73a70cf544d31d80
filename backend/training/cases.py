"""What is measured on: labelled photographs, and rendered scenes whose truth is exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from lambdas.image_processor.domain import Photo
from training.generator import Generator
from training.labels import LabelledPhoto
from training.measures import Plane, Region
from training.paint import as_weight

#: Of scenes that no training has seen.
_RENDERED_SEED: Final = 70_001
#: Rendered cases are as large as this.
_RENDERED_SIDE_PX: Final = 1000


@dataclass(frozen=True, slots=True)
class Case:
    """One picture with its truth."""

    name: str
    #: "positive" | "hard" | "negative".
    role: str
    kind: str
    photo: Photo
    #: All 0 for a negative.
    truth: Plane
    #: Where further books lie: keeping them is neither right nor wrong.
    ignored: Region


def labelled_cases(labelled: list[LabelledPhoto]) -> Iterator[Case]:
    """Yield the labelled photographs, decoded one by one."""
    for item in labelled:
        photo = item.photo()
        yield Case(
            item.path.name, item.role, item.kind, photo, item.truth(photo.size), item.ignored(photo.size)
        )


def rendered_cases(count: int) -> Iterator[Case]:
    """Yield rendered scenes, with and without a subject; those that fill the frame are left out."""
    generator = Generator(_RENDERED_SEED, _RENDERED_SIDE_PX)
    index = made = 0
    while made < count:
        sample = generator.sample(index)
        index += 1
        if sample.presence is None or (sample.mask.any() and not sample.presence):
            continue
        made += 1
        truth = as_weight(sample.mask)
        role = "positive" if sample.presence else "negative"
        photo = Photo(sample.pixels, "rendered")
        yield Case(f"rendered-{index - 1}", role, sample.kind, photo, truth, np.zeros(truth.shape, np.bool_))
