"""``rankkit selftest``: does this installation prove what it says, and refuse what it should?"""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import typer

from rankkit.cli import heads, output

DISTRIBUTION = "softmax-rankkit"
_PACKAGES = ("numpy", "scipy", "python-flint", "matplotlib", "onnxruntime")


class Failed(Exception):
    """A check did not come out as it must; the message says how."""


def selftest(as_json: heads.Json = False) -> None:
    """Check this installation: versions, linear algebra, that proofs hold and forgeries are refused."""
    rows = []
    for name, check in CHECKS.items():
        start = time.perf_counter()
        try:
            ok, detail = True, check()
        except Failed as failure:
            ok, detail = False, str(failure)
        rows.append(
            {"check": name, "ok": ok, "detail": detail, "seconds": round(time.perf_counter() - start, 3)}
        )
    if as_json:
        output.print_json(rows)
    else:
        output.console().print(
            output.table(
                ("", "check", "detail"),
                [("ok" if r["ok"] else "FAILED", r["check"], r["detail"]) for r in rows],
            )
        )
    if not all(r["ok"] for r in rows):
        raise typer.Exit(1)


def versions() -> str:
    """Which versions are installed."""
    import rankkit

    found = [f"rankkit {rankkit.__version__}", f"Python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} absent")
    return ", ".join(found)


def import_name() -> str:
    """Whether another distribution has put files into the same import name."""
    owners = sorted(set(importlib.metadata.packages_distributions().get("rankkit", [])))
    if [owner for owner in owners if owner != DISTRIBUTION]:
        raise Failed(
            f"the import name rankkit belongs to {' and '.join(owners)}; "
            f"uninstall all of them, then install {DISTRIBUTION}"
        )
    return f"rankkit belongs to {DISTRIBUTION}" if owners else "rankkit runs from its source folder"


def linear_algebra() -> str:
    """Whether float64 products and singular values are what they must be."""
    A = np.random.default_rng(0).integers(-1000, 1000, (200, 150))
    if not np.array_equal(A.astype(float) @ A.T.astype(float), A @ A.T):
        raise Failed("a float64 product of small integers is not exact; the BLAS library is broken")
    s = np.linalg.svd(A.astype(float), compute_uv=False)
    error = abs(float((s**2).sum()) / float((A**2).sum()) - 1)
    if error > 1e-12:
        raise Failed(
            f"squared singular values miss the squared norm by {error:.1e}; the LAPACK library is broken"
        )
    return f"products exact, singular values to {error:.0e}"


def flint() -> str:
    """Whether exact arithmetic of python-flint works."""
    from flint import fmpq, fmpq_mat

    hilbert = fmpq_mat(12, 12, [fmpq(1, i + j + 1) for i in range(12) for j in range(12)])
    if hilbert * hilbert.inv() != fmpq_mat(12, 12, [int(i == j) for i in range(12) for j in range(12)]):
        raise Failed("python-flint does not invert the Hilbert matrix of size 12")
    return "python-flint inverts a Hilbert matrix exactly"


def certificates() -> str:
    """Whether the certificates of all answers are found and pass the independent checker."""
    import rankkit as rk

    kinds = []
    for certificate, subject in examples():
        answer = rk.check(certificate, subject)
        if not answer:
            raise Failed(f"{type(certificate).__name__} of a built-in example is refused: {answer}")
        kinds.append(type(certificate).__name__)
    if set(kinds) != {"Witness", "Combination", "Minor", "Monomials", "Ceiling"}:
        raise Failed(f"the examples gave only {', '.join(kinds)}")
    return f"{', '.join(kinds)} found and checked"


def forgeries() -> str:
    """Whether the checker refuses certificates that were tampered with."""
    import rankkit as rk
    from rankkit.errors import InputError

    refused = 0
    for certificate, subject in examples():
        for forgery, change in mutations(certificate):
            try:
                if rk.check(change(), subject):
                    raise Failed(f"a {type(certificate).__name__} with {forgery} was accepted")
            except (InputError, TypeError):
                pass  # refused before it was even made
            refused += 1
    return f"{refused} of {refused} refused"


def examples() -> Iterator[tuple[Any, Any]]:
    """Yield a certificate of each kind, with the head or logits it speaks about."""
    import rankkit as rk

    triangle = rk.Head(np.array([[0, 3], [3, -3], [-3, -3], [0, -1]]), name="triangle with an inner point")
    verdicts = rk.argmaxable(triangle)
    yield verdicts.certificate(0), triangle
    yield verdicts.certificate(3), triangle
    rng = np.random.default_rng(0)
    head = rk.Head(rng.integers(-9, 10, (14, 2)).astype(float), name="drawn")
    logits = head.logits(rng.integers(-9, 10, (12, 2)) / 8)
    cubic = rk.rank_bounds(logits, rk.functions.Polynomial({1: 1.0, 3: 0.5}), subject="scores")
    yield cubic.lower_proof.certificate, logits
    yield cubic.upper_proof.certificate, logits
    thin = rng.integers(-9, 10, (9, 2)) @ rng.integers(-9, 10, (2, 7))
    yield rk.rank_bounds(thin.astype(float)).upper_proof.certificate, rk.Head(thin.astype(float))


def mutations(certificate: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield ways to make a certificate false, each with its name."""
    yield "another head's fingerprint", lambda: replace(certificate, head="0" * 64)
    kind = type(certificate).__name__
    if kind == "Witness":
        yield "a negated state", lambda: replace(certificate, x=-certificate.x)
        yield "a state that is zero", lambda: replace(certificate, x=0 * certificate.x)
        yield "another class", lambda: replace(certificate, cls=certificate.cls + 1)
        yield "a class that does not exist", lambda: replace(certificate, cls=10**6)
    elif kind == "Combination":
        weights = tuple(
            Fraction(w) if isinstance(w, Fraction) else Fraction(float(w)) for w in certificate.weights
        )
        # Weights next to the right ones prove the same claim; these belong to another point.
        elsewhere = (Fraction(98, 100), *(Fraction(2, 100 * (len(weights) - 1)) for _ in weights[1:]))
        yield "negated weights", lambda: replace(certificate, weights=tuple(-w for w in weights))
        yield "weights of another point", lambda: replace(certificate, weights=elsewhere)
        yield (
            "itself among the rows",
            lambda: replace(certificate, rows=(certificate.cls, *certificate.rows[1:])),
        )
        yield "another class", lambda: replace(certificate, cls=certificate.rows[0])
    elif kind == "Ceiling":
        shown = certificate.detail["factors"]["table"]
        more = {"factors": {"table": {**shown, "scale": shown["scale"] + 1}}}
        yield "a smaller rank", lambda: replace(certificate, rank=certificate.rank - 1)
        yield "other factors", lambda: replace(certificate, detail=more)
        yield "no factors", lambda: replace(certificate, detail={})
        yield "another rule", lambda: replace(certificate, rule="cells")
    elif kind == "Minor":
        yield (
            "a repeated row",
            lambda: replace(certificate, rows=(certificate.rows[1], *certificate.rows[1:])),
        )
        yield (
            "a repeated column",
            lambda: replace(certificate, cols=(certificate.cols[1], *certificate.cols[1:])),
        )
        yield "contexts that are zero", lambda: replace(certificate, contexts=0 * certificate.contexts)
    else:
        yield "a smaller rank", lambda: replace(certificate, rank=certificate.rank - 1)
        yield "a narrower head", lambda: replace(certificate, d=certificate.d - 1)


CHECKS: dict[str, Callable[[], str]] = {
    "versions": versions,
    "import name": import_name,
    "linear algebra": linear_algebra,
    "exact arithmetic": flint,
    "certificates": certificates,
    "forgeries": forgeries,
}
