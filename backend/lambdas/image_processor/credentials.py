"""The database's credentials from Secrets Manager, as fresh as they need to be."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import URL

from lambdas.image_processor.errors import TransientError

#: How long a read secret is trusted without looking again.
SECRET_TTL_SECONDS = 300.0

logger = logging.getLogger(__name__)


class SecretsClient(Protocol):
    """The call of boto3's Secrets Manager client that is used here."""

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803 (boto3's name)
        """Return the response with `SecretString`."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the database is and how to log in."""

    username: str
    password: str = field(repr=False)
    host: str
    port: int
    dbname: str
    sslmode: str

    @classmethod
    def from_secret(cls, text: str) -> Credentials:
        """Read the secret's JSON.

        Raises:
            TransientError: it is not JSON or lacks a key; the message names keys, never values.

        """
        try:
            body = json.loads(text)
            return cls(
                username=str(body["username"]),
                password=str(body["password"]),
                host=str(body["host"]),
                port=int(body.get("port") or 5432),
                dbname=str(body.get("dbname") or body.get("database") or "bluemoxon"),
                sslmode=str(body.get("sslmode") or "require"),
            )
        except (ValueError, TypeError, AttributeError) as exc:
            # The cause is dropped: a JSON error quotes the document.
            raise TransientError(f"the database secret is malformed: {type(exc).__name__}") from None
        except KeyError as exc:
            raise TransientError(f"the database secret lacks {exc}") from None

    def url(self) -> URL:
        """Return SQLAlchemy's URL; it escapes what needs escaping and hides the password when printed."""
        return URL.create(
            "postgresql+psycopg2",
            username=self.username,
            password=self.password,
            host=self.host,
            port=self.port,
            database=self.dbname,
            query={"sslmode": self.sslmode},
        )


class SecretCredentials:
    """Credentials that are as fresh as they need to be. Safe to share between threads.

    Args:
        secrets: a Secrets Manager client.
        secret_id: the secret's ARN or name.
        clock: seconds, monotonic.

    """

    def __init__(
        self, secrets: SecretsClient, secret_id: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._secrets = secrets
        self._secret_id = secret_id
        self._clock = clock
        self._lock = threading.Lock()
        self._read: tuple[float, Credentials] | None = None

    def current(self) -> Credentials:
        """Return the credentials, read again when older than the TTL.

        Where Secrets Manager cannot be read just then, the old ones serve: they are probably still right,
        and a refused login reads again.

        Raises:
            TransientError: there are none yet and they cannot be read.

        """
        with self._lock:
            if self._read is not None and self._clock() - self._read[0] <= SECRET_TTL_SECONDS:
                return self._read[1]
            try:
                credentials = self._fetch()
            except TransientError as exc:
                if self._read is None:
                    raise
                logger.warning(
                    "The database secret keeps its old value: %s", exc, extra={"action": "secret_kept"}
                )
                credentials = self._read[1]
            self._read = (self._clock(), credentials)
            return credentials

    def refresh(self) -> Credentials:
        """Return the credentials, read again now.

        Raises:
            TransientError: they cannot be read.

        """
        with self._lock:
            self._read = (self._clock(), self._fetch())
            return self._read[1]

    def _fetch(self) -> Credentials:
        try:
            answer = self._secrets.get_secret_value(SecretId=self._secret_id)
        except Exception as exc:
            raise TransientError(f"the database secret could not be read: {type(exc).__name__}") from exc
        return Credentials.from_secret(answer["SecretString"])
