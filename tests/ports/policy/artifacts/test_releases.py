"""A binary is released under its name once and for all, and a release says of all its binaries what is said of it."""

import pytest

from plexsphere.policy.domain.artifacts.artifact import SupportStatus, Verdict
from plexsphere.policy.domain.artifacts.errors import ReleasedOtherwise
from tests.support.artifacts import (
    A_BINARY,
    LINUX_ARM,
    OTHER_BINARY,
    ReleaseKit,
    an_artifact,
    content_of,
)


async def test_a_release_comes_back_with_its_binaries_in_their_order(releases: ReleaseKit) -> None:
    arm, linux = an_artifact(machine=LINUX_ARM, octets=OTHER_BINARY), an_artifact(verdict=Verdict.VERIFIED)

    assert await releases.release(arm, linux) == [True, True]
    release = await releases.releases.get("1.5.0")
    assert release is not None
    assert (release.version, release.support_status) == ("1.5.0", SupportStatus.SUPPORTED)
    assert release.artifacts == (linux, arm)
    assert release.verdict is Verdict.UNVERIFIED
    assert release.created_at <= release.updated_at
    assert await releases.releases.find(arm.name) == arm


async def test_what_was_never_released_is_not_there(releases: ReleaseKit) -> None:
    await releases.release(an_artifact())

    assert await releases.releases.get("1.5.1") is None
    assert await releases.releases.find(an_artifact("1.5.1").name) is None
    assert await releases.releases.find(an_artifact(machine=LINUX_ARM).name) is None
    assert not await releases.releases.set_support_status("1.5.1", SupportStatus.WITHDRAWN)


async def test_the_same_is_released_again_as_often_as_one_likes(releases: ReleaseKit) -> None:
    assert await releases.release(an_artifact(), an_artifact(), an_artifact()) == [True, False, False]


async def test_another_content_never_takes_a_name_and_what_was_said_with_it_is_not_heard(
    releases: ReleaseKit,
) -> None:
    await releases.release(an_artifact())

    for other in (OTHER_BINARY, A_BINARY + b"\0"):
        with pytest.raises(ReleasedOtherwise):
            await releases.release(an_artifact(octets=other), support_status=SupportStatus.WITHDRAWN)

    assert await releases.releases.find(an_artifact().name) == an_artifact()
    assert not await releases.known_good.of("1.5.0") - {content_of(A_BINARY).sha256}


async def test_a_binary_that_was_verified_once_stays_so(releases: ReleaseKit) -> None:
    unverified, verified = an_artifact(), an_artifact(verdict=Verdict.VERIFIED)

    await releases.release(unverified, verified, unverified)

    release = await releases.releases.get("1.5.0")
    assert release is not None
    assert release.verdict is Verdict.VERIFIED


async def test_a_release_that_is_withdrawn_is_shown_and_not_handed_out_until_it_is_again(
    releases: ReleaseKit,
) -> None:
    await releases.release(an_artifact())

    assert await releases.releases.set_support_status("1.5.0", SupportStatus.WITHDRAWN)
    withdrawn = await releases.releases.get("1.5.0")
    assert withdrawn is not None
    assert withdrawn.support_status is SupportStatus.WITHDRAWN
    assert await releases.releases.find(an_artifact().name) is None

    assert await releases.release(an_artifact()) == [False]
    assert await releases.releases.find(an_artifact().name) is None

    assert await releases.release(an_artifact(), support_status=SupportStatus.DEPRECATED) == [False]
    assert await releases.releases.find(an_artifact().name) == an_artifact()


async def test_pages_hold_every_release_once_with_all_its_binaries(releases: ReleaseKit) -> None:
    versions = ["0.9", "1.10.0", "1.5.0", "1.5.0-rc.1", "v2"]
    for version in versions:
        await releases.release(an_artifact(version), an_artifact(version, LINUX_ARM))
    seen, after, is_last = [], "", False

    while not is_last:
        page = await releases.releases.page(after, 2)
        seen += [(release.version, len(release.artifacts)) for release in page.releases]
        after, is_last = page.releases[-1].version, page.is_last

    assert seen == [(version, 2) for version in versions]


async def test_a_content_is_known_by_its_digest_under_whatever_name(releases: ReleaseKit) -> None:
    await releases.release(an_artifact("1.5.0"), an_artifact("1.5.1"))
    digest, other = content_of(A_BINARY).sha256, content_of(OTHER_BINARY).sha256

    assert await releases.releases.released_among([digest, other]) == {digest}
    assert await releases.releases.released_among([]) == frozenset()
