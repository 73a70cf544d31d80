"""What one run of the reconciler did, counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Tally:
    """What one run did."""

    #: Expired leases returned to `pending`, with a new message.
    taken_back: int = 0
    #: `pending` jobs whose message was sent again.
    republished: int = 0
    #: `queue_failed` jobs whose message SQS took at last.
    sent: int = 0
    #: Ended: the crash counter is full, the picture is gone, a live twin exists, SQS refuses the message.
    crash_loops: int = 0
    source_gone: int = 0
    superseded: int = 0
    given_up: int = 0
    #: Rows that could not be helped this time; they stand behind the others next time.
    errors: int = 0
    #: The queue's visible depth before the run; None: SQS did not answer, and nothing was sent.
    depth: int | None = None

    def count(self, name: str | None) -> None:
        """Add one to a count."""
        if name is not None:
            setattr(self, name, getattr(self, name) + 1)

    def as_dict(self) -> dict[str, int | None]:
        """Return the counts by name."""
        return asdict(self)
