"""The image repository: which tags are there, and how docker logs in."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError


class EcrClient(Protocol):
    """The part of a boto3 ECR client that is used."""

    def describe_repositories(self, **request: Any) -> dict[str, Any]:
        """Return repositories."""

    def describe_images(self, **request: Any) -> dict[str, Any]:
        """Return images."""

    def get_authorization_token(self, **request: Any) -> dict[str, Any]:
        """Return a token for docker."""


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository of images with immutable tags."""

    client: EcrClient
    name: str

    def has(self, tag: str) -> bool:
        """Return whether an image has a tag: then it is never built or pushed again."""
        try:
            self.client.describe_images(repositoryName=self.name, imageIds=[{"imageTag": tag}])
        except ClientError as exc:
            if exc.response["Error"]["Code"] == "ImageNotFoundException":
                return False
            raise
        return True

    def uri(self) -> str:
        """Return the repository's address, without a tag."""
        found = self.client.describe_repositories(repositoryNames=[self.name])
        return str(found["repositories"][0]["repositoryUri"])

    def password(self) -> str:
        """Return docker's password for the user `AWS`; valid for twelve hours."""
        token = self.client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().partition(":")[2]
