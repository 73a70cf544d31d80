"""The image in containers, under the emulator, limited as Lambda limits it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from container.build import layers_mb
from container.engine import Engine
from tests.acceptance.groups import ControlGroups
from tests.acceptance.runtime import GROUP_ID, USER_ID, Limits, Running, free_ports, post, variables

_EMULATOR: Final = "/usr/local/bin/aws-lambda-rie"
#: Nothing can be written but /tmp, nothing gained, no capability left.
_CONFINED: Final = (
    "--read-only", "--tmpfs", "/tmp:mode=1777,size=512m", "--user", f"{USER_ID}:{GROUP_ID}",  # noqa: S108
    "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "host",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Containers:
    """Starts containers of one image."""

    docker: Engine
    image: str
    version: str
    engine: str = "docker"

    @contextmanager
    def start(self, environment: Mapping[str, str], limits: Limits) -> Iterator[Running]:
        """Start a container."""
        port, api_port = free_ports(2)
        memory = f"{limits.memory_mib}m"
        options = ["--memory", memory, "--memory-swap", memory, *_CONFINED]
        for name, value in variables(environment, limits).items():
            options += ["--env", f"{name}={value}"]
        if limits.weights is not None:
            options += ["--volume", f"{limits.weights}:/opt/u2net:ro"]
        emulator = [
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{api_port}"),
            *("/var/runtime/bootstrap", limits.handler or self.command()),
        ]
        name = self.docker.run("run", "--detach", *options, "--entrypoint", _EMULATOR, self.image, *emulator)
        try:
            process = int(self.docker.run("inspect", "--format", "{{.State.Pid}}", name))
            yield _Container(self.docker, name, port, limits, ControlGroups.of(process))
        finally:
            self.docker.run("rm", "--force", "--volumes", name)

    def python(self, code: str) -> str:
        """Run Python in a container of its own."""
        return self.docker.run("run", "--rm", *_CONFINED, "--entrypoint", "python3", self.image, "-c", code)

    def copy_weights(self, folder: Path) -> None:
        """Copy /opt/u2net out of the image."""
        name = self.docker.run("create", self.image)
        try:
            self.docker.run("cp", f"{name}:/opt/u2net/.", str(folder))
        finally:
            self.docker.run("rm", name)

    def layers_mb(self) -> dict[str, float]:
        """Return the sizes of the image's layers."""
        return layers_mb(self.docker, self.image)

    def command(self) -> str:
        """Return the image's own command: the handler."""
        (command,) = self.config()["Cmd"]
        return str(command)

    def config(self) -> dict[str, Any]:
        """Return the image's configuration."""
        found: dict[str, Any] = json.loads(
            self.docker.run("image", "inspect", "--format", "{{json .Config}}", self.image)
        )
        return found


@dataclass(frozen=True, slots=True)
class _Container:
    docker: Engine
    name: str
    port: int
    limits: Limits
    groups: ControlGroups

    def invoke(self, event: Mapping[str, Any]) -> Any:
        return post(self.port, event, self.limits.timeout_seconds)

    def cpu_seconds(self) -> float:
        return self.groups.cpu_seconds()

    def memory_kills(self) -> int:
        return self.groups.memory_kills()

    def log(self) -> str:
        return self.docker.everything("logs", self.name)
