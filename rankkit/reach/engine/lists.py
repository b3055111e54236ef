"""The lists of rivals of many searches made longer, compiled."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def extend(  # type: ignore[no-untyped-def]
    places, names, grown, own, rivals, count, corral, size, rays, marked
):  # fmt: skip
    """As :meth:`rankkit.reach.engine.hulls.Hulls.extend`, which returns ``grown``."""
    room = rivals.shape[1]
    for p in range(len(places)):
        t, fresh = places[p], 0
        marked[own[t]] = True
        for q in range(count[t]):
            marked[rivals[t, q]] = True
        for j in names[p]:
            if j >= 0 and not marked[j]:
                marked[j] = True
                fresh += 1
        grown[p] = fresh > 0
        marked[own[t]] = False
        for q in range(count[t]):
            marked[rivals[t, q]] = False
        if count[t] + fresh > room:
            count[t] = _clear(rivals[t], corral[t], size[t], rays)
        for j in names[p]:  # those still marked are new
            if j >= 0 and marked[j]:
                marked[j] = False
                if count[t] < room:
                    rivals[t, count[t]] = j
                    count[t] += 1


@njit(cache=True, nogil=True)
def _clear(rivals, corral, size, rays):  # type: ignore[no-untyped-def]
    """Keep the rivals in the corral only; return how many they are."""
    kept = rivals.copy()
    n = 0
    for a in range(size):
        if corral[a] >= rays:
            rivals[n] = kept[corral[a] - rays]
            corral[a] = rays + n
            n += 1
    return n
