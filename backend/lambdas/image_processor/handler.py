"""The composition root: plugs the parts together and answers Lambda's events.

Events: SQS records -> `{"batchItemFailures": [...]}`; `{"smoke_test": true}`, also with `"deep": true`;
`{"migrate": true}`.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Final, Protocol

from sqlalchemy import Engine

from lambdas.image_processor import smoke
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings, Settings
from lambdas.image_processor.credentials import SecretCredentials
from lambdas.image_processor.database import open_engine
from lambdas.image_processor.domain import Ending, Outcome
from lambdas.image_processor.errors import FailureCode, PoisonMessageError
from lambdas.image_processor.jobs import JobStore
from lambdas.image_processor.memory import return_freed_memory
from lambdas.image_processor.message import parse_delivery, parse_message
from lambdas.image_processor.ports import Deadline, Timing
from lambdas.image_processor.recipes import BOOK, CRITIC, EMBEDDED_RECIPE, RECIPES
from lambdas.image_processor.renderer import Plan, Renderer
from lambdas.image_processor.segment import Segmenter
from lambdas.image_processor.sqs import Queue
from lambdas.image_processor.storage import ImageStore, object_keys, stored_key
from lambdas.image_processor.telemetry import Telemetry
from lambdas.image_processor.worker import Worker

Event = Mapping[str, Any]
_TIMING = Timing()
#: From this much memory on, both networks stay loaded: a refused photo costs no reload.
ROOMY_MIB: Final = 2048
logger = logging.getLogger(__name__)


class Context(Protocol):
    """The part of Lambda's context object that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the invocation is killed."""


@dataclass(frozen=True, slots=True)
class Handler:
    """Lambda's handler with its parts."""

    settings: Settings
    worker: Worker
    queue: Queue
    telemetry: Telemetry
    renderer: Renderer
    engine: Engine
    images: ImageStore
    observe: Callable[[str], None]
    timing: Timing

    def __call__(self, event: Event, context: Context) -> dict[str, Any]:
        """Answer one event."""
        if event.get("smoke_test") is True:
            return self._smoke_test(is_deep=event.get("deep") is True)
        if event.get("migrate") is True:
            return {"statusCode": 200, "body": "OK", "revision": _migrations().upgrade(self.engine)}
        deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000, self.timing)
        records = event.get("Records", [])
        failed = [record["messageId"] for record in records if not self._deliver(record, deadline)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _deliver(self, record: Mapping[str, Any], deadline: Deadline) -> bool:
        """Work one record, tell SQS when to show it again, and return whether it is acknowledged."""
        started = time.perf_counter()
        delivery = parse_delivery(record, self.settings.max_receive_count)
        try:
            message = parse_message(record)
        except PoisonMessageError as exc:
            logger.error("The message can never be processed: %s", exc, extra={"action": "poison"})  # noqa: TRY400
            outcome = Outcome(Ending.POISON, retry_in_seconds=0, code=FailureCode.BAD_MESSAGE)
            self.telemetry.record(outcome, delivery, time.perf_counter() - started)
        else:
            with self.telemetry.job(message):
                outcome = self.worker.work(message, delivery, deadline)
                self.telemetry.record(outcome, delivery, time.perf_counter() - started)
        self.observe("before_ack")
        if outcome.retry_in_seconds is not None:
            self.queue.retry_in(delivery, outcome.retry_in_seconds)
        return outcome.acknowledged

    def _smoke_test(self, *, is_deep: bool) -> dict[str, Any]:
        # The book model's opinion and the critic's are asked of every mask, whoever may cut.
        models = [recipe.model for recipe in self.renderer.plan.recipes]
        correctors = [model.corrected_by for model in models if model.corrected_by is not None]
        specs = list(dict.fromkeys([*models, *correctors, BOOK, CRITIC]))
        smoke.check_weights(self.settings.weights_dir, specs)
        answer = {
            "statusCode": 200,
            "body": "OK",
            "version": self.settings.function_version,
            "image_version": self.settings.image_version,
            "models": smoke.check_models(self.renderer.segmenter, specs),
        }
        if is_deep:
            answer["services"] = smoke.check_services(
                {
                    "database": lambda: _migrations().require_head(self.engine),
                    "bucket": lambda: self.images.probe(f"smoke test of {self.settings.image_version}"),
                    "queue": self.queue.url,
                }
            )
        return answer


def _migrations() -> ModuleType:
    """Return the migrations' module. Here, for no photo needs alembic: a seventh of the handler's import."""
    from app import migrate  # noqa: PLC0415

    return migrate


def build(
    env: Mapping[str, str], observe: Callable[[str], None] = lambda _: None, timing: Timing = _TIMING
) -> Handler:
    """Compose a handler from an environment; nothing is connected or loaded yet.

    Args:
        env: the variables of docs/configuration (config.Settings and config.AwsSettings).
        observe: called with the name of each durable step; the crash tests stop the process there.
        timing: how far a lease reaches beyond the invocation; the crash tests shorten it.

    Raises:
        ConfigurationError: naming every variable that is missing or malformed.

    """
    settings = Settings.from_env(env)
    return_freed_memory()
    clients = Clients(AwsSettings.from_env(env))
    engine = open_engine(SecretCredentials(clients.secrets, settings.database_secret_arn))
    images = ImageStore(clients.s3, settings.images_bucket)
    renderer = plan_renderer(settings)
    worker = Worker(
        jobs=JobStore(engine, observe),
        images=images,
        renderer=renderer,
        name_objects=object_keys,
        public_url=lambda db_key: public_url(settings.images_cdn_domain, db_key),
        observe=observe,
        # Spreads retries; nothing secret depends on it.
        rng=random.Random(),  # noqa: S311
    )
    telemetry = Telemetry(settings.environment, _emit_to(settings))
    queue = Queue(clients.sqs, settings.queue_name)
    return Handler(settings, worker, queue, telemetry, renderer, engine, images, observe, timing)


def plan_renderer(settings: Settings) -> Renderer:
    """Choose the recipes that can run.

    A missing weight is an error when its recipe's turn comes, except on the local stack, which runs without
    downloads and records what it left out.
    """
    is_roomy = settings.memory_mib is None or settings.memory_mib >= ROOMY_MIB
    segmenter = Segmenter(settings.weights_dir, resident_models=2 if is_roomy else 1)
    wanted = RECIPES + ((EMBEDDED_RECIPE,) if settings.embedded_model_fallback else ())
    is_local = settings.environment == "local"
    plan = Plan.with_weights_in(settings.weights_dir, wanted) if is_local else Plan(wanted)
    return Renderer(segmenter, plan)


def public_url(cdn_domain: str, db_key: str) -> str | None:
    """Return the picture's address on the CDN, or None without one."""
    return f"https://{cdn_domain}/{stored_key(db_key)}" if cdn_domain else None


def lambda_handler(event: Event, context: Context) -> dict[str, Any]:
    """Answer one event: the image's entry point."""
    return _from_environment()(event, context)


@cache
def _from_environment() -> Handler:
    handler = build(os.environ)
    handler.telemetry.take_over_logging()
    return handler


def _emit_to(settings: Settings) -> Callable[[str], None]:
    if settings.environment == "local":
        return lambda _: None
    return lambda line: print(line, file=sys.stdout, flush=True)
