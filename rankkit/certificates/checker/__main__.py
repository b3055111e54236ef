"""``python -m checker CERTIFICATES WEIGHTS``: exit status 0 if all of them hold, 2 if any is refused."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from . import check, files

SHOWN = 10  # refusals that are printed


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m checker CERTIFICATES.npz|.json WEIGHTS.npz|.npy", file=sys.stderr)
        return 1
    try:
        certificates = files.read_certificates(Path(arguments[0]))
        W, b = files.read_weights(Path(arguments[1]))
    except files.UNREADABLE as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 1
    results = check(certificates, W, b)
    refused = [(c, r) for c, r in zip(certificates, results, strict=True) if r is not True]
    for certificate, reason in refused[:SHOWN]:
        print(f"REFUSED {_name(certificate)}: {reason}")
    if len(refused) > SHOWN:
        print(f"and {len(refused) - SHOWN} more refused")
    held = [c for c, r in zip(certificates, results, strict=True) if r is True]
    kinds = Counter(c["kind"] + (" within bounds" if "domain" in c else "") for c in held)
    print("hold:", ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())) or "none")
    return 0 if certificates and not refused else 2


def _name(certificate: Any) -> str:
    if not isinstance(certificate, dict):
        return "an entry"
    of_class = f" of class {certificate['class']}" if "class" in certificate else ""
    return f"{certificate.get('kind')}{of_class}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
