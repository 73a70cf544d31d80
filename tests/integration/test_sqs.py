"""The worker's queue, on a real SQS interface."""

from __future__ import annotations

import logging

import pytest

from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings
from lambdas.image_processor.domain import Delivery
from lambdas.image_processor.sqs import Queue
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Aws


def receive(aws: Aws) -> Delivery:
    message = aws.sqs.receive_message(
        QueueUrl=aws.queue_url, WaitTimeSeconds=1, MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )["Messages"][0]
    return Delivery(
        message["MessageId"],
        message["ReceiptHandle"],
        int(message["Attributes"]["ApproximateReceiveCount"]),
        5,
    )


def test_retry_in(aws: Aws) -> None:
    """Zero seconds brings the message back at once, a minute hides it."""
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody="{}")
    queue = Queue(aws.sqs, aws.queue_name)
    queue.retry_in(receive(aws), 0)
    delivery = receive(aws)
    assert 2 == delivery.receive_count
    queue.retry_in(delivery, 60)
    assert (0, 1) == aws.depth()


def test_unreachable_is_only_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A VPC without a route to SQS costs the default visibility and a line in the log."""
    settings = AwsSettings(REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, "http://127.0.0.1:9")
    sqs = Clients(settings).sqs
    with caplog.at_level(logging.WARNING):
        Queue(sqs, "pictures").retry_in(Delivery("m", "r", 1, 5), 60)
    assert ["visibility_unchanged"] == [record.__dict__["action"] for record in caplog.records]
    sqs.close()
