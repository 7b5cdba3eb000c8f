"""The authorizer over the tuples in PostgreSQL."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from psycopg.rows import TupleRow
from psycopg.sql import Composed

from plexsphere.identity.adapters.postgres.permission_walks import ANSWERED, RESOURCES, SUBJECTS
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.domain.decision import Decision
from plexsphere.identity.domain.inquiry import Inquiry, Question
from plexsphere.identity.domain.schema import Grant, Passage, Rules, Schema
from plexsphere.platform.db.database import Database
from plexsphere.platform.kernel.subjects import Reference

DEADLINE_SECONDS: Final = 2.0


class LocalAuthorizer:
    """
    Interprets the schema in one SQL statement a call, on what is committed (see `Authorizer`).

    Inside a unit of work it also sees what that unit of work has written. Nothing is remembered between calls.
    """

    def __init__(self, database: Database, schema: Schema) -> None:
        self._database = database
        self._schema = schema

    async def check(self, subject: Reference, permission: str, resource: Reference, /) -> Decision:
        """Return whether the subject has the permission on the object."""
        [decision] = await self.check_many(subject, permission, [resource])
        return decision

    async def check_many(
        self, subject: Reference, permission: str, resources: Sequence[Reference], /
    ) -> list[Decision]:
        """Return one decision an object, in their order."""
        inquiry = Inquiry.about(self._schema, subject, permission, resources)
        questions = inquiry.questions
        if not questions:
            return []
        rows = await self._rows(
            ANSWERED,
            {**_rules_asked(self._schema, questions), **_asked(questions), **_subject(subject)},
        )
        held = {number for (number,) in rows}
        return inquiry.decisions({question: at in held for at, question in enumerate(questions)})

    async def lookup_resources(
        self, subject: Reference, permission: str, resource_type: str, limit: int, /
    ) -> list[Reference]:
        """Return objects on which the subject has the permission."""
        self._schema.require_type(subject.type)
        rules = self._schema.rules(resource_type, permission)
        asked = {"resource_type": resource_type, "permission": permission, "limit": limit}
        rows = await self._rows(RESOURCES, {**_rules(rules), **_subject(subject), **asked})
        return [Reference(kind, name) for kind, name in rows]

    async def lookup_subjects(
        self, resource: Reference, permission: str, subject_type: str, limit: int, /
    ) -> list[Reference]:
        """Return subjects that have the permission on the object."""
        self._schema.require_type(subject_type)
        rules = self._schema.rules(resource.type, permission)
        asked = {"subject_type": subject_type, "limit": limit}
        rows = await self._rows(
            SUBJECTS, {**_rules(rules), **_asked([Question(permission, resource)]), **asked}
        )
        return [Reference(kind, name) for kind, name in rows]

    async def _rows(self, statement: Composed, parameters: Mapping[str, Any]) -> list[TupleRow]:
        async with _bounded(), self._database.connection() as connection:
            cursor = await connection.execute(statement, parameters)
            return await cursor.fetchall()


@asynccontextmanager
async def _bounded() -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield
    except TimeoutError as error:
        raise AuthzUnavailable from error


def _rules_asked(schema: Schema, questions: Sequence[Question]) -> dict[str, list[str]]:
    grants: dict[Grant, None] = {}
    passages: dict[Passage, None] = {}
    for kind, permission in {(question.resource.type, question.permission) for question in questions}:
        rules = schema.rules(kind, permission)
        grants.update(dict.fromkeys(rules.grants))
        passages.update(dict.fromkeys(rules.passages))
    return _rules(Rules(tuple(grants), tuple(passages)))


def _rules(rules: Rules) -> dict[str, list[str]]:
    return {
        "grant_types": [grant.type for grant in rules.grants],
        "grant_permissions": [grant.permission for grant in rules.grants],
        "grant_relations": [grant.relation for grant in rules.grants],
        "passage_types": [passage.type for passage in rules.passages],
        "passage_permissions": [passage.permission for passage in rules.passages],
        "passage_relations": [passage.relation for passage in rules.passages],
        "via_types": [passage.via_type for passage in rules.passages],
        "via_permissions": [passage.via_permission for passage in rules.passages],
    }


def _asked(questions: Sequence[Question]) -> dict[str, list[Any]]:
    return {
        "questions": list(range(len(questions))),
        "types": [question.resource.type for question in questions],
        "ids": [question.resource.id for question in questions],
        "permissions": [question.permission for question in questions],
    }


def _subject(subject: Reference) -> dict[str, str]:
    return {"subject_type": subject.type, "subject_id": subject.id}
