"""Nodes are asked to pull their state once, at once or within one interval (design D14, D23)."""

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.fleet.application.reconcile_book import SPREAD_SECONDS, ReconcileBook
from tests.support.event_rows import node_id
from tests.support.identity import FakeClock

ONE = node_id(1)


def test_a_node_is_asked_once() -> None:
    book = ReconcileBook(FakeClock())

    book.ask(ONE)

    assert [book.take(ONE), book.take(ONE)] == [True, False]


def test_a_crowd_is_asked_within_one_interval_and_not_at_one_moment() -> None:
    clock, crowd = FakeClock(), [node_id(number) for number in range(1, 301)]
    book, asked = ReconcileBook(clock), []
    for node in crowd:
        book.ask_spread(node)

    for _ in range(int(SPREAD_SECONDS)):
        clock.advance(1)
        asked.append(sum(book.take(node) for node in crowd))

    assert sum(asked) == len(crowd)
    assert max(asked) < len(crowd) / 10


@given(number=st.integers(1, 10_000))
def test_asking_at_once_overtakes_the_spread_and_is_not_put_off_by_it(number: int) -> None:
    book, node = ReconcileBook(FakeClock()), node_id(number)

    book.ask_spread(node)
    book.ask(node)
    book.ask_spread(node)

    assert book.take(node)


def test_who_pulled_its_state_is_not_asked_any_more() -> None:
    book = ReconcileBook(FakeClock())
    book.ask(ONE)

    book.forget(ONE)

    assert not book.take(ONE)
