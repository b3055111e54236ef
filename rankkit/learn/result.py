"""What a fit found, how good it is, and how far from an optimum it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from os import PathLike
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from rankkit import threads
from rankkit.arrays import FloatArray, matrix, widen
from rankkit.errors import InputError, LoadError
from rankkit.functions import PointwiseFunction, from_spec
from rankkit.heads import Head, log_softmax
from rankkit.heads.formats import npy
from rankkit.learn.heads import Model, make


@dataclass(frozen=True, eq=False, repr=False)
class FitResult:
    """A head fitted to a target, with its contexts.

    Attributes
    ----------
    recipe : mapping
        "head", a name or the spec of a function, and "options": what :func:`rankkit.learn.fit` was asked for.
    arrays : mapping of str to numpy.ndarray
        Everything learned, read-only: ``H``, ``W`` (classes, d), ``b`` (classes,), and the head's own.
    seed : int
        What repeats this fit.
    kl, cross_entropy, entropy : float
        Weighted means over contexts, in nats; kl = cross_entropy - entropy.
    mode_match : float
        Share of contexts whose likeliest class is likeliest under P.
    top_overlap : mapping of int to float
        k -> mean share of the top k classes that P places in its top k.
    history : numpy.ndarray (steps + 1,)
        kl before the first and after every step, the steps of a linear start included; for a head that
        minimises a penalty as well, with that penalty.
    seconds : float
        Wall time of the steps.
    stopped : str
        "gradient" (largest residual below ``tolerance``), "steps" (none left), "flat" (float64 saw no more
        progress) or "asked" (the progress callback said so). Only "gradient" vouches for stationarity.
    tolerance : float
        What stops on the gradient.
    residuals : mapping of str to float
        Largest entry of the gradient of contexts x kl with respect to every array; all are 0 at an optimum.
        For ``H`` and uniform weights that is expectation matching, :math:`W^\\top(q_c - p_c) = 0`, for
        monotone heads with slopes as weights, :math:`W^\\top \\mathrm{diag}(f'(z_c)) (q_c - p_c) = 0`.
    restarts : numpy.ndarray (restarts,)
        kl of every restart, in order; the smallest is the one kept.
    """

    recipe: Mapping[str, Any]
    arrays: Mapping[str, FloatArray]
    seed: int
    kl: float
    cross_entropy: float
    entropy: float
    mode_match: float
    top_overlap: Mapping[int, float]
    history: FloatArray
    seconds: float
    stopped: str
    tolerance: float
    residuals: Mapping[str, float]
    restarts: FloatArray

    def __post_init__(self) -> None:
        for array in (*self.arrays.values(), self.history, self.restarts):
            array.flags.writeable = False
        for name in _MAPPINGS:
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[Any, ...]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return FitResult, tuple(dict(v) if name in _MAPPINGS else v for name, v in values.items())

    def __repr__(self) -> str:
        contexts, classes = self.shape
        return (
            f"FitResult: {self.name}, d = {self.d}, {contexts:,} contexts x {classes:,} classes: "
            f"KL {self.kl:.4g} nats, modes {self.mode_match:.0%}, {self.steps:,} steps, "
            f"stopped: {self.stopped}"
        )

    @property
    def name(self) -> str:
        """How tables call the head."""
        head = self.recipe["head"]
        return head if isinstance(head, str) else from_spec(head).name

    @property
    def model(self) -> Model:
        """The head as the optimiser saw it."""
        head = self.recipe["head"]
        return make(head if isinstance(head, str) else from_spec(head), **self.recipe["options"])

    @property
    def H(self) -> FloatArray:
        """The contexts (contexts, d); for mixtures with free states (K, contexts, d)."""
        return self.arrays["H"]

    @property
    def head(self) -> Head:
        """The output layer: W and b."""
        return Head(self.arrays["W"], self.arrays.get("b"), name=f"fitted {self.name}")

    @property
    def function(self) -> PointwiseFunction | None:
        """The function on the logits H W^T + b, where the head is one softmax of one."""
        return self.model.function(self.arrays)

    @property
    def shape(self) -> tuple[int, int]:
        """(contexts, classes)."""
        return int(self.H.shape[-2]), len(self.arrays["W"])

    @property
    def d(self) -> int:
        """Width of the states."""
        return int(self.arrays["W"].shape[1])

    @property
    def parameters(self) -> int:
        """Number of free numbers, contexts included."""
        return sum(array.size for array in self.arrays.values())

    @property
    def steps(self) -> int:
        """Number of optimisation steps, those of a linear start included."""
        return len(self.history) - 1

    @property
    def seconds_per_step(self) -> float:
        """Mean wall time of a step."""
        return self.seconds / max(1, self.steps)

    def log_probs(self) -> FloatArray:
        """Return the fitted log-probabilities (contexts, classes), float64, in nats."""
        return log_softmax(self.model.scores(self.arrays)[0])

    @cached_property
    def spectrum(self) -> FloatArray:
        """Singular values of the fitted log P, row means removed, descending; read-only."""
        logs = self.log_probs()
        with threads.suited_to(logs.size):
            values = np.linalg.svd(logs - logs.mean(axis=1, keepdims=True), compute_uv=False)
        values.flags.writeable = False
        return values

    def cross_entropy_of(self, counts: Any) -> float:
        """Return the mean of -log q over counted words, in nats, such as those of a text held out.

        Parameters
        ----------
        counts : array-like or scipy.sparse (contexts, classes)
            How often each class followed each context; rows may be empty. exp of the result is perplexity.

        Raises
        ------
        InputError
            Another shape, a negative entry, or no count at all.
        """
        seen = counts.toarray() if hasattr(counts, "toarray") else counts
        seen = widen(matrix("counts", seen))
        if seen.shape != self.shape or (seen < 0).any() or not seen.any():
            raise InputError(f"counts is {seen.shape}; wanted {self.shape}, none negative and not all 0")
        return float(-np.where(seen > 0, seen * self.log_probs(), 0.0).sum() / seen.sum())

    def row(self) -> dict[str, Any]:
        """Return the figures as one row of a table."""
        return {
            "head": self.name,
            "d": self.d,
            "parameters": self.parameters,
            "kl": self.kl,
            "mode_match": self.mode_match,
            "steps": self.steps,
            "seconds_per_step": self.seconds_per_step,
            "stopped": self.stopped,
            "residual": max(self.residuals.values()),
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything to one ``.npz`` file that :meth:`load` reads."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("arrays", *_SERIES)}
        plain |= {name: dict(plain[name]) for name in _MAPPINGS if name in plain}
        series = {name: getattr(self, name) for name in _SERIES}
        learned = {f"learned.{name}": array for name, array in self.arrays.items()}
        with open(path, "wb") as file:
            np.savez(file, allow_pickle=False, fit=json.dumps(plain), **series, **learned)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read what :meth:`save` wrote; nothing in the file is executed.

        Raises
        ------
        LoadError
            No such file, or not one that :meth:`save` wrote.
        """
        try:
            with open(path, "rb") as file:
                stored = {name: member.numbers() for name, member in npy.members(file).items()}
            plain = json.loads(str(stored["fit"]))
            plain["top_overlap"] = {int(k): share for k, share in plain["top_overlap"].items()}
            series: dict[str, Any] = {name: stored[name] for name in _SERIES}
            learned = {n.removeprefix("learned."): stored[n] for n in stored if n.startswith("learned.")}
            found = cls(arrays=learned, **series, **plain)
            found._require_sound()
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as why:
            raise LoadError(f"{path} is not a saved fit: {why}") from why
        return found

    def _require_sound(self) -> None:
        wanted = self.model.shapes(*self.shape, self.d)
        if {name: array.shape for name, array in self.arrays.items()} != wanted:
            raise LoadError(f"its arrays are not those of {self.name}; wanted {wanted}")
        for name, array in self.arrays.items():
            if array.dtype != np.float64 or not np.isfinite(array).all():
                raise LoadError(f"its array {name} holds something else than finite float64 numbers")


_MAPPINGS = ("recipe", "arrays", "top_overlap", "residuals")
_SERIES = ("history", "restarts")
