"""A head out of a weight file, and back into one; nothing in the file is run."""

from __future__ import annotations

import difflib
import os
import stat
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from rankkit.arrays import Array
from rankkit.errors import InputError, LoadError
from rankkit.heads.choosing import choose_bias, choose_weight
from rankkit.heads.formats import gguf, npy, onnx, safetensors
from rankkit.heads.formats.shards import INDEX, Shards
from rankkit.heads.formats.stored import Stored
from rankkit.heads.head import Head

_READERS = {
    ".safetensors": safetensors.tensors,
    ".npy": npy.tensors,
    ".npz": npy.members,
    ".onnx": onnx.tensors,
    ".gguf": gguf.tensors,
}
_PICKLES = (".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt")


def load_head(
    path: str | os.PathLike[str],
    weight: str | None = None,
    bias: str | Literal[False] | None = None,
    transpose: bool = False,
    name: str | None = None,
) -> Head:
    """Read a head from a weight file, exactly as stored.

    Parameters
    ----------
    path : path
        A .safetensors, .npy, .npz, .onnx (extra ``onnx``) or .gguf file, a sharded model's
        ``model.safetensors.index.json``, or a folder that holds one of the safetensors kinds.
    weight : str, optional
        Name of the (classes, d) tensor. By default the one that is called like an output layer
        (``lm_head.weight``, ``output.weight``, ``W``, ...), or the only two-dimensional one.
    bias : str or False, optional
        Name of the (classes,) tensor. By default the one that belongs to ``weight`` by name
        (``lm_head.bias``; ``b`` beside ``W``), if the file has it; False leaves it out.
    transpose : bool
        True where the file stores the weights as (d, classes), as most ONNX graphs do.
    name : str, optional
        Name of the head; by default that of the file.

    Returns
    -------
    Head
        ``class_names`` are filled from an array of that name in a .npz file.

    Raises
    ------
    LoadError
        The file is missing, damaged, a pickle, or larger inside than outside; or the tensor is missing,
        ambiguous, or of a dtype that is not exact in float64. The message says what to do.

    Warns
    -----
    UserWarning
        There are fewer classes than dimensions and no bias tells which axis is which.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_head(Head([[1, 0], [0, 1], [-1, -1]], b=[0, 0, 1]), f"{folder}/toy.npz")
    ...     load_head(f"{folder}/toy.npz")
    Head 'toy': 3 classes x 2, bias
    """
    place = _path(path)
    try:
        with _opened(place) as tensors:
            stored = choose_weight(tensors, weight)
            stored_bias = choose_bias(tensors, stored.name, bias)
            W = stored.numbers().T if transpose else stored.numbers()
            b = None if stored_bias is None else stored_bias.numbers().reshape(-1)
            class_names = _class_names(tensors)
        _require_orientation(W.shape, None if b is None else len(b), transpose)
    except LoadError as error:
        raise LoadError(f"{place}: {error}") from None
    source = {
        "file": str(place),
        "tensor": stored.name,
        "bias_tensor": None if stored_bias is None else stored_bias.name,
        "dtype": stored.dtype,
    }
    try:
        return Head(W, b, name or _name(place), class_names, source)
    except (InputError, TypeError) as error:
        raise LoadError(f"{place}, tensor {stored.name!r}: {error}") from None


def save_head(head: Head, path: str | os.PathLike[str]) -> None:
    """Write ``W``, ``b`` and ``class_names`` (where there are any) as plain arrays into one .npz file.

    bfloat16 is widened to float32, which NumPy can name; the numbers and the fingerprint stay the same.
    :func:`load_head` reads the file back, and so does anything else that reads .npz.

    Raises
    ------
    InputError
        The path does not end in .npz, or a class name ends in NUL, which NumPy's text arrays drop.
    """
    place = _path(path)
    if place.suffix != ".npz":
        raise InputError(f"path is {str(place)!r}; wanted one that ends in .npz")
    arrays: dict[str, Any] = {"W": _nameable(head.W)}
    if head.b is not None:
        arrays["b"] = _nameable(head.b)
    if head.class_names is not None:
        for i, text in enumerate(head.class_names):
            if text.endswith("\0"):
                raise InputError(f"class_names[{i}] is {text!r}; a name that ends in NUL cannot be saved")
        arrays["class_names"] = np.array(head.class_names, dtype=str)
    partial_file = place.with_name(f".{place.name}.{os.getpid()}")  # a killed run leaves no half-written head
    try:
        with partial_file.open("wb") as file:
            np.savez(file, **arrays)
        partial_file.replace(place)
    finally:
        partial_file.unlink(missing_ok=True)


def _nameable(array: Array) -> Array:
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _path(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is {type(path).__name__}; wanted a str or a pathlib.Path")
    return Path(path)


def _name(place: Path) -> str:
    return (place.resolve().parent if place.name == INDEX else place.resolve()).stem


@contextmanager
def _opened(place: Path) -> Iterator[Mapping[str, Stored]]:
    """Open whatever ``place`` is; the tensors can be read until the block ends."""
    try:
        mode = place.stat().st_mode
        if stat.S_ISDIR(mode):
            place = _inside(place)
        elif not stat.S_ISREG(mode):
            raise LoadError("it is not a regular file")
        with ExitStack() as stack:
            if place.name.endswith(".safetensors.index.json"):
                yield Shards(place, stack)
            else:
                file = stack.enter_context(place.open("rb"))
                reader = _reader(place, file.read(4))
                yield reader(file)
    except FileNotFoundError:
        raise LoadError(f"there is no such file{_neighbours(place)}") from None
    except PermissionError:
        raise LoadError("you have no permission to read it") from None
    except LoadError:
        raise
    except (OSError, ValueError) as error:
        raise LoadError(f"it cannot be read ({error})") from None


def _reader(place: Path, start: bytes) -> Callable[[IO[bytes]], Mapping[str, Stored]]:
    suffix = place.suffix.lower()
    if suffix == ".onnx":
        return partial(onnx.tensors, folder=place.parent)
    if suffix in _READERS:
        return _READERS[suffix]
    if suffix in _PICKLES or start[:1] == b"\x80":
        raise LoadError(
            f"pickle files can run code, so this kind is not read; convert once with: {_conversion(place)}"
        )
    raise LoadError(f"its kind is not known; wanted one of {', '.join(_READERS)}")


def _conversion(place: Path) -> str:
    load = f"torch.load({place.name!r}, map_location='cpu', weights_only=True)"
    keep = "{k: v.contiguous().clone() for k, v in state.items()}"
    save = f"save_file({keep}, {place.with_suffix('.safetensors').name!r})"
    return f'python -c "import torch; from safetensors.torch import save_file; state = {load}; {save}"'


def _inside(folder: Path) -> Path:
    if (folder / INDEX).is_file():
        return folder / INDEX
    found = sorted(folder.glob("*.safetensors"))
    if len(found) == 1:
        return found[0]
    held = ", ".join(path.name for path in found[:3]) or "none"
    raise LoadError(
        f"it is a folder; wanted a file, or one with {INDEX} or a single .safetensors file (found: {held})"
    )


def _neighbours(place: Path) -> str:
    if not place.parent.is_dir():
        return f", and no folder {str(place.parent)!r} either"
    names = [path.name for path in place.parent.iterdir()]
    near = difflib.get_close_matches(place.name, names, n=3, cutoff=0.5)
    near = near or sorted(name for name in names if Path(name).suffix in _READERS)[:3]
    return f"; near names there: {', '.join(near)}" if near else ""


def _class_names(tensors: Mapping[str, Stored]) -> list[str] | None:
    if "class_names" not in tensors:
        return None
    stored = tensors["class_names"]
    if len(stored.shape) != 1 or not stored.dtype.startswith(("<U", ">U")):
        raise LoadError(f"class_names is {stored.dtype} of shape {stored.shape}; wanted one text per class")
    return [str(text) for text in stored.numbers()]


def _require_orientation(shape: tuple[int, ...], entries: int | None, transpose: bool) -> None:
    """Refuse or warn where the axes look swapped: a head is (classes, d)."""
    rows, columns = shape
    other = "transpose=False" if transpose else "transpose=True"
    if entries == columns and entries != rows:
        raise LoadError(
            f"W is {rows} x {columns} and the bias has {entries} entries; the axes are swapped: pass {other}"
        )
    if entries is None and rows < columns:
        warnings.warn(
            f"W is {rows} x {columns}: fewer classes than dimensions. A head is (classes, d); "
            f"if these axes are swapped, pass {other}",
            stacklevel=3,
        )
