"""The doctor's checks of what the worker talks to: configuration, database, bucket, queue, dead letters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from app import migrate
from cli.finding import Finding, ok, unset, wrong
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings, ConfigurationError, Settings
from lambdas.image_processor.credentials import SecretCredentials
from lambdas.image_processor.database import open_engine
from lambdas.image_processor.errors import TransientError
from lambdas.image_processor.storage import ImageStore

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_VARIABLES: Final = ("DATABASE_SECRET_ARN", "IMAGES_BUCKET", "ENVIRONMENT", "IMAGE_PROCESSING_QUEUE_NAME")
_NOT_HERE: Final = "not set up here; `cut` and `demo` need none"
_ACCESS: Final = "aws sts get-caller-identity  (then look at the role's rights and AWS_REGION)"


def configuration(env: Mapping[str, str]) -> tuple[Settings | None, Finding]:
    """Read the worker's environment; an empty one is no fault, half of one is."""
    if not any(env.get(name) for name in _VARIABLES):
        return None, unset("configuration", _NOT_HERE, f"to set it up: export {' '.join(_VARIABLES)}")
    try:
        settings = Settings.from_env(env)
    except ConfigurationError as exc:
        return None, wrong("configuration", str(exc), "export the variables named; README, Configuration")
    return settings, ok(
        "configuration", f"{settings.environment}, {settings.images_bucket}, {settings.queue_name}"
    )


def database(database_url: str | None, settings: Settings | None, env: Mapping[str, str]) -> Finding:
    """Connect, and compare the schema's revision with the code's."""
    name = "database"
    if not database_url and settings is None:
        return unset(name, _NOT_HERE, "to set it up: export DATABASE_URL")
    try:
        engine = _open(database_url, settings, env)
    except ArgumentError:
        return wrong(
            name,
            "DATABASE_URL is no address",
            "export DATABASE_URL=postgresql://user:password@host:port/name",
        )
    try:
        return ok(name, f"reachable, at revision {migrate.require_head(engine)}")
    except migrate.SchemaOutdatedError as exc:
        return wrong(name, str(exc).partition(":")[0], "image-processor migrate")
    except (DBAPIError, TransientError) as exc:
        # The driver's text names host and user, never the password.
        told = str(getattr(exc, "orig", None) or exc).strip().splitlines()[0]
        return wrong(
            name, f"cannot be reached: {told}", "start the server, or correct DATABASE_URL or the secret"
        )
    finally:
        engine.dispose()


def bucket(settings: Settings | None, env: Mapping[str, str]) -> Finding:
    """Overwrite the probe object and read it back."""
    if settings is None:
        return unset("bucket", _NOT_HERE)
    try:
        ImageStore(Clients(AwsSettings.from_env(env)).s3, settings.images_bucket).probe("doctor")
    except TransientError as exc:
        return wrong("bucket", f"{settings.images_bucket}: {exc}", _ACCESS)
    return ok("bucket", f"{settings.images_bucket} can be written and read")


def queues(settings: Settings | None, env: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the queue, its redrive policy, and what waits in its dead-letter queue."""
    if settings is None:
        yield unset("queue", _NOT_HERE)
        yield unset("dead-letter queue", _NOT_HERE)
        return
    sqs = Clients(AwsSettings.from_env(env)).sqs
    try:
        found = _attributes(sqs, settings.queue_name)
    except (ClientError, BotoCoreError) as exc:
        yield wrong("queue", f"{settings.queue_name}: {_said(exc)}", _ACCESS)
        yield unset("dead-letter queue", "unknown without the queue")
        return
    policy = json.loads(found.get("RedrivePolicy", "{}"))
    yield _queue(settings, found, policy)
    yield _dead_letters(sqs, policy)


def _queue(settings: Settings, found: Mapping[str, str], policy: Mapping[str, Any]) -> Finding:
    receives = policy.get("maxReceiveCount")
    if receives is None:
        told = f"{settings.queue_name} has no dead-letter queue"
        return wrong("queue", told, "terraform apply  (infra/terraform)")
    if int(receives) != settings.max_receive_count:
        told = f"{settings.queue_name} allows {receives} receives, not {settings.max_receive_count}"
        return wrong("queue", told, f"export MAX_RECEIVE_COUNT={receives}")
    waiting, hidden = found["ApproximateNumberOfMessages"], found["ApproximateNumberOfMessagesNotVisible"]
    return ok("queue", f"{settings.queue_name}: {waiting} waiting, {hidden} in work")


def _dead_letters(sqs: SQSClient, policy: Mapping[str, Any]) -> Finding:
    name = "dead-letter queue"
    if not policy:
        return unset(name, "the queue names none")
    queue = str(policy["deadLetterTargetArn"]).rpartition(":")[2]
    try:
        waiting = int(_attributes(sqs, queue)["ApproximateNumberOfMessages"])
    except (ClientError, BotoCoreError) as exc:
        return wrong(name, f"{queue}: {_said(exc)}", _ACCESS)
    if waiting:
        return wrong(name, f"{queue} holds {waiting} messages", "image-processor dlq list")
    return ok(name, f"{queue} is empty")


def _attributes(sqs: SQSClient, name: str) -> Mapping[str, str]:
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found: Mapping[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]  # type: ignore[assignment]
    return found


def _open(database_url: str | None, settings: Settings | None, env: Mapping[str, str]) -> Engine:
    if database_url:
        url = make_url(database_url).set(drivername="postgresql+psycopg2")
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    if settings is None:
        raise ArgumentError("nothing names a database")
    clients = Clients(AwsSettings.from_env(env))
    return open_engine(SecretCredentials(clients.secrets, settings.database_secret_arn))


def _said(exc: Exception) -> str:
    if isinstance(exc, ClientError):
        error: Any = exc.response.get("Error", {})
        return str(error.get("Code", "refused"))
    return str(exc)
