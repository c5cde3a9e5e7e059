"""Whether an engine fits the chip that it is built for, before hours are spent on a build."""

from dataclasses import dataclass

from xfblas.errors import InvalidValueError

from .boards import Board
from .machine import Machine
from .part_counts import Use
from .regions import Region, regions_of, slr_of
from .unit_parts import unit_parts

#: Part of an SLR that may be taken; what is left is for wires and for what the counts miss.
LIMIT = 0.70


@dataclass(frozen=True)
class Fit:
    """What the compute units of an SLR take of it.

    Attributes:
        region: the SLR.
        units: how many of them.
        use: of all of them.
        shares: least and most part of the SLR, 0 to 1 and more, by ``LUT``, ``DSP`` and ``BRAM``.
    """

    region: Region
    units: int
    use: Use
    shares: dict[str, tuple[float, float]]

    @property
    def limit(self) -> str:
        """What there is least of: ``LUT``, ``DSP`` or ``BRAM``."""
        return max(self.shares, key=lambda kind: self.shares[kind][0])

    @property
    def share(self) -> float:
        """The least part of it that is taken."""
        return self.shares[self.limit][0]

    @property
    def fits(self) -> bool:
        """Whether that leaves as much as it should."""
        return self.share <= LIMIT

    def to_text(self) -> str:
        """A line such as ``SLR0 with 1 unit: LUT 64..93 %, DSP 58..92 %, BRAM 24 %``."""
        units = f"{self.units} unit{'s' if self.units > 1 else ''}"
        shares = ", ".join(f"{kind} {_range(*both)} %" for kind, both in self.shares.items())
        return f"{self.region.name} with {units}: {shares}; {self.limit} limits it"


def parts_on(board: Board, machine: Machine, dtype: str, engine: str) -> dict[str, Use]:
    """What each part of a compute unit takes on a board, which may have a top of its own."""
    is_zynq = engine == "fcn" and board.values.get("top") == "zynq"
    return unit_parts(machine, dtype, "zynq" if is_zynq else engine)


def unit_use(board: Board, machine: Machine, dtype: str, engine: str) -> Use:
    """What a compute unit takes there, all of its parts."""
    return sum(parts_on(board, machine, dtype, engine).values(), Use())


def fits_of(board: Board, use: Use, units: int) -> list[Fit]:
    """What units that each take so much do to the SLRs that they are put into.

    Args:
        board: see :func:`~xfblas.image.boards.read_board`.
        use: of a unit.
        units: how many; they go where ``link.cfg`` says.

    Returns:
        One for each SLR with units; none where the board's data file tells no resources.
    """
    regions = regions_of(board)
    places = [slr_of(board, unit) for unit in range(units)] if regions else []
    return [
        fit_of(region, places.count(place), use)
        for place, region in enumerate(regions)
        if place in places
    ]


def fit_of(region: Region, units: int, use: Use) -> Fit:
    """What units that each take so much do to an SLR."""
    taken = Use(*(units * amount for amount in use))
    shares = {
        "LUT": (taken.luts / region.luts, taken.most_luts / region.luts),
        "DSP": (taken.dsps / region.dsps, taken.most_dsps / region.dsps),
        "BRAM": (taken.blocks / 2 / region.brams,) * 2,
    }
    return Fit(region, units, taken, shares)


def require_fit(board: Board, what: str, fits: list[Fit], force: bool = False) -> None:
    """Raises where an SLR would be fuller than it should be.

    Args:
        board: where it is built for.
        what: begins the message, such as ``fcn short with an array of 64x64``.
        fits: see :func:`fits_of`.
        force: let it pass.

    Raises:
        InvalidValueError: names the SLR, what it lacks, and how much is asked for.
    """
    full = [] if force else [fit for fit in fits if not fit.fits]
    if full:
        fit = max(full, key=lambda fit: fit.share)
        asked, there = _asked(fit)
        units = f"{fit.units} units of " if fit.units > 1 else ""
        raise InvalidValueError(
            f"{board.name}: {units}{what} takes {fit.share:.0%} of the {fit.limit}s of "
            f"{fit.region.name} ({asked:,.0f} of {there:,}) by the counts of its parts, "
            f"expected at most {LIMIT:.0%}: take smaller or fewer ones, or force it (--force, with "
            "make FORCE=1)"
        )


def require_unit_fits(
    board: Board, dtype: str, engine: str, units: int, force: bool = False
) -> None:
    """The same for compute units of a board's own sizes."""
    machine = board.machine(dtype, engine)
    what = f"{engine} {dtype} with {sizes_of(machine, engine)}"
    require_fit(board, what, fits_of(board, unit_use(board, machine, dtype, engine), units), force)


def sizes_of(machine: Machine, engine: str) -> str:
    """What of an engine makes it large, in words."""
    if engine == "gemv":
        return f"words of {machine.word_elements} elements"
    return f"an array of {machine.array_rows}x{machine.array_columns}"


def build_hours(use: Use, units: int) -> tuple[float, float]:
    """Hours that Vitis may take for a card: assumed, by LUTs, since nobody here has run it."""
    luts = units * use.luts / 1e5
    return 1 + luts / 2, 2 + 1.5 * luts


def _asked(fit: Fit) -> tuple[float, int]:
    if fit.limit == "BRAM":
        return fit.use.blocks / 2, fit.region.brams
    return (
        (fit.use.luts, fit.region.luts) if fit.limit == "LUT" else (fit.use.dsps, fit.region.dsps)
    )


def _range(least: float, most: float) -> str:
    low, high = f"{100 * least:.0f}", f"{100 * most:.0f}"
    return low if low == high else f"{low}..{high}"
