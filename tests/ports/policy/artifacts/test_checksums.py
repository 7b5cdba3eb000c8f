"""What was released is known good, and fits the machines it was built for."""

from uuid import UUID

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.ports.artifacts.machines import Machine
from tests.support.artifacts import (
    A_DIGEST,
    DOMAIN,
    LINUX,
    LINUX_ARM,
    OTHER_DIGEST,
    OTHER_DOMAIN,
    FakeMachines,
    ReleaseKit,
)

WEB, EDGE, SUN = (NodeId(UUID(int=number)) for number in (1, 2, 3))
MACHINES = FakeMachines({WEB: LINUX, EDGE: LINUX_ARM, SUN: Machine("solaris", "sparc")})


async def test_every_binary_of_a_version_is_known_good_and_none_of_another(releases: ReleaseKit) -> None:
    await releases.release("1.5.0", LINUX, A_DIGEST)
    await releases.release("1.5.0", LINUX_ARM, OTHER_DIGEST)
    await releases.release("1.5.0-rc.1", LINUX, "ef" * 32)

    assert await releases.known_good.of("1.5.0") == {A_DIGEST, OTHER_DIGEST}
    assert await releases.known_good.of("1.5.0-rc.1") == {"ef" * 32}


async def test_nothing_is_known_good_of_a_version_that_was_never_released(releases: ReleaseKit) -> None:
    for version in ("", "1.5.0", "1.5.0\0", "\U0001f980", "%", "x" * 5000):
        assert await releases.known_good.of(version) == frozenset()


async def test_what_was_withdrawn_stays_known_good_and_nobody_is_to_upgrade_to_it(
    releases: ReleaseKit,
) -> None:
    await releases.release("1.5.0", LINUX, A_DIGEST)
    await releases.withdraw("1.5.0")

    assert await releases.known_good.of("1.5.0") == {A_DIGEST}
    assert await releases.upgrade_checksums(MACHINES).of(DOMAIN, "1.5.0", [WEB]) == {}


async def test_each_node_gets_the_checksum_of_the_binary_for_its_machine(releases: ReleaseKit) -> None:
    await releases.release("1.5.0", LINUX, A_DIGEST)
    await releases.release("1.5.0", LINUX_ARM, OTHER_DIGEST)
    checksums = releases.upgrade_checksums(MACHINES)

    assert await checksums.of(DOMAIN, "1.5.0", [WEB, EDGE]) == {
        WEB: f"sha256:{A_DIGEST}",
        EDGE: f"sha256:{OTHER_DIGEST}",
    }


async def test_nodes_that_nothing_stored_fits_are_left_out(releases: ReleaseKit) -> None:
    await releases.release("1.5.0", LINUX, A_DIGEST)
    checksums = releases.upgrade_checksums(MACHINES)
    unknown = NodeId(UUID(int=4))

    assert set(await checksums.of(DOMAIN, "1.5.0", [WEB, EDGE, SUN, unknown])) == {WEB}
    assert await checksums.of(OTHER_DOMAIN, "1.5.0", [WEB]) == {}
    assert await checksums.of(DOMAIN, "1.5.1", [WEB]) == {}
    assert await checksums.of(DOMAIN, "1.5.0\0", [WEB]) == {}
    assert await checksums.of(DOMAIN, "1.5.0", []) == {}
