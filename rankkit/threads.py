"""Who has the threads: linear algebra, or workers that each do some of their own on one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

#: Entries of a weight matrix from which more threads pay: in linear algebra, and as workers.
SMALL, FEW = 2_000_000, 200_000


def suited_to(entries: int) -> AbstractContextManager[object]:
    """Return a context in which linear algebra has one thread if ``entries`` are few, and gives them back.

    >>> with suited_to(entries=100):
    ...     pass
    """
    if entries >= SMALL:
        return nullcontext()
    import scipy.linalg  # noqa: F401  brings a BLAS of its own, which has to be there to be limited
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


@dataclass(frozen=True)
class Workers:
    """Threads that each do some of a job on their own.

    Attributes
    ----------
    count : int
    map
        As ``Executor.map``: applies a function to each of some items, in order.
    resting, working
        Return contexts in which linear algebra has its threads back, and in which it has one again.
    """

    count: int
    map: Callable[..., Iterator[Any]]
    resting: Callable[[], AbstractContextManager[object]]
    working: Callable[[], AbstractContextManager[object]]

    def side_by_side(self, function: Callable[..., Any], *items: Iterable[Any]) -> list[Any]:
        """Return what ``map`` yields, from workers that rest before and after."""
        with self.working():
            return list(self.map(function, *items))


def _one_by_one(function: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
    return iter([function(*some) for some in zip(*items, strict=False)])


_NOBODY = Workers(1, _one_by_one, nullcontext, nullcontext)
_crew: ContextVar[Workers] = ContextVar("crew", default=_NOBODY)


@contextmanager
def workers(entries: int) -> Iterator[Workers]:
    """Turn the threads of linear algebra into as many workers, for many small products at once.

    For a weight matrix of few ``entries`` there is one, and linear algebra has one thread even while they
    rest.

    >>> with workers(entries=100) as crew:
    ...     list(crew.map(abs, [-1, 2])), crew is at_work()
    ([1, 2], True)
    """
    import scipy.linalg  # noqa: F401  brings a BLAS of its own, which has to be there to be limited
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController()
    most = max((library.num_threads for library in libraries.lib_controllers), default=1)
    count, together = (1 if entries < bound else most for bound in (FEW, SMALL))
    with ExitStack() as stack:
        stack.enter_context(libraries.limit(limits=1))
        several = stack.enter_context(ThreadPoolExecutor(count)).map if count > 1 else _one_by_one
        crew = Workers(count, several, *(partial(libraries.limit, limits=n) for n in (together, 1)))
        stack.callback(_crew.reset, _crew.set(crew))
        yield crew


def at_work() -> Workers:
    """Return the workers of the innermost context; outside of any, one that leaves linear algebra alone."""
    return _crew.get()
