"""Source choice and gallery order: the laws of the contract."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.constants.image_processing import IMAGE_TYPE_PRIORITY
from lambdas.image_processor.domain import GalleryImage
from lambdas.image_processor.gallery import choose_source, reorder

kinds = st.sampled_from([None, "other", *IMAGE_TYPE_PRIORITY])


@st.composite
def galleries(draw: st.DrawFn) -> list[GalleryImage]:
    ids = draw(st.lists(st.integers(1, 60), min_size=1, max_size=24, unique=True))
    return [
        GalleryImage(
            i, f"{i}.jpg", draw(kinds), draw(st.integers(0, 30)), draw(st.booleans()), draw(st.booleans())
        )
        for i in ids
    ]


def image(
    id_: int, kind: str | None = None, order: int = 0, *, primary: bool = False, processed: bool = False
) -> GalleryImage:
    return GalleryImage(id_, f"{id_}.jpg", kind, order, primary, processed)


def test_types_come_in_their_order() -> None:
    """title_page > binding > cover > spine > anything else."""
    images = [
        image(1, primary=True),
        image(2, "spine"),
        image(3, "cover"),
        image(4, "binding"),
        image(5, "title_page"),
    ]
    chosen = []
    while images:
        best = choose_source(images, requested_id=1)
        assert best is not None
        chosen.append(best.id)
        images.remove(best)
    assert [5, 4, 3, 2, 1] == chosen


def test_then_primary_then_requested_then_order() -> None:
    """Among equal types the primary wins, then the requested one, then the first by order."""
    assert image(2, order=9, primary=True) == choose_source([image(1), image(2, order=9, primary=True)], 1)
    assert image(2, order=9) == choose_source([image(1), image(2, order=9)], 2)
    assert image(2, order=1) == choose_source([image(1, order=4), image(2, order=1)], 99)


def test_done_sources_rank_last() -> None:
    """A source that has its cut-out already is chosen only when nothing else is left."""
    cover, plain = image(1, "title_page", primary=True), image(2)
    assert plain == choose_source([cover, plain], 1, done_ids={1})
    assert cover == choose_source([cover], 1, done_ids={1})


def test_nothing_to_cut() -> None:
    """A book of cut-outs only, or without pictures, has no source."""
    assert choose_source([image(1, processed=True)], 1) is None
    assert choose_source([], 1) is None


@given(galleries(), st.integers(1, 60))
def test_choice_is_independent_of_the_rows_order(images: list[GalleryImage], requested: int) -> None:
    """The database may return rows in any order; cut-outs are never chosen."""
    chosen = choose_source(images, requested)
    assert chosen == choose_source(images[::-1], requested)
    assert chosen is None or not chosen.is_background_processed


@given(galleries(), st.data())
def test_reorder_laws(images: list[GalleryImage], data: st.DataObject) -> None:
    """Gap-free, one primary, the new one first, the source last, the others in their old order."""
    source = data.draw(st.sampled_from(images))
    new = image(99, processed=True)
    places = reorder([*images, new], new.id, source.id)
    assert list(range(len(images) + 1)) == [place.display_order for place in places]
    assert [99] == [place.image_id for place in places if place.is_primary]
    assert 99 == places[0].image_id
    assert source.id == places[-1].image_id
    others = sorted((i for i in images if i.id != source.id), key=lambda i: (i.display_order, i.id))
    assert [i.id for i in others] == [place.image_id for place in places[1:-1]]


def test_reorder_without_its_source() -> None:
    """A source that was deleted leaves no gap."""
    assert [9, 1] == [place.image_id for place in reorder([image(1), image(9)], 9, 5)]
