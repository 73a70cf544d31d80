"""What Terraform gives the functions is what they read: names, numbers and metrics."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.functions import ALIAS
from delivery.release import KEPT_VERSIONS
from delivery.tags import LIFECYCLE_PREFIX, staging_tag
from lambdas.image_processor.config import Settings
from lambdas.image_processor.domain import Delivery, Ending, Outcome
from lambdas.image_processor.telemetry import NAMESPACE, Telemetry
from tests.infra import terraform

#: Lambda sets these itself, and the image its version.
_NOT_OURS = re.compile(r"AWS_LAMBDA_\w+|IMAGE_VERSION")
#: Set for whatever else runs from the image; our runtime does not compile.
_UNREAD = {"NUMBA_CACHE_DIR"}


class Recorder(dict[str, str]):
    """An environment that notes which names are asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return "1" if default is None or default == "" else default


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every resource of the module as Terraform itself evaluates it, by address."""
    folder = tmp_path_factory.mktemp("contract") / "terraform"
    options = ("-backend=false", f"-test-directory={terraform.MODULE_TESTS}")
    done = terraform.run_tests(terraform.initialised(folder, *options), ["environment"], "-json", "-verbose")
    found: dict[str, dict[str, Any]] = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        for resource in _resources(message.get("test_state", {}).get("root_module", {})):
            found[resource["address"]] = resource["values"]
    assert found, done.stdout[-2000:] + done.stderr
    return found


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def variables(resources: dict[str, dict[str, Any]], function: str) -> dict[str, str]:
    """A function's environment."""
    found: dict[str, str] = resources[f"aws_lambda_function.{function}[0]"]["environment"][0]["variables"]
    return found


def test_names_both_ways(resources: dict[str, dict[str, Any]]) -> None:
    """No variable is read that Terraform does not set, none is set that nobody reads."""
    recorder = Recorder()
    Settings.from_env(recorder)
    ours = {name for name in recorder.asked if not _NOT_OURS.fullmatch(name)}
    assert ours == variables(resources, "worker").keys() - _UNREAD


def test_the_values_are_settings(resources: dict[str, dict[str, Any]]) -> None:
    """config.py accepts them, and reads the queue's own numbers out of them."""
    settings = Settings.from_env(variables(resources, "worker"))
    queue = resources["aws_sqs_queue.images"]
    assert settings.queue_name == queue["name"]
    assert settings.max_receive_count == json.loads(queue["redrive_policy"])["maxReceiveCount"]
    assert (settings.environment, settings.embedded_model_fallback) == ("staging", False)


def test_the_reconciler_has_what_it_reads(resources: dict[str, dict[str, Any]]) -> None:
    """Its settings are a part of the worker's."""
    if importlib.util.find_spec("lambdas.reconciler.config") is None:
        pytest.skip("needs the reconciler")
    module = importlib.import_module("lambdas.reconciler.config")
    module.ReconcilerSettings.from_env(variables(resources, "reconciler"))


def test_the_reconcilers_command_exists(resources: dict[str, dict[str, Any]]) -> None:
    """module.function of the image's second entry point."""
    if importlib.util.find_spec("lambdas.reconciler.handler") is None:
        pytest.skip("needs the reconciler")
    command = resources["aws_lambda_function.reconciler[0]"]["image_config"][0]["command"][0]
    module, _, function = command.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_alarms_watch_metrics_that_are_emitted(resources: dict[str, dict[str, Any]]) -> None:
    """Every metric of our namespace, on alarms and dashboard, is one that the code emits."""
    if importlib.util.find_spec("lambdas.reconciler.handler") is None:
        pytest.skip("needs the reconciler")
    reconciler = Path(importlib.import_module("lambdas.reconciler.handler").__file__ or "").read_text()
    emitted = _worker_metrics() | set(re.findall(r'"[a-z_]+": "([A-Z]\w+)"', reconciler))
    watched = set(_watched(resources))
    assert {"Processed", "Republished", "ReconcilerErrors"} <= watched
    assert watched <= emitted


def _worker_metrics() -> set[str]:
    lines: list[str] = []
    telemetry = Telemetry("staging", lines.append)
    for ending in Ending:
        telemetry.record(Outcome(ending), Delivery("m", "r", 1, 5), 1.0)
    directives = [json.loads(line)["_aws"]["CloudWatchMetrics"][0] for line in lines]
    return {metric["Name"] for directive in directives for metric in directive["Metrics"]}


def _watched(resources: dict[str, dict[str, Any]]) -> Iterator[str]:
    for address, values in resources.items():
        if address.startswith("aws_cloudwatch_metric_alarm."):
            if values["namespace"] == NAMESPACE:
                yield values["metric_name"]
            for query in values["metric_query"]:
                yield from (row["metric_name"] for row in query["metric"] if row["namespace"] == NAMESPACE)
    body = json.loads(resources["aws_cloudwatch_dashboard.operations"]["dashboard_body"])
    for widget in body["widgets"]:
        yield from (row[1] for row in widget["properties"]["metrics"] if row[0] == NAMESPACE)


def test_pushed_tags_are_counted(resources: dict[str, dict[str, Any]]) -> None:
    """The lifecycle's prefix is the deploy's, and more images stay than versions."""
    rules = json.loads(resources["aws_ecr_lifecycle_policy.images"]["policy"])["rules"]
    kept = rules[0]["selection"]
    assert kept["tagPrefixList"] == [LIFECYCLE_PREFIX]
    assert staging_tag("1.2.3", 40 * "a").startswith(kept["tagPrefixList"][0])
    assert kept["countNumber"] > KEPT_VERSIONS


def test_releases_move_the_alias_that_is_invoked(resources: dict[str, dict[str, Any]]) -> None:
    """One name."""
    for function in ("worker", "reconciler"):
        assert resources[f"aws_lambda_alias.{function}[0]"]["name"] == ALIAS
