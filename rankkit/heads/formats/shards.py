"""A model cut into several safetensors files: the index says which one holds a tensor."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from rankkit.errors import LoadError
from rankkit.heads.formats import safetensors
from rankkit.heads.formats.stored import Stored

INDEX = "model.safetensors.index.json"
_INDEX_LIMIT = 100_000_000


class Shards(Mapping[str, Stored]):
    """The tensors that an index names; a shard is opened when one of its tensors is first looked at."""

    def __init__(self, index: Path, stack: ExitStack) -> None:
        self._folder = index.parent
        self._stack = stack
        self._places = _places(index)
        self._open: dict[str, dict[str, Stored]] = {}

    def __getitem__(self, name: str) -> Stored:
        shard = self._places[name]
        if shard not in self._open:
            self._open[shard] = self._tensors(shard)
        if name not in self._open[shard]:
            raise LoadError(f"the index says that {shard} holds {name!r}, but it does not")
        return self._open[shard][name]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _tensors(self, shard: str) -> dict[str, Stored]:
        path = (self._folder / shard).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            raise LoadError(f"the index points to {shard!r}, outside its folder")
        try:
            return safetensors.tensors(self._stack.enter_context(path.open("rb")))
        except OSError as error:
            raise LoadError(f"shard {shard} cannot be read ({error.strerror})") from None
        except LoadError as error:
            raise LoadError(f"shard {shard}: {error}") from None


def _places(index: Path) -> dict[str, str]:
    if index.stat().st_size > _INDEX_LIMIT:
        raise LoadError(f"the index has {index.stat().st_size:,} bytes; no model needs that")
    try:
        places = json.loads(index.read_bytes())["weight_map"]
        if all(isinstance(shard, str) for shard in places.values()):
            return dict(places)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise LoadError("the index is not a JSON table with a weight_map from tensor to file")
