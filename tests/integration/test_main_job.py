"""The main job, end to end: from the queue's message to the committed row, recipe by recipe."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lambdas.image_processor.errors import FailureCode
from lambdas.image_processor.recipes import EMBEDDED_RECIPE, ISNET, U2NET, ModelSpec
from local import main_job, sample_photo
from local.function import FunctionError
from local.stack import Upload
from tests import scenes
from tests.graphs import Sees
from tests.line import Line, Queued

BOOK = scenes.jpeg(scenes.scene(scenes.BOOK, size_px=(800, 600)))
BRIGHT_BOOK = scenes.jpeg(scenes.scene(scenes.BOOK, size_px=(800, 600), colour=scenes.VELLUM))
NO_BOOK = scenes.jpeg(scenes.scene(size_px=(800, 600)))
#: As deployed: the embedded model stands in for nothing.
PRODUCTION = {"ENVIRONMENT": "staging", "EMBEDDED_MODEL_FALLBACK": "false"}


def assert_completed(line: Line, queued: Queued, recipe: str, attempts: int) -> None:
    """Row, gallery and objects agree, and the message is gone."""
    row = line.row(queued.job_id)
    assert ("completed", recipe, attempts) == (row.status, row.model_used, row.attempt_count)
    assert (None, None, None) == (row.failure_code, row.lease_token, row.lease_expires_at)
    new, (source, second, third) = row.processed_image_id, queued.image_ids
    assert [
        (new, 0, True, True),
        (second, 1, False, False),
        (third, 2, False, False),
        (source, 3, False, False),
    ] == line.world.gallery(queued.book_id)
    key = f"{queued.book_id}_processed_{queued.job_id}.png"
    assert new is not None
    picture = line.picture(new)
    assert (key, f"https://images.bluemoxon.test/books/{key}") == (picture.s3_key, picture.cloudfront_url)
    assert [f"books/{key}", f"books/thumb_{key}"] == line.results(queued)
    assert ((0, 0), 0) == line.depths()


def png_of(line: Line, queued: Queued) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    key = next(key for key in line.results(queued) if "thumb_" not in key)
    body = line.stack.aws.s3.get_object(Bucket=line.stack.aws.bucket, Key=key)["Body"].read()
    picture = Image.open(io.BytesIO(body))
    assert ("PNG", "RGB") == (picture.format, picture.mode)
    return np.asarray(picture)


def test_through_the_functions_process(line: Line) -> None:
    """The stack's own path, as `image-processor demo` takes it: u2net is accepted at once."""
    line.use({U2NET: Sees.RED, ISNET: Sees.RED})
    with line.use_function():
        run = main_job.run(line.stack, "A book", [Upload("cover.jpg", BOOK), Upload("back.jpg", NO_BOOK)])
    assert run.is_completed
    assert ("u2net-alpha", 1, []) == (run.job["model_used"], run.job["attempt_count"], run.left_out)
    assert run.image is not None
    assert (800, 600) == Image.open(io.BytesIO(run.png or b"")).size
    assert (300, 225) == Image.open(io.BytesIO(run.thumbnail or b"")).size


@pytest.mark.parametrize(("photo", "corner"), [(BOOK, 0), (BRIGHT_BOOK, 255)], ids=["dark", "bright"])
def test_u2net_is_accepted(line: Line, photo: bytes, corner: int) -> None:
    """The first recipe; a dark book on black, a bright one on white, both with their own pixels inside."""
    line.use({U2NET: Sees.RED, ISNET: Sees.NOTHING})
    queued = line.queue(photo)
    with line.compose(PRODUCTION):
        assert not line.poll().failed_ids
    assert_completed(line, queued, "u2net-alpha", 1)
    found, source = png_of(line, queued), np.asarray(Image.open(io.BytesIO(photo)))
    assert {corner} == set(found[:40].ravel())
    assert (source[250:350, 350:450] == found[250:350, 350:450]).all()


@pytest.mark.parametrize(
    ("sees", "reason"),
    [
        (Sees.NOTHING, "no_subject"),
        (Sees.FAINTLY, "no_subject"),
        (Sees.EVERYTHING, "fills_frame"),
        (Sees.FRAGMENTS, "fragments"),
    ],
)
def test_u2net_is_refused_and_isnet_accepted(line: Line, sees: Sees, reason: str) -> None:
    """Each refusal falls through to the next recipe; the report has both verdicts."""
    line.use({U2NET: sees, ISNET: Sees.RED})
    queued = line.queue(BOOK)
    with line.compose(PRODUCTION):
        assert not line.poll().failed_ids
    assert_completed(line, queued, "isnet-general-use", 2)
    trials = (line.row(queued.job_id).report or {})["trials"]
    assert [("u2net-alpha", reason), ("isnet-general-use", None)] == [
        (trial["recipe"], trial["reason"]) for trial in trials
    ]


@pytest.mark.parametrize(
    ("fallback", "recipes"),
    [
        ("false", ["u2net-alpha", "isnet-general-use"]),
        ("true", ["u2net-alpha", "isnet-general-use", EMBEDDED_RECIPE.name]),
    ],
)
def test_all_are_refused(line: Line, fallback: str, recipes: list[str]) -> None:
    """With the embedded model and without: the job fails with its code, the original stays primary."""
    line.use({U2NET: Sees.RED, ISNET: Sees.RED})
    queued = line.queue(NO_BOOK)
    with line.compose({"EMBEDDED_MODEL_FALLBACK": fallback}):
        assert not line.poll().failed_ids
    line.assert_failed(queued, FailureCode.NO_SUBJECT)
    line.assert_untouched(queued)
    row = line.row(queued.job_id)
    assert (len(recipes), None) == (row.attempt_count, row.model_used)
    assert recipes == [trial["recipe"] for trial in (row.report or {})["trials"]]


def test_the_embedded_model_is_the_last_resort(line: Line) -> None:
    """Where it is allowed, and both downloads refuse the sample photograph."""
    line.use({U2NET: Sees.NOTHING, ISNET: Sees.NOTHING})
    queued = line.queue(sample_photo.photographs(sample_photo.FORE_EDGE)[0])
    with line.compose({"EMBEDDED_MODEL_FALLBACK": "true"}):
        assert not line.poll().failed_ids
    assert_completed(line, queued, EMBEDDED_RECIPE.name, 3)


def test_without_downloads_the_local_stack_says_what_it_left_out(line: Line) -> None:
    """Recipes without weights are recorded as such, not as attempts."""
    line.use({ISNET: Sees.RED})
    queued = line.queue(BOOK)
    with line.compose():
        assert not line.poll().failed_ids
    assert_completed(line, queued, "isnet-general-use", 1)
    first = (line.row(queued.job_id).report or {})["trials"][0]
    assert ("u2net-alpha", f"weights missing: {line.weights / U2NET.filename}") == (
        first["recipe"],
        first["note"],
    )


@pytest.mark.parametrize(
    ("present", "missing"),
    [({ISNET: Sees.RED}, U2NET), ({U2NET: Sees.NOTHING}, ISNET)],
    ids=["u2net missing", "isnet missing"],
)
def test_a_missing_weight_in_production(
    line: Line, present: dict[ModelSpec, Sees], missing: ModelSpec
) -> None:
    """The log names the file, the job waits, nothing is lost; with the file there it is done."""
    line.use(present)
    queued = line.queue(BOOK)
    logged = len(line.stack.function_log())
    with line.use_function(PRODUCTION):
        assert len(line.poll().failed_ids) == 1
        complaint = f"the weights {line.weights / missing.filename} are missing"
        assert complaint in line.stack.function_log()[logged:]
        row = line.row(queued.job_id)
        assert ("pending", 0, None, None) == (
            row.status,
            row.claim_count,
            row.failure_code,
            row.lease_token,
        )
        assert "WeightsError" == (row.report or {})["last_error"]["type"]
        assert ((0, 1), 0) == line.depths()
        line.assert_untouched(queued)
        with pytest.raises(
            FunctionError, match=f"SmokeTestError: {line.weights / missing.filename} is missing"
        ):
            line.stack.function.invoke({"smoke_test": True})
        line.use({ISNET: Sees.RED} | present | {missing: Sees.RED})
        line.show_again()
        assert not line.poll().failed_ids
    expected = ("u2net-alpha", 1) if missing is U2NET else ("isnet-general-use", 2)
    row = line.row(queued.job_id)
    assert ("completed", *expected) == (row.status, row.model_used, row.attempt_count)


def test_delivered_twice(line: Line) -> None:
    """A second message of a completed job is acknowledged and changes nothing."""
    line.use({U2NET: Sees.RED, ISNET: Sees.RED})
    queued = line.queue(BOOK)
    with line.compose(PRODUCTION):
        line.poll()
        gallery, before = line.world.gallery(queued.book_id), png_of(line, queued)
        line.stack.job_queue().send(queued.job_id, queued.book_id, queued.image_ids[0])
        assert not line.poll().failed_ids
    assert gallery == line.world.gallery(queued.book_id)
    assert (before == png_of(line, queued)).all()
    assert_completed(line, queued, "u2net-alpha", 1)
