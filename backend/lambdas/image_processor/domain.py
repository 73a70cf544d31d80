"""The records that travel down the line. Frozen; their arrays are never written to after construction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.errors import FailureCode

#: Alpha (0..255) above which a pixel belongs to the subject.
SUBJECT_ALPHA: Final = 10


@dataclass(frozen=True, slots=True)
class JobMessage:
    """The body of a queue message."""

    job_id: uuid.UUID
    book_id: int
    image_id: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One receipt of a queue message."""

    message_id: str
    receipt_handle: str
    #: 1 at the first receipt.
    receive_count: int
    #: The queue's maxReceiveCount: after this receipt a failed message goes to the dead-letter queue.
    max_receive_count: int

    @property
    def is_last(self) -> bool:
        """Whether a failed item is dead-lettered instead of delivered again."""
        return self.receive_count >= self.max_receive_count


@dataclass(frozen=True, slots=True)
class GalleryImage:
    """One row of `book_images`, as far as source choice and reordering need it."""

    id: int
    s3_key: str
    image_type: str | None
    display_order: int
    is_primary: bool
    is_background_processed: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture stands in its gallery after reordering."""

    image_id: int
    display_order: int
    is_primary: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on a job: the right to write its result until the lease ends or is taken over."""

    job_id: uuid.UUID
    book_id: int
    #: Chosen by `gallery.choose_source`; not always the requested picture.
    source: GalleryImage
    #: Fences every write: a later claim replaces it.
    token: uuid.UUID
    #: How often this job was claimed, this time included.
    claim_count: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that needs no work: it had ended, or the claim itself ended it."""

    job_id: uuid.UUID
    status: str
    code: str | None
    #: What this claim ended the job with (None: it had ended before).
    ended_now: FailureCode | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photograph: upright, sRGB, opaque."""

    #: (height, width, 3) uint8, RGB.
    pixels: NDArray[np.uint8]
    #: The sniffed container format, e.g. "JPEG".
    format: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, slots=True)
class Mask:
    """What a segmentation model says about a photo."""

    #: (height, width) uint8, 255 = subject, sized as the photo; normalised as the recipe's model asks.
    alpha: NDArray[np.uint8]
    #: (S, S) float32, the model's raw output before any stretching, 0..1.
    probability: NDArray[np.float32]
    #: How likely the critic that corrected it finds it right, 0..1; None: no critic did.
    rightness: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a mask is a book's cut-out."""

    #: None when accepted, else why not.
    reason: FailureCode | None
    #: 0 (certainly wrong) .. 1 (certainly right).
    score: float
    #: Every measure the decision looked at, by name.
    measures: Mapping[str, float]

    @property
    def accepted(self) -> bool:
        """Whether the mask may be used."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Cutout:
    """A subject with its opacity."""

    #: (height, width) uint8 opacity.
    alpha: NDArray[np.uint8]
    #: (height, width, 3) uint8 RGB; the subject's own colour where 0 < alpha < 255, the photo's elsewhere.
    foreground: NDArray[np.uint8]
    #: Whether `alpha` was matted; else it is the mask itself.
    is_matted: bool
    #: What matting met, e.g. `unknown_px`, `solver`; for the job's report.
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Critique:
    """What the judge's critic says of a mask."""

    #: (S, S) float32: how likely each place of the part that was shown is the subject, 0..1.
    probability: NDArray[np.float32]
    #: How likely the mask is right as a whole, 0..1.
    rightness: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One recipe's try at one photo."""

    recipe: str
    #: None when the recipe could not be tried (`note` says why).
    verdict: Verdict | None
    #: Wall seconds by stage.
    seconds: Mapping[str, float] = field(default_factory=dict)
    note: str | None = None
    #: The model's raw output, (S, S) float32; for reports, never stored.
    probability: NDArray[np.float32] | None = None

    def as_report(self) -> dict[str, Any]:
        """Return the JSON that the job's report and cut.jsonl keep."""
        body: dict[str, Any] = {"recipe": self.recipe, "note": self.note, "seconds": rounded(self.seconds)}
        if self.verdict is not None:
            body |= {
                "accepted": self.verdict.accepted,
                "reason": self.verdict.reason,
                "score": round(self.verdict.score, 4),
                "measures": rounded(self.verdict.measures),
            }
        return body


@dataclass(frozen=True, slots=True)
class Rendition:
    """A finished picture: the pipeline's success."""

    png: bytes
    thumbnail: bytes
    #: The recipe that ran and was accepted.
    recipe: str
    #: "black" | "white" | "transparent".
    background: str
    #: Mean luma of the subject, 0..255.
    brightness: float
    trials: tuple[Trial, ...]
    #: Wall seconds by stage, over all trials.
    seconds: Mapping[str, float]
    #: What matting met.
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def attempt_count(self) -> int:
        """How many recipes ran."""
        return sum(trial.verdict is not None for trial in self.trials)

    def as_report(self) -> dict[str, Any]:
        """Return the JSON that the job's row keeps."""
        return {
            "recipe": self.recipe,
            "background": self.background,
            "brightness": round(self.brightness, 2),
            "matting": dict(self.notes),
            "seconds": rounded(self.seconds),
            "trials": [trial.as_report() for trial in self.trials],
        }


@dataclass(frozen=True, slots=True)
class Rejection:
    """No recipe found an acceptable subject: the pipeline's honest refusal."""

    #: The best candidate's reason.
    code: FailureCode
    trials: tuple[Trial, ...]
    seconds: Mapping[str, float]

    @property
    def attempt_count(self) -> int:
        """How many recipes ran."""
        return sum(trial.verdict is not None for trial in self.trials)

    def as_report(self) -> dict[str, Any]:
        """Return the JSON that the job's row keeps."""
        return {"seconds": rounded(self.seconds), "trials": [trial.as_report() for trial in self.trials]}


@dataclass(frozen=True, slots=True)
class FinishedPicture:
    """A picture that is in the bucket and waits for its row."""

    db_key: str
    cloudfront_url: str | None
    #: SHA-256 of the PNG, hexadecimal.
    content_hash: str
    #: The recipe that ran.
    recipe: str
    attempt_count: int
    report: Mapping[str, Any]


class Ending(StrEnum):
    """How a delivery ended, for logs and metrics."""

    COMPLETED = "completed"
    FAILED = "failed"
    ALREADY_FINISHED = "already_finished"
    UNKNOWN_JOB = "unknown_job"
    LEASE_HELD = "lease_held"
    LEASE_LOST = "lease_lost"
    RETRY = "retry"
    POISON = "poison"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery, and what SQS is told."""

    ending: Ending
    #: None: acknowledged. A number: a failed item, visible again after so many seconds.
    retry_in_seconds: float | None = None
    code: FailureCode | None = None
    #: Extra facts for the log line and metrics.
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def acknowledged(self) -> bool:
        """Whether the message is deleted."""
        return self.retry_in_seconds is None


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values as plain floats with five decimals, for reports."""
    return {name: round(float(value), 5) for name, value in values.items()}
