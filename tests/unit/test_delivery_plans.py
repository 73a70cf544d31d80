"""A plan may not delete what holds messages, images or traffic."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.plans import changes, losses


def plan(**actions: list[str]) -> dict[str, Any]:
    """A plan's JSON with one change per resource type."""
    return {
        "resource_changes": [
            {"address": f"module.x.{kind}.it", "type": kind, "change": {"actions": done}}
            for kind, done in actions.items()
        ]
    }


@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["create", "delete"]])
def test_deleting_and_replacing_lose(actions: list[str]) -> None:
    """A replaced queue is an empty one."""
    assert losses(plan(aws_sqs_queue=actions)) == ["module.x.aws_sqs_queue.it"]


def test_a_lost_function_is_named() -> None:
    """As when image_tag is forgotten."""
    lost = losses(plan(aws_lambda_function=["delete"], aws_lambda_alias=["delete"], aws_sns_topic=["delete"]))
    assert lost == ["module.x.aws_lambda_alias.it", "module.x.aws_lambda_function.it"]


def test_other_changes_pass() -> None:
    """Creating, updating, reading, and deleting an alarm."""
    harmless = plan(
        aws_sqs_queue=["update"], aws_lambda_function=["create"], aws_cloudwatch_metric_alarm=["delete"]
    )
    assert losses(harmless) == []
    assert losses({}) == []


def test_changes_are_counted() -> None:
    """A replacement is one of each."""
    counted = changes(plan(a=["create"], b=["delete", "create"], c=["update"], d=["no-op"]))
    assert counted == {"create": 2, "update": 1, "delete": 1}
