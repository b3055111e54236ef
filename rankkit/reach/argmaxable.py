"""Which classes can win: the question, asked of a head."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing

import numpy as np

from rankkit import threads
from rankkit.arrays import IntArray
from rankkit.domains import Box, Domain, Free
from rankkit.errors import InputError
from rankkit.heads import Head
from rankkit.reach import engine
from rankkit.reach.engine.duplicates import group_rows
from rankkit.reach.ledger import Ledger, Verdict
from rankkit.reach.report import ArgmaxReport


def argmaxable(
    head: Head,
    domain: Domain | None = None,
    classes: Iterable[int] | None = None,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ArgmaxReport:
    r"""Decide which classes of a head can win, each with a certificate.

    Class i is *argmaxable* if some state h of the domain gives it strictly the largest logit: :math:`w_i
    \cdot h + b_i > w_j \cdot h + b_j` for all :math:`j \ne i` [demeter2020]_ [grivas2022]_. Without a bias
    these are the vertices of the convex hull of the rows; with one, the vertices of the upper hull of the
    rows lifted by their bias.

    Parameters
    ----------
    head : Head
        W (classes, d) and b, taken as the exact real numbers they store.
    domain : rankkit.domains.Free or Box, optional
        Where h may lie; all of R^d by default. ``NonNegative()`` and ``AtLeast(lower)`` are boxes with one
        side.
    classes : iterable of int, optional
        The classes to decide; all by default.
    journal : path-like, optional
        A file to which every verdict is written as soon as it is proved. A run that was interrupted goes on
        from there, with the same head and domain. What it holds is trusted as it was written;
        :func:`rankkit.check` decides certificates again.
    progress : callable, optional
        Called now and then with the number of classes decided and the number asked for.

    Returns
    -------
    ArgmaxReport
        Every verdict has a certificate that was checked in exact arithmetic against W and b. A class without
        one is undecided, with the reason.

    Raises
    ------
    InputError
        A class out of range or named twice; a journal of another head, domain or version.
    LoadError
        A journal that is none, is damaged, or that another process writes.
    TypeError
        Arguments of another type.

    Examples
    --------
    The centre of a triangle never wins; its corners do.

    >>> import rankkit as rk
    >>> report = rk.argmaxable(rk.Head([[0, 3], [3, -3], [-3, -3], [0, -1]]))
    >>> report.argmaxable, report.unargmaxable
    (array([0, 1, 2]), array([3]))
    >>> sorted(report.certificate(3).rows)
    [0, 1, 2]
    """
    if not isinstance(head, Head):
        raise TypeError(f"head is {type(head).__name__}; wanted a Head, as made by rankkit.Head(W, b)")
    domain = Free() if domain is None else domain
    if not isinstance(domain, Free | Box):
        raise TypeError(f"domain is {domain!r}; wanted rankkit.domains.Free(), Box, AtLeast or NonNegative")
    asked = _asked(head, classes)
    show = progress or (lambda decided, asked: None)
    with ExitStack() as stack:
        book = None
        if journal is not None:
            from rankkit.reach.journal import Journal

            book = stack.enter_context(closing(Journal(journal, head, domain)))
        ledger = Ledger(head, domain, book)
        groups = group_rows(ledger.W, np.zeros(head.classes) if ledger.b is None else ledger.b)
        stack.enter_context(threads.workers(head.W.size))
        if ledger.bounds is None:
            engine.decide(ledger, groups, asked, show)
        else:
            free = Ledger(head, heir=ledger)
            open_ = asked[ledger.verdicts[groups.standing(asked)] == Verdict.UNDECIDED]
            engine.decide(free, groups, open_, lambda decided, asked: None)
            engine.decide_within(ledger, free, groups, asked, show)
    return ArgmaxReport(head=head, domain=domain, classes=asked, ledger=ledger, groups=groups)


def _asked(head: Head, classes: Iterable[int] | None) -> IntArray:
    if classes is None:
        return np.arange(head.classes)
    given = list(classes)
    for i in given:
        if isinstance(i, bool) or not isinstance(i, int | np.integer):
            raise TypeError(f"classes holds {i!r} of type {type(i).__name__}; wanted class numbers (int)")
        if not 0 <= i < head.classes:
            raise InputError(f"classes holds {i}, but {head.name!r} has classes 0 to {head.classes - 1}")
    if len(set(given)) < len(given):
        raise InputError("classes names a class twice; wanted every class at most once")
    return np.array(sorted(given), dtype=np.int64)
