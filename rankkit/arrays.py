"""The one gate for arrays from outside: shape, dtype, finiteness, identity, and size before allocation."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from rankkit.errors import InputError

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Dtypes whose every value is a float64 value, so that widening is exact.
EXACT_FLOATS = ("bfloat16", "float16", "float32", "float64")

#: Largest integer up to which every integer is a float64 value.
EXACT_INTEGER = 2**53

#: Bytes above which a dense matrix is refused instead of allocated.
DENSE_LIMIT = 4 * 2**30


def matrix(name: str, value: object) -> Array:
    """Take a two-dimensional array of exact finite numbers, or say what is wrong with it.

    Parameters
    ----------
    name : str
        How the caller's argument is called; it opens every error message.
    value : array-like (rows, columns)
        bfloat16, float16, float32 and float64 keep their dtype; integers become float64.

    Returns
    -------
    numpy.ndarray (rows, columns)
        Read-only and C-contiguous; shares memory with ``value`` where that is possible.

    Raises
    ------
    InputError
        Wrong number of axes, an empty axis, NaN or infinity, integers beyond 2**53.
    TypeError
        A dtype that cannot be widened to float64 without rounding, or masked entries.

    Examples
    --------
    >>> matrix("W", [[1, 2], [3, 4]]).dtype
    dtype('float64')
    >>> matrix("W", [1.0, 2.0])
    Traceback (most recent call last):
        ...
    rankkit.errors.InputError: W has 1 axis, shape (2,); wanted 2 axes (rows, columns)
    """
    return _gate(name, value, axes=2, wanted="2 axes (rows, columns)")


def vector(name: str, value: object) -> Array:
    """Take a one-dimensional array under the rules of :func:`matrix`."""
    return _gate(name, value, axes=1, wanted="1 axis")


def parameters(name: str, value: object, positive: bool = False) -> FloatArray:
    """Take a vector of exact finite numbers, positive if that is wanted, as a read-only float64 copy.

    >>> parameters("slopes", [1.0, -0.5], positive=True)
    Traceback (most recent call last):
        ...
    rankkit.errors.InputError: slopes[1] = -0.5; wanted positive numbers
    """
    own = np.array(vector(name, value), dtype=np.float64)
    if positive and (own <= 0).any():
        i = int(np.argmax(own <= 0))
        raise InputError(f"{name}[{i}] = {own[i]:g}; wanted positive numbers")
    own.flags.writeable = False
    return own


def stack(name: str, value: object) -> Array:
    """Take a three-dimensional array, one matrix after another, under the rules of :func:`matrix`."""
    return _gate(name, value, axes=3, wanted="3 axes")


def number(name: str, value: object, positive: bool = False) -> float:
    """Take one finite real number, positive if that is wanted, as a float; one that would round is refused.

    >>> number("bound", 30, positive=True)
    30.0
    >>> number("bound", -1.0, positive=True)
    Traceback (most recent call last):
        ...
    rankkit.errors.InputError: bound is -1.0; wanted a positive float64 number
    """
    wanted = f"a {'positive' if positive else 'finite'} float64 number"
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}; wanted {wanted}")
    try:
        exact = float(value)
    except OverflowError:
        exact = math.inf
    if not math.isfinite(exact) or exact != value or (positive and exact <= 0):
        raise InputError(f"{name} is {value!r}; wanted {wanted}")
    return exact


def count(name: str, value: object, least: int = 1) -> int:
    """Take one integer that is at least ``least``.

    >>> count("components", 0)
    Traceback (most recent call last):
        ...
    rankkit.errors.InputError: components is 0; wanted an integer >= 1
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise TypeError(f"{name} is {value!r}; wanted an integer >= {least}")
    if value < least:
        raise InputError(f"{name} is {value!r}; wanted an integer >= {least}")
    return int(value)


def generator(seed: object) -> np.random.Generator:
    """Return the random generator that ``seed`` names: an integer >= 0, a Generator, or None for a fresh one.

    >>> bool(generator(0).integers(10) == generator(np.random.default_rng(0)).integers(10))
    True
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, np.random.RandomState):
        raise TypeError("seed is a legacy RandomState; pass np.random.default_rng(...) instead")
    return np.random.default_rng(None if seed is None else count("seed", seed, least=0))


def widen(array: Array) -> FloatArray:
    """Return the same numbers as float64, exactly, sharing memory where they already are."""
    return np.ascontiguousarray(array, dtype=np.float64)


def fingerprint(*arrays: Array | None) -> str:
    """Return the sha256 of shapes and numbers: the identity that certificates are pinned to.

    Claims are about real numbers, so the same numbers in another exact dtype have the same fingerprint.

    >>> W = np.eye(2)
    >>> fingerprint(W) == fingerprint(W.astype("float16")), fingerprint(W) == fingerprint(2 * W)
    (True, False)
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(json.dumps(None if array is None else list(array.shape)).encode() + b"\n")
        if array is not None:
            for cut in row_blocks(len(array), row_bytes=8 * array[0].size):
                digest.update((array[cut].astype("<f8") + 0.0).tobytes())  # + 0.0 turns -0.0 into 0.0
    return digest.hexdigest()


def row_blocks(rows: int, row_bytes: int, budget: int = 64 * 2**20) -> Iterator[slice]:
    """Cut ``rows`` into slices whose blocks stay within ``budget`` bytes each.

    >>> [(s.start, s.stop) for s in row_blocks(5, row_bytes=10, budget=20)]
    [(0, 2), (2, 4), (4, 5)]
    """
    step = max(1, budget // max(1, row_bytes))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def require_room(name: str, shape: tuple[int, int], limit: int = DENSE_LIMIT) -> None:
    """Refuse a dense float64 matrix larger than ``limit`` bytes before it is allocated."""
    need = 8 * shape[0] * shape[1]
    if need > limit:
        raise InputError(
            f"{name} would be a dense {shape[0]:,} x {shape[1]:,} matrix of {need / 2**30:.1f} GiB, over the "
            f"limit of {limit / 2**30:.1f} GiB; use .blocks(rows) or fewer contexts"
        )


def _gate(name: str, value: object, axes: int, wanted: str) -> Array:
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; fill or drop the masked entries first")
    if getattr(getattr(value, "device", None), "type", "cpu") not in ("cpu", None):
        raise TypeError(f"{name} lives on another device; pass {name}.cpu() instead")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as why:
        raise InputError(f"{name} cannot be read as an array: {why}") from why
    if array.ndim != axes:
        plural = "axis" if array.ndim == 1 else "axes"
        raise InputError(f"{name} has {array.ndim} {plural}, shape {array.shape}; wanted {wanted}")
    if array.dtype.kind in "iub":
        array = _from_integers(name, array)
    elif array.dtype.name not in EXACT_FLOATS:
        raise TypeError(
            f"{name} has dtype {array.dtype}; wanted one whose values are exact in float64: "
            f"{', '.join(EXACT_FLOATS)} or integers up to 2**53"
        )
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if 0 in array.shape:
        raise InputError(f"{name} has an empty axis, shape {array.shape}; every axis needs an entry")
    _require_finite(name, array)
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _from_integers(name: str, array: Array) -> FloatArray:
    if array.dtype.kind == "b":
        raise TypeError(f"{name} has dtype bool; wanted numbers ({name}.astype(float) if 0 and 1 are meant)")
    if array.size and max(abs(int(array.max())), abs(int(array.min()))) > EXACT_INTEGER:
        raise InputError(f"{name} holds an integer beyond 2**53, which float64 would round; scale it first")
    return array.astype(np.float64)


def _require_finite(name: str, array: Array) -> None:
    bad = ~np.isfinite(array)
    total = int(bad.sum())
    if total:
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        what = "is NaN or infinite" if total == 1 else "are NaN or infinite"
        raise InputError(f"{name} must be finite, but {total} of its entries {what}; the first is at {first}")
