"""Lambda functions as a release sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from delivery.release import ReleaseError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

#: The alias that queue and schedule invoke.
ALIAS: Final = "live"


class LambdaFunction:
    """One function behind the alias `live`.

    Args:
        client: a boto3 Lambda client whose read timeout is longer than the function's, without retries.
        name: the function's.

    """

    def __init__(self, client: LambdaClient, name: str) -> None:
        self._client = client
        self.name = name

    def exists(self) -> bool:
        """Return whether Terraform has made the function yet."""
        try:
            self._client.get_function(FunctionName=self.name)
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True

    def live_version(self) -> str:
        """Return the version that the alias invokes."""
        return self._client.get_alias(FunctionName=self.name, Name=ALIAS)["FunctionVersion"]

    def live_image_uri(self) -> str:
        """Return the image, with its tag, of the version that the alias invokes."""
        found = self._client.get_function(FunctionName=self.name, Qualifier=self.live_version())
        return found["Code"]["ImageUri"]

    def tags(self) -> Mapping[str, str]:
        """Return the tags on the function."""
        return self._client.get_function(FunctionName=self.name).get("Tags", {})

    def publish(self, image_uri: str, description: str) -> str:
        """Give the function an image, wait until it is ready, and return it as a numbered version.

        The same image with the same settings is the same version.
        """
        self._wait()
        updated = self._client.update_function_code(FunctionName=self.name, ImageUri=image_uri)
        self._wait()
        published = self._client.publish_version(
            FunctionName=self.name,
            # Refused when another release came between.
            CodeSha256=updated["CodeSha256"],
            Description=description,
        )
        self._client.get_waiter("published_version_active").wait(
            FunctionName=self.name, Qualifier=published["Version"]
        )
        return published["Version"]

    def invoke(self, version: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one version's answer.

        Raises:
            ReleaseError: the function raised, timed out or crashed, or its answer is not an object.

        """
        reply = self._client.invoke(FunctionName=self.name, Qualifier=version, Payload=json.dumps(event))
        text = reply["Payload"].read().decode(errors="replace")
        if "FunctionError" in reply:
            raise ReleaseError(f"{self.name}:{version} failed on {dict(event)}: {text[:2000]}")
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ReleaseError(f"{self.name}:{version} answered {dict(event)} with {text[:200]!r}")
        return answer

    def move_alias(self, version: str) -> None:
        """Make the alias invoke a version, and that version only."""
        self._client.update_alias(
            FunctionName=self.name,
            Name=ALIAS,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": {}},
        )

    def tag(self, tags: Mapping[str, str]) -> None:
        """Write tags on the function."""
        arn = self._client.get_function(FunctionName=self.name)["Configuration"]["FunctionArn"]
        self._client.tag_resource(Resource=arn, Tags=dict(tags))

    def versions(self) -> Sequence[int]:
        """Return the numbered versions."""
        pages = self._client.get_paginator("list_versions_by_function").paginate(FunctionName=self.name)
        names = [item["Version"] for page in pages for item in page["Versions"]]
        return [int(name) for name in names if name != "$LATEST"]

    def aliased_versions(self) -> set[int]:
        """Return the versions that some alias invokes, also with a small weight."""
        pages = self._client.get_paginator("list_aliases").paginate(FunctionName=self.name)
        found: set[str] = set()
        for alias in (alias for page in pages for alias in page["Aliases"]):
            found.add(alias["FunctionVersion"])
            found.update(alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}))
        return {int(name) for name in found if name != "$LATEST"}

    def delete_version(self, version: int) -> None:
        """Delete a version; one that an alias took meanwhile stays."""
        try:
            self._client.delete_function(FunctionName=self.name, Qualifier=str(version))
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceConflictException":
                raise

    def _wait(self) -> None:
        self._client.get_waiter("function_updated_v2").wait(FunctionName=self.name)
