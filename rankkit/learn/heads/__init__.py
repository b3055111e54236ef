"""Heads that can be learned, one a file, each with its gradient written by hand."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rankkit.arrays import count
from rankkit.errors import InputError
from rankkit.functions import GSS, PointwiseFunction, SigSoftmax
from rankkit.learn.curves import Fixed, LearnedNetwork, LearnedPLIF, LearnedSpline
from rankkit.learn.heads.context_mixture import ContextMixture
from rankkit.learn.heads.dropout import DropoutDecoupling
from rankkit.learn.heads.facts import Facts, Order
from rankkit.learn.heads.gated_mixture import GatedMixture
from rankkit.learn.heads.linear import Linear
from rankkit.learn.heads.mixture import Mixture, ProjectedMixture
from rankkit.learn.heads.model import Model
from rankkit.learn.heads.monotone import Monotone
from rankkit.learn.heads.multi_facet import MultiFacet
from rankkit.learn.heads.two_towers import TwoTowers

__all__ = ["HEADS", "Facts", "Model", "Order", "facts", "make"]


def _sigsoftmax(bias: bool = True) -> Model:
    return Monotone(Fixed(SigSoftmax()), bias)


def _gss(c: float = -1.5, k: float = 2.5, bias: bool = True) -> Model:
    return Monotone(Fixed(GSS(c, k)), bias)


def _lms_plif(
    segments: int = 100,
    bound: float = 10.0,
    init: str = "identity",
    slopes_seed: int = 0,
    frozen: bool = False,
    bias: bool = True,
) -> Model:
    curve = LearnedPLIF(segments, bound, init, slopes_seed)
    return Monotone(Fixed(curve.function(curve.start())) if frozen else curve, bias)


def _monotone_network(units: int = 8, bound: float = 10.0, bias: bool = True) -> Model:
    return Monotone(LearnedNetwork(units, bound), bias)


def _rational_quadratic(segments: int = 20, bound: float = 10.0, bias: bool = True) -> Model:
    return Monotone(LearnedSpline(segments, bound), bias)


#: Name -> what makes the head of its options.
HEADS: Mapping[str, Callable[..., Model]] = MappingProxyType(
    {
        "linear": Linear,
        "sigsoftmax": _sigsoftmax,
        "gss": _gss,
        "lms-plif": _lms_plif,
        "monotone-network": _monotone_network,
        "rational-quadratic": _rational_quadratic,
        "mos": Mixture,
        "mos-projected": ProjectedMixture,
        "multi-facet": MultiFacet,
        "mixtape": GatedMixture,
        "moc": ContextMixture,
        "two-towers": TwoTowers,
        "dnd": DropoutDecoupling,
    }
)


def make(head: str | PointwiseFunction, **options: Any) -> Model:
    """Return the head that a name or a pointwise function and options stand for.

    Raises
    ------
    InputError
        An unknown name, or an option that this head does not take; the sentence lists those there are.

    Examples
    --------
    >>> make("mos", components=3)
    Mixture(components=3, bias=True)
    >>> make("mixture")
    Traceback (most recent call last):
        ...
    rankkit.errors.InputError: head is 'mixture'; wanted linear, sigsoftmax, gss, lms-plif, ...
    """
    if isinstance(head, PointwiseFunction):
        return _called(Monotone, head.name, {"curve": Fixed(head)}, options)
    if not isinstance(head, str):
        raise TypeError(
            f"head is {head!r}; wanted a name or an instance such as rankkit.functions.SoftCap(30)"
        )
    if head not in HEADS:
        raise InputError(f"head is {head!r}; wanted {', '.join(HEADS)}, or a pointwise function")
    return _called(HEADS[head], head, {}, options)


def _called(
    maker: Callable[..., Model], name: str, given: Mapping[str, Any], options: Mapping[str, Any]
) -> Model:
    """Call ``maker``, after a look at whether it takes these options."""
    known = [option for option in inspect.signature(maker).parameters if option not in given]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise InputError(f"head {name!r} does not take {', '.join(unknown)}; its options: {', '.join(known)}")
    return maker(**given, **options)


def facts(head: str | PointwiseFunction, contexts: int, classes: int, d: int, **options: Any) -> Facts:
    """Return size, cost, rank and order of a head, before anything is fitted.

    Parameters
    ----------
    head : str or PointwiseFunction
        As in :func:`rankkit.learn.fit`.
    contexts, classes, d : int
        Shape.
    **options
        The head's own.

    Examples
    --------
    >>> known = facts("mos", contexts=100, classes=50, d=5, components=3)
    >>> known.rank, known.multiplications, known.order
    (49, 750, <Order.CONVEX: ...>)
    >>> known = facts("moc", contexts=100, classes=50, d=5, components=3)
    >>> known.rank, known.reason
    (6, 'a mean of states is one state')
    """
    shape = count("contexts", contexts), count("classes", classes), count("d", d)
    return make(head, **options).facts(*shape)
