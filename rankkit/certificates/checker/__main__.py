"""``python -m checker CERTIFICATES WEIGHTS``: exit status 0 if all of them hold, 2 if any is refused."""

from __future__ import annotations

import sys
import zipfile
from collections import Counter
from pathlib import Path

from . import check, files


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m checker CERTIFICATES.npz|.json WEIGHTS.npz|.npy", file=sys.stderr)
        return 1
    try:
        certificates = files.read_certificates(Path(arguments[0]))
        W, b = files.read_weights(Path(arguments[1]))
    except (OSError, ValueError, KeyError, AttributeError, RecursionError, zipfile.BadZipFile) as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 1
    results = check(certificates, W, b)
    for certificate, result in zip(certificates, results, strict=True):
        if result is not True:
            print(f"REFUSED {certificate.get('kind')} of class {certificate.get('class', '-')}: {result}")
    kinds = Counter(c["kind"] for c, r in zip(certificates, results, strict=True) if r is True)
    print(", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())) or "nothing", "hold")
    return 0 if certificates and all(r is True for r in results) else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
