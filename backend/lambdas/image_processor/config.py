"""The only place that reads the environment: a mapping in, frozen settings out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


class ConfigurationError(Exception):
    """The environment is incomplete or malformed; the message names every variable at fault."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the functions need to know about where they run."""

    #: ARN or name of the database's secret in Secrets Manager.
    database_secret_arn: str
    images_bucket: str
    #: Host of the pictures' CDN; empty: `cloudfront_url` stays NULL.
    images_cdn_domain: str
    #: "staging", "prod", or "local".
    environment: str
    #: Folder of the downloaded weights.
    weights_dir: Path
    queue_name: str
    #: The queue's maxReceiveCount.
    max_receive_count: int
    #: Whether the embedded book model may be the last recipe.
    embedded_model_fallback: bool
    #: Memory of the function in MiB, from Lambda; None elsewhere.
    memory_mib: int | None
    #: Version of the running function, from Lambda.
    function_version: str
    #: Version of the image, baked in at build time.
    image_version: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            ConfigurationError: naming every missing or malformed variable at once.

        """
        faults: list[str] = []
        settings = cls(
            database_secret_arn=_required(env, "DATABASE_SECRET_ARN", faults),
            images_bucket=_required(env, "IMAGES_BUCKET", faults),
            images_cdn_domain=env.get("IMAGES_CDN_DOMAIN", "").strip().removeprefix("https://").strip("/"),
            environment=_required(env, "ENVIRONMENT", faults),
            weights_dir=Path(env.get("U2NET_HOME", "").strip() or "/opt/u2net"),
            queue_name=_required(env, "IMAGE_PROCESSING_QUEUE_NAME", faults),
            max_receive_count=_positive(env, "MAX_RECEIVE_COUNT", 5, faults),
            embedded_model_fallback=_switch(env, "EMBEDDED_MODEL_FALLBACK", faults),
            memory_mib=_positive_or_none(env, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", faults),
            function_version=env.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            image_version=env.get("IMAGE_VERSION", "development"),
        )
        if faults:
            raise ConfigurationError("the environment is not complete: " + "; ".join(faults))
        return settings


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """How AWS is reached; in Lambda the runtime sets all of it, the local stack names its own endpoint."""

    region: str
    access_key_id: str | None
    secret_access_key: str | None = field(repr=False)
    session_token: str | None = field(repr=False)
    #: None: AWS itself.
    endpoint_url: str | None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> AwsSettings:
        """Read the settings; what is absent is left to boto3's own chain."""
        return cls(
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-west-2",
            access_key_id=env.get("AWS_ACCESS_KEY_ID"),
            secret_access_key=env.get("AWS_SECRET_ACCESS_KEY"),
            session_token=env.get("AWS_SESSION_TOKEN"),
            endpoint_url=env.get("AWS_ENDPOINT_URL"),
        )


def _required(env: Mapping[str, str], name: str, faults: list[str]) -> str:
    value = env.get(name, "").strip()
    if not value:
        faults.append(f"{name} is missing")
    return value


def _positive(env: Mapping[str, str], name: str, default: int, faults: list[str]) -> int:
    return _positive_or_none(env, name, faults) or default


def _positive_or_none(env: Mapping[str, str], name: str, faults: list[str]) -> int | None:
    text = env.get(name, "").strip()
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    if text:
        faults.append(f"{name} is not a whole number >= 1")
    return None


def _switch(env: Mapping[str, str], name: str, faults: list[str]) -> bool:
    text = env.get(name, "").strip().lower()
    if text not in _TRUE | _FALSE:
        faults.append(f"{name} is neither true nor false")
    return text in _TRUE
