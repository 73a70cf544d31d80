"""The message's parser: every malformed body is poison, every well-formed one is a JobMessage."""

from __future__ import annotations

import contextlib
import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.image_processor.domain import Delivery, JobMessage
from lambdas.image_processor.errors import PoisonMessageError
from lambdas.image_processor.message import parse_delivery, parse_message

JOB_ID = "6f9e6f2c-7c57-4a2e-8a3c-0f0d7c5e9b11"

row_ids = st.integers(min_value=1, max_value=2**31 - 1)


@given(job_id=st.uuids(), book_id=row_ids, image_id=row_ids)
def test_round_trip(job_id: uuid.UUID, book_id: int, image_id: int) -> None:
    """What the API sends is what the worker reads; keys it does not know are left alone."""
    body = json.dumps({"job_id": str(job_id), "book_id": book_id, "image_id": image_id, "later": [1]})
    assert JobMessage(job_id, book_id, image_id) == parse_message({"body": body})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "job_id"),
        ({"job_id": 7, "book_id": 1, "image_id": 1}, "job_id"),
        ({"job_id": "7", "book_id": 1, "image_id": 1}, "job_id"),
        ({"job_id": JOB_ID, "image_id": 1}, "book_id"),
        ({"job_id": JOB_ID, "book_id": "1", "image_id": 1}, "book_id"),
        ({"job_id": JOB_ID, "book_id": True, "image_id": 1}, "book_id"),
        ({"job_id": JOB_ID, "book_id": 1.0, "image_id": 1}, "book_id"),
        ({"job_id": JOB_ID, "book_id": 0, "image_id": 1}, "book_id"),
        ({"job_id": JOB_ID, "book_id": 1, "image_id": -3}, "image_id"),
        ({"job_id": JOB_ID, "book_id": 1, "image_id": 2**31}, "image_id"),
    ],
)
def test_poison(body: object, named: str) -> None:
    """The error names what was wrong."""
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(PoisonMessageError, match=named):
        parse_message({"body": text})


def test_record_without_body_is_poison() -> None:
    """A record that is no SQS record at all is poison as well."""
    with pytest.raises(PoisonMessageError):
        parse_message({})


@given(st.text())
def test_any_text_is_read_or_poison(text: str) -> None:
    """No text makes the parser raise anything else."""
    with contextlib.suppress(PoisonMessageError):
        parse_message({"body": text})


def test_delivery() -> None:
    """Receive counts come from the attributes; the last receipt is known as such."""
    record = {"messageId": "m", "receiptHandle": "r", "attributes": {"ApproximateReceiveCount": "5"}}
    delivery = parse_delivery(record, 5)
    assert Delivery("m", "r", 5, 5) == delivery
    assert delivery.is_last
    assert not parse_delivery({"messageId": "m"}, 5).is_last
