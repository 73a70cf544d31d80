"""What the doctor finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    WRONG = "wrong"
    #: It is not there and need not be: nothing names it.
    UNSET = "unset"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing and how it is."""

    name: str
    state: State
    #: A sentence without secrets.
    told: str
    #: The command, or what to do, where something is to be done.
    fix: str = ""


def ok(name: str, told: str) -> Finding:
    """Return that a thing is as it should be."""
    return Finding(name, State.OK, told)


def wrong(name: str, told: str, fix: str) -> Finding:
    """Return what is wrong with a thing, and what mends it."""
    return Finding(name, State.WRONG, told, fix)


def unset(name: str, told: str, fix: str = "") -> Finding:
    """Return that a thing is not set up here."""
    return Finding(name, State.UNSET, told, fix)
