"""What surrounds the workers: a PostgreSQL that can be restarted, the AWS server behind a proxy, a login."""

from __future__ import annotations

import random
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import migrate
from app.models import Book, BookImage
from local import databases, postgres
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Aws, AwsServer, create_resources
from local.signals import endings_unwind
from tests.chaos.crew import Crew
from tests.chaos.events import Journal
from tests.chaos.model import photograph, write_model
from tests.chaos.proxy import Proxy

#: Longer than a lease, as in production.
VISIBILITY_SECONDS = 4
_BACKEND = Path(__file__).resolve().parents[2] / "backend"
_ROLE = "chaos_worker"
_PHOTOS = 8


class ChaosStack:
    """The scene of every run; use `chaos_stack`."""

    def __init__(self, exits: ExitStack, rng: random.Random) -> None:
        self.rng = rng
        self.folder = Path(tempfile.mkdtemp(prefix="image-processor-chaos-"))
        exits.callback(shutil.rmtree, self.folder, ignore_errors=True)
        server = exits.enter_context(AwsServer())
        self.postgres = exits.enter_context(postgres.embedded_server())
        self.database: URL = exits.enter_context(databases.database(self.postgres.url))
        self.engine: Engine = create_engine(self.database, pool_pre_ping=True, pool_size=10)
        exits.callback(self.engine.dispose)
        migrate.upgrade(self.engine)
        self._endpoint_url = server.wait_for_endpoint()
        self._generation = 0
        self.aws = self._resources()
        exits.callback(self._close_aws)
        self.proxy = exits.enter_context(Proxy(self.aws.endpoint_url, random.Random(rng.random())))
        (self.folder / "weights").mkdir()
        (self.folder / "deaths").mkdir()
        write_model(self.folder / "weights" / "u2net.onnx")
        self._photos = [photograph(number) for number in range(_PHOTOS)]
        self._create_login()
        self._common = exits.enter_context(Crew(self.folder / "crew.log", _BACKEND))

    @contextmanager
    def crew(self, name: str, backend: Path | None) -> Iterator[Crew]:
        """Yield a crew for one run: the common one, or one of its own on a source tree of its own."""
        with ExitStack() as exits:
            crew = self._common
            if backend is not None:
                crew = exits.enter_context(Crew(self.folder / f"{self._generation}.log", backend))
            crew.begin(Journal(self.folder / f"{self._generation}-{name}.jsonl"), self._base())
            exits.callback(crew.end_all)
            yield crew

    def _base(self) -> dict[str, Any]:
        return {
            "environment": self._environment(),
            "direct_endpoint": self.aws.endpoint_url,
            "queue_name": self.aws.queue_name,
            "queue_url": self.aws.queue_url,
            "queue_arn": self.aws.queue_arn,
            "deaths": str(self.folder / "deaths"),
            "database_url": self.database.render_as_string(hide_password=False),
            "republish_after_seconds": 6.0,
        }

    def add_book(self, pictures: int = 1) -> tuple[int, list[int]]:
        """Import a book with real photographs."""
        with Session(self.engine) as session, session.begin():
            book = Book(title="A book")
            session.add(book)
            session.flush()
            images = [self._import(book.id, order) for order in range(pictures)]
            session.add_all(images)
            session.flush()
            return book.id, [image.id for image in images]

    def rotate_password(self) -> None:
        """Change the workers' password; their secret follows a moment later."""
        password = secrets.token_hex(12)
        self._admin(f"ALTER ROLE {_ROLE} PASSWORD '{password}'")
        self.aws.store_credentials(self.database.set(username=_ROLE, password=password))

    def cut_connections(self) -> None:
        """Cut every connection of the workers and the reconciler."""
        self._admin(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :role", role=_ROLE
        )

    def renew(self) -> None:
        """Take a bucket, queues and a secret that nobody used yet."""
        self.aws.close()
        self._generation += 1
        self.aws = self._resources()
        self.rotate_password()

    def _close_aws(self) -> None:
        # The newest: each run has its own.
        self.aws.close()

    def _resources(self) -> Aws:
        return create_resources(
            self._endpoint_url, f"chaos-{self._generation}", visibility_seconds=VISIBILITY_SECONDS
        )

    def _create_login(self) -> None:
        self._admin(f"CREATE ROLE {_ROLE} LOGIN")
        self._admin(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {_ROLE}")
        self._admin(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {_ROLE}")
        # The embedded server answers before it has written; a crash of it must not take back what it said.
        self._admin(f'ALTER DATABASE "{self.database.database}" SET synchronous_commit = on')
        self.rotate_password()

    def _admin(self, statement: str, **values: str) -> None:
        for attempt in range(10):
            try:
                with self.engine.begin() as connection:
                    connection.execute(text(statement), values)
            except DBAPIError:
                if attempt == 9:
                    raise
                time.sleep(0.3)
            else:
                return

    def _environment(self) -> dict[str, str]:
        return {
            "ENVIRONMENT": "local",
            "DATABASE_SECRET_ARN": self.aws.secret_arn,
            "IMAGES_BUCKET": self.aws.bucket,
            "IMAGE_PROCESSING_QUEUE_NAME": self.aws.queue_name,
            "MAX_RECEIVE_COUNT": str(self.aws.max_receive_count),
            "U2NET_HOME": str(self.folder / "weights"),
            "AWS_ENDPOINT_URL": self.proxy.endpoint_url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        }

    def _import(self, book_id: int, order: int) -> BookImage:
        key = f"{book_id}/image_{order:02d}.jpg"
        photo = self.rng.choice(self._photos)
        self.aws.s3.put_object(Bucket=self.aws.bucket, Key=f"books/{key}", Body=photo)
        return BookImage(book_id=book_id, s3_key=key, display_order=order, is_primary=order == 0)


@contextmanager
def chaos_stack(rng: random.Random) -> Iterator[ChaosStack]:
    """Yield the scene; nothing of it stays, however the block ends."""
    with endings_unwind(), ExitStack() as exits:
        yield ChaosStack(exits, rng)
