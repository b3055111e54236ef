"""Truths: drawn ones are distributions, counted ones are what counting by hand gives."""

from collections import Counter

import numpy as np
import pytest

import rankkit as rk
from rankkit.learn import dirichlet, fit, next_words

TEXT = "the cat saw the dog and the dog saw the cat and the bird saw the cat".split()  # noqa: SIM905


@pytest.mark.parametrize("alpha", [0.001, 0.1, 1.0, 100.0], ids=str)
def test_dirichlet_rows_are_distributions(alpha):
    P = dirichlet(50, 8, alpha, seed=1)
    assert (P >= 0).all()
    assert P.sum(axis=1) == pytest.approx(np.ones(50))
    assert (dirichlet(50, 8, alpha, seed=1) == P).all()
    assert (dirichlet(50, 8, alpha, seed=2) != P).any()


def test_concentration_decides_the_entropy():
    entropy = [fit(dirichlet(200, 10, alpha, 0), d=1, steps=1).entropy for alpha in (0.01, 0.1, 1.0, 100.0)]
    assert entropy == sorted(entropy)
    assert entropy[-1] == pytest.approx(np.log(10), rel=0.01)


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize(("contexts", "words"), [(100, 100), (4, 3), (1, 1)], ids=str)
def test_counts_are_those_of_a_plain_loop(order, contexts, words):
    counts = next_words(TEXT, order=order, contexts=contexts, words=words)
    text = [word if word in counts.words else "<unk>" for word in TEXT]
    want = Counter(
        (tuple(text[i : i + order - 1]), text[i + order - 1]) for i in range(len(text) - order + 1)
    )
    got = counts.matrix.toarray()
    for i, context in enumerate(counts.contexts):
        for j, word in enumerate(counts.words):
            assert got[i, j] == want[context, word]
    assert len(counts.contexts) == min(contexts, len({context for context, _ in want}))
    assert (np.diff(counts.totals) <= 0).all()
    assert (counts.totals > 0).all()


def test_rare_words_are_one_column():
    counts = next_words(TEXT, words=3)
    assert counts.words == ("the", "cat", "saw", "<unk>")
    assert "<unk>" not in next_words(TEXT).words
    assert next_words(["<unk>", "a", "<unk>", "b"], words=3).words == ("a", "b", "<unk>")


def test_counts_are_fitted_with_their_zeros():
    counts = next_words(TEXT)
    result = fit(counts.matrix, d=2, weights=counts.totals, steps=300)
    P = counts.matrix.toarray() / counts.totals[:, None]
    terms = np.where(P > 0, P * (np.log(np.where(P > 0, P, 1)) - result.log_probs()), 0).sum(axis=1)
    assert result.kl == pytest.approx(terms @ counts.totals / counts.totals.sum(), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: next_words("a rose"), TypeError, "tokens is one text"),
        (lambda: next_words(["a"]), rk.InputError, "tokens has 1 words; wanted at least one n-gram of 2"),
        (lambda: next_words(TEXT, order=1), rk.InputError, "order is 1"),
        (lambda: next_words(TEXT, words=0), rk.InputError, "words is 0"),
        (lambda: dirichlet(0, 3, 1.0), rk.InputError, "contexts is 0"),
        (lambda: dirichlet(3, 3, 0.0), rk.InputError, "alpha is 0"),
    ],
)
def test_bad_inputs_are_named(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
