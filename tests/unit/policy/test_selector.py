"""Label expressions."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.policy.domain.errors import SelectorSyntaxError
from plexsphere.policy.domain.selector import MAX_LENGTH, Selector
from plexsphere.policy.domain.selector_reader import MAX_TERMS
from plexsphere.policy.domain.selector_term import Has, Lacks, OneOf

words = st.text(
    st.characters(blacklist_categories=("C", "Z"), blacklist_characters=",()=!*"), min_size=1, max_size=6
)
terms = st.one_of(
    st.builds(Has, words),
    st.builds(Lacks, words),
    st.builds(OneOf, words, st.frozensets(words, min_size=1, max_size=3)),
)


@given(st.lists(terms, max_size=6))
def test_the_canonical_text_reads_back_as_the_same_selector(drawn: list[Has | Lacks | OneOf]) -> None:
    selector = Selector(tuple(drawn))

    again = Selector.parse(selector.text)

    assert again == selector
    assert again.terms == selector.terms


@given(st.lists(terms, max_size=4), st.dictionaries(words, words, max_size=4))
def test_a_selector_means_a_node_when_each_condition_does(
    drawn: list[Has | Lacks | OneOf], labels: dict[str, str]
) -> None:
    assert Selector(tuple(drawn)).matches(labels) == all(term.matches(labels) for term in drawn)


@given(st.lists(terms, max_size=4), st.dictionaries(words, words, max_size=4))
def test_every_node_a_selector_means_has_exactly_one_of_its_anchors(
    drawn: list[Has | Lacks | OneOf], labels: dict[str, str]
) -> None:
    selector = Selector(tuple(drawn))
    labels |= {term.key: next(iter(term.values)) for term in drawn if isinstance(term, OneOf)}
    labels |= {term.key: labels.get(term.key, "x") for term in drawn if isinstance(term, Has)}

    held = [
        anchor
        for anchor in selector.anchors()
        if labels.get(anchor[0], "") == (anchor[1] or labels.get(anchor[0]))
    ]

    assert not selector.anchors() or not selector.matches(labels) or len(held) == 1


@given(st.text(max_size=40) | st.text("ab=!,()* in", max_size=12))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    with suppress(SelectorSyntaxError):
        selector = Selector.parse(text)

        assert Selector.parse(str(selector)) == selector


@pytest.mark.parametrize(
    ("text", "labels", "meant"),
    [
        ("app=web", {"app": "web"}, True),
        ("app=web", {"app": "db"}, False),
        ("app=web", {}, False),
        ("app in (web, db)", {"app": "db"}, True),
        ("app in(web,db)", {"app": "mail"}, False),
        ("app", {"app": ""}, True),
        ("app", {"zone": "a"}, False),
        ("!app", {"zone": "a"}, True),
        ("!app", {"app": "web"}, False),
        (" app = web , !edge ", {"app": "web"}, True),
        ("app=web,!edge", {"app": "web", "edge": "yes"}, False),
        ("in", {"in": "1"}, True),
        ("in in (in)", {"in": "in"}, True),
        ("*", {}, True),
        (" * ", {"app": "web"}, True),
        ("app.plexd.io/name=a-b_c.d:1", {"app.plexd.io/name": "a-b_c.d:1"}, True),
    ],
)
def test_conditions_mean_what_they_say(text: str, labels: dict[str, str], meant: bool) -> None:
    assert Selector.parse(text).matches(labels) is meant


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ",", "app,", ",app", "app=", "=web", "app==web", "app!=web", "app=web zone=a", "app in", "app in ()",
        "app in (web", "app in (web,)", "app in web", "app notin (web)", "app (web)", "!", "!!app", "!app=web", "*,app",
        "app,*", "**", "app=*", "app\n", "app=web\x00", "app=\ud800", "ap p", "app=we b", "app)", "(app)",
    ],
)  # fmt: skip
def test_what_is_not_of_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(SelectorSyntaxError):
        Selector.parse(text)


def test_a_refusal_says_where_reading_stopped() -> None:
    with pytest.raises(SelectorSyntaxError) as refused:
        Selector.parse("app=web,=x")

    assert refused.value.position == 8


def test_selectors_that_mean_the_same_in_another_order_are_equal() -> None:
    assert Selector.parse("b,a in (y,x,y),a in (x,y)").text == "a in (x,y),b"
    assert Selector.parse("a in (x)") == Selector.parse("a=x")


@pytest.mark.parametrize("text", ["a" * (MAX_LENGTH + 1), ",".join(f"k{n}" for n in range(MAX_TERMS + 1))])
def test_a_selector_is_bounded(text: str) -> None:
    with pytest.raises(SelectorSyntaxError):
        Selector.parse(text)


def test_a_text_within_the_bound_whose_canonical_form_is_not_is_refused() -> None:
    tight = ",".join(f"k{n:02} in(a,{'b' * 53})" for n in range(MAX_TERMS))
    assert len(tight) <= MAX_LENGTH

    with pytest.raises(SelectorSyntaxError):
        Selector.parse(tight)


@pytest.mark.parametrize("word", ["", "a b", "a,b", "a=b", "!a", "a\t"])
def test_a_condition_cannot_be_built_on_what_is_no_word(word: str) -> None:
    for build in (lambda: Has(word), lambda: Lacks(word), lambda: OneOf("app", frozenset([word]))):
        with pytest.raises(SelectorSyntaxError):
            build()
