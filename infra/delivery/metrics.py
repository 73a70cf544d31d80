"""CloudWatch as a release sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from delivery.functions import ALIAS

_MINUTE = timedelta(minutes=1)


class CloudWatchClient(Protocol):
    """The part of a boto3 CloudWatch client that is used."""

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:
        """Return statistics of a metric."""


class LiveErrors:
    """Counts failed invocations of the alias `live`.

    Args:
        client: a boto3 CloudWatch client.

    """

    def __init__(self, client: CloudWatchClient) -> None:
        self._client = client

    def __call__(self, function_name: str, since: datetime) -> int:
        """Return the failures since a moment.

        CloudWatch counts by the minute, and in the minute of the move the version before may have failed; so
        counting begins with the first whole minute.
        """
        start = (since + _MINUTE).replace(second=0, microsecond=0)
        end = datetime.now(UTC) + _MINUTE
        if start >= end:
            return 0
        answer = self._client.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=[
                {"Name": "FunctionName", "Value": function_name},
                {"Name": "Resource", "Value": f"{function_name}:{ALIAS}"},
            ],
            StartTime=start,
            EndTime=end,
            Period=60,
            Statistics=["Sum"],
        )
        return sum(int(point["Sum"]) for point in answer["Datapoints"])
