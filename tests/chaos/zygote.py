"""A warm process that forks workers in milliseconds: `python -m tests.chaos.zygote`.

In, a line each: `{"role": ..., "plan": ...}`. Out: `{"pid": ...}` for each, and `{"exited": pid}` when one
ends. Ends with its input, and takes its children along.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.chaos.events import Journal
from tests.chaos.parts import Prepared, Self, prepare
from tests.chaos.roles import ROLES


def main() -> None:
    """Fork on demand until standard input ends."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(process)d %(name)s %(message)s")
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: set[int] = set()
    prepared: dict[str, Prepared] = {}
    pending = b""
    while True:
        readable, _, _ = select.select([0, wake_read], [], [])
        if wake_read in readable:
            os.read(wake_read, 4096)
            _reap(children)
        if 0 in readable:
            chunk = os.read(0, 65536)
            if not chunk:
                break
            pending += chunk
            *lines, pending = pending.split(b"\n")
            for line in lines:
                request = json.loads(line)
                environment = json.dumps(request["plan"]["environment"])
                if environment not in prepared:
                    prepared = {environment: prepare(request["plan"])}
                children.add(_spawn(request, prepared[environment]))
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _spawn(request: dict[str, Any], prepared: Prepared) -> int:
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(0)
        _run(request, prepared)
    _say({"pid": pid})
    return pid


def _run(request: dict[str, Any], prepared: Prepared) -> None:
    status = 1
    try:
        role, plan = request["role"], request["plan"]
        ROLES[role](Self(role, plan, Journal(Path(plan["journal"])), prepared))
        status = 0
    except BaseException:  # noqa: BLE001 (the log is all that is left of it)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _reap(children: set[int]) -> None:
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        children.discard(pid)
        _say({"exited": pid})


def _say(message: dict[str, int]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
