"""What the public GEMM engine takes, by a formula that its published times confirm.

Vitis BLAS publishes kernel times of its float engine with four compute units on a U250: 242 MHz,
256 multipliers a unit, tiles of 64 x 64 x 64, row-major operands. Reading a tile row by row costs
more there than computing it, so with Mb, Nb and Kb tiles each way

    t_k    = max(t_mac, t_row)        t_mac = 64**3 / 256 / f        t_row = bursts * t_burst * p
    kernel = t_start + Mb * Nb * (Kb * t_k + t_row)

where a tile pair has 128 rows, each a burst of its own, and p is how much of a DRAM page a row of
the matrix fills: rows that share a page cost less. It is the baseline for our own kernels.
"""

CLOCK_HZ = 242e6
MULTIPLIERS = 256
TILE = 64
BURST_SECONDS = 43.1e-9
DRAM_PAGE_BYTES = 2048
START_SECONDS = 5.5e-6

#: Published kernel times in milliseconds by m = n = k.
PUBLISHED_MILLISECONDS = {
    64: 0.010905,
    128: 0.048517,
    256: 0.328314,
    512: 3.213388,
    1024: 24.113855,
    2048: 186.688153,
}


def public_gemm_seconds(m: int, k: int, n: int) -> float:
    """Kernel time of the public float engine for (m, k) times (k, n)."""
    tiles_m, tiles_k, tiles_n = (-(-size // TILE) for size in (m, k, n))
    page_share = min(1.0, k * 4 / DRAM_PAGE_BYTES)
    multiply = TILE**3 / MULTIPLIERS / CLOCK_HZ
    rows = 2 * TILE * BURST_SECONDS * page_share
    return START_SECONDS + tiles_m * tiles_n * (tiles_k * max(multiply, rows) + rows)
