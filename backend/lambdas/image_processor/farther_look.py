"""A look from farther away, and which of two looks is likelier where they differ. Pure.

Where a subject reaches the frame's borders, nothing in the picture shows where it ends: a strip of table
before a sheet may be the front of a box. With the picture's borders drawn out on all sides the model may see
it end. Neither look is the better one as such: each is judged with the other as an opinion on it, and what
edges and colours say of the piece in dispute decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from PIL import Image

from lambdas.image_processor import quality
from lambdas.image_processor.boxes import whole
from lambdas.image_processor.closer_look import overlap
from lambdas.image_processor.domain import Mask, Photo, Verdict
from lambdas.image_processor.strips import reduced
from lambdas.image_processor.working_size import Bytes, Patch

#: Finds the mask of a picture, (height, width, 3) uint8.
Look = Callable[[Bytes], Mask]

#: The borders are drawn out by this share of the longest side.
_MARGIN: Final = 0.15
#: The picture is shown at half to all of this longest side: a model of 256 pixels asks for no more.
_SIDE_PX: Final = 1024
#: Looks that overlap so much (intersection over union) do not differ.
_SAME: Final = 0.9
#: The farther look must be this much likelier to be right about the piece in dispute, of 1.
_LIKELIER: Final = 0.15
#: And the critic must find it so likely right: of a row of books it finds one look as good as another.
_RIGHT: Final = 0.9
#: The farther look's subject may be cut by this share more of the frame's border: by next to none.
_NO_MORE_CUT: Final = 0.02
_SUBJECT: Final = 127


def from_farther(pixels: Bytes, look: Look) -> Mask:
    """Return what a model sees in a picture whose borders are drawn out, in the picture's own frame.

    Args:
        pixels: (height, width, 3) uint8.
        look: finds the mask of a larger picture.

    """
    factor = max(1, max(pixels.shape[:2]) // _SIDE_PX)
    small = reduced(pixels, (factor, factor))
    height, width = small.shape[:2]
    margin = max(1, round(_MARGIN * max(height, width)))
    found = look(np.pad(small, ((margin, margin), (margin, margin), (0, 0)), mode="edge"))
    part = Image.fromarray(found.alpha[margin : margin + height, margin : margin + width])
    # The last block of a reduced picture may reach beyond the photo.
    box = (0, 0, pixels.shape[1] / factor, pixels.shape[0] / factor)
    alpha = part.resize((pixels.shape[1], pixels.shape[0]), Image.Resampling.LANCZOS, box=box)
    return Mask(np.asarray(alpha), found.probability)


def differ(one: Bytes, other: Bytes) -> bool:
    """Return whether two masks of one photo are of different things; an empty one is of nothing."""
    return all((mask > _SUBJECT).any() for mask in (one, other)) and overlap(one, other) < _SAME


def likelier(photo: Photo, mine: Mask, other: Mask, criticised: Callable[[Bytes], Patch]) -> Mask:
    """Return my mask, or another look's that is likelier right, with what the critic says of that.

    The other may show where a subject ends, not that the frame cuts more of it: a page is no book. The critic
    must find it right. It must pass the judge with mine as the second opinion; and the belief that mine lacks
    a piece that the other has, or has one too many, must exceed what is believed so of the other.

    Args:
        photo: (height, width, 3) uint8.
        mine: of the same height and width.
        other: likewise.
        criticised: returns the critic's opinion on a mask.

    """

    def judged(mask: Mask, said: Patch, opinion: Mask) -> Verdict:
        given = said, Patch(opinion.alpha, whole(photo.pixels.shape))
        return quality.weighed(photo, replace(mask, rightness=None), given, quality.OWN)

    if _cut(other.alpha) > _cut(mine.alpha) + _NO_MORE_CUT:
        return mine
    said = criticised(other.alpha)
    if (said.rightness or 0.0) < _RIGHT:
        return mine
    theirs = judged(other, said, mine)
    if not theirs.accepted:
        return mine
    against_mine = _against(judged(mine, criticised(mine.alpha), other).measures)
    is_likelier = against_mine - _against(theirs.measures) >= _LIKELIER
    return replace(other, rightness=said.rightness) if is_likelier else mine


def _against(measures: Mapping[str, float]) -> float:
    """Return how far a mask is believed to lack a piece, or to have one too many, 0..1."""
    return max(measures.get("missing", 0.0), measures.get("extra", 0.0))


def _cut(alpha: Bytes) -> float:
    """Return which share of the frame's border cuts the subject, 0..1."""
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    return float((border > _SUBJECT).mean())
