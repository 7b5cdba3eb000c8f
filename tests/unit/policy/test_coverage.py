"""What denials leave of permissions, against comparing each with each."""

from hypothesis import given
from hypothesis import strategies as st

from plexsphere.policy.domain.coverage import left_of
from plexsphere.policy.domain.traffic import Protocol, Traffic

ranges = st.tuples(st.integers(1, 9), st.integers(1, 9)).map(sorted)
traffic = st.builds(
    lambda protocol, ends: Traffic(protocol, *ends),
    st.sampled_from([Protocol.TCP, Protocol.TCP, Protocol.UDP]),
    ranges,
) | st.builds(Traffic, st.sampled_from([Protocol.ANY, Protocol.ICMP]), st.just(0), st.just(0))
dense = st.builds(lambda ends: Traffic(Protocol.TCP, *ends), ranges)
entries = st.lists(st.tuples(traffic, st.integers(0, 255)), max_size=12) | st.lists(
    st.tuples(dense, st.integers(0, 2)), min_size=5, max_size=15
)


@given(entries, entries)
def test_the_sweep_finds_what_comparing_each_with_each_finds(
    allowed: list[tuple[Traffic, int]], denied: list[tuple[Traffic, int]]
) -> None:
    expected = 0
    for wanted, classes in allowed:
        for stopped, among in denied:
            if covers(stopped, wanted):
                classes &= ~among
        expected |= classes

    assert left_of(allowed, denied) == expected


def covers(wide: Traffic, narrow: Traffic) -> bool:
    if wide.protocol is Protocol.ANY:
        return True
    return wide.protocol is narrow.protocol and wide.first <= narrow.first and narrow.last <= wide.last
