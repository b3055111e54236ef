"""Train a small recurrent language model with interchangeable heads, on a CPU, and tabulate what each buys.

    rankkit datasets fetch sotu
    python examples/language_model.py

It needs the extra ``torch``. All models are alike but for the head: embedding, one GRU, a projection to the
head's width, dropout. Weights are tied to the embedding, but for ``dnd``: output weights of its own, and
dropout before them, are what dropout and decoupling means. ``mos`` projects by itself, through tanh; its
states are bounded, so that its logits are as large as its weights let them be, and it starts with weights
twice as large (``--start``). ``linear tanh`` is the control: one softmax of states through tanh.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from math import exp
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import rankkit as rk
from rankkit.torch import GSS, PLIF, MixtureOfSoftmaxes, MonotoneSoftmax, SigSoftmax

HEADS = ("linear", "dnd", "sigsoftmax", "gss", "plif frozen", "plif", "mos")
CONTROLS = ("linear tanh",)
STREAMS, LENGTH = 20, 35


class Model(nn.Module):
    """Words to log-probabilities of the next ones."""

    def __init__(self, name: str, words: int, d: int, hidden: int, segments: int, start: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, d)
        nn.init.normal_(self.embedding.weight, std=start * d**-0.5)
        self.recurrent = nn.GRU(d, hidden, batch_first=True)
        self.to_state: nn.Module = nn.Identity() if name == "mos" else nn.Linear(hidden, d)
        if name == "linear tanh":
            self.to_state = nn.Sequential(self.to_state, nn.Tanh())
        self.before = nn.Dropout(0.2)
        self.after = nn.Dropout(0.2 if name == "dnd" else 0.0)
        shared = None if name == "dnd" else self.embedding.weight
        functions = {
            "sigsoftmax": SigSoftmax,
            "gss": lambda: GSS(-1.5, 2.5),
            "plif": lambda: PLIF(segments),
            "plif frozen": lambda: PLIF(segments, frozen=True),
        }
        self.head: nn.Module
        if name == "mos":
            self.head = MixtureOfSoftmaxes(d, words, components=3, inputs=hidden, weight=shared)
        else:
            f = functions[name]() if name in functions else None
            self.head = MonotoneSoftmax(d, words, f, weight=shared)

    def forward(self, x: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        states, memory = self.recurrent(self.before(self.embedding(x)), memory)
        return self.head(self.after(self.to_state(self.before(states)))), memory.detach()


def streams(ids: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield words and their successors, (streams, length) at a time, one after another in each stream."""
    long = (len(ids) - 1) // STREAMS
    words, after = (torch.tensor(ids[i : i + STREAMS * long]).view(STREAMS, long) for i in (0, 1))
    for start in range(0, long - LENGTH + 1, LENGTH):
        yield words[:, start : start + LENGTH], after[:, start : start + LENGTH]


def loss_of(model: Model, x: Tensor, y: Tensor, memory: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return cross-entropy in nats a word, and the memory."""
    log_probs, memory = model(x, memory)
    return nn.functional.nll_loss(log_probs.flatten(0, 1), y.flatten()), memory


def train(model: Model, ids: list[int], epochs: int) -> tuple[float, float]:
    """Train with Adam; return the perplexity of the last epoch and CPU seconds per epoch."""
    own = [p for name, p in model.named_parameters() if name.endswith("f.v") and p.requires_grad]
    others = [p for p in model.parameters() if p.requires_grad and not any(p is q for q in own)]
    groups = [{"params": others, "lr": 2e-3}, {"params": own, "lr": 0.02}]
    optimiser = torch.optim.Adam([group for group in groups if group["params"]])
    started = time.process_time()
    for _ in range(epochs):
        model.train()
        memory, losses = None, []
        for x, y in streams(ids):
            optimiser.zero_grad()
            loss, memory = loss_of(model, x, y, memory)
            loss.backward()
            nn.utils.clip_grad_norm_(others, 1.0)
            optimiser.step()
            losses.append(loss.item())
    return exp(float(np.mean(losses))), (time.process_time() - started) / epochs


@torch.no_grad()
def judge(model: Model, ids: list[int], contexts: int) -> tuple[float, list[int]]:
    """Return perplexity, and how many singular values of log P, row means removed, pass each level."""
    model.eval()
    memory, losses, rows = None, [], []
    for x, y in streams(ids):
        log_probs, memory = model(x, memory)
        losses.append(nn.functional.nll_loss(log_probs.flatten(0, 1), y.flatten()).item())
        if sum(len(block) for block in rows) < contexts:
            rows.append(log_probs.flatten(0, 1).double().numpy())
    spectrum = rk.spectrum(np.concatenate(rows)[:contexts], center="classes").values
    return exp(float(np.mean(losses))), [
        int((spectrum > level * spectrum[0]).sum()) for level in (1e-2, 1e-3)
    ]


def memory_of(model: Model, ids: list[int]) -> float:
    """Return the megabytes of tensors that a training step keeps for its backward pass, weights apart."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    x, y = next(streams(ids))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = loss_of(model, x, y, None)[0]
    del loss
    return sum(size for place, size in kept.items() if place not in own) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--file", type=Path, help="a text of your own (default: sotu)")
    parser.add_argument("--heads", nargs="*", default=HEADS, choices=HEADS + CONTROLS)
    parser.add_argument("--words", type=int, default=5000, help="size of the vocabulary")
    parser.add_argument("--tokens", type=int, default=400_000, help="words to train on")
    parser.add_argument("--d", type=int, default=64, help="width of the head's states")
    parser.add_argument("--hidden", type=int, default=160, help="width of the GRU")
    parser.add_argument("--segments", type=int, default=100_000, help="K of PLIF")
    parser.add_argument("--start", type=float, help="deviation of first embeddings x d**0.5 (1; 2 for mos)")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--contexts", type=int, default=1000, help="rows of the log P whose rank is counted")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.file:
        tokens = rk.datasets.words(options.file.read_text(encoding="utf-8"))
        cut = len(tokens) * 9 // 10
        learned, held_out = tokens[:cut], tokens[cut:]
    else:
        learned, held_out = rk.datasets.text("sotu").split()
    learned, held_out = learned[: options.tokens], held_out[: options.tokens // 8]
    known = {word: i for i, (word, _) in enumerate(Counter(learned).most_common(options.words - 1))}
    ids, other_ids = ([known.get(word, len(known)) for word in part] for part in (learned, held_out))
    torch.set_num_threads(1)
    print(f"{len(ids):,} words, {len(other_ids):,} held out, {len(known) + 1:,} classes, d = {options.d}")
    print(
        "head         parameters  perplexity  held out  rank 1e-2  rank 1e-3      s an epoch        MB kept"
    )
    base: tuple[float, float] | None = None
    for name in options.heads:
        torch.manual_seed(options.seed)
        start = options.start or (2.0 if name == "mos" else 1.0)
        model = Model(name, len(known) + 1, options.d, options.hidden, options.segments, start)
        size = sum(p.numel() for p in model.parameters())
        megabytes = memory_of(model, ids)
        model.zero_grad()
        perplexity, seconds = train(model, ids, options.epochs)
        judged, ranks = judge(model, other_ids, options.contexts)
        base = base or (seconds, megabytes)
        print(
            f"{name:12} {size:10,}  {perplexity:10.2f}  {judged:8.2f}  {ranks[0]:9,}  {ranks[1]:9,}  "
            f"{seconds:6.1f} ({seconds / base[0]:.2f}x)  {megabytes:5.0f} ({megabytes / base[1]:.2f}x)",
            flush=True,
        )


if __name__ == "__main__":
    main()
