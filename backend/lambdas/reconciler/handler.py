"""The reconciler's composition root: a schedule's event in, counts out."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from app.services.job_queue import JobQueue
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings
from lambdas.image_processor.credentials import SecretCredentials
from lambdas.image_processor.database import open_engine
from lambdas.image_processor.telemetry import NAMESPACE, Telemetry
from lambdas.reconciler.config import ReconcilerSettings
from lambdas.reconciler.reconcile import Reconciler
from lambdas.reconciler.tally import Tally

#: With less left than this no further job is begun.
_RESERVE_SECONDS: Final = 10.0
_METRICS: Final = {
    "taken_back": "LeasesTakenBack",
    "republished": "Republished",
    "sent": "RefusedSent",
    "crash_loops": "CrashLoops",
    "source_gone": "SourcesGone",
    "superseded": "Superseded",
    "given_up": "GivenUp",
    "errors": "ReconcilerErrors",
    "depth": "VisibleMessages",
}

logger = logging.getLogger("reconciler")


class Context(Protocol):
    """The part of Lambda's context object that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the invocation is killed."""


@dataclass(frozen=True, slots=True)
class Handler:
    """Lambda's handler with its parts."""

    reconciler: Reconciler
    environment: str
    emit: Callable[[str], None]

    def __call__(self, event: Mapping[str, Any], context: Context) -> dict[str, int | None]:
        """Run once and return what was done; the event's content does not matter.

        Raises:
            TransientError: the database is unavailable; the next run of the schedule goes on.

        """
        del event
        tally = self.reconciler.run(
            has_time=lambda: context.get_remaining_time_in_millis() / 1000 > _RESERVE_SECONDS
        )
        counts = tally.as_dict()
        logger.info("Jobs reconciled", extra={"action": "reconciled", **counts})
        self.emit(metrics_line(tally, self.environment))
        return counts


def build(env: Mapping[str, str]) -> Handler:
    """Compose a handler from an environment; nothing is connected yet.

    Raises:
        ConfigurationError: naming every variable that is missing.

    """
    settings = ReconcilerSettings.from_env(env)
    clients = Clients(AwsSettings.from_env(env))
    engine = open_engine(SecretCredentials(clients.secrets, settings.database_secret_arn))
    reconciler = Reconciler(engine, JobQueue(clients.sqs, settings.queue_name))
    return Handler(reconciler, settings.environment, _emit_to(settings.environment))


def metrics_line(tally: Tally, environment: str) -> str:
    """Return the run's counts in CloudWatch's embedded metric format."""
    metrics = AmazonCloudWatchEMFProvider(namespace=NAMESPACE)
    metrics.add_dimension("environment", environment)
    for name, count in tally.as_dict().items():
        if count is not None:
            metrics.add_metric(_METRICS[name], "Count", count)
    return json.dumps(metrics.serialize_metric_set())


def lambda_handler(event: Mapping[str, Any], context: Context) -> dict[str, int | None]:
    """Run once: the image's second entry point."""
    return _from_environment()(event, context)


@cache
def _from_environment() -> Handler:
    handler = build(os.environ)
    Telemetry(handler.environment, handler.emit).take_over_logging()
    return handler


def _emit_to(environment: str) -> Callable[[str], None]:
    if environment == "local":
        return lambda _: None
    return lambda line: print(line, file=sys.stdout, flush=True)
