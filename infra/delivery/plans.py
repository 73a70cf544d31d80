"""What a Terraform plan may do without a person's word: never delete what holds jobs, images or traffic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: Types whose loss loses messages, images, logs or live traffic.
_KEPT: Final = frozenset(
    {
        "aws_cloudwatch_log_group",
        "aws_ecr_repository",
        "aws_lambda_alias",
        "aws_lambda_event_source_mapping",
        "aws_lambda_function",
        "aws_sqs_queue",
    }
)


def losses(plan: Mapping[str, Any]) -> list[str]:
    """Return the addresses that a plan would delete or replace and that must stay.

    Args:
        plan: `terraform show -json` of a saved plan.

    """
    return sorted(
        change["address"]
        for change in plan.get("resource_changes", ())
        if change["type"] in _KEPT and "delete" in change["change"]["actions"]
    )


def changes(plan: Mapping[str, Any]) -> dict[str, int]:
    """Return how many resources a plan creates, updates and deletes; a replacement counts as both."""
    actions = [
        action for change in plan.get("resource_changes", ()) for action in change["change"]["actions"]
    ]
    return {name: actions.count(name) for name in ("create", "update", "delete")}
