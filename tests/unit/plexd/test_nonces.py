"""The memory of used nonces is bounded and never admits one twice."""

from hypothesis import given
from hypothesis import strategies as st

from plexd.protocol.events.nonces import SeenNonces


def test_a_nonce_is_forgotten_when_its_event_would_be_stale_anyway() -> None:
    seen = SeenNonces(300)
    assert seen.admit("a", issued_at=0, now=0)

    assert not seen.admit("a", issued_at=0, now=300)
    assert seen.admit("b", issued_at=301, now=301)
    assert len(seen) == 1


def test_a_full_memory_refuses_what_is_no_younger_than_the_forgotten() -> None:
    seen = SeenNonces(300, capacity=2)
    for age, nonce in enumerate(["a", "b", "c"]):
        assert seen.admit(nonce, issued_at=age, now=3)

    assert len(seen) == 2
    assert not seen.admit("a", issued_at=0, now=3)
    assert seen.admit("d", issued_at=3, now=3)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 600)), max_size=60), st.integers(1, 4))
def test_no_event_is_admitted_twice_while_fresh(events: list[tuple[int, int]], capacity: int) -> None:
    seen, admitted = SeenNonces(300, capacity), set()
    for number, issued_at in sorted(events, key=lambda event: event[1]):
        event = (f"n{number}", issued_at)
        if seen.admit(*event, now=issued_at):
            assert event not in admitted
            admitted.add(event)
        assert len(seen) <= capacity
