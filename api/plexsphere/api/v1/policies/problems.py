"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_PROJECT_ID: Final = catalogue.INVALID_PROJECT_ID
INVALID_POLICY_ID: Final = Problem(
    400, "invalid_policy_id", "The policy id is not a UUID in its 36-character form."
)
INVALID_REVISION_ID: Final = Problem(
    400, "invalid_revision_id", "A revision id is not a UUID in its 36-character form."
)
EMPTY_PATCH: Final = Problem(400, "empty_patch", "An update needs both `selector` and `rules`.")
INVALID_BODY: Final = catalogue.INVALID_BODY
BODY_TOO_LARGE: Final = catalogue.BODY_TOO_LARGE
PROJECT_NOT_FOUND: Final = Problem(404, "project_not_found", "No such Project.")
POLICY_NOT_FOUND: Final = Problem(404, "policy_not_found", "The Project has no such policy.")
REVISION_NOT_VISIBLE: Final = Problem(404, "revision_not_visible", "The policy has no such revision.")
POLICY_SLUG_TAKEN: Final = Problem(409, "policy_slug_taken", "Another policy of the Project has this slug.")
REVISION_CONFLICT: Final = Problem(
    409, "revision_conflict", "The policy has another head than `expected_revision_id`."
)
POLICY_TEST_BROKEN: Final = Problem(
    409, "policy_test_broken", "By this change a policy test of the Project would not hold."
)
POLICY_TESTS_UNJUDGED: Final = Problem(
    409,
    "policy_tests_unjudged",
    "The Project's policy tests take too long to judge with this change; send `confirm: true`.",
)
CONFIRMATION_REQUIRED: Final = Problem(
    409, "confirmation_required", "Most of what the Domain's nodes see would vanish; send `confirm: true`."
)
UNKNOWN_ACTION: Final = Problem(422, "unknown_action", "A rule's action is not allow, deny or log.")
UNKNOWN_PROTOCOL: Final = Problem(422, "unknown_protocol", "A rule's protocol is not tcp, udp, icmp or any.")
CIDR_FAMILY_MISMATCH: Final = Problem(422, "cidr_family_mismatch", "A rule joins an IPv4 to an IPv6 range.")
PORT_RANGE_INVERTED: Final = Problem(422, "port_range_inverted", "A rule's port range ends before it starts.")
POLICY_TOO_LARGE: Final = Problem(
    422, "policy_too_large", "Some node would have to enforce more rules than a node may."
)
TOO_MANY_POLICY_TESTS: Final = Problem(
    422, "too_many_policy_tests", "The Project would have more policy tests than it may."
)
SELECTOR_SYNTAX_ERROR: Final = Problem(422, "selector_syntax_error", "A selector cannot be read.")
