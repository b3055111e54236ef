"""ONNX graphs: initialisers and Constant nodes, with external data where it stays in the model's folder."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from rankkit.arrays import Array
from rankkit.errors import LoadError
from rankkit.heads.formats.stored import Stored, bfloat16, byte_count, packed, size, take_at

#: What protobuf allows one message, and so an ONNX file without its external data.
SIZE_LIMIT = 2**31

#: ONNX's numbers for the types whose values are float64 values.
_EXACT = {1: "<f4", 10: "<f2", 11: "<f8", 16: "bfloat16"}


def tensors(file: IO[bytes], folder: Path | None = None) -> dict[str, Stored]:
    """Return the constant tensors of a graph by name; ``folder`` is where external data may lie."""
    graph = parse(file).graph
    out: dict[str, Stored] = {}
    for name, tensor in _constants(graph):
        if name in out:
            raise LoadError(f"its graph holds the tensor {name!r} twice")
        out[name] = _stored(name, tensor, folder)
    if not out:
        raise LoadError("it holds no ONNX graph with constant tensors")
    return out


def parse(file: IO[bytes]) -> Any:
    """Return the file as an ``onnx.ModelProto``."""
    try:
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    except ImportError:
        raise LoadError('reading it needs the onnx extra: pip install "softmax-rankkit[onnx]"') from None
    if size(file) >= SIZE_LIMIT:
        raise LoadError("it is larger than the 2 GiB that an ONNX file can be")
    file.seek(0)
    try:
        return onnx.ModelProto.FromString(file.read())
    except DecodeError:
        raise LoadError("it is not a sound ONNX file; it is damaged or was cut short") from None


def _constants(graph: Any) -> Iterator[tuple[str, Any]]:
    for tensor in graph.initializer:
        yield tensor.name, tensor
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            for attribute in node.attribute:
                if attribute.name == "value" and attribute.HasField("t"):
                    yield node.output[0], attribute.t


def _stored(name: str, tensor: Any, folder: Path | None) -> Stored:
    import onnx

    shape = tuple(tensor.dims)
    known = tensor.data_type in onnx.TensorProto.DataType.values()
    word = onnx.TensorProto.DataType.Name(tensor.data_type) if known else f"type {tensor.data_type}"
    if any(n < 0 for n in shape):
        raise LoadError(f"tensor {name!r} has a negative axis, shape {shape}")
    if tensor.data_type not in _EXACT:
        return Stored(name, shape, word, packed(word))
    external = tensor.data_location == onnx.TensorProto.EXTERNAL
    return Stored(name, shape, word, partial(_read_external if external else _read, tensor, shape, folder))


def _dtype(tensor: Any) -> Any:
    word = _EXACT[tensor.data_type]
    return bfloat16() if word == "bfloat16" else np.dtype(word)


def _read(tensor: Any, shape: tuple[int, ...], _: Path | None) -> Array:
    from onnx import numpy_helper

    if tensor.HasField("raw_data"):
        held, need = len(tensor.raw_data), byte_count(shape, _dtype(tensor))
    else:
        held, need = len(tensor.float_data or tensor.double_data or tensor.int32_data), math.prod(shape)
    if held != need:
        raise LoadError(f"tensor {tensor.name!r} of shape {shape} needs {need:,} units but holds {held:,}")
    try:
        return np.array(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, OverflowError) as error:
        raise LoadError(f"tensor {tensor.name!r} cannot be read ({error})") from None


def _read_external(tensor: Any, shape: tuple[int, ...], folder: Path | None) -> Array:
    entry = {item.key: item.value for item in tensor.external_data}
    if folder is None or not entry.get("location"):
        raise LoadError(f"tensor {tensor.name!r} lies in another file, which is not given")
    path = (folder / entry["location"]).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise LoadError(f"tensor {tensor.name!r} points to {entry['location']!r}, outside the model's folder")
    try:
        offset, need = int(entry.get("offset", "0")), byte_count(shape, _dtype(tensor))
        with path.open("rb") as file:
            if offset < 0 or offset + need > size(file):
                raise LoadError(f"tensor {tensor.name!r} reaches beyond the end of {path.name}")
            return take_at(file, offset, shape, _dtype(tensor))
    except LoadError:
        raise
    except (OSError, ValueError) as error:
        raise LoadError(f"tensor {tensor.name!r}: {path.name} cannot be read ({error})") from None
