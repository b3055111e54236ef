"""A journal of verdicts: what an interrupted run had decided is there when it starts again.

A text file of lines ``[checksum,content]``. The first content says whose journal it is; every other one is a
batch of verdicts with their proofs, as they were checked when they were entered. Lines are only ever
appended, and reach the disk within a second; a last line that a kill has torn is dropped.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import time
import zlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import rankkit
from rankkit.arrays import Array, IntArray
from rankkit.certificates.checker import files
from rankkit.certificates.kinds import restriction
from rankkit.domains import Domain
from rankkit.errors import InputError, LoadError
from rankkit.heads import Head

#: Seconds after which what was written is forced to the disk.
SYNC = 1.0

#: States that one line holds at most.
STATES = 512

_DTYPES: dict[str, np.dtype[Any]] = {"f4": np.dtype("<f4"), "f8": np.dtype("<f8")}


class Journal:
    """An open journal, locked against other writers.

    Parameters
    ----------
    path : path-like
        Made if it is not there.
    head, domain
        What the verdicts are about.

    Raises
    ------
    InputError
        The journal is of another head, domain or version.
    LoadError
        It is no journal, is damaged before its last line, or another process writes it.
    """

    def __init__(self, path: str | os.PathLike[str], head: Head, domain: Domain) -> None:
        self.path = Path(path)
        self._header = {
            "journal": "rankkit-argmax/1",
            "version": rankkit.__version__,
            "head": head.fingerprint,
            **(restriction(domain) or {"domain": None}),
        }
        self._file = open(self.path, "a+b")  # noqa: SIM115  it stays open
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._lines = self._read()
        except BlockingIOError as taken:
            self._file.close()
            raise LoadError(
                f"{self.path} is being written by another process; wait, or name another"
            ) from taken
        except BaseException:
            self._file.close()
            raise
        self._synced = time.monotonic()

    def replay(
        self, win: Callable[[list[int], int, Array], None], lose: Callable[[int, int, Any], None]
    ) -> None:
        """Call ``win(classes, rule, states)`` or ``lose(class, rule, (rows, weights))`` for all verdicts."""
        for number, line in self._lines:
            try:
                if line["kind"] == "wins":
                    states = np.frombuffer(base64.b64decode(line["states"]), _DTYPES[line["dtype"]])
                    win(line["classes"], line["rule"], states.reshape(line["shape"]))
                else:
                    weights = tuple(map(files.weight, line["weights"]))
                    exact = any("/" in w for w in line["weights"])
                    rows = np.array(line["rows"], np.int32)
                    proof = rows, weights if exact else np.array([float(w) for w in weights])
                    lose(line["class"], line["rule"], proof)
            except files.UNREADABLE as error:
                raise LoadError(f"{self.path}, line {number}, is no batch of verdicts: {error}") from error
        self._lines = []

    def wins(self, rule: int, classes: IntArray, states: Array) -> None:
        """Write classes (m,) that win, with their states (m, d) or (m, terms, d)."""
        for at in range(0, len(classes), STATES):
            X = states[at : at + STATES]
            kind = f"f{X.dtype.itemsize}"
            data = base64.b64encode(X.astype(_DTYPES[kind]).tobytes()).decode()
            self._append(
                {
                    "kind": "wins",
                    "rule": rule,
                    "classes": classes[at : at + STATES].tolist(),
                    "dtype": kind,
                    "shape": X.shape,
                    "states": data,
                }
            )

    def loses(self, rule: int, i: int, rows: list[int], weights: Any) -> None:
        """Write a class that never wins, with rows and weights of those that dominate it."""
        told = [
            f"{w.numerator:x}/{w.denominator:x}" if isinstance(w, Fraction) else float(w).hex()
            for w in weights
        ]
        self._append({"kind": "loses", "rule": rule, "class": i, "rows": rows, "weights": told})

    def close(self) -> None:
        """Force everything to the disk and let others write."""
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()

    def _append(self, content: Mapping[str, Any]) -> None:
        self._file.write(_line(content))
        self._file.flush()  # with this, no kill of the process loses it
        if time.monotonic() - self._synced > SYNC:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def _read(self) -> list[tuple[int, dict[str, Any]]]:
        """Return numbered contents after the header; begin the file if there is none."""
        self._file.seek(0)
        raw = self._file.read().splitlines(keepends=True)
        start = _line(self._header)
        if len(raw) <= 1 and start.startswith(b"".join(raw)) and raw != [start]:  # new, or killed at once
            self._file.truncate(0)
            self._file.write(start)
            self._file.flush()
            return []
        header = _content(raw[0])
        if not isinstance(header, dict) or "journal" not in header:
            raise LoadError(f"{self.path} is no journal of verdicts")
        for key, own in json.loads(json.dumps(self._header)).items():
            if header.get(key) != own:
                shown = f": {header.get(key)!r}, not {own!r}" if key in ("journal", "version") else ""
                raise InputError(f"{self.path} is the journal of another {key}{shown}")
        found = [_content(line) for line in raw[1:]]
        if found and found[-1] is None:
            self._file.truncate(sum(map(len, raw[:-1])))
            found.pop()
        if None in found:
            raise LoadError(f"{self.path} is damaged in line {found.index(None) + 2}")
        return [(k + 2, content) for k, content in enumerate(found) if content is not None]


def _line(content: Mapping[str, Any]) -> bytes:
    body = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    return b"[%d,%b]\n" % (zlib.crc32(body), body)


def _content(line: bytes) -> dict[str, Any] | None:
    """Return what a line holds; None where it is torn or damaged."""
    checksum, _, body = line.partition(b",")
    body = body.removesuffix(b"]\n")
    if not line.endswith(b"]\n") or checksum != b"[%d" % zlib.crc32(body):
        return None
    content = json.loads(body)
    return content if isinstance(content, dict) else None
