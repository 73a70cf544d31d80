"""Which S3 keys count as results: exactly those that a job writes, so that the sweep never names another."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.image_processor.storage import PROBE_KEY, object_keys, parse_result_key

JOB_ID = "6f9e6f2c-7c57-4a2e-8a3c-0f0d7c5e9b11"
#: Written independently of the code, from the contract's words.
RESULT = re.compile(
    r"\Abooks/(thumb_)?[1-9]\d{0,9}_processed_[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\.png\Z", re.ASCII
)
ALPHABET = st.sampled_from("books/thumb_0123456789abcdefABCDEF-processed.pngjPNG \n٣é")


@given(st.integers(1, 2**31 - 1), st.uuids())
def test_round_trip(book_id: int, job_id: uuid.UUID) -> None:
    """Both names of every job are found again."""
    keys = object_keys(book_id, job_id)
    assert (book_id, job_id) == parse_result_key(keys.image_key) == parse_result_key(keys.thumbnail_key)


@given(st.text() | st.text(ALPHABET) | st.from_regex(RESULT.pattern.replace(r"\A", "").replace(r"\Z", "")))
@example(f"books/7_processed_{JOB_ID}.png\n")
@example("books/7/image_00.jpg")
def test_no_other_key_is_ever_named(key: str) -> None:
    """What is recognised has the pattern; what has not, is not recognised."""
    assert (parse_result_key(key) is not None) == (RESULT.match(key) is not None)


@given(st.integers(1, 10**6), st.uuids(), st.data())
def test_one_changed_character_makes_it_another_key(
    book_id: int, job_id: uuid.UUID, data: st.DataObject
) -> None:
    """A key that differs anywhere is either no result or another job's."""
    key = object_keys(book_id, job_id).image_key
    place = data.draw(st.integers(0, len(key) - 1))
    changed = key[:place] + data.draw(st.characters()) + key[place + 1 :]
    if changed != key:
        assert (book_id, job_id) != parse_result_key(changed)


@pytest.mark.parametrize(
    "key",
    [
        PROBE_KEY,
        "books/7/image_00.jpg",
        f"7_processed_{JOB_ID}.png",
        f"books/books/7_processed_{JOB_ID}.png",
        f"books/7_processed_{JOB_ID.upper()}.png",
        f"books/7_processed_{JOB_ID.replace('-', '')}.png",
        f"books/07_processed_{JOB_ID}.png",
        f"books/-7_processed_{JOB_ID}.png",
        f"books/٣_processed_{JOB_ID}.png",
        f"books/7_processed_{JOB_ID}.jpg",
        f"books/7_processed_{JOB_ID}.png.bak",
        f"books/thumb_thumb_7_processed_{JOB_ID}.png",
        f"books/thumb_image_7_processed_{JOB_ID}.png",
        f"other/7_processed_{JOB_ID}.png",
        "",
    ],
)
def test_near_misses(key: str) -> None:
    """Originals, their thumbnails, the probe and everything misspelt stay out."""
    assert parse_result_key(key) is None
