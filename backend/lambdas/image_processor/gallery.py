"""Which picture of a book is cut out, and in what order the gallery stands afterwards. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.constants.image_processing import IMAGE_TYPE_PRIORITY
from lambdas.image_processor.domain import GalleryImage, Placement


def choose_source(
    images: Sequence[GalleryImage], requested_id: int, done_ids: Collection[int] = ()
) -> GalleryImage | None:
    """Return the picture to cut out, or None where every picture is a cut-out already.

    Args:
        images: the book's pictures, in any order.
        requested_id: the picture that the message names.
        done_ids: pictures with a completed job whose cut-out still exists; they rank last.

    """

    def rank(image: GalleryImage) -> tuple[bool, int, bool, bool, int, int]:
        kind = image.image_type or ""
        priority = (
            IMAGE_TYPE_PRIORITY.index(kind) if kind in IMAGE_TYPE_PRIORITY else len(IMAGE_TYPE_PRIORITY)
        )
        return (
            image.id in done_ids,
            priority,
            not image.is_primary,
            image.id != requested_id,
            image.display_order,
            image.id,
        )

    return min((image for image in images if not image.is_background_processed), key=rank, default=None)


def reorder(images: Sequence[GalleryImage], new_id: int, source_id: int) -> list[Placement]:
    """Return every picture's new place: the cut-out first and primary, its source last, the others between.

    Args:
        images: the book's pictures, the new one included or not.
        new_id: the cut-out.
        source_id: the picture it was cut from; may be gone.

    """
    others = sorted(
        (image for image in images if image.id not in {new_id, source_id}),
        key=lambda image: (image.display_order, image.id),
    )
    last = [source_id] if any(image.id == source_id for image in images) else []
    ids = [new_id, *(image.id for image in others), *last]
    return [Placement(image_id, order, is_primary=order == 0) for order, image_id in enumerate(ids)]
