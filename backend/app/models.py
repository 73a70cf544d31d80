"""The tables, once: books and book_images are the API's, image_processing_jobs is shared with the worker."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, DateTime, ForeignKey, Index, Integer, String, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.job_status import LIVE_STATUSES, JobStatus

__all__ = ["LIVE_STATUSES", "Base", "Book", "BookImage", "ImageProcessingJob", "JobStatus"]


class Base(DeclarativeBase):
    """The metadata that migrations and tests create tables from."""


class Book(Base):
    """A book for sale. The API owns more columns; the worker needs the row to exist and to lock it."""

    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(500))


class BookImage(Base):
    """One picture of a book. `s3_key` never carries the `books/` prefix: the API adds it."""

    __tablename__ = "book_images"

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id", ondelete="CASCADE"), index=True)
    s3_key: Mapped[str] = mapped_column(String(500))
    cloudfront_url: Mapped[str | None] = mapped_column(String(500))
    original_filename: Mapped[str | None] = mapped_column(String(255))
    content_hash: Mapped[str | None] = mapped_column(String(64))
    image_type: Mapped[str | None] = mapped_column(String(50))
    display_order: Mapped[int | None] = mapped_column(Integer, default=0, server_default=text("0"))
    is_primary: Mapped[bool | None] = mapped_column(Boolean, default=False, server_default=text("false"))
    is_background_processed: Mapped[bool] = mapped_column(
        Boolean, default=False, server_default=text("false")
    )
    caption: Mapped[str | None] = mapped_column(Text)


class ImageProcessingJob(Base):
    """One request to cut out one picture, from the API's insert to its ending."""

    __tablename__ = "image_processing_jobs"
    __table_args__ = (
        Index("ix_image_processing_jobs_book_id", "book_id"),
        Index("ix_image_processing_jobs_status", "status"),
        Index("ix_image_processing_jobs_book_source_status", "book_id", "source_image_id", "status"),
        Index(
            "uq_image_processing_jobs_live",
            "book_id",
            "source_image_id",
            unique=True,
            postgresql_where=text("status IN ('pending', 'processing')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(
        Uuid, primary_key=True, default=uuid.uuid4, server_default=text("gen_random_uuid()")
    )
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id", ondelete="CASCADE"))
    source_image_id: Mapped[int | None] = mapped_column(ForeignKey("book_images.id", ondelete="SET NULL"))
    processed_image_id: Mapped[int | None] = mapped_column(ForeignKey("book_images.id", ondelete="SET NULL"))
    status: Mapped[str] = mapped_column(
        String(20), default=JobStatus.PENDING, server_default=text("'pending'")
    )
    #: Recipes tried in the last run.
    attempt_count: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    #: Republishes by the reconciler since the last successful claim or retry.
    queue_retry_count: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    #: The recipe that ran and was accepted.
    model_used: Mapped[str | None] = mapped_column(String(50))
    #: A sentence for people; never a raw exception.
    failure_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    # The columns below are this project's, additive: the deployed version works without knowing them.
    lease_token: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    lease_expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    claim_count: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    enqueued_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failure_code: Mapped[str | None] = mapped_column(String(50))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
