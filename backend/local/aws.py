"""S3, SQS and Secrets Manager for one process: a server of our own, and the resources the worker expects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import boto3
from botocore.config import Config
from sqlalchemy import URL

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

REGION: Final = "us-west-2"
#: The server takes any; real ones in the developer's environment are never used.
ACCESS_KEY_ID: Final = "local"
SECRET_ACCESS_KEY: Final = "local"  # noqa: S105 (not a secret)
#: Longer than the longest poll (20 s); no proxy stands before the loopback.
_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2}, proxies={})


class AwsServerError(Exception):
    """The server did not start."""


@dataclass(frozen=True, slots=True)
class Aws:
    """A bucket, a queue with its dead-letter queue, and a secret."""

    endpoint_url: str
    bucket: str
    queue_name: str
    queue_url: str
    queue_arn: str
    dead_letter_name: str
    dead_letter_url: str
    max_receive_count: int
    secret_arn: str
    s3: S3Client = field(repr=False)
    sqs: SQSClient = field(repr=False)
    secrets: SecretsManagerClient = field(repr=False)

    def store_credentials(self, url: URL) -> None:
        """Write the database's credentials into the secret, shaped as production's."""
        self.secrets.put_secret_value(SecretId=self.secret_arn, SecretString=_secret(url))

    def close(self) -> None:
        """Close the clients' connections."""
        for client in (self.s3, self.sqs, self.secrets):
            client.close()

    def keys(self, prefix: str = "") -> list[str]:
        """Return the bucket's keys that begin with `prefix`, sorted."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def depth(self, queue_url: str | None = None) -> tuple[int, int]:
        """Return how many messages of a queue (default: the main one) are visible, and how many in flight."""
        found = self.sqs.get_queue_attributes(QueueUrl=queue_url or self.queue_url, AttributeNames=["All"])[
            "Attributes"
        ]
        return (
            int(found["ApproximateNumberOfMessages"]),
            int(found["ApproximateNumberOfMessagesNotVisible"]),
        )


class AwsServer:
    """The server's process: starting inside the block, gone after it.

    Args:
        module: what runs; another one may serve more, as long as it prints its port and ends with its input.

    """

    def __init__(self, module: str = "local.aws_server") -> None:
        self._module = module

    def __enter__(self) -> Self:
        """Begin to start."""
        # Never the developer's own account or profile.
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))
        }
        # In a session of its own, so that Ctrl-C reaches only us.
        self._process = subprocess.Popen(  # noqa: S603 (our own module on our own interpreter)
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=inherited,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process; it holds nothing worth keeping."""
        self._process.kill()
        self._process.communicate()

    def wait_for_endpoint(self) -> str:
        """Return the server's address as soon as it answers; to be asked once.

        Raises:
            AwsServerError: it did not start.

        """
        port = self._process.stdout.readline().strip() if self._process.stdout else b""
        if not port:
            raise AwsServerError(
                "the server of S3, SQS and Secrets Manager did not start; its error is above"
            )
        return f"http://127.0.0.1:{int(port)}"


def create_resources(
    endpoint_url: str, prefix: str, *, visibility_seconds: int = 120, max_receive_count: int = 5
) -> Aws:
    """Create everything under names that begin with `prefix`.

    Args:
        endpoint_url: the server's.
        prefix: as production's "bluemoxon-prod".
        visibility_seconds: how long a received message stays hidden unless the worker says otherwise.
        max_receive_count: receipts before a message is dead-lettered.

    """
    session = boto3.session.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
    s3: S3Client = session.client("s3", endpoint_url=endpoint_url, config=_CONFIG)
    sqs: SQSClient = session.client("sqs", endpoint_url=endpoint_url, config=_CONFIG)
    secrets: SecretsManagerClient = session.client(
        "secretsmanager", endpoint_url=endpoint_url, config=_CONFIG
    )
    s3.create_bucket(Bucket=f"{prefix}-images", CreateBucketConfiguration={"LocationConstraint": REGION})
    name = f"{prefix}-image-processing"
    dead_letter_url, dead_letter_arn = _create_queue(
        sqs, f"{name}-dlq", {"MessageRetentionPeriod": "1209600"}
    )
    redrive = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": max_receive_count}
    attributes = {
        "VisibilityTimeout": str(visibility_seconds),
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "20",
        "RedrivePolicy": json.dumps(redrive),
    }
    queue_url, queue_arn = _create_queue(sqs, name, attributes)
    return Aws(
        endpoint_url=endpoint_url,
        bucket=f"{prefix}-images",
        queue_name=name,
        queue_url=queue_url,
        queue_arn=queue_arn,
        dead_letter_name=f"{name}-dlq",
        dead_letter_url=dead_letter_url,
        max_receive_count=max_receive_count,
        secret_arn=secrets.create_secret(Name=f"{prefix}-database", SecretString="{}")["ARN"],
        s3=s3,
        sqs=sqs,
        secrets=secrets,
    )


def _create_queue(sqs: SQSClient, name: str, attributes: dict[str, str]) -> tuple[str, str]:
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def _secret(url: URL) -> str:
    return json.dumps(
        {
            "username": url.username,
            "password": url.password,
            "host": url.host,
            "port": url.port or 5432,
            "dbname": url.database,
            # Production's default is `require`; the embedded server has no certificate.
            "sslmode": url.query.get("sslmode", "prefer"),
        }
    )
