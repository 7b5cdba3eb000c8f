"""What was released is known good, and fits the machines it was built for."""

from uuid import UUID

from plexsphere.platform.kernel.ids import NodeId
from plexsphere.policy.domain.artifacts.artifact import SupportStatus
from plexsphere.policy.ports.artifacts.machines import Machine
from tests.support.artifacts import (
    A_BINARY,
    DOMAIN,
    LINUX,
    LINUX_ARM,
    OTHER_BINARY,
    OTHER_DOMAIN,
    FakeMachines,
    ReleaseKit,
    an_artifact,
    content_of,
)

WEB, EDGE, SUN = (NodeId(UUID(int=number)) for number in (1, 2, 3))
MACHINES = FakeMachines({WEB: LINUX, EDGE: LINUX_ARM, SUN: Machine("solaris", "sparc")})
A_DIGEST, OTHER_DIGEST = content_of(A_BINARY).sha256, content_of(OTHER_BINARY).sha256


async def test_every_binary_of_a_version_is_known_good_and_none_of_another(releases: ReleaseKit) -> None:
    await releases.release(
        an_artifact("1.5.0", LINUX, A_BINARY),
        an_artifact("1.5.0", LINUX_ARM, OTHER_BINARY),
        an_artifact("1.5.0-rc.1", LINUX, b"candidate"),
    )

    assert await releases.known_good.of("1.5.0") == {A_DIGEST, OTHER_DIGEST}
    assert await releases.known_good.of("1.5.0-rc.1") == {content_of(b"candidate").sha256}


async def test_nothing_is_known_good_of_a_version_that_was_never_released(releases: ReleaseKit) -> None:
    for version in ("", "1.5.0", "1.5.0\0", "\U0001f980", "%", "x" * 5000):
        assert await releases.known_good.of(version) == frozenset()


async def test_what_was_withdrawn_stays_known_good_and_nobody_is_to_upgrade_to_it(
    releases: ReleaseKit,
) -> None:
    await releases.release(an_artifact(), support_status=SupportStatus.WITHDRAWN)

    checksums = releases.upgrade_checksums(MACHINES)
    assert await releases.known_good.of("1.5.0") == {A_DIGEST}
    assert await checksums.of(DOMAIN, "1.5.0", [WEB]) == {}
    assert await checksums.is_withdrawn("1.5.0") is True


async def test_what_is_supported_or_was_never_released_was_not_withdrawn(releases: ReleaseKit) -> None:
    await releases.release(an_artifact())
    await releases.release(an_artifact("1.4.0"), support_status=SupportStatus.DEPRECATED)
    checksums = releases.upgrade_checksums(MACHINES)

    for version in ("1.5.0", "1.4.0", "1.3.0", "", "1.5.0\0"):
        assert await checksums.is_withdrawn(version) is False


async def test_a_digest_is_supported_where_some_version_that_has_it_is(releases: ReleaseKit) -> None:
    await releases.release(an_artifact("1.5.0"), an_artifact("1.4.0", octets=OTHER_BINARY))
    for version, status in (("1.4.0", SupportStatus.DEPRECATED), ("1.3.0", SupportStatus.WITHDRAWN)):
        await releases.release(an_artifact(version, octets=OTHER_BINARY), support_status=status)
    await releases.release(an_artifact("1.2.0"), support_status=SupportStatus.WITHDRAWN)
    asked = {A_DIGEST, OTHER_DIGEST, content_of(b"never").sha256, "", "a\0"}

    assert await releases.known_good.supported_among(asked) == {A_DIGEST}
    assert await releases.known_good.supported_among(set()) == frozenset()


async def test_each_node_gets_the_checksum_of_the_binary_for_its_machine(releases: ReleaseKit) -> None:
    await releases.release(an_artifact(), an_artifact(machine=LINUX_ARM, octets=OTHER_BINARY))
    checksums = releases.upgrade_checksums(MACHINES)

    assert await checksums.of(DOMAIN, "1.5.0", [WEB, EDGE]) == {
        WEB: {f"sha256:{A_DIGEST}"},
        EDGE: {f"sha256:{OTHER_DIGEST}"},
    }


async def test_nodes_that_nothing_stored_fits_are_left_out(releases: ReleaseKit) -> None:
    await releases.release(an_artifact())
    checksums = releases.upgrade_checksums(MACHINES)

    assert set(await checksums.of(DOMAIN, "1.5.0", [WEB, EDGE, SUN])) == {WEB}
    assert await checksums.of(DOMAIN, "1.5.1", [WEB]) == {}
    assert await checksums.of(DOMAIN, "1.5.0\0", [WEB]) == {}
    assert await checksums.of(DOMAIN, "1.5.0", []) == {}


async def test_any_binary_of_a_version_may_fit_a_node_that_did_not_tell_its_machine(
    releases: ReleaseKit,
) -> None:
    await releases.release(an_artifact(), an_artifact(machine=LINUX_ARM, octets=OTHER_BINARY))
    await releases.release(an_artifact("1.4.0"))
    checksums = releases.upgrade_checksums(MACHINES)
    unknown = NodeId(UUID(int=4))
    both = {f"sha256:{A_DIGEST}", f"sha256:{OTHER_DIGEST}"}

    assert await checksums.of(DOMAIN, "1.5.0", [WEB, unknown]) == {WEB: {f"sha256:{A_DIGEST}"}, unknown: both}
    assert await checksums.of(DOMAIN, "1.4.0", [unknown]) == {unknown: {f"sha256:{A_DIGEST}"}}
    assert await checksums.of(OTHER_DOMAIN, "1.5.0", [WEB]) == {WEB: both}
    assert await checksums.of(DOMAIN, "1.5.1", [unknown]) == {}


async def test_what_was_released_under_the_words_of_uname_fits_the_same_machines(
    releases: ReleaseKit,
) -> None:
    await releases.release(an_artifact(machine=Machine("linux", "x86_64")))
    checksums = releases.upgrade_checksums(MACHINES)

    assert await checksums.of(DOMAIN, "1.5.0", [WEB, EDGE]) == {WEB: {f"sha256:{A_DIGEST}"}}
