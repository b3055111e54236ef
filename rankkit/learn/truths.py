"""Truths to fit: given, drawn from a Dirichlet distribution, or counted in a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rankkit.arrays import FloatArray, count, generator, number
from rankkit.errors import InputError

#: Stands for every word outside the vocabulary.
UNKNOWN = "<unk>"


def dirichlet(
    contexts: int, classes: int, alpha: float, seed: int | np.random.Generator | None = 0
) -> FloatArray:
    """Draw a distribution for every context from the symmetric Dirichlet distribution.

    Parameters
    ----------
    contexts, classes : int
        Shape of the result.
    alpha : float
        Concentration: 1 is uniform on the simplex, small values put the mass on a few classes. Far below 1
        some probabilities underflow to an exact 0.
    seed : int or numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    numpy.ndarray (contexts, classes)

    Examples
    --------
    >>> dirichlet(2, 3, alpha=1.0).sum(axis=1)
    array([1., 1.])
    """
    contexts, classes = count("contexts", contexts), count("classes", classes)
    return generator(seed).dirichlet(np.full(classes, number("alpha", alpha, positive=True)), size=contexts)


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each word followed each context.

    Attributes
    ----------
    matrix : scipy.sparse.csr_array (contexts, words)
        Counts; no row is empty.
    contexts : tuple of tuple of str
        The words before, oldest first, of every row; the most frequent context first.
    words : tuple of str
        What every column stands for, the most frequent first; ``"<unk>"`` is last, if some word needs it.
    """

    matrix: Any
    contexts: tuple[tuple[str, ...], ...]
    words: tuple[str, ...]

    @property
    def totals(self) -> FloatArray:
        """How often each context was seen (contexts,): the weights for :func:`rankkit.learn.fit`."""
        return np.asarray(self.matrix.sum(axis=1), dtype=np.float64).ravel()

    def of(self, tokens: Sequence[str]) -> Any:
        """Count another text with the same contexts and words.

        Parameters
        ----------
        tokens : sequence of str
            Such as text held out.

        Returns
        -------
        scipy.sparse.csr_array (contexts, words)
            Rows of contexts that the text does not have are empty, and so are its other contexts' words.

        Examples
        --------
        >>> next_words("a rose is a rose".split()).of("a rose a rose".split()).toarray()
        array([[0, 2, 0],
               [1, 0, 0],
               [0, 0, 0]])
        """
        from scipy.sparse import csr_array

        text, back = _known(tokens, self.words), len(self.contexts[0])
        before = _contexts(text, back)
        pairs = _pairs(before, text[back:], self.contexts, self.words)
        rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
        return csr_array((list(pairs.values()), (rows, columns)), shape=self.matrix.shape, dtype=np.int64)


def next_words(tokens: Sequence[str], order: int = 2, contexts: int = 1000, words: int = 1000) -> Counts:
    """Count which word follows which, for the most frequent contexts and words of a text.

    Parameters
    ----------
    tokens : sequence of str
        The text, one word an entry.
    order : int
        Length of the n-grams: 2 looks one word back.
    contexts : int
        At most so many contexts are kept, the most frequent ones.
    words : int
        Size of the vocabulary; rarer words become one column, ``"<unk>"``, and appear so in contexts.

    Returns
    -------
    Counts

    Raises
    ------
    InputError
        A text shorter than one n-gram.

    Examples
    --------
    >>> counts = next_words("a rose is a rose is a rose".split())
    >>> counts.contexts, counts.words
    ((('a',), ('rose',), ('is',)), ('a', 'rose', 'is'))
    >>> counts.matrix.toarray()
    array([[0, 3, 0],
           [0, 0, 2],
           [2, 0, 0]])
    """
    from scipy.sparse import csr_array

    if isinstance(tokens, str):
        raise TypeError("tokens is one text; wanted a sequence of words, such as text.split()")
    back = count("order", order, least=2) - 1
    if len(tokens) <= back:
        raise InputError(f"tokens has {len(tokens)} words; wanted at least one n-gram of {back + 1}")
    kept = [word for word, _ in Counter(tokens).most_common(count("words", words)) if word != UNKNOWN]
    vocabulary = (*kept, UNKNOWN) if len(kept) < len(set(tokens)) else tuple(kept)
    text = _known(tokens, vocabulary)
    before = _contexts(text, back)
    frequent = tuple(context for context, _ in Counter(before).most_common(count("contexts", contexts)))
    pairs = _pairs(before, text[back:], frequent, vocabulary)
    rows, columns = zip(*pairs, strict=True)
    matrix = csr_array((list(pairs.values()), (rows, columns)), shape=(len(frequent), len(vocabulary)))
    return Counts(matrix, frequent, vocabulary)


@dataclass(frozen=True, eq=False)
class Truth:
    """What heads are fitted to, and what they are judged by.

    Attributes
    ----------
    P : array-like or scipy.sparse (contexts, classes)
        Distributions or counts, as for :func:`rankkit.learn.fit`.
    weights : array-like (contexts,), optional
        How much each context counts.
    held_out : scipy.sparse (contexts, classes), optional
        Counts to judge by, such as those of another part of a text.
    """

    P: Any
    weights: Any = None
    held_out: Any = None

    @classmethod
    def of(cls, given: object) -> Truth:
        """Take a truth, counts of a text (contexts weigh by how often they were seen) or distributions."""
        if isinstance(given, Counts):
            return cls(given.matrix, given.totals)
        return given if isinstance(given, Truth) else cls(given)


def synthetic_truths(
    contexts: int, classes: int, alphas: Sequence[float], truths: int = 3, seed: int = 0
) -> dict[str, list[FloatArray]]:
    """Draw Dirichlet truths for :func:`compare`, some for each concentration."""
    rng = generator(seed)
    drawn = range(count("truths", truths))
    return {f"alpha {alpha:g}": [dirichlet(contexts, classes, alpha, rng) for _ in drawn] for alpha in alphas}


def text_truth(
    name: str = "sotu", order: int = 2, contexts: int = 200, words: int = 300, every: int = 10
) -> Truth:
    """Count next words in a public-domain text, and hold out every so many-th of its documents.

    Parameters
    ----------
    name : str
        Name in ``rankkit.datasets.TEXTS``.
    order, contexts, words : int
        As in :func:`rankkit.learn.next_words`.
    every : int
        One document in so many is held out.

    Raises
    ------
    DatasetMissing
        The text is not on this machine; the message has the lines that fetch it.
    """
    from rankkit.datasets import text

    learned, held_out = text(name).split(every)
    counts = next_words(learned, order, contexts, words)
    return Truth(counts.matrix, counts.totals, counts.of(held_out))


def _known(tokens: Sequence[str], vocabulary: Sequence[str]) -> list[str]:
    known = set(vocabulary)
    return [word if word in known else UNKNOWN for word in tokens]


def _contexts(text: Sequence[str], back: int) -> list[tuple[str, ...]]:
    """The words before every word, from the first that has enough."""
    return list(zip(*(text[i : len(text) - back + i] for i in range(back)), strict=True))


def _pairs(
    before: Sequence[tuple[str, ...]],
    after: Sequence[str],
    contexts: Sequence[tuple[str, ...]],
    vocabulary: Sequence[str],
) -> Counter[tuple[int, int]]:
    """Count row and column of every word whose context has a row."""
    row = {context: i for i, context in enumerate(contexts)}
    column = {word: j for j, word in enumerate(vocabulary)}
    known = zip(before, after, strict=False)
    return Counter((row[c], column[word]) for c, word in known if c in row and word in column)
