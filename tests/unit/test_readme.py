"""The README tells every failure code as the code does."""

from __future__ import annotations

from lambdas.image_processor.errors import FAILURES, FailureCode
from tests import failure_table


def test_every_code_has_a_sentence_and_advice() -> None:
    """No code without words, no words without a code; both are sentences."""
    assert set(FAILURES) == set(FailureCode)
    for told in FAILURES.values():
        assert told.sentence.endswith(".")
        assert told.advice.endswith(".")


def test_the_readme_lists_them_all() -> None:
    """Renewed by `python -m tests.failure_table --write`."""
    assert failure_table.found(failure_table.README.read_text()) == failure_table.expected()
