"""Who has the threads: linear algebra, or workers that each do some of their own on one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

#: Entries of a weight matrix from which more threads pay.
SMALL = 2_000_000


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
    resting
        Returns a context in which linear algebra has all threads.
    """

    count: int
    map: Callable[..., Iterator[Any]]
    resting: Callable[[], AbstractContextManager[object]]


@contextmanager
def workers() -> Iterator[Workers]:
    """Turn the threads of linear algebra into as many workers, for many small products at once.

    >>> with workers() as crew:
    ...     list(crew.map(abs, [-1, 2]))
    [1, 2]
    """
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController()
    count = max((library.num_threads for library in libraries.lib_controllers), default=1)
    with libraries.limit(limits=1), ThreadPoolExecutor(count) as pool:
        yield Workers(count, pool.map, lambda: libraries.limit(limits=count))
