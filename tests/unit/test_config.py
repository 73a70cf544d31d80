"""Settings: everything wrong is named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdas.image_processor.config import AwsSettings, ConfigurationError, Settings
from lambdas.reconciler.config import ReconcilerSettings

COMPLETE = {
    "DATABASE_SECRET_ARN": "arn:aws:secretsmanager:us-west-2:1:secret:db",
    "IMAGES_BUCKET": "pictures",
    "IMAGES_CDN_DOMAIN": "cdn.example.com",
    "ENVIRONMENT": "staging",
    "U2NET_HOME": "/weights",
    "IMAGE_PROCESSING_QUEUE_NAME": "bluemoxon-staging-image-processing",
    "MAX_RECEIVE_COUNT": "7",
    "EMBEDDED_MODEL_FALLBACK": "true",
}


def test_complete() -> None:
    """Each variable lands in its field."""
    settings = Settings.from_env(COMPLETE)
    assert ("pictures", "cdn.example.com", "staging") == (
        settings.images_bucket,
        settings.images_cdn_domain,
        settings.environment,
    )
    assert (Path("/weights"), 7, True) == (
        settings.weights_dir,
        settings.max_receive_count,
        settings.embedded_model_fallback,
    )


def test_defaults() -> None:
    """Only what has a safe default may be left out."""
    required = ("DATABASE_SECRET_ARN", "IMAGES_BUCKET", "ENVIRONMENT", "IMAGE_PROCESSING_QUEUE_NAME")
    settings = Settings.from_env({name: COMPLETE[name] for name in required})
    assert (Path("/opt/u2net"), 5, False, "") == (
        settings.weights_dir,
        settings.max_receive_count,
        settings.embedded_model_fallback,
        settings.images_cdn_domain,
    )


def test_every_fault_is_named_at_once() -> None:
    """An operator mends the environment in one go."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env(
            {"MAX_RECEIVE_COUNT": "many", "EMBEDDED_MODEL_FALLBACK": "perhaps", "ENVIRONMENT": " "}
        )
    for name in (*COMPLETE.keys() - {"U2NET_HOME", "IMAGES_CDN_DOMAIN"},):
        assert name in str(caught.value)


def test_memory_is_lambda_s_or_unknown() -> None:
    """Elsewhere it is not set; nonsense is named like any other fault."""
    memory = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
    assert (
        Settings.from_env(COMPLETE).memory_mib,
        Settings.from_env(COMPLETE | {memory: "3008"}).memory_mib,
    ) == (
        None,
        3008,
    )
    for nonsense in ("0", "3 GB"):
        with pytest.raises(ConfigurationError, match=memory):
            Settings.from_env(COMPLETE | {memory: nonsense})


def test_secrets_do_not_print() -> None:
    """A settings object in a log line shows no key."""
    aws = AwsSettings.from_env(
        {"AWS_SECRET_ACCESS_KEY": "hush", "AWS_SESSION_TOKEN": "hush", "AWS_REGION": "x"}
    )
    assert "hush" not in repr(aws)


def test_the_reconciler_needs_less() -> None:
    """Three of the worker's variables, all missing ones named at once."""
    settings = ReconcilerSettings.from_env(COMPLETE)
    assert (COMPLETE["DATABASE_SECRET_ARN"], "staging", COMPLETE["IMAGE_PROCESSING_QUEUE_NAME"]) == (
        settings.database_secret_arn,
        settings.environment,
        settings.queue_name,
    )
    with pytest.raises(ConfigurationError) as caught:
        ReconcilerSettings.from_env({"ENVIRONMENT": " "})
    for name in ("DATABASE_SECRET_ARN", "ENVIRONMENT", "IMAGE_PROCESSING_QUEUE_NAME"):
        assert name in str(caught.value)
