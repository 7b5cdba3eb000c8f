"""Three authorizers, one in SQL, one in SpiceDB and one step by step, say the same of any tuples."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexsphere.identity.adapters.local_authorizer import LocalAuthorizer
from plexsphere.identity.adapters.spicedb_authorizer import SpiceDbAuthorizer
from plexsphere.identity.adapters.spicedb_client import SpiceDbClient
from plexsphere.identity.adapters.spicedb_mirror import SpiceDbMirror
from plexsphere.identity.adapters.zed_schema import read_schema_text
from plexsphere.identity.domain.relation_tuple import Triple
from plexsphere.identity.domain.schema import Schema
from plexsphere.identity.domain.schema_text import parse_schema
from plexsphere.identity.domain.tuple_change import Operation, TupleChange
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.subjects import PLATFORM_OBJECT, Reference
from tests.support.authorization import MemoryAuthorizer, MemoryRelationTuples, numbered, opened
from tests.support.spicedb import SpiceDb

pytestmark = [pytest.mark.postgres, pytest.mark.spicedb]

PLENTY = 1_000

# What the shipped schema has no need of: a relation to several types, an arrow to a plain relation, an object that is
# itself a subject, and two ways to the same place.
CROSSED = """
definition user {}

definition team {
    relation boss: user
    relation club: team_club
    permission lead = boss + club->owner
}

definition team_club {
    relation owner: user | team
    permission lead = owner
}

definition folder {
    relation above: team | team_club
    relation beside: team_club
    relation reader: user | team
    permission manage = above->lead
    permission read = reader + manage + beside->owner + above->lead
}
"""


@dataclass
class Engines:
    database: Database
    mirror: SpiceDbMirror
    client: SpiceDbClient
    held: set[Triple]

    async def hold(self, triples: set[Triple]) -> None:
        """Let both engines hold these triples and no others."""
        gone = [TupleChange(Operation.DELETE, triple) for triple in self.held - triples]
        new = [TupleChange(Operation.TOUCH, triple) for triple in triples - self.held]
        await self.mirror.apply([*gone, *new], await self.mirror.fence())
        async with self.database.connection() as connection:
            await connection.execute("TRUNCATE relation_tuples")
            await connection.cursor().executemany(INSERT, [columns(triple) for triple in triples])
        self.held = triples


INSERT = """
    INSERT INTO relation_tuples (id, created_at, subject_type, subject_id, relation, object_type, object_id)
    VALUES (gen_random_uuid(), now(), %s, %s, %s, %s, %s)
"""


def columns(triple: Triple) -> tuple[str, ...]:
    return triple.subject.type, triple.subject.id, triple.relation, triple.object.type, triple.object.id


@pytest.fixture(params=[read_schema_text(), CROSSED], ids=["the shipped schema", "a crossed one"])
def schema_text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def engines(database: Secret[str], spicedb: SpiceDb, schema_text: str) -> AsyncIterator[Engines]:
    client = SpiceDbClient(f"http://{spicedb.endpoint}", spicedb.token)
    mirror = SpiceDbMirror(client, schema_text)
    await mirror.prepare()
    async with opened(database) as opened_database:
        yield Engines(opened_database, mirror, client, set())
    await client.close()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_all_authorizers_give_the_same_answers(
    engines: Engines, schema_text: str, data: st.DataObject
) -> None:
    schema = parse_schema(schema_text)
    possible = possible_triples(schema, schema_text)
    how_many = data.draw(st.integers(0, len(possible) // 2), label="how many")
    triples = set(data.draw(st.permutations(possible), label="triples")[:how_many])
    await engines.hold(triples)
    oracle = MemoryAuthorizer(schema, MemoryRelationTuples(schema, triples))
    local = LocalAuthorizer(engines.database, schema)
    remote = SpiceDbAuthorizer(engines.client, schema)
    subject = data.draw(st.sampled_from(subjects(schema_text)), label="subject")
    kind, name = data.draw(st.sampled_from(questions(schema, schema_text)), label="question")

    await agree(local, oracle, subject, name, objects(kind))
    await agree(remote, oracle, subject, name, objects(kind))


async def agree(
    authorizer: Authorizer, oracle: Authorizer, subject: Reference, name: str, asked: list[Reference]
) -> None:
    """One check, many checks, and both lookups, whole and cut short."""
    expected = await oracle.check_many(subject, name, asked)
    assert await authorizer.check_many(subject, name, asked) == expected
    assert await authorizer.check(subject, name, asked[0]) == expected[0]
    kind = asked[0].type
    found = await oracle.lookup_resources(subject, name, kind, PLENTY)
    assert sorted(await authorizer.lookup_resources(subject, name, kind, PLENTY)) == found
    assert set(await authorizer.lookup_resources(subject, name, kind, 1)) <= set(found)
    assert len(await authorizer.lookup_resources(subject, name, kind, 1)) == min(1, len(found))
    holders = await oracle.lookup_subjects(asked[0], name, subject.type, PLENTY)
    assert sorted(await authorizer.lookup_subjects(asked[0], name, subject.type, PLENTY)) == holders
    assert len(await authorizer.lookup_subjects(asked[0], name, subject.type, 1)) == min(1, len(holders))


def possible_triples(schema: Schema, text: str) -> list[Triple]:
    """Return everything the schema lets a small world hold."""
    found = []
    kinds = [kind for kind, _ in questions(schema, text)]
    relations = {name for _, name in questions(schema, text)}
    everything = [one for kind in dict.fromkeys([*subject_types(text), *kinds]) for one in objects(kind)]
    for subject, relation, target in product(everything, sorted(relations), everything):
        triple = Triple(subject, relation, target)
        if schema.admits(triple):
            found.append(triple)
    return found


def questions(schema: Schema, text: str) -> list[tuple[str, str]]:
    return [(kind, name) for kind in schema.object_types for name in schema.names(kind)]


def subject_types(text: str) -> list[str]:
    return ["user", "service-identity"] if "service_identity" in text else ["user"]


def subjects(text: str) -> list[Reference]:
    return [one for kind in subject_types(text) for one in objects(kind)]


def objects(kind: str) -> list[Reference]:
    return [PLATFORM_OBJECT] if kind == "platform" else [numbered(kind, 1), numbered(kind, 2)]
