"""S3: the photo in, the picture and its thumbnail out."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from app.constants.image_processing import MAX_OBJECT_BYTES
from lambdas.image_processor.errors import FailureCode, PermanentError, TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "books/"
PROBE_KEY = "books/_probe/image-processor.txt"
_RESULT = re.compile(
    r"books/(?:thumb_)?(?P<book_id>[1-9][0-9]{0,9})_processed_(?P<job_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.png",
    re.ASCII,
)
_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_FORBIDDEN = frozenset({"AccessDenied", "403"})
_EXISTS = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


@dataclass(frozen=True, slots=True)
class ObjectKeys:
    """The names of a job's results."""

    #: In `book_images.s3_key`, without the prefix that the API adds.
    db_key: str
    image_key: str
    thumbnail_key: str


def object_keys(book_id: int, job_id: uuid.UUID) -> ObjectKeys:
    """Return the names of a job's results: from the job alone, so a second run writes the same objects."""
    db_key = f"{book_id}_processed_{job_id}.png"
    return ObjectKeys(db_key, PREFIX + db_key, f"{PREFIX}thumb_{db_key}")


def parse_result_key(key: str) -> tuple[int, uuid.UUID] | None:
    """Return the book and job that a result's S3 key was made from, or None for every other key.

    The inverse of `object_keys`: only a key that it would write exactly so counts as a result.
    """
    found = _RESULT.fullmatch(key)
    if found is None:
        return None
    named = int(found["book_id"]), uuid.UUID(found["job_id"])
    keys = object_keys(*named)
    return named if key in (keys.image_key, keys.thumbnail_key) else None


def stored_key(db_key: str) -> str:
    """Return the S3 key of a `book_images.s3_key`, with the prefix exactly once."""
    return PREFIX + db_key.removeprefix(PREFIX)


class ImageStore:
    """The bucket.

    Args:
        s3: a boto3 S3 client.
        bucket: its name.

    """

    def __init__(self, s3: S3Client, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def get(self, db_key: str) -> bytes:
        """Return a photo's bytes.

        Raises:
            PermanentError: `object_missing`, or `too_many_bytes` before the body is read.
            TransientError: S3 did not answer, or not in full.

        """
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=stored_key(db_key))
            length = answer["ContentLength"]
            if length > MAX_OBJECT_BYTES:
                answer["Body"].close()
                raise PermanentError(FailureCode.TOO_MANY_BYTES, f"It has {length / 2**20:.0f} MiB.")
            body = answer["Body"].read()
        except ClientError as exc:
            if _code(exc) in _MISSING or (_code(exc) in _FORBIDDEN and self._is_absent(stored_key(db_key))):
                raise PermanentError(FailureCode.OBJECT_MISSING) from exc
            raise TransientError(f"S3 refused the photo: {_code(exc)}") from exc
        except (BotoCoreError, OSError) as exc:
            raise TransientError(f"S3 did not deliver the photo: {type(exc).__name__}") from exc
        if len(body) != length:
            raise TransientError("S3 delivered only a part of the photo")
        return body

    def _is_absent(self, key: str) -> bool:
        """Return whether the listing lacks a key.

        To a role whose right to list is limited to a prefix, S3 may say 403 of an object that is not there.
        """
        try:
            found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        except (ClientError, BotoCoreError, OSError):
            return False
        return not any(item["Key"] == key for item in found.get("Contents", ()))

    def put(self, key: str, body: bytes, content_type: str, still_held: Callable[[], None]) -> None:
        """Write an object once.

        The write is conditional: where the object exists with other bytes (left by a crashed run of another
        version), the lease is checked again before exactly that object is replaced. A worker that was paused
        beyond its lease therefore never changes what its successor wrote.

        Args:
            key: the S3 key.
            body: the bytes.
            content_type: the media type.
            still_held: raises LeaseLostError when the job has been taken over.

        """
        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
            )
        except ClientError as exc:
            if _code(exc) not in _EXISTS:
                raise TransientError(f"S3 refused the picture: {_code(exc)}") from exc
            self._replace(key, body, content_type, still_held)
        except (BotoCoreError, OSError) as exc:
            raise TransientError(f"S3 did not take the picture: {type(exc).__name__}") from exc

    def _replace(self, key: str, body: bytes, content_type: str, still_held: Callable[[], None]) -> None:
        try:
            etag = self._s3.head_object(Bucket=self._bucket, Key=key)["ETag"]
            if etag.strip('"') == hashlib.md5(body, usedforsecurity=False).hexdigest():
                return
            still_held()
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, IfMatch=etag
            )
        except ClientError as exc:
            raise TransientError(f"S3 refused to replace the picture: {_code(exc)}") from exc
        except (BotoCoreError, OSError) as exc:
            raise TransientError(f"S3 did not take the picture: {type(exc).__name__}") from exc

    def probe(self, text: str) -> None:
        """Overwrite the probe object and read it back.

        Raises:
            TransientError: either was refused, or something else came back.

        """
        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=PROBE_KEY, Body=text.encode(), ContentType="text/plain"
            )
            found = self._s3.get_object(Bucket=self._bucket, Key=PROBE_KEY)["Body"].read()
        except (ClientError, BotoCoreError, OSError) as exc:
            raise TransientError(f"the bucket's probe failed: {exc}") from exc
        if found != text.encode():
            raise TransientError("the bucket's probe came back changed")


def _code(exc: ClientError) -> str:
    error: Any = exc.response.get("Error", {})
    return str(error.get("Code", "unknown"))
