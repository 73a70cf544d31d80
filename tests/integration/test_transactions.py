"""Transactions on a real PostgreSQL: conflicts run again, outages are transient, bugs are seen as bugs."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from lambdas.image_processor.database import in_transaction
from lambdas.image_processor.errors import TransientError


def raising(sqlstate: str, times: int) -> tuple[Callable[[Session], str], list[int]]:
    """Return work that fails inside the server so often, and the list of its tries."""
    tries: list[int] = []

    def work(session: Session) -> str:
        tries.append(len(tries))
        session.execute(text("INSERT INTO books (title) VALUES ('half done')"))
        if len(tries) <= times:
            session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$"))
        return "done"

    return work, tries


def books(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM books")).scalar_one())


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.parametrize("times", [1, 3])
def test_conflicts_run_again(database: Engine, sqlstate: str, times: int) -> None:
    """Up to three more times, each from the start: what was half done is gone."""
    work, tries = raising(sqlstate, times)
    assert "done" == in_transaction(database, work)
    assert (times + 1, 1) == (len(tries), books(database))


def test_a_conflict_that_stays_is_transient(database: Engine) -> None:
    """After the fourth try the queue's retry takes over."""
    work, tries = raising("40P01", 100)
    with pytest.raises(TransientError, match="deadlock"):
        in_transaction(database, work)
    assert (4, 0) == (len(tries), books(database))


def test_a_real_deadlock(database: Engine) -> None:
    """Two transactions that lock two books crosswise: both get through."""
    with database.begin() as connection:
        connection.execute(text("INSERT INTO books (id, title) VALUES (1, 'a'), (2, 'b')"))
    both_hold = threading.Barrier(2)
    failures: list[Exception] = []

    def lock(first: int, second: int) -> None:
        is_first_try = [True]

        def work(session: Session) -> None:
            statement = text("SELECT 1 FROM books WHERE id = :id FOR UPDATE")
            session.execute(statement, {"id": first})
            if is_first_try:
                is_first_try.clear()
                both_hold.wait(10)
            session.execute(statement, {"id": second})

        try:
            in_transaction(database, work)
        except Exception as exc:  # noqa: BLE001 (asserted below)
            failures.append(exc)

    threads = [threading.Thread(target=lock, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failures


@pytest.mark.parametrize("sqlstate", ["57P01", "57014", "55P03", "53300"])
def test_outages_are_transient_and_not_repeated_in_place(database: Engine, sqlstate: str) -> None:
    """A shutdown, a timeout, a lock that is not had, too many connections: the queue waits, we do not."""
    work, tries = raising(sqlstate, 100)
    with pytest.raises(TransientError):
        in_transaction(database, work)
    assert 1 == len(tries)


def test_bugs_are_not_called_outages(database: Engine) -> None:
    """A violated constraint or a wrong statement is raised as it is."""
    with pytest.raises(IntegrityError):
        in_transaction(
            database, lambda session: session.execute(text("INSERT INTO books (title) VALUES (NULL)"))
        )
    with pytest.raises(ProgrammingError):
        in_transaction(database, lambda session: session.execute(text("SELECT * FROM nowhere")))


def test_a_cut_connection_is_transient_and_the_next_try_works(database: Engine) -> None:
    """Killed between two statements; the pool makes a new one."""
    engine = create_engine(database.url, pool_pre_ping=True)

    def cut(session: Session) -> None:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        with database.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        session.execute(text("SELECT 1"))

    with pytest.raises(TransientError):
        in_transaction(engine, cut)
    assert 1 == in_transaction(engine, lambda session: session.scalar(text("SELECT 1")))
    engine.dispose()
