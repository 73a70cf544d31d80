"""One delivery, start to end: claim, get, decode, render, put, complete.

Every way this ends is an `Outcome`: nothing is raised, nothing is dropped. The parts are ports (ports.py).
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from lambdas.image_processor import photo as photos
from lambdas.image_processor import retries
from lambdas.image_processor.domain import (
    Claim,
    Delivery,
    Ending,
    Finished,
    FinishedPicture,
    JobMessage,
    Outcome,
    Rejection,
    Rendition,
    rounded,
)
from lambdas.image_processor.errors import (
    FailureCode,
    LeaseHeldError,
    LeaseLostError,
    PermanentError,
    TransientError,
    UnknownJobError,
)
from lambdas.image_processor.ports import Deadline, DeadlineError, ImageStore, JobStore, Keys, Renderer

_NO_SECONDS: Final[Mapping[str, float]] = MappingProxyType({})
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """What is known of a run so far, for its report."""

    claim: Claim
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        """Book the time since the last lap under `stage`."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self.started
        self.started = now


@dataclass(frozen=True, slots=True)
class Worker:
    """Works deliveries one at a time."""

    jobs: JobStore
    images: ImageStore
    renderer: Renderer
    #: (book id, job id) -> the results' names.
    name_objects: Callable[..., Keys]
    #: db key -> `cloudfront_url`, or None without a CDN.
    public_url: Callable[[str], str | None]
    #: Called with the name of each durable step; the crash tests stop the process there.
    observe: Callable[[str], None]
    rng: random.Random

    def work(self, message: JobMessage, delivery: Delivery, deadline: Deadline) -> Outcome:
        """Work one delivery to its outcome."""
        try:
            claimed = self.jobs.claim(message, deadline.lease_seconds)
        except UnknownJobError:
            return self._unknown(delivery)
        except LeaseHeldError as exc:
            return self._held(delivery, exc)
        except Exception as exc:  # noqa: BLE001 (the queue's retry is the handling)
            return self._retry(delivery, exc)
        if isinstance(claimed, Finished):
            return _finished(claimed)
        self.observe("claimed")
        return self._settle(_Run(claimed), delivery, deadline)

    def _settle(self, run: _Run, delivery: Delivery, deadline: Deadline) -> Outcome:
        try:
            return self._run(run, delivery, deadline)
        except LeaseLostError as exc:
            return _lost(run.claim, exc)
        except PermanentError as exc:
            return self._fail(run, delivery, exc, {"seconds": rounded(run.seconds)})
        except Exception as exc:  # noqa: BLE001 (a bug must not lose the message; it is logged with its traceback)
            return self._give_back(run, delivery, exc)

    def _run(self, run: _Run, delivery: Delivery, deadline: Deadline) -> Outcome:
        deadline.check()
        self.renderer.prepare()
        data = self.images.get(run.claim.source.s3_key)
        run.lap("download")
        self.observe("downloaded")
        photo = photos.decode(data)
        run.lap("decode")
        result = self.renderer.render(photo, deadline.check)
        run.seconds |= result.seconds
        run.started = time.perf_counter()
        if isinstance(result, Rejection):
            return self._fail(
                run, delivery, PermanentError(result.code), result.as_report(), result.attempt_count
            )
        self.observe("rendered")
        deadline.check()
        return self._publish(run, result)

    def _publish(self, run: _Run, rendition: Rendition) -> Outcome:
        claim = run.claim
        keys = self.name_objects(claim.book_id, claim.job_id)

        def still_held() -> None:
            self.jobs.assert_held(claim)

        still_held()
        self.observe("token_checked")
        self.images.put(keys.image_key, rendition.png, "image/png", still_held)
        self.observe("png_put")
        self.images.put(keys.thumbnail_key, rendition.thumbnail, "image/jpeg", still_held)
        self.observe("thumb_put")
        run.lap("upload")
        picture = FinishedPicture(
            db_key=keys.db_key,
            cloudfront_url=self.public_url(keys.db_key),
            content_hash=hashlib.sha256(rendition.png).hexdigest(),
            recipe=rendition.recipe,
            attempt_count=rendition.attempt_count,
            report=rendition.as_report() | {"seconds": rounded(run.seconds)},
        )
        image_id = self.jobs.complete(claim, picture)
        run.lap("commit")
        facts = {
            "recipe": rendition.recipe,
            "verdict": "accepted",
            "background": rendition.background,
            "processed_image_id": image_id,
            "seconds": rounded(run.seconds),
            "matting": dict(rendition.notes),
        }
        return Outcome(Ending.COMPLETED, facts=facts)

    def _fail(
        self,
        run: _Run,
        delivery: Delivery,
        error: PermanentError,
        report: Mapping[str, Any],
        attempts: int = 0,
    ) -> Outcome:
        tried = [trial["recipe"] for trial in report.get("trials", ())]
        facts = {
            "recipe": tried[-1] if tried else None,
            "verdict": str(error.code),
            "seconds": rounded(run.seconds),
        }
        outcome = Outcome(Ending.FAILED, code=error.code, facts=facts)
        try:
            self.jobs.fail(run.claim, error, report, attempts)
        except LeaseLostError as exc:
            # A deleted book takes its jobs with it: there is no row left to tell.
            return outcome if error.code is FailureCode.BOOK_GONE else _lost(run.claim, exc)
        except Exception as exc:  # noqa: BLE001 (the verdict could not be written: the next delivery finds it again)
            return self._retry(delivery, exc, run.seconds)
        return outcome

    def _give_back(self, run: _Run, delivery: Delivery, exc: Exception) -> Outcome:
        """Release the lease for the next delivery, or end the job where there is none."""
        report = {
            "last_error": {"type": type(exc).__name__, "code": _transient_code(exc)},
            "seconds": rounded(run.seconds),
        }
        try:
            if delivery.is_last:
                self.jobs.fail(run.claim, PermanentError(FailureCode.RETRIES_EXHAUSTED), report)
            else:
                self.jobs.release(run.claim, report)
        except LeaseLostError as lost:
            # Taken over, or ended after all: a commit whose answer was lost looks like an outage from here.
            return _lost(run.claim, lost)
        except Exception:
            # The lease ends by itself; the reconciler or the next delivery takes the job over.
            logger.warning(
                "The lease could not be given back", exc_info=True, extra={"action": "release_failed"}
            )
        return self._retry(delivery, exc, run.seconds)

    def _retry(
        self, delivery: Delivery, exc: Exception, seconds: Mapping[str, float] = _NO_SECONDS
    ) -> Outcome:
        facts = {"error": type(exc).__name__, "seconds": rounded(seconds)}
        if isinstance(exc, TransientError):
            logger.warning("The delivery is tried again later: %s", exc, extra={"action": "retry", **facts})
        else:
            logger.error("The worker met a bug", exc_info=exc, extra={"action": "bug", **facts})
        code = FailureCode.RETRIES_EXHAUSTED if delivery.is_last else None
        delay = retries.transient_seconds(delivery.receive_count, self.rng)
        return Outcome(Ending.RETRY, retry_in_seconds=delay, code=code, facts=facts)

    def _unknown(self, delivery: Delivery) -> Outcome:
        # The sender commits before it sends, so an unknown job is gone; one more look costs little.
        delay = retries.UNKNOWN_JOB_SECONDS if delivery.receive_count == 1 and not delivery.is_last else None
        return Outcome(Ending.UNKNOWN_JOB, retry_in_seconds=delay, code=FailureCode.UNKNOWN_JOB)

    def _held(self, delivery: Delivery, exc: LeaseHeldError) -> Outcome:
        # On its last receipt the message is let go: the reconciler owns the job's recovery.
        delay = None if delivery.is_last else retries.lease_seconds(exc.seconds_left, self.rng)
        return Outcome(Ending.LEASE_HELD, retry_in_seconds=delay)


def _finished(finished: Finished) -> Outcome:
    if finished.ended_now is not None:
        return Outcome(Ending.FAILED, code=finished.ended_now)
    return Outcome(Ending.ALREADY_FINISHED, facts={"status": finished.status, "failure_code": finished.code})


def _lost(claim: Claim, exc: LeaseLostError) -> Outcome:
    logger.warning(
        "Another worker took over: %s", exc, extra={"action": "lease_lost", "job_id": str(claim.job_id)}
    )
    return Outcome(Ending.LEASE_LOST)


def _transient_code(exc: Exception) -> str | None:
    return str(FailureCode.DEADLINE) if isinstance(exc, DeadlineError) else None
