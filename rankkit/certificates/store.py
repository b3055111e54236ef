"""Certificates in files, and the door to the checker for those who have rankkit at hand."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rankkit import arrays, threads
from rankkit.certificates import checker
from rankkit.certificates.checker import Refusal, files
from rankkit.certificates.kinds import KINDS, Certificate, Combination, Witness, restriction
from rankkit.certificates.rank_kinds import Ceiling
from rankkit.domains import Free
from rankkit.errors import InputError, LoadError
from rankkit.heads import Head, LowRankLogits


def check(
    certificate: Certificate | Mapping[str, Any], subject: Head | LowRankLogits
) -> Literal[True] | Refusal:
    """Decide whether a certificate proves its claim about a head, in exact arithmetic.

    Parameters
    ----------
    certificate : Witness, Combination, Minor, GenericMinor, Monomials, Ceiling, or their JSON form
        The claim and its proof.
    subject : Head or LowRankLogits
        What the claim is about. With logits, the contexts that a minor holds must be rows of theirs.

    Returns
    -------
    True or Refusal
        A refusal is false, and a string that says why.

    Examples
    --------
    >>> head = Head([[1, 0], [0, 1], [0.5, 0.5]])
    >>> check(Witness(head.fingerprint, 0, np.array([1.0, 0.0])), head)
    True
    >>> check(Combination(head.fingerprint, 2, (0, 1), np.array([0.5, 0.5])), head)
    True
    >>> check(Combination(head.fingerprint, 2, (0, 1), np.array([0.25, 0.75])), head)
    'the weights for class 2 do not reproduce its row exactly'
    """
    if not isinstance(subject, Head | LowRankLogits):
        raise InputError(f"subject must be a Head or LowRankLogits; got {type(subject).__name__}")
    head = subject if isinstance(subject, Head) else subject.head
    result = check_all([certificate], head)[0]
    if result is True and isinstance(subject, LowRankLogits):
        return _belongs(_json(certificate), subject)
    return result


def check_all(
    certificates: Iterable[Certificate | Mapping[str, Any]], head: Head
) -> list[Literal[True] | Refusal]:
    """Decide many certificates for one head, as :func:`check` does one."""
    b = None if head.b is None else arrays.widen(head.b)
    with threads.workers(head.W.size) as crew, crew.resting():
        return checker.check([_json(c) for c in certificates], arrays.widen(head.W), b, crew.side_by_side)


def save(path: str | Path, certificates: Sequence[Certificate]) -> None:
    """Write certificates of one head to ``path``: .npz (compact) or .json (to read)."""
    path = target(path)
    if path.suffix == ".json":
        content = json.dumps([c.to_json() for c in certificates], allow_nan=False).encode()
    else:
        content = pack(certificates)
    path.write_bytes(content)


def target(path: str | Path) -> Path:
    """Return where certificates go, after checking that they can: worth asking before a long search."""
    path = Path(path)
    if path.suffix not in (".json", ".npz"):
        raise LoadError(f"{path} has suffix {path.suffix!r}; certificates are written as .npz or .json")
    if path.is_dir():
        raise LoadError(f"{path} is a folder; wanted a file in it, such as certificates.npz")
    if not path.parent.is_dir():
        raise LoadError(f"{path} cannot be written: {path.parent} is not a folder; make it first")
    return path


def load(path: str | Path) -> list[Certificate]:
    """Read the certificates in a file that :func:`save` wrote."""
    try:
        return [KINDS[c["kind"]].from_json(c) for c in read(path)]
    except files.UNREADABLE as error:
        raise LoadError(f"{path} is not a file of certificates: {error}") from error


def read(path: str | Path) -> list[Mapping[str, Any]]:
    """Read the same as they stand in the file, whatever they claim: all that :func:`check_all` needs."""
    try:
        return list(files.read_certificates(Path(path)))
    except OSError as error:
        raise LoadError(f"{path} cannot be read: {error.strerror or error}") from error
    except files.UNREADABLE as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise LoadError(f"{path} is not a file of certificates: {reason}") from error


def pack(certificates: Sequence[Certificate]) -> bytes:
    """Return certificates of one head as the bytes of a compressed .npz.

    Witnesses are the rows of one array, in float32 where that loses nothing; combinations with float64
    weights lie end to end; all others are JSON, and so are claims about another domain than the first one's.

    Raises
    ------
    InputError
        The certificates are of several heads.
    """
    heads = {c.head for c in certificates}
    if len(heads) > 1:
        raise InputError(f"certificates are of {len(heads)} heads; wanted those of one head in a file")
    domain = next((c.domain for c in certificates if isinstance(c, Witness | Combination)), Free())
    plain = [c for c in certificates if isinstance(c, Witness | Combination) and c.domain == domain]
    witnesses = [c for c in plain if isinstance(c, Witness) and c.x.ndim == 1]
    combinations = [c for c in plain if isinstance(c, Combination) and isinstance(c.weights, np.ndarray)]
    packed = {id(c) for c in (*witnesses, *combinations)}
    X = np.array([c.x for c in witnesses]) if witnesses else np.zeros((0, 1))
    with np.errstate(over="ignore", under="ignore"):
        narrow = X.astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        head=np.array(min(heads, default="")),
        domain=np.array(json.dumps(restriction(domain))),
        ties=np.array(json.dumps({str(c.cls): list(c.ties) for c in witnesses if c.ties})),
        witness_class=np.array([c.cls for c in witnesses], dtype=np.int64),
        witness_x=narrow if (narrow == X).all() else X,
        combination_class=np.array([c.cls for c in combinations], dtype=np.int64),
        combination_start=np.cumsum([0, *(len(c.rows) for c in combinations)]),
        combination_row=np.array([j for c in combinations for j in c.rows], dtype=np.int64),
        combination_weight=np.array([w for c in combinations for w in c.weights], dtype=np.float64),
        others=np.array(
            json.dumps([c.to_json() for c in certificates if id(c) not in packed], allow_nan=False)
        ),
    )
    return buffer.getvalue()


def _json(certificate: Certificate | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(certificate, Witness | Combination | Ceiling):
        return certificate.fields()
    return certificate.to_json() if isinstance(certificate, Certificate) else certificate


def _belongs(certificate: Mapping[str, Any], logits: LowRankLogits) -> Literal[True] | Refusal:
    contexts = certificate.get("contexts")
    if contexts is not None:
        given = contexts if isinstance(contexts, np.ndarray) else files.decode(contexts)
        rows = certificate.get("rows", range(len(given)))  # a ceiling is about all of them
        inside = all(r < len(logits.H) for r in rows)
        if not inside or not np.array_equal(arrays.widen(logits.H[list(rows)]), given):
            return Refusal("the certificate is for other contexts")
    if certificate["kind"] in ("monomials", "ceiling") and tuple(certificate["shape"]) != logits.shape:
        return Refusal("the certificate is for another number of contexts")
    return True
