"""An account on the emulator, as the tests set it up."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

import boto3

from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY


@dataclass(frozen=True)
class Account:
    """The emulator at one address."""

    endpoint_url: str

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator."""
        session: Any = boto3.session.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
        return session.client(service, endpoint_url=self.endpoint_url)

    def push(self, repository: str, tag: str) -> None:
        """Push an image's manifest, as docker would."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"digest": f"sha256:{tag:0<64}", "size": 1},
            "layers": [],
        }
        self.client("ecr").put_image(
            repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest)
        )

    def answer(self, *answers: object) -> None:
        """Have the next invocations of functions return these."""
        body = {"results": [json.dumps(answer) for answer in answers], "region": REGION}
        self._tell("static/lambda-simple/response", body)

    def reset(self) -> None:
        """Forget everything."""
        self._tell("reset", {})

    def _tell(self, path: str, body: dict[str, Any]) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 (our own server)
            f"{self.endpoint_url}/moto-api/{path}", json.dumps(body).encode(), headers
        )
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()


@dataclass(frozen=True)
class Environment(Account):
    """One environment's repository and functions."""

    prefix: str

    @property
    def worker(self) -> str:
        """The worker's and the repository's name."""
        return f"{self.prefix}-image-processor"

    @property
    def reconciler(self) -> str:
        """The reconciler's name."""
        return f"{self.prefix}-image-reconciler"

    def create_repository(self) -> None:
        """Create the repository, without images."""
        self.client("ecr").create_repository(repositoryName=self.worker, imageTagMutability="IMMUTABLE")

    def create_functions(self, tag: str) -> None:
        """Create both functions with an alias, as Terraform does."""
        role = self.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client = self.client("lambda")
        for name in (self.worker, self.reconciler):
            code = {"ImageUri": f"{self.repository_uri()}:{tag}"}
            made = client.create_function(
                FunctionName=name, Role=role, PackageType="Image", Code=code, Publish=True
            )
            client.create_alias(FunctionName=name, Name="live", FunctionVersion=made["Version"])

    def push_tag(self, tag: str) -> None:
        """Push an image."""
        self.push(self.worker, tag)

    def repository_uri(self) -> str:
        """Return the address of the images."""
        found = self.client("ecr").describe_repositories(repositoryNames=[self.worker])
        return str(found["repositories"][0]["repositoryUri"])

    def live(self) -> tuple[str, str]:
        """Return the versions that both aliases invoke."""
        client = self.client("lambda")
        worker, reconciler = (
            client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
            for name in (self.worker, self.reconciler)
        )
        return worker, reconciler


def migrated() -> dict[str, Any]:
    """Return the worker's answer to `{"migrate": true}`."""
    return {"statusCode": 200, "body": "OK", "revision": "0002"}


def smoke_tested(version: str) -> dict[str, Any]:
    """Return a version's answer to a smoke test that it passed."""
    return {"statusCode": 200, "body": "OK", "version": version, "image_version": "0.1.0"}
