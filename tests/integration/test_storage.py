"""The bucket, on a real S3 interface: size before body, conditional writes, errors by kind."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from app.constants.image_processing import MAX_OBJECT_BYTES
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings
from lambdas.image_processor.errors import FailureCode, LeaseLostError, PermanentError, TransientError
from lambdas.image_processor.storage import PROBE_KEY, ImageStore, object_keys, stored_key
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Aws

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "books/1_processed_x.png"


@pytest.fixture
def store(aws: Aws) -> ImageStore:
    return ImageStore(aws.s3, aws.bucket)


def held() -> None:
    """The lease is still ours."""


def lost() -> None:
    raise LeaseLostError("taken over")


def body(aws: Aws, key: str) -> bytes:
    return aws.s3.get_object(Bucket=aws.bucket, Key=key)["Body"].read()


def test_names() -> None:
    """The contract's names; a prefix that is stored already is not doubled."""
    job_id = uuid.UUID("6f9e6f2c-7c57-4a2e-8a3c-0f0d7c5e9b11")
    keys = object_keys(7, job_id)
    assert f"7_processed_{job_id}.png" == keys.db_key
    assert f"books/7_processed_{job_id}.png" == keys.image_key
    assert f"books/thumb_7_processed_{job_id}.png" == keys.thumbnail_key
    assert "books/7/image_00.jpg" == stored_key("7/image_00.jpg") == stored_key("books/7/image_00.jpg")


def test_get(aws: Aws, store: ImageStore) -> None:
    """A row's key, with or without the prefix, finds its object."""
    aws.s3.put_object(Bucket=aws.bucket, Key="books/1/image_00.jpg", Body=b"photo")
    assert b"photo" == store.get("1/image_00.jpg") == store.get("books/1/image_00.jpg")


def test_get_missing(store: ImageStore) -> None:
    """No object: for good."""
    with pytest.raises(PermanentError) as caught:
        store.get("1/image_00.jpg")
    assert FailureCode.OBJECT_MISSING == caught.value.code


class Forbidding:
    """S3 as it answers a role that may list by prefix only: 403 instead of 404."""

    def __init__(self, aws: Aws) -> None:
        self._s3 = aws.s3

    def get_object(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    def list_objects_v2(self, **wanted: Any) -> Any:
        return self._s3.list_objects_v2(**wanted)


def test_get_forbidden(aws: Aws) -> None:
    """403 for an object that is not there: missing for good. For one that is: an operator's matter, later."""
    store = ImageStore(cast("S3Client", Forbidding(aws)), aws.bucket)
    with pytest.raises(PermanentError) as caught:
        store.get("1/image_00.jpg")
    assert FailureCode.OBJECT_MISSING == caught.value.code
    aws.s3.put_object(Bucket=aws.bucket, Key="books/1/image_00.jpg.bak", Body=b"another")
    with pytest.raises(PermanentError):
        store.get("1/image_00.jpg")
    aws.s3.put_object(Bucket=aws.bucket, Key="books/1/image_00.jpg", Body=b"photo")
    with pytest.raises(TransientError, match="AccessDenied"):
        store.get("1/image_00.jpg")


def test_get_too_many_bytes(aws: Aws, store: ImageStore) -> None:
    """One byte too many is refused by its length; the limit itself is not."""
    aws.s3.put_object(Bucket=aws.bucket, Key="books/big", Body=b"\0" * (MAX_OBJECT_BYTES + 1))
    with pytest.raises(PermanentError) as caught:
        store.get("big")
    assert FailureCode.TOO_MANY_BYTES == caught.value.code
    aws.s3.put_object(Bucket=aws.bucket, Key="books/full", Body=b"\0" * MAX_OBJECT_BYTES)
    assert MAX_OBJECT_BYTES == len(store.get("full"))


def test_bucket_gone(aws: Aws) -> None:
    """A bucket that is not there is an operator's matter: the job waits."""
    with pytest.raises(TransientError, match="NoSuchBucket"):
        ImageStore(aws.s3, "no-such-bucket").get("x")
    with pytest.raises(TransientError, match="NoSuchBucket"):
        ImageStore(aws.s3, "no-such-bucket").put(KEY, b"", "image/png", held)


def test_put_then_again(aws: Aws, store: ImageStore) -> None:
    """A second run with the same bytes writes nothing and needs no lease."""
    store.put(KEY, b"one", "image/png", held)
    written = aws.s3.head_object(Bucket=aws.bucket, Key=KEY)
    store.put(KEY, b"one", "image/png", lost)
    assert written["LastModified"] == aws.s3.head_object(Bucket=aws.bucket, Key=KEY)["LastModified"]
    assert "image/png" == written["ContentType"]


def test_put_over_other_bytes(aws: Aws, store: ImageStore) -> None:
    """What a crashed run of another version left is replaced only by the lease's holder."""
    store.put(KEY, b"old", "image/png", held)
    with pytest.raises(LeaseLostError):
        store.put(KEY, b"new", "image/png", lost)
    assert b"old" == body(aws, KEY)
    store.put(KEY, b"new", "image/png", held)
    assert b"new" == body(aws, KEY)


def test_put_overtaken_between_check_and_write(aws: Aws, store: ImageStore) -> None:
    """Even after its second check, a paused worker cannot replace what its successor wrote meanwhile."""
    store.put(KEY, b"old", "image/png", held)

    def overtaken() -> None:
        aws.s3.put_object(Bucket=aws.bucket, Key=KEY, Body=b"successor")

    with pytest.raises(TransientError):
        store.put(KEY, b"stale", "image/png", overtaken)
    assert b"successor" == body(aws, KEY)


def test_probe(aws: Aws, store: ImageStore) -> None:
    """The probe is overwritten and read; nothing else is touched."""
    store.probe("first")
    store.probe("second")
    assert [PROBE_KEY] == aws.keys()
    assert b"second" == body(aws, PROBE_KEY)


def test_unreachable() -> None:
    """A bucket that does not answer is transient."""
    settings = AwsSettings(REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, "http://127.0.0.1:9")
    s3 = Clients(settings).s3
    with pytest.raises(TransientError):
        ImageStore(s3, "pictures").get("x")
    s3.close()
