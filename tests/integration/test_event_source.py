"""The poller keeps the promises of Lambda's event source mapping, on a real queue."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from local.aws import Aws
from local.event_source import BadAnswerError, Batch, EventSource, failed_ids


def _source(aws: Aws, invoke: Callable[[dict[str, Any]], Any], batch_size: int = 1) -> EventSource:
    return EventSource(aws.sqs, aws.queue_url, aws.queue_arn, invoke, wait_seconds=0, batch_size=batch_size)


def _send(aws: Aws, body: str = "{}") -> str:
    return aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody=body)["MessageId"]


def _show_again(aws: Aws, event: dict[str, Any]) -> None:
    """Make the event's message visible at once, as the worker does for a retry."""
    for record in event["Records"]:
        aws.sqs.change_message_visibility(
            QueueUrl=aws.queue_url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
        )


def test_a_record_has_lambdas_shape(aws: Aws) -> None:
    """Names, types and attributes are those of an SQS event."""
    events: list[dict[str, Any]] = []
    attribute = {"origin": {"StringValue": "import", "DataType": "String"}}
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody='{"a": 1}', MessageAttributes=attribute)  # type: ignore[arg-type]
    _source(aws, events.append).poll()
    record = events[0]["Records"][0]
    assert sorted(record) == [
        "attributes", "awsRegion", "body", "eventSource", "eventSourceARN", "md5OfBody", "messageAttributes",
        "messageId", "receiptHandle",
    ]  # fmt: skip
    assert (record["body"], record["eventSource"], record["awsRegion"]) == (
        '{"a": 1}',
        "aws:sqs",
        "us-west-2",
    )
    assert record["eventSourceARN"] == aws.queue_arn
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"]["origin"] == {
        "stringValue": "import", "dataType": "String", "stringListValues": [], "binaryListValues": [],
    }  # fmt: skip
    json.dumps(events)


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_success_deletes_the_message(aws: Aws, answer: object) -> None:
    """Every answer without failures acknowledges."""
    message_id = _send(aws)
    assert _source(aws, lambda _: answer).poll() == Batch((message_id,))
    assert aws.depth() == (0, 0)


def test_a_failed_item_stays_hidden_until_its_visibility_ends(aws: Aws) -> None:
    """It is neither deleted nor seen again at once."""
    message_id = _send(aws)
    source = _source(aws, lambda event: _report(event, message_id))
    assert source.poll() == Batch((message_id,), frozenset({message_id}))
    assert source.poll() == Batch()
    assert aws.depth() == (0, 1)


def test_of_a_batch_only_the_failed_stay(aws: Aws) -> None:
    """Partial failures: the others are deleted."""
    ids = [_send(aws, str(number)) for number in range(3)]
    batch = _source(aws, lambda event: _report(event, ids[1]), batch_size=10).poll()
    assert (sorted(batch.message_ids), batch.failed_ids) == (sorted(ids), frozenset({ids[1]}))
    assert aws.depth() == (0, 1)


def test_an_exception_fails_the_whole_batch(aws: Aws) -> None:
    """What the function raises is kept, and nothing is deleted."""
    ids = frozenset({_send(aws), _send(aws)})
    error = RuntimeError("out of memory")

    def invoke(event: dict[str, Any]) -> None:
        raise error

    batch = _source(aws, invoke, batch_size=10).poll()
    assert (frozenset(batch.message_ids), batch.failed_ids) == (ids, ids)
    assert batch.error is error
    assert aws.depth() == (0, 2)


def test_receives_are_counted_and_the_last_one_leads_to_the_dead_letter_queue(aws: Aws) -> None:
    """Five receipts, each with its count; the sixth look finds the message in the dead-letter queue."""
    message_id = _send(aws)
    counts: list[str] = []

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        counts.append(event["Records"][0]["attributes"]["ApproximateReceiveCount"])
        _show_again(aws, event)
        return _report(event, message_id)

    source = _source(aws, invoke)
    for _ in range(6):
        source.poll()
    assert counts == ["1", "2", "3", "4", "5"]
    assert (aws.depth(), aws.depth(aws.dead_letter_url)) == ((0, 0), (1, 0))


@pytest.mark.parametrize(
    "answer",
    [
        "done",
        [],
        {"batchItemFailures": "x"},
        {"batchItemFailures": [{}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": "another"}]},
        {"batchItemFailures": ["a"]},
    ],
)
def test_a_malformed_answer_is_refused(answer: object) -> None:
    """Lambda takes such an answer as a failure of the whole batch."""
    with pytest.raises(BadAnswerError):
        failed_ids(answer, ["a"])


def test_a_running_source_works_what_comes_and_stops_when_told(aws: Aws) -> None:
    """Messages sent before and while it runs are worked; after stop the thread ends."""
    worked, stop, seen = [_send(aws)], threading.Event(), threading.Semaphore(0)
    batches: list[Batch] = []

    def observe(batch: Batch) -> None:
        batches.append(batch)
        seen.release()

    thread = threading.Thread(target=_source(aws, lambda _: None).run, args=(stop, observe))
    thread.start()
    assert seen.acquire(timeout=20)
    worked.append(_send(aws))
    assert seen.acquire(timeout=20)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert [batch.message_ids[0] for batch in batches] == worked


def test_a_queue_that_cannot_be_polled_is_polled_again(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    """An outage of SQS does not end the source."""
    source = EventSource(aws.sqs, aws.queue_url + "-gone", aws.queue_arn, lambda _: None, wait_seconds=0)
    stop = threading.Event()
    thread = threading.Thread(target=source.run, args=(stop,))
    thread.start()
    while not caplog.records:
        assert thread.is_alive()
    stop.set()
    thread.join(20)
    assert "The queue cannot be polled" in caplog.text


def _report(event: dict[str, Any], *failed: str) -> dict[str, Any]:
    ids = [record["messageId"] for record in event["Records"] if record["messageId"] in failed]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in ids]}
