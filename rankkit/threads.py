"""Linear algebra on one thread where the matrices are small: there, threads wait longer than they work."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

#: Entries of a weight matrix from which more threads pay.
SMALL = 5_000_000


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
