"""Everything the worker needs around it, real, on one machine, for the length of a `with` block."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.orm import Session

from app import migrate
from app.models import Book, BookImage
from app.services.job_queue import JobQueue
from local import databases, postgres
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Aws, AwsServer, create_resources
from local.event_source import Batch, EventSource
from local.function import Function
from local.signals import endings_unwind, endings_wait

#: A reserved name: the address is well-formed and leads nowhere.
_CDN_DOMAIN: Final = "images.bluemoxon.test"
_WEIGHTS: Final = Path(__file__).resolve().parents[2] / ".weights"
_MEDIA_TYPES: Final = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture as the import receives it."""

    #: Its ending decides the key's, as in production; the worker looks at the content only.
    filename: str
    data: bytes
    image_type: str | None = None


@dataclass(frozen=True, slots=True)
class SeededBook:
    """A book with pictures."""

    book_id: int
    #: In display order; the first is primary.
    image_ids: tuple[int, ...]


class LocalStack:
    """PostgreSQL with the newest schema, a bucket, a queue with its dead-letter queue, a secret, the worker.

    Ctrl-C, SIGTERM, a closed terminal and any exception end all of it; nothing keeps running, no folder
    stays.

    Args:
        database_url: an existing server; a database of our own is made there and dropped. Default: embedded.
        weights_dir: folder of downloaded weights; default: `.weights` of the checkout.
        visibility_seconds: how long a received message stays hidden unless the worker says otherwise.
        max_receive_count: receipts before a message is dead-lettered.
        timeout_seconds: the function's.
        prefix: what the resources' names begin with; default: one of this stack's own.

    """

    engine: Engine
    aws: Aws
    #: The worker's database.
    database: URL
    #: The real handler in a process of its own.
    function: Function
    #: Temporary; holds the function's log.
    folder: Path

    def __init__(
        self,
        *,
        database_url: str | None = None,
        weights_dir: Path | None = None,
        visibility_seconds: int = 120,
        max_receive_count: int = 5,
        timeout_seconds: float = 300.0,
        prefix: str | None = None,
    ) -> None:
        self._prefix = prefix or f"bluemoxon-local-{secrets.token_hex(3)}"
        self._database_url = database_url
        self._weights_dir = weights_dir or _WEIGHTS
        self._visibility_seconds = visibility_seconds
        self._max_receive_count = max_receive_count
        self._timeout_seconds = timeout_seconds
        self._exits = ExitStack()
        self._signals = ExitStack()

    def __enter__(self) -> Self:
        """Start everything; about two seconds."""
        self._signals.enter_context(endings_unwind())
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything, the last started first."""
        self._stop()

    def environment(self) -> dict[str, str]:
        """Return the worker's environment, complete: nothing is left to the process's own."""
        return {
            "ENVIRONMENT": "local",
            "DATABASE_SECRET_ARN": self.aws.secret_arn,
            "IMAGES_BUCKET": self.aws.bucket,
            "IMAGES_CDN_DOMAIN": _CDN_DOMAIN,
            "IMAGE_PROCESSING_QUEUE_NAME": self.aws.queue_name,
            "MAX_RECEIVE_COUNT": str(self.aws.max_receive_count),
            "EMBEDDED_MODEL_FALLBACK": "true",
            "U2NET_HOME": str(self._weights_dir),
            "AWS_ENDPOINT_URL": self.aws.endpoint_url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        }

    def job_queue(self) -> JobQueue:
        """Return the queue as the API sends to it."""
        return JobQueue(self.aws.sqs, self.aws.queue_name)

    def add_book(self, title: str, uploads: Sequence[Upload]) -> SeededBook:
        """Import a listing's pictures as the API does: objects and rows, the first one primary."""
        with Session(self.engine) as session, session.begin():
            book = Book(title=title)
            session.add(book)
            session.flush()
            images = [self._import(book.id, index, upload) for index, upload in enumerate(uploads)]
            session.add_all(images)
            session.flush()
            return SeededBook(book.id, tuple(image.id for image in images))

    @contextmanager
    def event_source(self) -> Iterator[list[Batch]]:
        """Poll the queue and invoke the function in the background; yields the batches worked so far."""
        batches: list[Batch] = []
        source = EventSource(
            self.aws.sqs, self.aws.queue_url, self.aws.queue_arn, self.function.invoke, wait_seconds=1
        )
        stop = Event()
        thread = Thread(target=source.run, args=(stop, batches.append), name="event-source", daemon=True)
        thread.start()
        try:
            yield batches
        except BaseException:
            # Ctrl-C or a failure: what is in work ends with its process, and its message stays in the queue.
            self.function.close()
            raise
        finally:
            stop.set()
            thread.join()

    def function_log(self) -> str:
        """Return what the function logged so far."""
        return (self.folder / "function.log").read_text(errors="replace")

    def _start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="image-processor-"))
        self._exits.callback(shutil.rmtree, self.folder, ignore_errors=True)
        # The three processes start side by side.
        self.function = self._exits.enter_context(
            Function(self.folder / "function.log", self._timeout_seconds)
        )
        server = self._exits.enter_context(AwsServer())
        maintenance = self._exits.enter_context(postgres.running_server(self._database_url))
        self.database = self._exits.enter_context(databases.database(maintenance))
        self.engine = create_engine(self.database)
        self._exits.callback(self.engine.dispose)
        migrate.upgrade(self.engine)
        self.aws = create_resources(
            server.wait_for_endpoint(),
            self._prefix,
            visibility_seconds=self._visibility_seconds,
            max_receive_count=self._max_receive_count,
        )
        self._exits.callback(self.aws.close)
        self.aws.store_credentials(self.database)
        self.function.configure(self.environment())

    def _stop(self) -> None:
        with endings_wait():
            self._exits.close()
        self._signals.close()

    def _import(self, book_id: int, index: int, upload: Upload) -> BookImage:
        ending = upload.filename.rpartition(".")[2].lower()
        key = f"{book_id}/image_{index:02d}.{ending}"
        self.aws.s3.put_object(
            Bucket=self.aws.bucket,
            Key=f"books/{key}",
            Body=upload.data,
            ContentType=_MEDIA_TYPES.get(ending, "application/octet-stream"),
        )
        return BookImage(
            book_id=book_id,
            s3_key=key,
            original_filename=upload.filename[:255],
            content_hash=hashlib.sha256(upload.data).hexdigest(),
            image_type=upload.image_type,
            display_order=index,
            is_primary=index == 0,
        )
