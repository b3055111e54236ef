"""Read certificates and weights; nothing in a file is executed, and sizes are bounded before use."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from .exact import Floats

#: What reading a file that is no file of certificates or weights can raise.
UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    zipfile.BadZipFile,
)
ROWS = 1024  # that are copied at once
LARGEST = 2**31  # bytes of a certificate file
MOST_DIGITS = 50_000  # hexadecimal digits of one exact weight


def fingerprint(*arrays: Floats | None) -> str:
    """Return the sha256 of shapes and float64 numbers, the identity of a head (W, b)."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(json.dumps(None if array is None else list(array.shape)).encode() + b"\n")
        if array is not None:
            for at in range(0, len(array), ROWS):
                digest.update((np.asarray(array[at : at + ROWS], dtype="<f8") + 0.0).tobytes())
    return digest.hexdigest()


def decode(field: Mapping[str, Any]) -> Floats:
    """Read an array: little-endian float64 numbers in base64, and their shape."""
    data = np.frombuffer(base64.b64decode(field["float64"], validate=True), dtype="<f8")
    return data.reshape([int(n) for n in field["shape"]]).astype(np.float64)


def weight(text: Any) -> Fraction:
    """Read one weight: a float in hexadecimal, or a fraction of two hexadecimal integers.

    >>> weight("0x1.8p-1"), weight("1/3"), weight("-a/10")
    (Fraction(3, 4), Fraction(1, 3), Fraction(-5, 8))
    """
    if not isinstance(text, str) or len(text) > MOST_DIGITS:
        raise ValueError("a weight is not a string of reasonable length")
    if "/" in text:
        numerator, denominator = text.split("/")
        return Fraction(int(numerator, 16), int(denominator, 16))
    return Fraction(float.fromhex(text))


def weights(field: Any) -> list[Fraction]:
    """Read the weights of a combination: an array of float64, or one text each."""
    return (
        [Fraction(w) for w in field.tolist()] if isinstance(field, np.ndarray) else list(map(weight, field))
    )


def float_weights(field: Any) -> Floats | None:
    """Read the same as float64 numbers; None where some are fractions."""
    if isinstance(field, np.ndarray):
        return field if field.dtype == np.float64 and field.ndim == 1 else None
    if any("/" in text for text in field):
        return None
    return np.array([float(weight(text)) for text in field])


def read_weights(path: Path) -> tuple[Floats, Floats | None]:
    """Read W and, where the file has one, b from .npz (arrays W and b) or .npy (W alone)."""
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return _exact(loaded), None
    with loaded:
        return _exact(loaded["W"]), _exact(loaded["b"]) if "b" in loaded else None


def unfit(W: Any, b: Any) -> str | None:
    """Say why W and b are not the finite numbers of a head, or None."""
    if W.dtype != np.float64 or W.ndim != 2 or not W.size or not np.isfinite(W).all():
        return f"W is {W.dtype} of shape {W.shape}; wanted a finite float64 matrix (classes, d)"
    if b is not None and (b.dtype != np.float64 or b.shape != (len(W),) or not np.isfinite(b).all()):
        return f"b is {b.dtype} of shape {b.shape}; wanted {len(W)} finite float64 numbers"
    return None


def read_certificates(path: Path) -> list[dict[str, Any]]:
    """Read one certificate or a list of them from .json, or a whole report's from .npz."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} is larger than {LARGEST >> 30} GiB")
    if path.suffix == ".json":
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constants)
        return found if isinstance(found, list) else [found]
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > LARGEST:
        raise ValueError(f"{path} unpacks to {size >> 30} GiB")
    with np.load(path, allow_pickle=False) as bundle:
        return list(_unpack({name: bundle[name] for name in bundle.files}))


def _exact(array: Any) -> Floats:
    """Return numbers in float64, if that changes none of them."""
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise ValueError(f"the weights are {array.dtype}; wanted integers, float16, float32 or float64")
    if array.dtype.kind != "f" and array.size and max(int(array.max()), -int(array.min())) > 2**53:
        raise ValueError("the weights are integers beyond 2**53, which float64 may not hold")
    return np.asarray(array, np.float64)


def _unpack(bundle: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the certificates of a bundle: witnesses as rows of X, combinations one after the other."""
    head = str(bundle["head"])
    domain = json.loads(str(bundle["domain"]), parse_constant=_no_constants) if "domain" in bundle else {}
    ties = json.loads(str(bundle["ties"]), parse_constant=_no_constants)
    for cls, x in zip(bundle["witness_class"], bundle["witness_x"], strict=True):
        yield {
            "kind": "witness",
            "head": head,
            "class": int(cls),
            "x": x.astype(np.float64),
            "ties": ties.get(str(cls), []),
            **domain,
        }
    starts = bundle["combination_start"]
    for cls, start, stop in zip(bundle["combination_class"], starts[:-1], starts[1:], strict=True):
        yield {
            "kind": "combination",
            "head": head,
            "class": int(cls),
            "rows": bundle["combination_row"][start:stop].tolist(),
            "weights": bundle["combination_weight"][start:stop].astype(np.float64),
            **domain,
        }
    yield from json.loads(str(bundle["others"]), parse_constant=_no_constants)


def _no_constants(text: str) -> Any:
    raise ValueError(f"{text} is not a number that a certificate may hold")
