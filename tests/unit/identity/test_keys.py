"""The signing keys and the self-check: made once, opened under the right wrap key only."""

from datetime import timedelta
from uuid import UUID

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from plexsphere.identity.adapters.nacl_event_signer import NaclEventSigner, draw_key_pair
from plexsphere.identity.application.ensure_seal_check import EnsureSealCheck
from plexsphere.identity.application.ensure_signing_key import EnsureSigningKey
from plexsphere.identity.application.load_signing_keys import LoadSigningKeys
from plexsphere.identity.domain.errors import SigningKeyMissing, WrapKeyMismatch
from plexsphere.identity.domain.signing_key import OpenedSigningKeys, SigningKey, SigningKeyRing
from plexsphere.identity.ports.event_signer import EventSigner
from plexsphere.platform.kernel.secret import Secret
from tests.support.identity import EPOCH, CountingIds, FakeClock, FakeSealer, MemoryStore, memory_kit

WRONG = FakeSealer(b"another key")


class Scene:
    """The use cases of keys over one memory store."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.kit = memory_kit(self.store)
        self.sealer = FakeSealer()
        self.ensure = EnsureSigningKey(
            self.kit.unit_of_work,
            self.kit.signing_keys,
            draw_key_pair,
            self.sealer,
            CountingIds(),
            self.clock,
        )
        self.load = LoadSigningKeys(self.kit.signing_keys, self.sealer)


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_there_is_no_key_before_the_first_boot(scene: Scene) -> None:
    with pytest.raises(SigningKeyMissing):
        await scene.load()


async def test_the_first_boot_makes_a_key_and_the_second_finds_it(scene: Scene) -> None:
    await scene.ensure()
    first = await scene.load()
    await scene.ensure()

    assert (await scene.load()).ring == first.ring == SigningKeyRing(first.ring.current)


async def test_events_verify_under_the_key_of_the_ring(scene: Scene) -> None:
    await scene.ensure()
    signer: EventSigner = NaclEventSigner(await scene.load())

    signature = signer.sign(b"octets")

    verifier = VerifyKey(signer.ring().current)
    assert len(signature) == 64
    assert verifier.verify(b"octets", signature)
    with pytest.raises(BadSignatureError):
        verifier.verify(b"others", signature)


async def test_the_seed_is_kept_sealed(scene: Scene) -> None:
    await scene.ensure()
    opened = await scene.load()
    key = scene.store.state.signing_keys["current"]

    assert key.binding.purpose == "signing-key"
    assert (key.binding.domain_id, key.binding.row_id) == (UUID(int=0), key.id)
    assert scene.sealer.open(key.seed_sealed, key.binding) == opened.seed
    assert opened.seed.reveal().hex() not in repr(opened)


async def test_another_wrap_key_opens_no_signing_key(scene: Scene) -> None:
    await scene.ensure()

    with pytest.raises(WrapKeyMismatch):
        await LoadSigningKeys(scene.kit.signing_keys, WRONG)()


async def test_a_seed_of_another_public_key_signs_nothing() -> None:
    one, other = draw_key_pair(), draw_key_pair()

    with pytest.raises(ValueError, match="not the current public key's"):
        NaclEventSigner(OpenedSigningKeys(SigningKeyRing(one.public_key), other.seed))


async def test_the_ring_shows_the_previous_key_while_its_transition_lasts(scene: Scene) -> None:
    await scene.ensure()
    ends = EPOCH + timedelta(hours=24)
    scene.store.state.signing_keys["previous"] = SigningKey(UUID(int=9), b"o" * 32, b"", EPOCH, ends)

    ring = (await scene.load()).ring
    scene.clock.advance(86_400)
    later = (await scene.load()).ring

    assert (ring.previous, ring.transition_expires) == (b"o" * 32, ends)
    assert (later.previous, later.transition_expires) == (None, None)


async def test_the_self_check_tells_a_wrong_wrap_key(scene: Scene) -> None:
    """The sealed row of the first boot opens under its own key, ever after (design D11)."""
    right = EnsureSealCheck(scene.kit.unit_of_work, scene.kit.sealed_checks, scene.sealer)
    wrong = EnsureSealCheck(scene.kit.unit_of_work, scene.kit.sealed_checks, WRONG)

    await right()
    await right()
    with pytest.raises(WrapKeyMismatch):
        await wrong()
    await right()


def test_no_two_key_pairs_are_alike() -> None:
    assert draw_key_pair().public_key != draw_key_pair().public_key
    assert "Secret(********)" in repr(draw_key_pair())
    assert draw_key_pair().seed != Secret(bytes(32))
