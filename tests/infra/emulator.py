"""moto's server for Terraform: `python -m tests.infra.emulator`. Prints its port, ends with its input.

Terraform's provider reads back what it wrote, more closely than boto3 does; five answers of moto's are mended
for it. Functions answer without docker: an invocation returns what
`/moto-api/static/lambda-simple/response` was told.
"""

from __future__ import annotations

import json
from typing import Any

from moto.awslambda import models as awslambda
from moto.core.config import default_user_config
from moto.sqs import models as sqs

from local import aws_server

# moto's classes are mended in place; their types say that this is not done.
_Queue: Any = sqs.Queue
_LambdaFunction: Any = awslambda.LambdaFunction
_EventSourceMapping: Any = awslambda.EventSourceMapping


def main() -> None:
    """Mend and serve."""
    default_user_config["lambda"]["use_docker"] = False
    keep_redrive_allow_policy()
    write_redrive_policy_without_spaces()
    keep_image_and_logging_config()
    keep_the_alias_of_a_mapping()
    aws_server.main()


def keep_redrive_allow_policy() -> None:
    """SQS: the attribute is unknown; the provider waits for it to appear and, once emptied, to vanish."""
    _Queue.redrive_allow_policy = None
    _Queue.BASE_ATTRIBUTES.append("RedriveAllowPolicy")
    read = _Queue.attributes.fget

    def attributes(queue: Any) -> dict[str, Any]:
        found: dict[str, Any] = read(queue)
        if not queue.redrive_allow_policy:
            found.pop("RedriveAllowPolicy")
        return found

    _Queue.attributes = property(attributes)


def write_redrive_policy_without_spaces() -> None:
    """SQS answers with the text that it was given; moto's, written anew, would be a change."""
    read = _Queue.attributes.fget

    def attributes(queue: Any) -> dict[str, Any]:
        found: dict[str, Any] = read(queue)
        if queue.redrive_policy:
            found["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
        return found

    _Queue.attributes = property(attributes)


def keep_image_and_logging_config() -> None:
    """Lambda: an image without a configuration shows none; logging is what was asked for."""
    create, update = _LambdaFunction.__init__, _LambdaFunction.update_configuration
    describe = _LambdaFunction.get_configuration

    def create_and_keep(
        function: Any, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any
    ) -> None:
        function.logging_config = spec.get("LoggingConfig")
        create(function, account_id, spec, *rest, **named)

    def update_configuration(function: Any, updates: dict[str, Any]) -> dict[str, Any]:
        function.logging_config = updates.get("LoggingConfig", function.logging_config)
        answer: dict[str, Any] = update(function, updates)
        return answer

    def get_configuration(function: Any, *rest: Any, **named: Any) -> dict[str, Any]:
        found: dict[str, Any] = describe(function, *rest, **named)
        if not any(found.get("ImageConfigResponse", {}).get("ImageConfig", {}).values()):
            found.pop("ImageConfigResponse", None)
        if function.logging_config is not None:
            found["LoggingConfig"] = function.logging_config
        return found

    _LambdaFunction.__init__ = create_and_keep
    _LambdaFunction.update_configuration = update_configuration
    _LambdaFunction.get_configuration = get_configuration


def keep_the_alias_of_a_mapping() -> None:
    """Lambda: a mapping invokes the alias that it was given, not the version behind it."""
    create = _EventSourceMapping.__init__

    def create_and_keep(mapping: Any, spec: dict[str, Any]) -> None:
        create(mapping, spec)
        if spec["FunctionName"].startswith("arn:"):
            mapping.function_arn = spec["FunctionName"]

    _EventSourceMapping.__init__ = create_and_keep


if __name__ == "__main__":
    main()
