"""Who has the threads of linear algebra, and that whoever had them gets them back."""

from __future__ import annotations

import threading

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from rankkit import threads


def counts() -> set[int]:
    """Return how many threads each library of linear algebra has."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize(
    ("entries", "count", "rest"), [(0, 1, 1), (threads.FEW, 2, 1), (threads.SMALL, 2, 2), (10**9, 2, 2)]
)
def test_workers_take_the_threads_and_give_them_back(entries: int, count: int, rest: int) -> None:
    with threadpool_limits(2, user_api="blas"):
        with threads.workers(entries) as crew:
            assert crew.count == count
            assert counts() == {1}
            with crew.resting():
                assert counts() == {rest}
                assert crew.side_by_side(lambda _: counts(), [0]) == [{1}]
                assert counts() == {rest}
            assert counts() == {1}
            names = set(crew.map(lambda _: threading.current_thread().name, range(50)))
            assert (threading.current_thread().name in names) == (count == 1)
            assert threads.at_work() is crew
        assert counts() == {2}
    assert threads.at_work().count == 1


def test_whoever_works_alone_leaves_linear_algebra_as_it_is() -> None:
    with threadpool_limits(2, user_api="blas"), threads.at_work().resting():
        assert counts() == {2}
        assert list(threads.at_work().map(max, [1, 5], [4, 2])) == [4, 5]


def test_an_error_in_a_worker_reaches_the_caller_and_threads_come_back() -> None:
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(ZeroDivisionError), threads.workers(10**9) as crew:
            list(crew.map(lambda v: 1 / v, [1, 0]))
        assert counts() == {2}
    assert threads.at_work().count == 1


def test_small_problems_take_one_thread_of_linear_algebra() -> None:
    with threadpool_limits(2, user_api="blas"):
        with threads.suited_to(threads.SMALL - 1):
            assert counts() == {1}
        with threads.suited_to(threads.SMALL):
            assert counts() == {2}
