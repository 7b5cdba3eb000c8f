"""What the tables of managed push refuse whoever writes (M19)."""

from typing import Final

import pytest
from psycopg.errors import CheckViolation, ForeignKeyViolation, UniqueViolation

from tests.support.managed_push import DOMAIN, OTHER_DOMAIN
from tests.support.managed_push_postgres import PushDatabase
from tests.support.plaintext import forms

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

TARGET: Final = "UPDATE domain_managed_push SET kubeconfig_ciphertext"
PUSH: Final = "UPDATE domain_hook_push SET prior_state"
REFUSED: Final = {
    "a kubeconfig of no bytes": f"{TARGET} = ''",
    "a kubeconfig of 27 bytes": f"{TARGET} = decode(repeat('00', 27), 'hex')",
    "a kubeconfig above 128 KiB": f"{TARGET} = decode(repeat('00', 131073), 'hex')",
    "a short fingerprint": "UPDATE domain_managed_push SET kubeconfig_sha256 = repeat('0', 63)",
    "a fingerprint in capitals": "UPDATE domain_managed_push SET kubeconfig_sha256 = repeat('A', 64)",
    "a fingerprint with a line more": r"UPDATE domain_managed_push SET kubeconfig_sha256 = repeat('a', 64) || E'\n'",
    "a push that is applied and undone": "UPDATE domain_hook_push SET rolled_back_at = now()",
    "a push that was undone at no time": "UPDATE domain_hook_push SET status = 'rolled_back'",
    "a status of its own": "UPDATE domain_hook_push SET status = 'failed'",
    "a prior state of 27 bytes": f"{PUSH} = decode(repeat('00', 27), 'hex')",
    "a prior state above 4 MiB": f"{PUSH} = decode(repeat('00', 4194333), 'hex')",
    "parameters in the clear": """UPDATE domain_hook_push SET pushed_spec = '{"parameters": {"key": "value"}}'""",
    "no spec": "UPDATE domain_hook_push SET pushed_spec = '7'",
    "no fingerprint in the trail": "UPDATE domain_hook_push SET kubeconfig_sha256 = ''",
    "an intent to do something else": "UPDATE managed_push_intents SET deed = 'revert'",
    "an intent with a prior state of 27 bytes": (
        "UPDATE managed_push_intents SET prior_state = decode(repeat('00', 27), 'hex')"
    ),
    "an intent with parameters in the clear": "UPDATE managed_push_intents SET spec = '{}'",
    "a prior state that nobody captured": "UPDATE managed_push_intents SET captured_at = NULL",
}
TAKEN: Final = {
    "an empty kubeconfig, sealed": f"{TARGET} = decode(repeat('00', 28), 'hex')",
    "a kubeconfig of 128 KiB, sealed": f"{TARGET} = decode(repeat('00', 131072), 'hex')",
    "no prior state": f"{PUSH} = NULL",
    "a push that was undone": "UPDATE domain_hook_push SET status = 'rolled_back', rolled_back_at = now()",
    "a capture of nothing": "UPDATE managed_push_intents SET prior_state = NULL",
}
SECRETS: Final = ("kubeconfig of", "parameter 1", "prior 1", "managedFields")
LEFT: Final = """
SELECT (SELECT count(*) FROM domain_managed_push), (SELECT count(*) FROM domain_hook_push),
    (SELECT count(*) FROM managed_push_intents)
"""


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
async def test_no_row_is_ever_what_the_documents_exclude(place: PushDatabase, statement: str) -> None:
    """M19: CHECKs hold the envelope's length, the closed set of states, and that status and time go together."""
    with pytest.raises(CheckViolation):
        await place.run(statement)


@pytest.mark.parametrize("statement", TAKEN.values(), ids=TAKEN)
async def test_a_row_may_be_all_that_the_documents_allow(place: PushDatabase, statement: str) -> None:
    async with place.in_passing():
        await place.run(statement)

        assert await place.run(LEFT) == [(2, 4, 2)]


async def test_a_deleted_domain_takes_all_of_its_own_along(place: PushDatabase) -> None:
    """M19: the three tables hang on the Domain ON DELETE CASCADE."""
    async with place.in_passing():
        await place.run("DELETE FROM domains WHERE id = %(domain)s", domain=DOMAIN)

        assert await place.run(LEFT) == [(1, 2, 1)]
        assert await place.run("SELECT DISTINCT domain_id FROM domain_hook_push") == [(OTHER_DOMAIN,)]


@pytest.mark.parametrize("table", ["domain_managed_push", "domain_hook_push", "managed_push_intents"])
async def test_nothing_belongs_to_a_domain_that_is_not_there(place: PushDatabase, table: str) -> None:
    with pytest.raises(ForeignKeyViolation):
        await place.run(f"UPDATE {table} SET domain_id = gen_random_uuid()")  # noqa: S608  # names of this test


async def test_a_domain_has_one_target_and_an_object_one_intent(place: PushDatabase) -> None:
    with pytest.raises(UniqueViolation):
        await place.run("UPDATE domain_managed_push SET domain_id = %(domain)s", domain=DOMAIN)
    with pytest.raises(UniqueViolation):
        await place.run(
            "UPDATE managed_push_intents SET domain_id = %(domain)s, hook_name = 'one'", domain=DOMAIN
        )


async def test_nothing_sealed_can_be_read_in_a_dump_of_the_tables(place: PushDatabase) -> None:
    """C19"""
    dumped = await place.run("""
        SELECT kept::text FROM domain_managed_push AS kept UNION ALL SELECT kept::text FROM domain_hook_push AS kept
        UNION ALL SELECT kept::text FROM managed_push_intents AS kept
    """)
    dump = "".join(line for (line,) in dumped)

    assert "https://cluster.example" in dump
    assert [word for word in SECRETS if any(form in dump for form in forms(word))] == []
