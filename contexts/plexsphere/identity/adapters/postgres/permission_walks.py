"""
The walks from objects to subjects and back, each one SQL statement.

Every statement begins with the rules of what is asked: which relations grant a permission, and over which relations it
passes on. They come as arrays, so that the text is the same for every schema and every number of objects. One
statement sees one snapshot: a tuple that is moved while a walk is under way opens nothing.
"""

from typing import Final

from psycopg.sql import SQL

_RULES: Final = SQL("""
    WITH RECURSIVE
    grants AS (
        SELECT * FROM unnest(%(grant_types)s::text[], %(grant_permissions)s::text[], %(grant_relations)s::text[])
            AS g (type, permission, relation)
    ),
    passages AS (
        SELECT * FROM unnest(
            %(passage_types)s::text[], %(passage_permissions)s::text[], %(passage_relations)s::text[],
            %(via_types)s::text[], %(via_permissions)s::text[]
        ) AS p (type, permission, relation, via_type, via_permission)
    )
""")

# From the objects up to everything their permissions can follow from.
_NEEDED: Final = _RULES + SQL(""",
    needed (question, type, id, permission) AS (
        SELECT * FROM unnest(
            %(questions)s::integer[], %(types)s::text[], %(ids)s::text[], %(permissions)s::text[]
        )
        UNION
        SELECT n.question, t.subject_type, t.subject_id, p.via_permission
        FROM needed n
        JOIN passages p ON p.type = n.type AND p.permission = n.permission
        JOIN relation_tuples t
            ON t.object_type = n.type AND t.object_id = n.id
            AND t.relation = p.relation AND t.subject_type = p.via_type
    )
""")

# The numbers of the questions that are answered yes.
ANSWERED: Final = _NEEDED + SQL("""
    SELECT DISTINCT n.question
    FROM needed n
    JOIN grants g ON g.type = n.type AND g.permission = n.permission
    JOIN relation_tuples t
        ON t.object_type = n.type AND t.object_id = n.id AND t.relation = g.relation
        AND t.subject_type = %(subject_type)s AND t.subject_id = %(subject_id)s
""")

# The subjects of a type for which the one question is answered yes.
SUBJECTS: Final = _NEEDED + SQL("""
    SELECT DISTINCT t.subject_type, t.subject_id
    FROM needed n
    JOIN grants g ON g.type = n.type AND g.permission = n.permission
    JOIN relation_tuples t
        ON t.object_type = n.type AND t.object_id = n.id AND t.relation = g.relation
        AND t.subject_type = %(subject_type)s
    LIMIT %(limit)s
""")

# The objects of a type on which a subject has a permission: from the subject down to everything it holds.
RESOURCES: Final = _RULES + SQL(""",
    held (type, id, permission) AS (
        SELECT t.object_type, t.object_id, g.permission
        FROM relation_tuples t
        JOIN grants g ON g.type = t.object_type AND g.relation = t.relation
        WHERE t.subject_type = %(subject_type)s AND t.subject_id = %(subject_id)s
        UNION
        SELECT t.object_type, t.object_id, p.permission
        FROM held h
        JOIN passages p ON p.via_type = h.type AND p.via_permission = h.permission
        JOIN relation_tuples t
            ON t.subject_type = h.type AND t.subject_id = h.id
            AND t.object_type = p.type AND t.relation = p.relation
    )
    SELECT type, id FROM held WHERE type = %(resource_type)s AND permission = %(permission)s LIMIT %(limit)s
""")
