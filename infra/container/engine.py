"""A container engine: the one that runs here already, or one of our own for the length of a `with` block."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30
#: From this version on the client builds with buildx only, a plugin that Debian does not have.
_NEEDS_BUILDX: Final = 23
#: A distribution's own client, where another one without a builder stands before it on PATH.
_CLIENTS: Final = ("docker", "/usr/bin/docker")


class EngineMissingError(Exception):
    """There is no engine; the message says what is missing, in one line."""


class EngineError(Exception):
    """The engine refused; the message holds its words."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A client and its daemon."""

    client: str
    has_buildx: bool
    #: Address of the daemon; None: the client's own choice.
    host: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> str:
        """Run one command of the client and return what it printed, stripped.

        Raises:
            EngineError: it failed; with the last lines of what it said.

        """
        done = subprocess.run(
            self.command(arguments), env=self.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()[-40:]
            raise EngineError(f"docker {arguments[0]} failed:\n" + "\n".join(said))
        return done.stdout.strip()

    def everything(self, *arguments: str) -> str:
        """Run one command and return what it printed on both streams, in order."""
        done = subprocess.run(
            self.command(arguments),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def says_yes(self, *arguments: str) -> bool:
        """Return whether a command succeeds."""
        try:
            self.run(*arguments)
        except EngineError:
            return False
        return True

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Return the command line of a command of the client."""
        return [self.client, *arguments]

    def environment(self) -> dict[str, str]:
        """Return the client's environment: this process's, without plugins' surprises."""
        own = {"DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain", **self.variables}
        return os.environ | own | ({"DOCKER_HOST": self.host} if self.host else {})


@contextmanager
def running_engine(data: Path) -> Iterator[Engine]:
    """Yield an engine that can build.

    Args:
        data: where an engine of our own keeps its images and its cache between two blocks.

    Raises:
        EngineMissingError: no client that builds, or no daemon and no right to start one.

    """
    client, has_buildx = _client()
    engine = Engine(client, has_buildx)
    if engine.says_yes("info"):
        yield engine
        return
    daemon = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if daemon is None:
        raise EngineMissingError("no container engine runs, and dockerd is not installed")
    if os.geteuid() != 0:
        raise EngineMissingError("no container engine runs, and only root can start one")
    with _alone(data), _daemon(daemon, data) as host:
        yield Engine(client, has_buildx, host)


def _client() -> tuple[str, bool]:
    """Return the first client that can build, and whether it builds with buildx."""
    found = [path for name in _CLIENTS if (path := shutil.which(name))]
    for path in found:
        if Engine(path, has_buildx=True).says_yes("buildx", "version"):
            return path, True
        version = re.search(r"version (\d+)", Engine(path, has_buildx=False).run("--version"))
        if version and int(version[1]) < _NEEDS_BUILDX:
            return path, False
    raise EngineMissingError(f"{found[0]} has no builder" if found else "no container engine")


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Wait until no other daemon of ours works in the folder."""
    data.mkdir(parents=True, exist_ok=True)
    with data.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _daemon(daemon: str, data: Path) -> Iterator[str]:
    """Yield the address of a daemon without bridge and firewall: containers use the host's network."""
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    host = f"unix://{folder}/socket"
    # Where this process is killed outright, the daemon does not outlive it.
    ender = [path, "--pdeathsig", "TERM"] if (path := shutil.which("setpriv")) else []
    command = [
        *ender,
        daemon,
        *("--data-root", str(data.resolve()), "--exec-root", str(folder / "exec")),
        *("--host", host, "--pidfile", str(folder / "pid"), "--storage-driver", "overlay2"),
        *("--iptables=false", "--ip6tables=false", "--bridge=none"),
    ]
    log = folder / "log"
    with log.open("wb") as words:
        process = subprocess.Popen(command, stdout=words, stderr=words, start_new_session=True)
    try:
        _wait_for(process, host, log)
        yield host
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _unmount_below(folder)
        shutil.rmtree(folder)


def _unmount_below(folder: Path) -> None:
    """Take away what the daemon leaves mounted, the network namespace of its containers."""
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in sorted((each for each in places if each.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", place], check=False)  # noqa: S607 (where it is differs)


def _wait_for(process: subprocess.Popen[bytes], host: str, log: Path) -> None:
    ends_at = time.monotonic() + _START_SECONDS
    client = Engine(_client()[0], has_buildx=False, host=host)
    while not client.says_yes("info"):
        if process.poll() is not None or time.monotonic() > ends_at:
            raise EngineMissingError("dockerd does not start: " + _last_line(log))
        time.sleep(0.2)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
