"""Answers become decisions."""

import pytest

from plexsphere.identity.domain.decision import Decision, Reason
from plexsphere.identity.domain.inquiry import MOST_RESOURCES, Inquiry, Question
from tests.support.authorization import domain, project, shipped_schema, user

PATH = ("domain#admin", "platform#admin")


def inquiry(*resources_asked: int) -> Inquiry:
    return Inquiry.about(shipped_schema(), user(1), "manage", [domain(number) for number in resources_asked])


def decided(**answers: bool | None) -> Decision:
    asked = {Question(name, domain(1)): answer for name, answer in answers.items() if answer is not None}
    [decision] = inquiry(1).decisions(asked)
    return decision


def test_only_a_yes_to_the_very_permission_allows() -> None:
    assert decided(manage=True, read=True) == Decision(True, None, PATH)
    assert decided(manage=True, read=None) == Decision(True, None, PATH)


def test_whoever_reads_and_may_not_do_more_lacks_a_relation() -> None:
    assert decided(manage=False, read=True) == Decision(False, Reason.INSUFFICIENT_RELATION, PATH)


def test_whoever_does_not_even_read_is_out_of_scope() -> None:
    assert decided(manage=False, read=False) == Decision(False, Reason.OUT_OF_SCOPE, PATH)
    assert decided(manage=False, read=None) == Decision(False, Reason.OUT_OF_SCOPE, PATH)


def test_no_answer_is_a_refusal() -> None:
    """H49."""
    assert decided(manage=None, read=True) == Decision(False, Reason.UNKNOWN, PATH)


def test_an_object_asked_for_twice_is_decided_twice() -> None:
    asked = inquiry(1, 2, 1)

    decisions = asked.decisions({question: question.resource == domain(1) for question in asked.questions})

    assert len(asked.questions) == 4
    assert [decision.allowed for decision in decisions] == [True, False, True]


def test_a_check_is_bounded() -> None:
    page = [project(number) for number in range(1, MOST_RESOURCES + 2)]

    with pytest.raises(ValueError, match="more objects"):
        Inquiry.about(shipped_schema(), user(1), "read", page)


@pytest.mark.parametrize(("allowed", "reason"), [(True, Reason.UNKNOWN), (False, None)])
def test_a_refusal_and_only_a_refusal_has_a_reason(allowed: bool, reason: Reason | None) -> None:
    with pytest.raises(ValueError, match="reason"):
        Decision(allowed, reason)
