"""The tables as the API's own migrations leave them: more columns than ours, other names of indexes."""

from __future__ import annotations

from typing import Final

DEPLOYED_SCHEMA: Final = """
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('api_revision');
CREATE TABLE books (
    id serial PRIMARY KEY, title varchar(500) NOT NULL, author_id integer, value_mid numeric(10, 2),
    created_at timestamptz DEFAULT now()
);
CREATE TABLE book_images (
    id serial PRIMARY KEY,
    book_id integer NOT NULL REFERENCES books ON DELETE CASCADE,
    s3_key varchar(500) NOT NULL, cloudfront_url varchar(500), original_filename varchar(255),
    content_hash varchar(64), image_type varchar(50), display_order integer DEFAULT 0,
    is_primary boolean DEFAULT false, is_background_processed boolean NOT NULL DEFAULT false, caption text,
    uploaded_at timestamptz DEFAULT now()
);
CREATE INDEX idx_images_of_book ON book_images (book_id);
CREATE TABLE image_processing_jobs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    book_id integer NOT NULL REFERENCES books ON DELETE CASCADE,
    source_image_id integer REFERENCES book_images ON DELETE SET NULL,
    processed_image_id integer REFERENCES book_images ON DELETE SET NULL,
    status varchar(20) NOT NULL DEFAULT 'pending', attempt_count integer NOT NULL DEFAULT 0,
    queue_retry_count integer NOT NULL DEFAULT 0, model_used varchar(50), failure_reason text,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
);
CREATE INDEX idx_jobs_book ON image_processing_jobs (book_id);
CREATE INDEX idx_jobs_status ON image_processing_jobs (status);
CREATE INDEX idx_jobs_source ON image_processing_jobs (book_id, source_image_id, status);
CREATE UNIQUE INDEX idx_jobs_one_live ON image_processing_jobs (book_id, source_image_id)
    WHERE status IN ('pending', 'processing');
"""
