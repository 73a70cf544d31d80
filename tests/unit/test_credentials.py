"""The database's secret: read late, kept for a while, never shown."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from lambdas.image_processor.credentials import SECRET_TTL_SECONDS, Credentials, SecretCredentials
from lambdas.image_processor.errors import TransientError

SECRET = {
    "username": "worker",
    "password": "p@ss/w:rd%",
    "host": "db.internal",
    "port": 5433,
    "dbname": "books",
}


@dataclass
class FakeSecrets:
    text: str
    reads: int = 0
    is_down: bool = False

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        self.reads += 1
        if SecretId == "gone" or self.is_down:
            raise RuntimeError("no such secret")
        return {"SecretString": self.text}


def test_url_escapes_the_password_and_demands_encryption() -> None:
    """Any character may be in a password; sslmode is `require` unless told otherwise."""
    url = Credentials.from_secret(json.dumps(SECRET)).url()
    assert "p@ss/w:rd%" == url.password
    assert "postgresql+psycopg2://worker:p%40ss%2Fw%3Ard%25@db.internal:5433/books?sslmode=require" == (
        url.render_as_string(hide_password=False)
    )


def test_alternative_and_default_names() -> None:
    """`database` serves as well as `dbname`; without either it is the API's."""
    plain = {key: value for key, value in SECRET.items() if key != "dbname"}
    assert "other" == Credentials.from_secret(json.dumps(plain | {"database": "other"})).dbname
    assert "bluemoxon" == Credentials.from_secret(json.dumps(plain)).dbname
    assert "disable" == Credentials.from_secret(json.dumps(plain | {"sslmode": "disable"})).sslmode


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"username": "worker", "password": "hush"}', '{"port": "x"}']
)
def test_malformed_secret_shows_no_value(text: str) -> None:
    """The error says what is wrong and nothing of what is in it."""
    with pytest.raises(TransientError) as caught:
        Credentials.from_secret(text)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_repr_hides_the_password() -> None:
    """A log line with the record in it leaks nothing."""
    assert "p@ss" not in repr(Credentials.from_secret(json.dumps(SECRET)))


def test_kept_for_a_while() -> None:
    """One read serves until the TTL ends or a login is refused."""
    now = [0.0]
    secrets = FakeSecrets(json.dumps(SECRET))
    credentials = SecretCredentials(secrets, "db", lambda: now[0])
    assert 0 == secrets.reads
    credentials.current()
    now[0] = SECRET_TTL_SECONDS
    credentials.current()
    assert 1 == secrets.reads
    now[0] += 1
    credentials.current()
    assert 2 == secrets.reads
    credentials.refresh()
    assert 3 == secrets.reads


def test_secret_unreachable() -> None:
    """Secrets Manager being away is transient."""
    with pytest.raises(TransientError, match="RuntimeError"):
        SecretCredentials(FakeSecrets(""), "gone").current()


def test_secrets_manager_away_when_the_ttl_ends() -> None:
    """The old credentials serve on: a throttled secret must not stop a worker whose password still works."""
    now = [0.0]
    secrets = FakeSecrets(json.dumps(SECRET))
    credentials = SecretCredentials(secrets, "db", lambda: now[0])
    first = credentials.current()
    now[0] = SECRET_TTL_SECONDS + 1
    secrets.is_down = True
    assert first == credentials.current()
    assert 2 == secrets.reads
    credentials.current()
    assert 2 == secrets.reads
    with pytest.raises(TransientError):
        credentials.refresh()
