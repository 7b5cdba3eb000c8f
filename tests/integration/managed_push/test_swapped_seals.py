"""C20: a sealed value that somebody moved opens nowhere else, and nothing of it is shown."""

from typing import Any, Final

import pytest

from plexsphere.managed_push.adapters.aes_gcm_sealer import AesGcmSealer
from plexsphere.platform.kernel.sealing import SealBroken
from tests.support.managed_push import DOMAIN, OTHER_DOMAIN, RING, a_record
from tests.support.managed_push_postgres import LEASE, PushDatabase

# ruff: noqa: S608  # statements of these tests alone
pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

NAMES: Final[dict[str, Any]] = {
    "one": a_record(1).id,
    "another": a_record(2).id,
    "foreign": a_record(11).id,
    "domain": DOMAIN,
    "other_domain": OTHER_DOMAIN,
}
# What may be put in the place of push 1's own prior state, and of its parameters, as octets.
PRIOR_STATE: Final = "SELECT prior_state FROM domain_hook_push WHERE id = "
PARAMETERS: Final = (
    "SELECT decode(pushed_spec #>> '{parameters,sealed}', 'base64') FROM domain_hook_push WHERE id = "
)
KUBECONFIG: Final = "SELECT kubeconfig_ciphertext FROM domain_managed_push WHERE domain_id = %(domain)s"
INTENDED_STATE: Final = "SELECT prior_state FROM managed_push_intents WHERE push_id = %(one)s"
INTENDED_PARAMETERS: Final = """
SELECT decode(spec #>> '{parameters,sealed}', 'base64') FROM managed_push_intents WHERE push_id = %(one)s
"""
NOTHING: Final = "SELECT decode(repeat('00', 28), 'hex')"
PUT_PARAMETERS: Final = r"""
UPDATE domain_hook_push SET pushed_spec = jsonb_set(
    pushed_spec, '{parameters,sealed}', (SELECT to_jsonb(translate(encode(moved, 'base64'), E'\n', '')) FROM
"""

NOT_THE_PRIOR_STATE: Final = {
    "another row's": f"{PRIOR_STATE} %(another)s",
    "another Domain's": f"{PRIOR_STATE} %(foreign)s",
    "its own parameters": f"{PARAMETERS} %(one)s",
    "its Domain's kubeconfig": KUBECONFIG,
    "what its own intent captured": INTENDED_STATE,
    "the parameters of its own intent": INTENDED_PARAMETERS,
    "nothing sealed": NOTHING,
}
NOT_THE_PARAMETERS: Final = {
    "another row's": f"{PARAMETERS} %(another)s",
    "another Domain's": f"{PARAMETERS} %(foreign)s",
    "its own prior state": f"{PRIOR_STATE} %(one)s",
    "its Domain's kubeconfig": KUBECONFIG,
    "what its own intent captured": INTENDED_STATE,
    "the parameters of its own intent": INTENDED_PARAMETERS,
    "nothing sealed": NOTHING,
}
NOT_THE_KUBECONFIG: Final = {
    "another Domain's": KUBECONFIG.replace("domain)s", "other_domain)s"),
    "a prior state of the Domain": f"{PRIOR_STATE} %(one)s",
    "parameters of the Domain": f"{PARAMETERS} %(one)s",
    "what an intent of the Domain captured": INTENDED_STATE,
    "the self-check": "SELECT sealed FROM sealed_checks WHERE purpose = 'managed-push'",
    "nothing sealed": NOTHING,
}
NOT_THE_INTENTS: Final = {
    "the prior state of its push": f"prior_state = ({PRIOR_STATE} %(one)s)",
    "the other Domain's": "prior_state = (SELECT prior_state FROM managed_push_intents WHERE push_id = %(foreign)s)",
    "its own parameters": f"prior_state = ({INTENDED_PARAMETERS})",
    "the parameters of its push": """
        spec = jsonb_set(spec, '{parameters,sealed}',
            (SELECT pushed_spec #> '{parameters,sealed}' FROM domain_hook_push WHERE id = %(one)s))
    """,
}


async def test_what_nobody_touched_opens_everywhere(place: PushDatabase) -> None:
    kit = place.kit()
    found = [await kit.records.get(DOMAIN, each) for each in (NAMES["one"], NAMES["another"])]
    target = await kit.targets.get(DOMAIN)

    assert all(record is not None and record.had_prior_state for record in found)
    assert target is not None
    assert (
        AesGcmSealer(RING).open(DOMAIN, target.kubeconfig_ciphertext).reveal().startswith(b"kubeconfig of ")
    )


@pytest.mark.parametrize("source", NOT_THE_PRIOR_STATE.values(), ids=NOT_THE_PRIOR_STATE)
async def test_what_lies_in_the_place_of_a_prior_state_opens_only_if_it_is_that(
    place: PushDatabase, source: str
) -> None:
    """C20"""
    async with place.in_passing():
        await place.run(f"UPDATE domain_hook_push SET prior_state = ({source}) WHERE id = %(one)s", **NAMES)

        with pytest.raises(SealBroken) as refused:
            await place.kit().records.get(DOMAIN, NAMES["one"])
    assert str(refused.value) == ""


@pytest.mark.parametrize("source", NOT_THE_PARAMETERS.values(), ids=NOT_THE_PARAMETERS)
async def test_what_lies_in_the_place_of_parameters_opens_only_if_it_is_them(
    place: PushDatabase, source: str
) -> None:
    """C20"""
    async with place.in_passing():
        await place.run(f"{PUT_PARAMETERS} ({source}) AS found (moved))) WHERE id = %(one)s", **NAMES)

        with pytest.raises(SealBroken) as refused:
            await place.kit().records.get(DOMAIN, NAMES["one"])
    assert str(refused.value) == ""


@pytest.mark.parametrize("source", NOT_THE_KUBECONFIG.values(), ids=NOT_THE_KUBECONFIG)
async def test_what_lies_in_the_place_of_a_kubeconfig_opens_only_if_it_is_that(
    place: PushDatabase, source: str
) -> None:
    """C20"""
    async with place.in_passing():
        await place.run(
            f"UPDATE domain_managed_push SET kubeconfig_ciphertext = ({source}) WHERE domain_id = %(domain)s",
            **NAMES,
        )
        target = await place.kit().targets.get(DOMAIN)
        assert target is not None

        with pytest.raises(SealBroken):
            AesGcmSealer(RING).open(DOMAIN, target.kubeconfig_ciphertext)


@pytest.mark.parametrize("change", NOT_THE_INTENTS.values(), ids=NOT_THE_INTENTS)
async def test_an_intent_that_does_not_open_is_named_and_keeps_no_other_from_its_end(
    place: PushDatabase, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    """C20"""
    kit = place.kit()
    async with place.in_passing():
        await place.run(f"UPDATE managed_push_intents SET {change} WHERE push_id = %(one)s", **NAMES)
        await kit.let_time_pass(3601)

        assert await kit.journal.overdue_of(DOMAIN, 10) == []
        taken = await kit.journal.take_overdue(10, LEASE)
    assert [intent.push_id for intent in taken] == [NAMES["foreign"]]
    assert caplog.messages == [f"the intent of push {NAMES['one']} does not open: it cannot be settled"] * 2


async def test_parameters_that_are_no_base64_are_a_broken_seal(place: PushDatabase) -> None:
    async with place.in_passing():
        await place.run(
            """UPDATE domain_hook_push SET pushed_spec = jsonb_set(pushed_spec, '{parameters,sealed}', '"?"')"""
        )

        with pytest.raises(SealBroken):
            await place.kit().records.get(DOMAIN, NAMES["one"])
