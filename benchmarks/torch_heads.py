"""What a training step of a PLIF head costs beside the linear head's, in time and memory, on a CPU."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import accumulate
from multiprocessing import get_context

HEADS = ("linear", "linear again", "sigsoftmax", "plif frozen", "plif")


def step_of(name: str, d: int, classes: int, contexts: int, segments: int) -> Callable[[], None]:
    """Return forward, loss and backward of a head on random states, in float32."""
    import torch

    from rankkit.torch import PLIF, MonotoneSoftmax, SigSoftmax

    torch.manual_seed(0)
    functions = {
        "sigsoftmax": SigSoftmax,
        "plif": lambda: PLIF(segments),
        "plif frozen": lambda: PLIF(segments, frozen=True),
    }
    head = MonotoneSoftmax(d, classes, functions[name]() if name in functions else None)
    torch.nn.init.normal_(head.weight, std=2 / d**0.5)  # logits of deviation 2
    H = torch.randn(contexts, d, requires_grad=True)
    target = torch.randint(classes, (contexts,))

    def step() -> None:
        head.zero_grad()
        H.grad = None
        torch.nn.functional.nll_loss(head(H), target).backward()

    return step


def times(threads: int, rounds: int, sizes: tuple[int, int, int, int]) -> dict[str, list[float]]:
    """Return seconds per step of each head: of CPU with one thread, else of wall time.

    The heads take turns, so that all see the same machine.
    """
    import torch

    torch.set_num_threads(threads)
    steps = {name: step_of(name, *sizes) for name in HEADS}
    clock = time.process_time if threads == 1 else time.perf_counter
    measured: dict[str, list[float]] = {name: [] for name in HEADS}
    for turn in range(rounds + 1):
        for name, step in steps.items():
            start = clock()
            step()
            if turn:  # the first round warms up
                measured[name].append(clock() - start)
    return measured


def peak(name: str, sizes: tuple[int, int, int, int]) -> int:
    """Return the most bytes of tensors that a step holds at once, beyond head and states."""
    from torch.profiler import ProfilerActivity, profile

    step = step_of(name, *sizes)
    step()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        step()
    events = [event for event in record.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classes", type=int, default=32_000)
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--contexts", type=int, default=256)
    parser.add_argument("--d", type=int, nargs="*", default=[256, 512])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    fresh = get_context("spawn")
    print(f"{args.classes:,} classes, {args.contexts} contexts, {args.segments:,} segments; medians")
    for d in args.d:
        sizes = (d, args.classes, args.contexts, args.segments)
        for threads in args.threads:
            with fresh.Pool(1) as pool:
                measured = pool.apply(times, (threads, args.rounds, sizes))
            print(
                f"d = {d}, {threads} thread{'s' * (threads > 1)} ({'CPU' if threads == 1 else 'wall'} time)"
            )
            for name, seconds in measured.items():
                pairs = zip(seconds, measured["linear"], strict=True)
                ratio = statistics.median(own / linear for own, linear in pairs)
                print(f"  {name:13} {statistics.median(seconds) * 1e3:7.0f} ms   {ratio:.2f} x linear")
    sizes = (args.d[0], args.classes, args.contexts, args.segments)
    block = 4 * args.classes * args.contexts
    for name in HEADS:
        with fresh.Pool(1) as pool:
            print(f"  {name:13} {pool.apply(peak, (name, sizes)) / block:.2f} logit blocks at most")


if __name__ == "__main__":
    main()
