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


def migrated() -> dict[str, Any]:
    """Return the worker's answer to `{"migrate": true}`."""
    return {"statusCode": 200, "body": "OK", "revision": "0002"}


def smoke_tested(version: str) -> dict[str, Any]:
    """Return a version's answer to a smoke test that it passed."""
    return {"statusCode": 200, "body": "OK", "version": version, "image_version": "0.1.0"}
