"""The sweep: deletes results that no row names, left by runs that crashed between upload and commit.

Nothing but `books/(thumb_)?{book}_processed_{job}.png` is ever touched, nothing young, nothing of a live job.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.models import BookImage, JobStatus
from app.models import ImageProcessingJob as Job
from lambdas.image_processor.database import in_transaction
from lambdas.image_processor.storage import PREFIX, object_keys, parse_result_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

#: A result's book and job.
Named = tuple[int, uuid.UUID]

MIN_AGE: Final = timedelta(hours=24)
#: A job in one of these may still commit its row.
_MAY_COMMIT: Final = (JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.QUEUE_FAILED)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A result that nothing refers to."""

    key: str
    size_bytes: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class Sweep:
    """Finds orphans, and deletes them when asked to.

    Args:
        s3: a boto3 S3 client that may list the bucket and, for `delete`, delete from it.
        bucket: the bucket.
        engine: a PostgreSQL engine.
        min_age: younger objects are left alone: their row may still be on its way.

    """

    s3: S3Client
    bucket: str
    engine: Engine
    min_age: timedelta = MIN_AGE

    def orphans(self) -> Iterator[Orphan]:
        """Yield what may be deleted, as far as can be told without a lock; one look at the rows per page."""
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=PREFIX):
            old = dict(self._old_results(page))
            needed = in_transaction(self.engine, partial(_needed, named=old.values()))
            yield from (orphan for orphan, named in old.items() if named not in needed)

    def delete(self, orphan: Orphan) -> bool:
        """Delete one orphan unless it is needed after all; return whether it was deleted.

        The job's row is locked meanwhile: an operator who retries the job just now waits, and its next run
        finds the object gone and writes it again.
        """
        named = parse_result_key(orphan.key)
        if named is None:
            return False

        def locked(session: Session) -> bool:
            session.scalar(select(Job.id).where(Job.id == named[1]).with_for_update())
            if _needed(session, [named]):
                return False
            self.s3.delete_object(Bucket=self.bucket, Key=orphan.key)
            return True

        return in_transaction(self.engine, locked)

    def _old_results(self, page: ListObjectsV2OutputTypeDef) -> Iterator[tuple[Orphan, Named]]:
        young = _now(page) - self.min_age
        for item in page.get("Contents", ()):
            named = parse_result_key(item["Key"])
            if named is not None and item["LastModified"] <= young:
                yield Orphan(item["Key"], item["Size"], item["LastModified"]), named


def _needed(session: Session, named: Collection[Named]) -> set[Named]:
    """Return the results that a row names, with or without prefix, or whose job may still commit one."""
    keys = {key: result for result in named for key in _row_keys(*result)}
    rows = session.scalars(select(BookImage.s3_key).where(BookImage.s3_key.in_(keys)))
    needed = {keys[key] for key in rows}
    jobs = select(Job.id).where(Job.id.in_({job_id for _, job_id in named}), Job.status.in_(_MAY_COMMIT))
    live = set(session.scalars(jobs))
    return needed | {result for result in named if result[1] in live}


def _row_keys(book_id: int, job_id: uuid.UUID) -> tuple[str, str]:
    keys = object_keys(book_id, job_id)
    return keys.db_key, keys.image_key


def _now(page: ListObjectsV2OutputTypeDef) -> datetime:
    """Return S3's own time: ages are not measured with two clocks."""
    return parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])
