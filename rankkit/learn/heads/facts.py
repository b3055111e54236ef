"""What is known of a head before it is fitted: its size, its cost, its rank, and which classes can win."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Order(StrEnum):
    """How the classes of one context can be ordered, and with that which of them can be the likeliest.

    A mixture of softmaxes makes the probability of a class a sum of exponentials of its weights and bias,
    which is a convex function: it is largest at a vertex of their hull, as for one softmax.
    """

    LINEAR = "as by a linear head of this width: a class inside the hull of the others never wins"
    CONVEX = "as by no linear head, but the likeliest class is one that a linear head could make likeliest"
    PARTS = "a class inside the hull of its part of the classes never wins, across parts all is possible"
    REORDERED = "as the function orders the logits, which is not their own order"
    FREE = "in ways that no linear head of this width has: a class inside the hull of the others can win"


@dataclass(frozen=True)
class Facts:
    """What a head is, whatever it learns.

    Attributes
    ----------
    parameters : int
        Free numbers, contexts included.
    per_context : int
        How many of them belong to one context.
    multiplications : int
        In matrix products from the state of one context to its scores; what is computed once for all
        contexts is not counted.
    evaluations : int
        Values of exp, tanh or a learned function for one context, those of the softmax included.
    rank : int
        Rank that log P, row means removed, has at most.
    attained : bool
        Whether all parameters outside a set of measure zero attain ``rank``; else it is only a bound.
    reason : str
        Why.
    dimension : int
        The predictions form a set of at most this dimension, of contexts x (classes - 1). See
        :func:`rankkit.learn.jacobian_rank` for what it is at a point.
    order : Order
        What the head can do to the likeliest class.
    """

    parameters: int
    per_context: int
    multiplications: int
    evaluations: int
    rank: int
    attained: bool
    reason: str
    dimension: int
    order: Order


def linear_facts(
    parameters: int, contexts: int, classes: int, d: int, bias: bool, reason: str, **changes: Any
) -> Facts:
    """Return the facts of a head that reaches what the linear head reaches, or what it changes of them."""
    same = Facts(
        parameters=parameters,
        per_context=d,
        multiplications=classes * d,
        evaluations=classes,
        rank=min(contexts, classes - 1, d + bias),
        attained=True,
        reason=reason,
        dimension=logit_dimension(contexts, classes - 1, d, bias),
        order=Order.LINEAR,
    )
    return replace(same, **changes)


def logit_dimension(rows: int, columns: int, d: int, biases: int) -> int:
    """Dimension of the matrices H W^T of width d with one free vector added to each of some groups of rows.

    With ``columns`` = classes - 1 that is what is left of logits when every row may be shifted.
    """
    rows -= biases  # each vector takes up one row of its group
    r = min(d, rows, columns)
    return r * (rows + columns - r) + biases * columns


def full_rank(contexts: int, classes: int) -> int:
    """The largest rank that log P with row means removed can have."""
    return min(contexts, classes - 1)
