"""``python -m rankkit``: the same as the ``rankkit`` command."""

from rankkit.cli import main

if __name__ == "__main__":
    main()
