"""A hand-written stand-in for SQS as its senders see it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from app.services.job_queue import JobQueue


@dataclass
class FakeSqs:
    """The calls of boto3's SQS client that senders use: a queue in a list, which may be down or picky."""

    is_down: bool = False
    #: Jobs whose messages are refused while the queue answers.
    refused: set[str] = field(default_factory=set)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    #: What the queue says its depth is; None: as many as were sent.
    says_depth: int | None = None

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803 (boto3's names, here and below)
        self._answer()
        return {"QueueUrl": f"https://sqs/{QueueName}"}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803
        self._answer()
        depth = len(self.bodies) if self.says_depth is None else self.says_depth
        return {"Attributes": {"ApproximateNumberOfMessages": str(depth)}}

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, str]:  # noqa: N803
        self._answer()
        body = json.loads(MessageBody)
        if body["job_id"] in self.refused:
            raise ClientError({"Error": {"Code": "InvalidMessageContents"}}, "SendMessage")
        self.bodies.append(body)
        return {}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self._answer()
        bodies = {entry["Id"]: json.loads(entry["MessageBody"]) for entry in Entries}
        taken = {key: body for key, body in bodies.items() if body["job_id"] not in self.refused}
        self.bodies += taken.values()
        return {"Successful": [{"Id": key} for key in taken]}

    def queue(self) -> JobQueue:
        """Return the queue as its senders use it."""
        return JobQueue(self, "pictures")  # type: ignore[arg-type] # the calls above are all it needs

    def _answer(self) -> None:
        if self.is_down:
            raise EndpointConnectionError(endpoint_url="https://sqs")
