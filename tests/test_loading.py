"""Heads out of files: the same numbers come back, and bad files end in a sentence, never in running code."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import pickle
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rankkit import Head, LoadError, load_head
from rankkit.errors import InputError
from rankkit.heads import save_head
from rankkit.heads.formats import ctranslate2, gguf, npy, onnx, safetensors

W = np.arange(20, dtype=np.float32).reshape(5, 4) / 7
B = np.arange(5, dtype=np.float32)


def safetensors_file(tensors: dict[str, np.ndarray], header: dict | None = None) -> bytes:
    """Write the format by hand, so that it can also be written wrongly."""
    words = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int32": "I32"}
    entries, data = {}, b""
    for name, array in tensors.items():
        span = [len(data), len(data) + array.nbytes]
        entries[name] = {"dtype": words[array.dtype.name], "shape": list(array.shape), "data_offsets": span}
        data += array.tobytes()
    return raw_safetensors(json.dumps(header or entries), data)


def raw_safetensors(header: str, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header.encode())) + header.encode() + data


def onnx_file(tensors: dict[str, np.ndarray], as_nodes: tuple[str, ...] = ()) -> bytes:
    library = pytest.importorskip("onnx")
    protos = {name: library.numpy_helper.from_array(array, name) for name, array in tensors.items()}
    nodes = [library.helper.make_node("Constant", [], [name], value=protos[name]) for name in as_nodes]
    kept = [proto for name, proto in protos.items() if name not in as_nodes]
    graph = library.helper.make_graph(nodes, "g", [], [], kept)
    return library.helper.make_model(graph).SerializeToString()


def gguf_file(kind: int, shape: tuple[int, ...], data: bytes, name: str = "output.weight") -> bytes:
    def text(s: str) -> bytes:
        return struct.pack("<Q", len(s)) + s.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 2)
    head += text("general.name") + struct.pack("<I", 8) + text("toy")
    head += text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    head += text(name) + struct.pack("<I", len(shape))
    head += b"".join(struct.pack("<Q", n) for n in shape[::-1]) + struct.pack("<IQ", kind, 0)
    return head + b"\0" * (-len(head) % 32) + data


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def npz_bytes(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def npy_bytes(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


# What comes back is what was stored.


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16])
def test_safetensors_keeps_the_numbers_and_the_dtype(tmp_path, dtype):
    stored = W.astype(dtype)
    path = written(tmp_path, "m.safetensors", safetensors_file({"other": B, "lm_head.weight": stored}))
    head = load_head(path)
    assert head.W.dtype == stored.dtype
    assert np.array_equal(head.W, stored)
    assert head.source["tensor"] == "lm_head.weight"


def test_safetensors_agrees_with_the_reference_library(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    rng = np.random.default_rng(0)
    arrays = {f"t{i}": rng.normal(size=(4 + i, 4)).astype(np.float16) for i in range(5)}
    arrays |= {"lm_head.weight": W, "lm_head.bias": B, "empty": np.zeros((0, 4), np.float32)}
    library.save_file(arrays, tmp_path / "m.safetensors", metadata={"format": "np"})
    head = load_head(tmp_path / "m.safetensors")
    assert np.array_equal(head.W, W)
    assert np.array_equal(head.b, B)
    for name in arrays:
        if name.startswith("t"):
            head = load_head(tmp_path / "m.safetensors", weight=name)
            assert np.array_equal(head.W, arrays[name])


@pytest.mark.parametrize(
    "stored",
    [
        W,
        W.astype(">f4"),
        W.astype(">f8"),
        np.asfortranarray(W),
        np.asfortranarray(W.astype(">f2")),
        np.arange(20).reshape(5, 4),
        np.arange(20, dtype=np.uint8).reshape(5, 4),
    ],
    ids=["plain", "big-endian", "big-endian f8", "Fortran", "both", "integers", "bytes"],
)
def test_npy_takes_every_order_and_integers(tmp_path, stored):
    np.save(tmp_path / "w.npy", stored)
    assert np.array_equal(load_head(tmp_path / "w.npy").W, stored)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_takes_w_with_b(tmp_path, save):
    save(tmp_path / "w.npz", W=W, b=B, unrelated=np.ones((9, 9)))
    head = load_head(tmp_path / "w.npz")
    assert np.array_equal(head.W, W)
    assert np.array_equal(head.b, B)
    assert load_head(tmp_path / "w.npz", bias=False).b is None


@pytest.mark.parametrize("as_nodes", [(), ("w",), ("w", "bias")], ids=["initialisers", "node", "nodes"])
def test_onnx_reads_initialisers_and_constant_nodes(tmp_path, as_nodes):
    path = written(tmp_path, "m.onnx", onnx_file({"w": W.T, "bias": B[None]}, as_nodes))
    head = load_head(path, weight="w", bias="bias", transpose=True)
    assert np.array_equal(head.W, W)
    assert np.array_equal(head.b, B)


def test_onnx_reads_external_data_only_from_the_models_folder(tmp_path):
    library = pytest.importorskip("onnx")
    (tmp_path / "in").mkdir()
    for location, inside in (("weights.bin", True), ("../secret.bin", False)):
        written(tmp_path, "in/weights.bin", b"\0" * 8 + W.tobytes())
        written(tmp_path, "secret.bin", b"\0" * 8 + W.tobytes())
        model = library.ModelProto.FromString(onnx_file({"w": W}))
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = library.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "8")):
            tensor.external_data.add(key=key, value=value)
        path = written(tmp_path, "in/m.onnx", model.SerializeToString())
        if inside:
            assert np.array_equal(load_head(path).W, W)
        else:
            with pytest.raises(LoadError, match="outside the model's folder"):
                load_head(path)


def test_a_missing_extra_names_its_pip_line(tmp_path, monkeypatch):
    path = written(tmp_path, "m.onnx", b"")
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(LoadError, match=r'pip install "softmax-rankkit\[onnx\]"'):
        load_head(path)


@pytest.mark.parametrize("kind", [0, 1, 28, 30], ids=["F32", "F16", "F64", "BF16"])
def test_gguf_floats(tmp_path, kind):
    stored = W.astype({0: np.float32, 1: np.float16, 28: np.float64, 30: ml_dtypes.bfloat16}[kind])
    path = written(tmp_path, "m.gguf", gguf_file(kind, W.shape, stored.tobytes()))
    assert np.array_equal(load_head(path).W, stored)
    with path.open("rb") as file:
        assert gguf.metadata(file) == {"general.name": "toy", "tokens": ["a", "b"]}


@pytest.mark.filterwarnings("ignore:W is 3 x 64")
def test_gguf_q8_0_is_scale_times_integer_exactly(tmp_path):
    rng = np.random.default_rng(1)
    scale, q = rng.normal(size=6).astype("<f2"), rng.integers(-127, 128, (6, 32)).astype("i1")
    data = b"".join(s.tobytes() + row.tobytes() for s, row in zip(scale, q, strict=True))
    head = load_head(written(tmp_path, "m.gguf", gguf_file(8, (3, 64), data)), bias=False)
    exact = (scale.astype(np.float64)[:, None] * q).reshape(3, 64)
    assert np.array_equal(head.W.astype(np.float64), exact)


def test_ctranslate2_reads_variables_and_aliases():
    def text(s: str) -> bytes:
        return struct.pack("<H", len(s) + 1) + s.encode() + b"\0"

    half = W.astype(np.float16)
    body = text("emb") + struct.pack("<BIIBI", 2, 5, 4, 4, half.nbytes) + half.tobytes()
    body += text("q") + struct.pack("<BIBI", 1, 3, 1, 3) + b"abc"
    model = struct.pack("<I", 6) + text("Spec") + struct.pack("<II", 3, 2) + body
    no_aliases = len(model)
    model += struct.pack("<I", 1) + text("projection") + text("emb")
    found = ctranslate2.tensors(io.BytesIO(model))
    assert np.array_equal(found["projection"].numbers(), half)
    with pytest.raises(LoadError, match="only BF16, F16, F32, F64 are exact"):
        found["q"].numbers()
    for cut in set(range(len(model))) - {no_aliases}:
        with pytest.raises(LoadError):
            ctranslate2.tensors(io.BytesIO(model[:cut]))


@pytest.mark.parametrize("dtype", [np.float64, np.float16, ml_dtypes.bfloat16])
def test_a_saved_head_comes_back_the_same(tmp_path, dtype):
    head = Head(W.astype(dtype), B, name="toy", class_names=["<blank>", " ", "é", "漢", "a\nb"])
    save_head(head, tmp_path / "toy.npz")
    back = load_head(tmp_path / "toy.npz")
    assert back.fingerprint == head.fingerprint
    assert (back.class_names, back.name) == (head.class_names, "toy")
    assert sorted(os.listdir(tmp_path)) == ["toy.npz"]
    with np.load(tmp_path / "toy.npz", allow_pickle=False) as plain:
        assert np.array_equal(plain["W"], head.W.astype(np.float64))


def test_save_refuses_what_it_cannot_keep(tmp_path):
    with pytest.raises(InputError, match=r"ends in \.npz"):
        save_head(Head(W), tmp_path / "w.npy")
    with pytest.raises(InputError, match=r"class_names\[1\]"):
        save_head(Head(W[:2], class_names=["a", "b\0"]), tmp_path / "w.npz")


# Which tensor is meant.


def sharded(folder: Path, **places: str) -> Path:
    folder.mkdir(exist_ok=True)
    written(folder, "one.safetensors", safetensors_file({"model.embed_tokens.weight": W[:, :3].copy()}))
    written(folder, "two.safetensors", safetensors_file({"lm_head.weight": W, "lm_head.bias": B}))
    index = {"model.embed_tokens.weight": "one.safetensors", "lm_head.weight": "two.safetensors"}
    index |= {"lm_head.bias": "two.safetensors"} | {k.replace("__", "."): v for k, v in places.items()}
    written(folder, "model.safetensors.index.json", json.dumps({"weight_map": index}).encode())
    return folder


def test_a_sharded_model_opens_only_the_shard_it_needs(tmp_path):
    folder = sharded(tmp_path / "llm")
    (folder / "one.safetensors").unlink()
    for place in (folder, folder / "model.safetensors.index.json"):
        head = load_head(place)
        assert np.array_equal(head.W, W)
        assert np.array_equal(head.b, B)
        assert head.name == "llm"
    with pytest.raises(LoadError, match=r"shard one\.safetensors cannot be read"):
        load_head(folder, weight="model.embed_tokens.weight")


def test_a_shard_outside_the_folder_is_refused(tmp_path):
    written(tmp_path, "x.safetensors", safetensors_file({"lm_head.weight": W}))
    folder = sharded(tmp_path / "llm", lm_head__weight="../x.safetensors")
    with pytest.raises(LoadError, match="outside its folder"):
        load_head(folder)


def test_a_bad_index(tmp_path):
    for index in ("", "[]", "{}", '{"weight_map": {"a": 1}}', '{"weight_map": 3}', "[" * 10**5):
        written(tmp_path, "model.safetensors.index.json", index.encode())
        with pytest.raises(LoadError, match="weight_map"):
            load_head(tmp_path)


def test_a_folder_with_one_file_is_that_file(tmp_path):
    written(tmp_path, "a.safetensors", safetensors_file({"lm_head.weight": W}))
    assert np.array_equal(load_head(tmp_path).W, W)
    written(tmp_path, "b.safetensors", safetensors_file({"lm_head.weight": W}))
    with pytest.raises(LoadError, match=r"it is a folder.*a\.safetensors, b\.safetensors"):
        load_head(tmp_path)


def test_a_missing_tensor_lists_what_there_is(tmp_path):
    arrays = {"model.embed_tokens.weight": W, "small.weight": W[:2], "norm.weight": B}
    path = written(tmp_path, "m.safetensors", safetensors_file(arrays))
    with pytest.raises(LoadError) as caught:
        load_head(path, weight="lm_head.weight")
    message = str(caught.value)
    assert message.index("model.embed_tokens.weight  5 x 4  F32") < message.index("small.weight  2 x 4  F32")
    assert "norm.weight" not in message
    assert "try weight='model.embed_tokens.weight'" in message
    with pytest.raises(LoadError, match="several of its tensors could be the head"):
        load_head(path)
    with pytest.raises(LoadError, match=r"shape \(5,\); wanted 2 axes"):
        load_head(path, weight="norm.weight")
    with pytest.raises(LoadError, match=r"no tensor 'norm.bias' for the bias"):
        load_head(path, weight="small.weight", bias="norm.bias")


def test_swapped_axes_are_pointed_out(tmp_path):
    np.savez(tmp_path / "t.npz", W=W.T, b=B)
    with pytest.raises(LoadError, match="pass transpose=True"):
        load_head(tmp_path / "t.npz")
    assert np.array_equal(load_head(tmp_path / "t.npz", transpose=True).W, W)
    with pytest.warns(UserWarning, match="pass transpose=True"):
        load_head(tmp_path / "t.npz", bias=False)
    np.savez(tmp_path / "few.npz", W=W.T, b=B[:4])  # fewer classes than dimensions, and the bias agrees
    assert load_head(tmp_path / "few.npz").classes == 4
    np.savez(tmp_path / "bad.npz", W=W, b=np.ones(3))
    with pytest.raises(LoadError, match="b has 3 entries"):
        load_head(tmp_path / "bad.npz")


# Bad files.


def test_a_missing_path_lists_near_names(tmp_path):
    written(tmp_path, "model.safetensors", b"")
    with pytest.raises(LoadError, match=r"no such file; near names there: model\.safetensors"):
        load_head(tmp_path / "modle.safetensors")
    with pytest.raises(LoadError, match="no folder"):
        load_head(tmp_path / "nowhere" / "m.npy")
    with pytest.raises(LoadError, match="cannot be read"):
        load_head("a\0b.npy")
    with pytest.raises(TypeError, match="path is int"):
        load_head(3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = written(tmp_path, "w.npy", npy_bytes(W))
    path.chmod(0)
    with pytest.raises(LoadError, match="no permission"):
        load_head(path)


def test_no_permission_is_said_whoever_runs_this(tmp_path, monkeypatch):
    path = written(tmp_path, "w.npy", npy_bytes(W))

    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(LoadError, match="no permission"):
        load_head(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.npy")
    with pytest.raises(LoadError, match="not a regular file"):
        load_head(tmp_path / "w.npy")


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("a pickle was run",))


@pytest.mark.parametrize("name", ["m.pt", "m.pth", "pytorch_model.bin", "m.pkl", "m.ckpt", "m.unknown"])
def test_pickles_are_not_opened_but_explained(tmp_path, name):
    path = written(tmp_path, name, pickle.dumps(_Bomb()))
    with pytest.raises(LoadError, match=r"pickle files can run code.*convert once with: .*save_file"):
        load_head(path)


def test_object_arrays_are_refused(tmp_path):
    bomb = np.array([[_Bomb(), 1]], dtype=object)
    np.save(tmp_path / "o.npy", bomb)
    np.savez(tmp_path / "o.npz", W=bomb, extra=W)
    np.savez(tmp_path / "names.npz", W=W[:1], class_names=bomb)
    for name in ("o.npy", "o.npz"):
        with pytest.raises(LoadError, match="Python objects"):
            load_head(tmp_path / name, bias=False)
    with pytest.raises(LoadError, match="class_names is object"):
        load_head(tmp_path / "names.npz", bias=False)


def test_an_unrelated_object_array_does_not_hide_the_weights(tmp_path):
    np.savez(tmp_path / "o.npz", W=W, notes=np.array([{"a": 1}], dtype=object))
    assert np.array_equal(load_head(tmp_path / "o.npz").W, W)


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("W.npy", "w") as member:
        np.lib.format.write_array_header_1_0(
            member, {"descr": "<f4", "fortran_order": False, "shape": (200, 250_000)}
        )
        for _ in range(200):
            member.write(bytes(10**6))
    tracemalloc.start()
    with pytest.raises(LoadError, match="would unpack"):
        load_head(path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_a_member_that_lies_about_its_shape(tmp_path):
    header = {"descr": "<f4", "fortran_order": False, "shape": (1000, 1000)}
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, header)
    with zipfile.ZipFile(tmp_path / "lie.npz", "w") as archive:
        archive.writestr("W.npy", out.getvalue() + b"\0" * 40)
    with pytest.raises(LoadError, match=r"claims 4,000,000 bytes of numbers but the file holds 40"):
        load_head(tmp_path / "lie.npz")


def test_an_npz_name_that_comes_twice(tmp_path):
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "two.npz", "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("W.npy", npy_bytes(W))
        archive.writestr("W.npy", npy_bytes(W))
    with pytest.raises(LoadError, match="'W' twice"):
        load_head(tmp_path / "two.npz")


def test_a_flipped_byte_in_a_member_is_noticed(tmp_path):
    content = bytearray(npz_bytes(W=W))
    content[content.index(W.tobytes()) + 5] ^= 1
    with pytest.raises(LoadError, match="CRC"):
        load_head(written(tmp_path, "w.npz", bytes(content)))


@pytest.mark.parametrize(
    "shape", ["(536870912,)", "(2, 10**9)", "(99999999999999999999, 7)", "(-1, 4)", "(True, 4)"]
)
def test_an_npy_header_that_claims_too_much(tmp_path, shape):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(118) + "\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + b"\0" * 80
    with pytest.raises(LoadError, match=r"claims|header"):
        load_head(written(tmp_path, "w.npy", content))


def test_an_npy_header_length_of_two_gigabytes_is_not_read(tmp_path):
    content = b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31 - 1) + b" " * 100
    with pytest.raises(LoadError, match="header claims 2,147,483,647 bytes"):
        load_head(written(tmp_path, "w.npy", content))


def one(dtype: str = "F32", shape: object = (5, 4), span: object = (0, 80)) -> str:
    return json.dumps({"w": {"dtype": dtype, "shape": shape, "data_offsets": span}})


DATA = W.tobytes()
BAD_SAFETENSORS = {
    "no bytes": (b"", "claims"),
    "header of 2^62": (struct.pack("<Q", 2**62) + b"{}", "claims"),
    "not JSON": (raw_safetensors("{nope"), "not JSON"),
    "deep": (raw_safetensors("[" * 10**5), "not JSON"),
    "a list": (raw_safetensors("[]"), "no table"),
    "negative shape": (raw_safetensors(one(shape=(-5, -4)), DATA), "no sensible"),
    "shape of floats": (raw_safetensors(one(shape=(5.0, 4)), DATA), "no sensible"),
    "size is not shape": (raw_safetensors(one(shape=(5, 5)), DATA), "needs 100 bytes but spans"),
    "overflowing shape": (raw_safetensors(one(shape=(2**33, 2**33)), DATA), "needs"),
    "truncated": (raw_safetensors(one(), DATA[:-1]), "damaged or was cut short"),
    "too long": (raw_safetensors(one(), DATA + b"x"), "leave a gap"),
    "gap before": (raw_safetensors(one(span=(8, 88)), b"x" * 8 + DATA), "leave a gap"),
    "overlap": (
        raw_safetensors(
            json.dumps(json.loads(one()) | {"v": json.loads(one(span=(40, 120)))["w"]}), DATA * 2
        ),
        "overlap",
    ),
    "name twice": (raw_safetensors('{"w": 1, "w": 2}'), "'w' twice"),
    "no offsets": (raw_safetensors('{"w": {"dtype": "F32", "shape": []}}'), "lacks"),
    "three offsets": (raw_safetensors(one(span=(0, 1, 2)), DATA), "lacks"),
    "nothing in it": (raw_safetensors("{}"), "no two-dimensional tensor"),
}


@pytest.mark.parametrize("case", BAD_SAFETENSORS)
def test_bad_safetensors(tmp_path, case):
    content, sentence = BAD_SAFETENSORS[case]
    with pytest.raises(LoadError, match=sentence):
        load_head(written(tmp_path, "m.safetensors", content))


@pytest.mark.parametrize(
    ("word", "bytes_each"), [("F8_E4M3", 1), ("F8_E5M2", 1), ("I32", 4), ("U8", 1), ("F4", 1), ("BOOL", 1)]
)
def test_packed_dtypes_are_refused(tmp_path, word, bytes_each):
    content = raw_safetensors(one(word, span=(0, 20 * bytes_each)), b"\0" * 20 * bytes_each)
    path = written(tmp_path, "m.safetensors", content)
    with pytest.raises(LoadError, match="only BF16, F16, F32, F64 are exact in float64"):
        load_head(path)


def test_packed_onnx_and_gguf_tensors_are_refused(tmp_path):
    path = written(tmp_path, "m.onnx", onnx_file({"w": np.ones((4, 3), np.int8)}))
    with pytest.raises(LoadError, match=r"INT8.*only BF16, F16, F32, F64 are exact"):
        load_head(path)
    path = written(tmp_path, "m.gguf", gguf_file(12, (4, 256), b"\0" * 576))
    with pytest.raises(LoadError, match=r"Q4_K.*only BF16, F16, F32, F64 and Q8_0 are exact"):
        load_head(path)


@pytest.mark.parametrize(
    "array",
    [
        W + 1j,
        W > 1,
        W.astype("U5"),
        np.array([[1, 2**60]]),
        np.array([[1.0, np.nan]]),
        np.zeros((3, 0)),
        W.astype(ml_dtypes.bfloat16),
        np.zeros((2, 2), [("a", "f4")]),
    ],
    ids=["complex", "bool", "text", "large integers", "nan", "empty", "bfloat16 in npy", "structured"],
)
@pytest.mark.filterwarnings("ignore:W is")
def test_arrays_that_are_no_exact_finite_matrix(tmp_path, array):
    np.save(tmp_path / "w.npy", array)
    with pytest.raises(LoadError, match=r"w\.npy"):
        load_head(tmp_path / "w.npy")


READERS = {
    "npy": (npy.tensors, npy_bytes(W)),
    "npz": (npy.members, npz_bytes(W=W, b=B)),
    "safetensors": (safetensors.tensors, safetensors_file({"a": W, "b": B})),
    "gguf": (gguf.tensors, gguf_file(0, W.shape, W.tobytes())),
    "ctranslate2": (ctranslate2.tensors, struct.pack("<IH", 6, 2) + b"S\0" + struct.pack("<II", 1, 9)),
}
if importlib.util.find_spec("onnx"):
    READERS["onnx"] = (onnx.tensors, onnx_file({"w": W, "b": B}, as_nodes=("b",)))
STARTS = [
    b"",
    b"\x93NUMPY\x01\x00v\x00",
    b"PK\x03\x04",
    b"GGUF\x03\0\0\0",
    b"\x06\0\0\0",
    b"\x10\0\0\0\0\0\0\0{",
]


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from([*READERS]),
    start=st.sampled_from(STARTS),
    tail=st.binary(max_size=300),
    cut=st.integers(0, 700),
    flips=st.lists(st.tuples(st.integers(0, 10**4), st.integers(1, 255)), max_size=4),
    fresh=st.booleans(),
)
@example(kind="npy", start=b"", tail=b"", cut=10**4, flips=[], fresh=False)
def test_no_bytes_give_anything_but_a_load_error(kind, start, tail, cut, flips, fresh):
    """Arbitrary bytes, and sound files that were cut, bent and lengthened."""
    reader, sound = READERS[kind]
    content = bytearray(start + tail if fresh else sound[:cut] + tail)
    for place, flip in flips:
        if content:
            content[place % len(content)] ^= flip
    try:
        for stored in reader(io.BytesIO(bytes(content))).values():
            if len(stored.shape) <= 2:
                stored.numbers()
    except LoadError:
        pass


@settings(max_examples=60, deadline=None)
@given(
    content=st.binary(max_size=200),
    suffix=st.sampled_from([".npy", ".npz", ".safetensors", ".gguf", ".onnx", ".x"]),
)
def test_no_file_gives_anything_but_a_load_error(tmp_path_factory, content, suffix):
    path = tmp_path_factory.mktemp("fuzz") / f"m{suffix}"
    path.write_bytes(content)
    with pytest.raises(LoadError):
        load_head(path)


def test_an_empty_shape_with_an_uncountable_axis():
    stored = gguf.tensors(io.BytesIO(gguf_file(0, (0, 2**63), b"")))["output.weight"]
    with pytest.raises(LoadError, match="is no array's"):
        stored.numbers()
