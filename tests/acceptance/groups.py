"""The kernel's accounts of a container, in version 1 or 2 of its control groups."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_MOUNT: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class ControlGroups:
    """Where a container's processor time and its kills for memory are counted."""

    cpu: Path
    memory: Path
    #: Version 2: one tree for everything.
    is_unified: bool

    @classmethod
    def of(cls, process: int) -> Self:
        """Find the groups of a process."""
        lines = Path(f"/proc/{process}/cgroup").read_text().splitlines()
        paths = {names: path for _, names, path in (line.split(":", 2) for line in lines)}
        by_controller = {name: path for names, path in paths.items() for name in names.split(",")}
        if "cpuacct" not in by_controller:
            group = _MOUNT / paths[""].lstrip("/")
            return cls(group, group, is_unified=True)
        cpu = _MOUNT / "cpuacct" / by_controller["cpuacct"].lstrip("/")
        return cls(cpu, _MOUNT / "memory" / by_controller["memory"].lstrip("/"), is_unified=False)

    def cpu_seconds(self) -> float:
        """Return the processor time of all processes, ended ones too."""
        if self.is_unified:
            return _number(self.cpu / "cpu.stat", "usage_usec") / 1e6
        return int((self.cpu / "cpuacct.usage").read_text()) / 1e9

    def memory_kills(self) -> int:
        """Return how many processes the kernel killed for memory."""
        return _number(
            self.memory / ("memory.events" if self.is_unified else "memory.oom_control"), "oom_kill"
        )


def _number(file: Path, name: str) -> int:
    found = re.search(rf"^{name} (\d+)$", file.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{file} does not count {name}")
    return int(found[1])
