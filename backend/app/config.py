"""What the API's side reads of its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Where photos are queued."""

    queue_name: str
    region: str
    #: None: AWS itself.
    endpoint_url: str | None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> QueueSettings:
        """Read the settings.

        Raises:
            KeyError: `IMAGE_PROCESSING_QUEUE_NAME` is missing.

        """
        return cls(
            queue_name=env["IMAGE_PROCESSING_QUEUE_NAME"],
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-west-2",
            endpoint_url=env.get("AWS_ENDPOINT_URL"),
        )
