"""Pointwise functions on logits, one family a file: a new family is a new file in this folder."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from typing import Any

from rankkit.errors import InputError
from rankkit.functions.base import MonotoneFunction, PointwiseFunction, apply
from rankkit.functions.exp import Exp
from rankkit.functions.gss import GSS
from rankkit.functions.identity import Identity
from rankkit.functions.leaky_relu import LeakyReLU
from rankkit.functions.monotone_network import MonotoneNetwork
from rankkit.functions.plif import PLIF
from rankkit.functions.polynomial import Polynomial
from rankkit.functions.rational_quadratic import RationalQuadratic
from rankkit.functions.segments import SegmentReport, coarsen, distance, refine, segment_report
from rankkit.functions.sigmoid import Sigmoid
from rankkit.functions.sigsoftmax import SigSoftmax
from rankkit.functions.silu import SiLU
from rankkit.functions.softcap import SoftCap
from rankkit.functions.softplus import Softplus

__all__ = [
    "GSS",
    "PLIF",
    "Exp",
    "Identity",
    "LeakyReLU",
    "MonotoneFunction",
    "MonotoneNetwork",
    "PointwiseFunction",
    "Polynomial",
    "RationalQuadratic",
    "SegmentReport",
    "SiLU",
    "SigSoftmax",
    "Sigmoid",
    "SoftCap",
    "Softplus",
    "apply",
    "coarsen",
    "distance",
    "families",
    "from_spec",
    "refine",
    "segment_report",
]


def families() -> tuple[type[PointwiseFunction], ...]:
    """Return every family that a file in this folder defines, by name.

    >>> [family.__name__ for family in families()][:3]
    ['Exp', 'GSS', 'Identity']
    """
    files = [importlib.import_module(f.name) for f in pkgutil.iter_modules(__path__, prefix=f"{__name__}.")]
    classes = {value for file in files for value in vars(file).values() if inspect.isclass(value)}
    found = [c for c in classes if issubclass(c, PointwiseFunction) and not inspect.isabstract(c)]
    return tuple(sorted(found, key=lambda family: family.__name__))


def from_spec(spec: Mapping[str, Any]) -> PointwiseFunction:
    """Return the function that :meth:`PointwiseFunction.spec` described.

    Raises
    ------
    InputError
        No such family here, or parameters that it does not take.

    Examples
    --------
    >>> from_spec(GSS(-1.5, 2.5).spec())
    GSS(c=-1.5, k=2.5)
    """
    if set(spec) != {"family", "parameters"}:
        raise InputError(f"spec has the keys {sorted(spec)}; wanted family and parameters")
    known = {family.__name__: family for family in families()}
    if spec["family"] not in known:
        raise InputError(f"spec names the family {spec['family']!r}; known are {', '.join(known)}")
    family = known[spec["family"]]
    parameters = {name: _number(value) for name, value in spec["parameters"].items()}
    try:
        inspect.signature(family).bind(**parameters)
    except TypeError as why:
        raise InputError(f"{family.__name__} does not take these parameters: {why}") from why
    return family(**parameters)


def _number(value: Any) -> Any:
    """Undo what a spec did to numbers: floats are hexadecimal, exponents are keys."""
    if isinstance(value, str) and value.lstrip("-").startswith("0x"):
        return float.fromhex(value)
    if isinstance(value, Mapping):
        return {int(k): _number(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_number(v) for v in value]
    return value
