"""What the reconciler reads of its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.image_processor.config import ConfigurationError

_NAMES = ("DATABASE_SECRET_ARN", "ENVIRONMENT", "IMAGE_PROCESSING_QUEUE_NAME")


@dataclass(frozen=True, slots=True)
class ReconcilerSettings:
    """The part of the worker's variables that the reconciler needs."""

    #: ARN or name of the database's secret in Secrets Manager.
    database_secret_arn: str
    #: "staging", "prod", or "local".
    environment: str
    queue_name: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> ReconcilerSettings:
        """Read the settings.

        Raises:
            ConfigurationError: naming every missing variable at once.

        """
        values = [env.get(name, "").strip() for name in _NAMES]
        missing = [f"{name} is missing" for name, value in zip(_NAMES, values, strict=True) if not value]
        if missing:
            raise ConfigurationError("the environment is not complete: " + "; ".join(missing))
        return cls(*values)
