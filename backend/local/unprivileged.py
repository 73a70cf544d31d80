"""How a program is started that refuses to run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_NAMESPACE: Final = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
_NOBODY: Final = 65534


@dataclass(frozen=True, slots=True)
class Runner:
    """A way to start a program as somebody else than root."""

    #: Put before the command.
    prefix: tuple[str, ...] = ()
    #: A user and group id to become, or None.
    uid: int | None = None

    def own(self, path: Path) -> None:
        """Give a file or folder to the user who will use it."""
        if self.uid is not None:
            os.chown(path, self.uid, self.uid)

    def options(self) -> dict[str, Any]:
        """Return subprocess options."""
        return {} if self.uid is None else {"user": self.uid, "group": self.uid, "extra_groups": []}


def choose_runner(
    is_root: Callable[[], bool] = lambda: os.geteuid() == 0, namespace: tuple[str, ...] = _NAMESPACE
) -> Runner:
    """Return a way that works for this user on this machine.

    Root gets a user namespace of its own, in which it looks like a plain user; where a container forbids
    namespaces, it becomes `nobody`.
    """
    if not is_root():
        return Runner()
    if shutil.which(namespace[0]):
        probe = subprocess.run([*namespace, "true"], capture_output=True, check=False)  # noqa: S603 (a constant)
        if probe.returncode == 0:
            return Runner(prefix=namespace)
    return Runner(uid=_NOBODY)


def die_with_parent() -> tuple[str, ...]:
    """Return a prefix under which a program is interrupted when its parent is killed outright (Linux)."""
    return ("setpriv", "--pdeathsig", "INT", "--") if shutil.which("setpriv") else ()
