"""Class names, out of the many ways in which packages write them. Python sources are parsed, never run."""

from __future__ import annotations

import ast
import io
import json
import warnings
from collections.abc import Callable, Iterator

from rankkit.errors import LoadError
from rankkit.heads.formats import gguf, onnx

#: Name of the class that means "nothing here" in connectionist temporal classification (CTC).
BLANK = "<blank>"


def read(content: bytes, written_as: str) -> list[str]:
    """Return one name per class from the content of a label file."""
    return _READERS[written_as](content)


def lines(content: bytes) -> list[str]:
    """One name a line; a name may be a space, so nothing is stripped."""
    return content.decode("utf-8").removesuffix("\n").split("\n")


def ctc_lines(content: bytes) -> list[str]:
    """A key file that lists every class, the blank as its first line and the space as its last."""
    return [BLANK, *lines(content)[1:]]


def ctc_metadata(content: bytes) -> list[str]:
    """The ``character`` entry of an ONNX file: the characters without blank (first) and space (last)."""
    for entry in onnx.parse(io.BytesIO(content)).metadata_props:
        if entry.key == "character":
            return [BLANK, *entry.value.split("\n"), " "]
    raise LoadError("the ONNX file does not list its characters")


def gguf_tokens(content: bytes) -> list[str]:
    """The tokeniser's vocabulary inside a GGUF file, in its byte-level spelling."""
    return list(gguf.metadata(io.BytesIO(content))["tokenizer.ggml.tokens"])


def tokenizer_json(content: bytes) -> list[str]:
    """The vocabulary of a Hugging Face tokeniser: token to number."""
    vocabulary = json.loads(content)["model"]["vocab"]
    return sorted(vocabulary, key=vocabulary.__getitem__)


def magika_json(content: bytes) -> list[str]:
    """The labels in the configuration of a Magika model."""
    return list(json.loads(content)["target_labels_space"])


def sentencepiece(content: bytes) -> list[str]:
    """The pieces of a SentencePiece model, and the ten rows that its table has beyond them."""
    pieces = [next(_texts(piece)).decode("utf-8") for piece in _texts(content)]
    return [*pieces, *(f"<beyond the vocabulary {i}>" for i in range(10))]


def charset(variable: str) -> Callable[[bytes], list[str]]:
    """Return a reader of a list literal in a Python file, whose first, empty entry is the blank."""

    def read_charset(content: bytes) -> list[str]:
        return [BLANK, *_assigned(content, variable)[1:]]

    return read_charset


def g2p_phonemes(content: bytes) -> list[str]:
    """The phonemes that a class attribute lists, as a sum of list literals."""
    return _assigned(content, "phonemes")


def _assigned(content: bytes, variable: str) -> list[str]:
    with warnings.catch_warnings():  # a package's odd escape sequences are not our concern
        warnings.simplefilter("ignore")
        tree = ast.parse(content)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            if variable in (getattr(target, "id", None), getattr(target, "attr", None)):
                return _literal(node.value)
    raise LoadError(f"the Python file assigns no {variable}")


def _literal(node: ast.expr) -> list[str]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _literal(node.left) + _literal(node.right)
    return list(ast.literal_eval(node))


def _texts(message: bytes) -> Iterator[bytes]:
    """Yield the length-delimited fields numbered 1 of a protobuf message."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        field, wire = divmod(varint(), 8)
        if wire == 2:
            length = varint()
            if field == 1:
                yield message[at : at + length]
            at += length
        elif wire == 0:
            varint()
        else:
            at += {1: 8, 5: 4}[wire]


_READERS: dict[str, Callable[[bytes], list[str]]] = {
    "lines": lines,
    "ctc-lines": ctc_lines,
    "ctc-metadata": ctc_metadata,
    "gguf-tokens": gguf_tokens,
    "tokenizer-json": tokenizer_json,
    "magika-json": magika_json,
    "sentencepiece": sentencepiece,
    "ddddocr-beta": charset("CHARSET_BETA"),
    "ddddocr-old": charset("CHARSET_OLD"),
    "g2p-phonemes": g2p_phonemes,
}
