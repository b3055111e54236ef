"""A stand-alone checker: the standard library and numpy, and nothing of rankkit.

Copy this folder anywhere and run ``python -m checker CERTIFICATES WEIGHTS``. It decides claims about the
exact real numbers in the weights by exact arithmetic; a solver, a tolerance or a time limit plays no part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from . import ceilings, classes, directions, domains, files, generic, rank, simplex
from .exact import Floats
from .scores import Each

FIELDS = {
    "witness": {"class", "x", "ties"},
    "directions": {"classes", "exponents", "centre", "through"},
    "combination": {"class", "rows", "weights"},
    "minor": {"subject", "rows", "cols", "function", "contexts", "bits"},
    "generic_minor": {"subject", "rows", "cols", "function", "contexts"},
    "monomials": {"subject", "function", "shape", "d", "bias", "rank"},
    "ceiling": {"subject", "rule", "rank", "shape", "function", "contexts", "detail"},
}


#: Kinds that may be restricted to a domain; without that field they are about every state.
RESTRICTED = {"witness", "combination"}

#: What reading a certificate that is none can raise.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)


class Refusal(str):
    """Why a certificate does not prove its claim. It is false, so ``if check(...)`` means what it says."""

    def __bool__(self) -> Literal[False]:
        return False


def check(
    certificates: Sequence[Mapping[str, Any]], W: Floats, b: Floats | None = None, each: Each = map
) -> list[Literal[True] | Refusal]:
    """Decide each certificate for the head (W, b): True, or a reason why it proves nothing.

    ``each`` applies a function to blocks of classes: ``map``, or that of an executor with threads.
    """
    if wrong := files.unfit(W, b):
        return [Refusal(wrong)] * len(certificates)
    identity = files.fingerprint(W, b)
    reasons: list[str | None] = []
    # Witnesses are cheaper together, and so are classes within one simplex.
    batch: list[tuple[int, int, Floats, list[int]]] = []
    simplices: dict[tuple[int, ...], list[tuple[int, int, Floats]]] = {}
    for place, certificate in enumerate(certificates):
        try:
            reason = _form(certificate, identity)
            if reason is None and certificate["kind"] == "witness":
                cls, x, ties = _witness(certificate, W)
                bounds = _bounds(certificate, W)
                reason = None if bounds is None else domains.outside(np.atleast_2d(x), bounds)
                if reason is None and x.ndim == 2:
                    reason = classes.long_witness(W, b, cls, x, ties)
                elif reason is None:
                    batch.append((place, cls, x, ties))
            elif reason is None and (inside := _inside(certificate, W)):
                cls, rows, weights = inside
                simplices.setdefault(rows, []).append((place, cls, weights))
            elif reason is None:
                reason = _decide(certificate, W, b, each)
        except MALFORMED as error:
            reason = _malformed(error)
        reasons.append(reason)
    if simplices:
        members = [member for several in simplices.values() for member in several]
        of = np.repeat(np.arange(len(simplices)), [len(several) for several in simplices.values()])
        places, inside, guesses = zip(*members, strict=True)
        corners = np.array([*simplices])
        shown = simplex.enclosed(W, b, corners, of, np.array(inside), np.array(guesses), each)
        for place, found in zip(places, shown.tolist(), strict=True):
            try:
                reasons[place] = None if found else _decide(certificates[place], W, b, each)
            except MALFORMED as error:
                reasons[place] = _malformed(error)
    if batch:
        places, won, X, ties_of = zip(*batch, strict=True)
        decided = classes.witnesses(W, b, won, np.array(X), ties_of, each)
        for place, reason in zip(places, decided, strict=True):
            reasons[place] = reason
    return [True if reason is None else Refusal(reason) for reason in reasons]


def _malformed(error: Exception) -> str:
    return f"malformed certificate: {type(error).__name__}: {error}"


def _form(certificate: Mapping[str, Any], identity: str) -> str | None:
    if not isinstance(certificate, Mapping):
        return "a certificate is a table of fields"
    kind = certificate.get("kind")
    if not isinstance(kind, str) or kind not in FIELDS:
        return f"unknown kind of certificate {kind!r}; known are {', '.join(FIELDS)}"
    odd = set(certificate) ^ (FIELDS[kind] | {"kind", "head"})
    if kind in RESTRICTED:
        odd -= {"domain"}
    if odd:
        return f"a {kind} has missing or unexpected fields: {', '.join(sorted(odd))}"
    if certificate["head"] != identity:
        return "the certificate is for other weights, or for these with another bias: its fingerprint differs"
    return None


def _witness(c: Mapping[str, Any], W: Floats) -> tuple[int, Floats, list[int]]:
    x = c["x"] if isinstance(c["x"], np.ndarray) else files.decode(c["x"])
    if x.ndim not in (1, 2) or x.shape[-1] != W.shape[1] or not x.size or not np.isfinite(x).all():
        raise ValueError(
            f"the state has shape {x.shape} or is not finite; wanted {W.shape[1:]} or terms of it"
        )
    return _indices([c["class"]], len(W))[0], x, _indices(c["ties"], len(W))


def _bounds(c: Mapping[str, Any], W: Floats) -> domains.Bounds | None:
    return domains.read(c["domain"], W.shape[1]) if "domain" in c else None


def _inside(c: Mapping[str, Any], W: Floats) -> tuple[int, tuple[int, ...], Floats] | None:
    """Read a class, d + 1 others around it and float64 weights, where a certificate consists of these."""
    if c["kind"] != "combination" or "domain" in c or len(c["rows"]) != W.shape[1] + 1:
        return None
    weights = files.float_weights(c["weights"])
    if weights is None or len(weights) != len(c["rows"]) or not np.isfinite(weights).all():
        return None
    cls, rows = _indices([c["class"]], len(W))[0], _indices(c["rows"], len(W))
    return None if cls in rows else (cls, tuple(rows), weights)


def _decide(c: Mapping[str, Any], W: Floats, b: Floats | None, each: Each) -> str | None:
    if c["kind"] == "combination":
        cls, rows = _indices([c["class"]], len(W))[0], _indices(c["rows"], len(W))
        weights = files.weights(c["weights"])
        if len(weights) != len(rows):
            return f"{len(rows)} rows but {len(weights)} weights"
        return classes.combination(W, b, cls, rows, weights, _bounds(c, W))
    if c["kind"] == "directions":
        return _directions(c, W, b, each)
    if c["kind"] in ("minor", "generic_minor"):
        cols = _indices(c["cols"], W.shape[1] if c["subject"] == "matrix" else len(W))
        H = None if c["contexts"] is None else files.decode(c["contexts"])
        if H is not None and (H.shape != (len(c["rows"]), W.shape[1]) or not np.isfinite(H).all()):
            return (
                f"the contexts have shape {H.shape} or are not finite; wanted {(len(c['rows']), W.shape[1])}"
            )
        rows = _indices(c["rows"], len(W) if H is None else None)
        if c["kind"] == "minor":
            bits = _indices([c["bits"]], None)[0]
            return rank.minor(W, b, c["subject"], rows, cols, c["function"], H, bits)
        if H is None:
            return "a generic minor needs its contexts"
        return generic.generic_minor(W, b, c["subject"], rows, cols, c["function"], H)
    if c["kind"] == "ceiling":
        contexts, classes_ = c["shape"]
        if classes_ != (W.shape[1] if c["subject"] == "matrix" else len(W)):
            return "the shape is not that of the head"
        H = c["contexts"]
        if H is not None:
            H = H if isinstance(H, np.ndarray) else files.decode(H)
            if H.dtype != np.float64 or not np.isfinite(H).all():
                return f"the contexts are {H.dtype} or not finite; wanted float64"
        return ceilings.ceiling(
            W, b, c["subject"], c["rule"], c["rank"], contexts, c["function"], H, c["detail"]
        )
    if c["d"] != W.shape[1] or c["bias"] != (b is not None) or c["shape"][1] != len(W):
        return "the shape, width or bias is not that of the head"
    return rank.monomials(c["subject"], c["function"], c["shape"], c["d"], c["bias"], c["rank"])


def _directions(c: Mapping[str, Any], W: Floats, b: Floats | None, each: Each) -> str | None:
    several, exponents = _indices(c["classes"], len(W)), list(c["exponents"])
    centre, through = files.decode(c["centre"]), files.decode(c["through"])
    d = W.shape[1]
    if not several or len(set(several)) < len(several) or len(exponents) != len(several):
        return "no class, a class twice, or another number of exponents"
    if {type(e) for e in exponents} != {int} or max(map(abs, exponents)) > 4000:
        return "an exponent is no integer from -4000 to 4000"
    if centre.shape != (d,) or through.shape != (d, d) or not np.isfinite(centre).all():
        return f"the centre and the map are {centre.shape} and {through.shape}; wanted {(d,)} and {(d, d)}"
    reasons = directions.own_directions(W, b, several, exponents, centre, through, each)
    return next((reason for reason in reasons if reason is not None), None)


def _indices(values: Sequence[Any], size: int | None) -> list[int]:
    for v in values:
        if type(v) is not int or v < 0 or (size is not None and v >= size):
            raise ValueError(f"index {v!r} is not an integer from 0 to {'...' if size is None else size - 1}")
    return list(values)
