"""Every way a job can end badly, and what each means for the job row and the message.

    ImageProcessorError
    ├── PoisonMessageError    unreadable message        no row touched     failed item, dead-letter queue
    ├── PermanentError(code)  trying again cannot help  job `failed`       message acknowledged
    ├── UnknownJobError       no such row (yet)         none               retried once, then acknowledged
    ├── LeaseHeldError        another worker is on it   untouched          visible again at the lease's end
    ├── LeaseLostError        another worker took over  untouched          message acknowledged
    └── TransientError        trying again may help     lease released     failed item with back-off
        └── WeightsError      a model's file is missing or wrong (an operator must act; the job waits)

Anything else is a bug: treated as transient, logged as ERROR with its traceback.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class FailureCode(StrEnum):
    """Stable reason codes, stored in `image_processing_jobs.failure_code`. Never renamed, never reused."""

    BAD_MESSAGE = "bad_message"
    UNKNOWN_JOB = "unknown_job"
    JOB_MISMATCH = "job_mismatch"
    NO_IMAGES = "no_images"
    SOURCE_GONE = "source_gone"
    BOOK_GONE = "book_gone"
    OBJECT_MISSING = "object_missing"
    EMPTY_FILE = "empty_file"
    NOT_AN_IMAGE = "not_an_image"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"
    TOO_MANY_BYTES = "too_many_bytes"
    BOMB = "bomb"
    NO_SUBJECT = "no_subject"
    SUBJECT_TOO_SMALL = "subject_too_small"
    FILLS_FRAME = "fills_frame"
    FRAGMENTS = "fragments"
    LOW_CONFIDENCE = "low_confidence"
    HOLE = "hole"
    EATEN_CORNER = "eaten_corner"
    PART_MISSING = "part_missing"
    LEAK = "leak"
    WEAK_EDGES = "weak_edges"
    NOT_THE_BOOK = "not_the_book"
    ANOTHER_ASPECT = "another_aspect"
    CRASH_LOOP = "crash_loop"
    RETRIES_EXHAUSTED = "retries_exhausted"
    SUPERSEDED = "superseded"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True)
class Failure:
    """What people are told about a code."""

    #: What was wrong, as a sentence.
    sentence: str
    #: What to do about it, as a sentence.
    advice: str


FAILURES: Mapping[FailureCode, Failure] = MappingProxyType(
    {
        FailureCode.BAD_MESSAGE: Failure(
            "The queue message could not be read.",
            "Look at it in the dead-letter queue; fix its sender, then purge it.",
        ),
        FailureCode.UNKNOWN_JOB: Failure(
            "The message names a job that does not exist.", "Nothing to do: its book was probably deleted."
        ),
        FailureCode.JOB_MISMATCH: Failure(
            "The message's book or image is not the job's.", "Fix the sender, then queue the picture again."
        ),
        FailureCode.NO_IMAGES: Failure(
            "The book has no picture that could be cut out.", "Upload a photo of the book."
        ),
        FailureCode.SOURCE_GONE: Failure(
            "The picture was deleted while it waited.", "Queue another picture of the book."
        ),
        FailureCode.BOOK_GONE: Failure("The book was deleted while its picture waited.", "Nothing to do."),
        FailureCode.OBJECT_MISSING: Failure(
            "The picture's file is not in the bucket.", "Upload the photo again."
        ),
        FailureCode.EMPTY_FILE: Failure("The file is empty.", "Upload the photo again."),
        FailureCode.NOT_AN_IMAGE: Failure(
            "The file is not a picture.", "Upload a JPEG, PNG or WebP photo of the book."
        ),
        FailureCode.UNSUPPORTED_FORMAT: Failure(
            "The picture's format is not supported.",
            "Export it as JPEG (on an iPhone: Settings, Camera, "
            "Formats, Most Compatible) and upload it again.",
        ),
        FailureCode.TRUNCATED: Failure(
            "The file ends early or is damaged.", "The upload was probably cut off: upload the photo again."
        ),
        FailureCode.TOO_LARGE: Failure(
            "The picture has too many pixels.", "Scale it to at most 4096 pixels a side and upload it again."
        ),
        FailureCode.TOO_SMALL: Failure(
            "The picture is too small to be worth cutting out.", "Upload one of at least 100 pixels a side."
        ),
        FailureCode.TOO_MANY_BYTES: Failure(
            "The file is larger than 50 MiB.", "Save it as a JPEG and upload it again."
        ),
        FailureCode.BOMB: Failure(
            "The file claims far more pixels than a photo has.", "Upload the original photo."
        ),
        FailureCode.NO_SUBJECT: Failure(
            "No book could be told from the background.", "Photograph it on a plain, contrasting surface."
        ),
        FailureCode.SUBJECT_TOO_SMALL: Failure(
            "The book is too small in the picture.", "Photograph it from nearer."
        ),
        FailureCode.FILLS_FRAME: Failure(
            "The picture has no background to remove.",
            "Nothing to do if it is a page or a detail; else "
            "photograph the whole book with some space around it.",
        ),
        FailureCode.FRAGMENTS: Failure(
            "The cut-out fell into pieces.", "Photograph the book alone on a plain, contrasting surface."
        ),
        FailureCode.LOW_CONFIDENCE: Failure(
            "The book's outline is uncertain.", "Photograph it in even light on a plain, contrasting surface."
        ),
        FailureCode.HOLE: Failure(
            "The cut-out has a hole.",
            "Photograph the book without glare, alone on a plain, contrasting surface.",
        ),
        FailureCode.EATEN_CORNER: Failure(
            "A corner or a bite of the book would be lost.",
            "Photograph the whole book on a plain, contrasting surface.",
        ),
        FailureCode.PART_MISSING: Failure(
            "A part of the book would be lost.", "Photograph it on a surface of another colour than the book."
        ),
        FailureCode.LEAK: Failure(
            "Something that is not the book would be kept.",
            "Photograph the book alone, without hands, neighbours or hard shadows.",
        ),
        FailureCode.WEAK_EDGES: Failure(
            "The outline found does not follow the book's edges.",
            "Photograph it sharply, on a plain, contrasting surface.",
        ),
        FailureCode.NOT_THE_BOOK: Failure(
            "What was found is not the book.",
            "Photograph the book alone, whole, in the middle of the picture.",
        ),
        FailureCode.ANOTHER_ASPECT: Failure(
            "The book's proportions are not the picture's (the seed's check, off by default).",
            "Judge by the measured policy instead.",
        ),
        FailureCode.CRASH_LOOP: Failure(
            "The picture stopped its worker every time it was tried.",
            "Look at the worker's log for this job; retry it after a fix.",
        ),
        FailureCode.RETRIES_EXHAUSTED: Failure(
            "A service the worker needs stayed unavailable through every retry.",
            "Redrive the dead-letter queue when the outage is over.",
        ),
        FailureCode.SUPERSEDED: Failure(
            "A newer job for the same picture took over.", "Nothing to do: look at the newer job."
        ),
        FailureCode.DEADLINE: Failure(
            "The picture could not be finished in the time allowed.",
            "Raise the function's memory or timeout, then retry the job.",
        ),
    }
)


class ImageProcessorError(Exception):
    """The root of the tree above."""


class PoisonMessageError(ImageProcessorError):
    """The message can never be processed; its evidence belongs in the dead-letter queue."""

    code = FailureCode.BAD_MESSAGE


class PermanentError(ImageProcessorError):
    """Trying again cannot help.

    Args:
        code: the stable reason code.
        detail: what exactly was wrong, as a sentence without secrets; added to the code's own sentence.

    """

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(failure_reason(code, detail))


class UnknownJobError(ImageProcessorError):
    """The message names a job that is not in the database (or not yet)."""

    code = FailureCode.UNKNOWN_JOB


class LeaseHeldError(ImageProcessorError):
    """Another worker holds a live lease.

    Args:
        seconds_left: until that lease ends, by the database's clock.

    """

    def __init__(self, seconds_left: float) -> None:
        self.seconds_left = seconds_left
        super().__init__(f"another worker holds this job for {seconds_left:.0f} more seconds")


class LeaseLostError(ImageProcessorError):
    """The worker's lease was taken over: whatever it still holds must not be written."""


class TransientError(ImageProcessorError):
    """Trying again later may help. The message names the operation, never a secret."""


class WeightsError(TransientError):
    """A model's file is missing, unreadable or not the model; the message names the file and the remedy."""


def failure_reason(code: FailureCode, detail: str = "") -> str:
    """Return the sentence people read in `failure_reason`: what was wrong, what exactly, what to do."""
    failure = FAILURES[code]
    return " ".join(part for part in (failure.sentence, detail, failure.advice) if part)
