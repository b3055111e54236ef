"""Who has the threads: linear algebra, or workers that each do some of their own on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext

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


@contextmanager
def workers() -> Iterator[Executor]:
    """Turn the threads of linear algebra into as many workers, for many small products at once.

    >>> with workers() as pool:
    ...     list(pool.map(abs, [-1, 2]))
    [1, 2]
    """
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController()
    count = max((library.num_threads for library in libraries.lib_controllers), default=1)
    with libraries.limit(limits=1), ThreadPoolExecutor(count) as pool:
        yield pool
