"""Who asks alone is answered at once; a crowd is answered with few questions, none of them older than who asks."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.platform import gathering
from plexsphere.platform.gathering import Gathering
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, StoreUnavailable


class Source:
    """Doubles what it is asked, as soon as it may; counts how many questions are under way."""

    def __init__(self) -> None:
        self.questions: list[list[int]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.failure: Exception | None = None
        self.may_answer = asyncio.Event()

    async def __call__(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.questions.append(list(keys))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self.may_answer.wait()
        self.under_way -= 1
        if self.failure is not None:
            raise self.failure
        return {key: 2 * key for key in keys if key % 2}


def answered() -> Source:
    source = Source()
    source.may_answer.set()
    return source


async def test_one_who_asks_alone_is_a_question_of_its_own() -> None:
    source = answered()
    gathered = Gathering(source)

    assert [await gathered(7), await gathered(8), await gathered(7)] == [14, None, 14]
    assert source.questions == [[7], [8], [7]]


@given(keys=st.lists(st.integers(0, 2_000), max_size=1_200))
def test_everybody_is_told_their_own_answer_with_few_questions(keys: list[int]) -> None:
    async def crowd() -> None:
        source = answered()
        gathered = Gathering(source)

        assert await asyncio.gather(*map(gathered, keys)) == [2 * key if key % 2 else None for key in keys]
        assert len(source.questions) <= 2 + len(set(keys)) // gathering.MOST_TOGETHER
        assert source.most_under_way <= gathering.AT_ONCE

    asyncio.run(crowd())


async def test_a_question_under_way_answers_nobody_who_came_after_it_began() -> None:
    source = Source()
    gathered = Gathering(source)
    first = asyncio.create_task(gathered(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    second = asyncio.create_task(gathered(1))
    await asyncio.sleep(0)
    source.may_answer.set()

    assert [await first, await second] == [2, 2]
    assert source.questions == [[1], [1]]


async def test_what_goes_wrong_is_told_to_each_and_forgotten() -> None:
    source = answered()
    source.failure = StoreUnavailable()
    gathered = Gathering(source)

    failures = await asyncio.gather(*(gathered(key) for key in range(5)), return_exceptions=True)

    assert [type(failure) for failure in failures] == [StoreUnavailable] * 5
    assert len({id(failure) for failure in failures}) == 5
    source.failure = None
    assert await gathered(3) == 6


async def test_who_gives_up_takes_no_answer_from_the_others() -> None:
    source = Source()
    gathered = Gathering(source)
    first, second = (asyncio.create_task(gathered(1)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    source.may_answer.set()

    assert await second == 2


async def test_no_more_wait_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_WAITING", 3)
    source = Source()
    gathered = Gathering(source)
    waiting = [asyncio.create_task(gathered(key)) for key in range(3)]
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(gathered(key)) for key in range(3, 6)]
    await asyncio.sleep(0)

    with pytest.raises(StoreOverloaded):
        await gathered(6)
    source.may_answer.set()
    await asyncio.gather(*waiting)
