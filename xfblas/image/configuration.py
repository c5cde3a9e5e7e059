"""What an image was built for: element type, sizes, engines, by the keys of config_info.dat.

``host_cpp/src/image/configuration.cpp`` reads the same keys with the same limits.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from xfblas.checks import require_instance
from xfblas.errors import ImageError, InvalidValueError

from .element_types import ELEMENT_TYPES, X_TYPES
from .keys import (
    ENGINES,
    NUMBERS,
    Number,
    choice_of,
    flag_of,
    number_of,
)
from .machine import KEYS as MACHINE_KEYS
from .machine import Machine
from .options import PREFIXES, Options, parse_options
from .stream_network import StreamNetwork

__all__ = ["ENGINES", "NUMBERS", "Configuration", "Options", "parse_options"]

INSTRUCTION_BYTES = 64


@dataclass(frozen=True)
class Configuration:
    """An image's configuration.

    Attributes:
        data_type: element type of A, B and C: ``short``, ``float`` or ``int8``.
        x_data_type: element type of X: ``int32_t``, ``float``, ``short`` or ``int8``.
        ddr_width: elements in a memory word.
        x_ddr_width: elements of X in a memory word.
        m_blocks, k_blocks, n_blocks: memory words in the engine's tile, each way.
        mac_bits: width of the accumulator.
        xvec: whether X is one row.
        instructions_per_launch: 2 to 64, the last of which ends the launch.
        kernel_count: compute units of each engine.
        engines: a subset of ``Fcn``, ``Gemm`` and ``Gemv``.
        part: name of the card, such as ``u250``; may be empty.
        machine: the sizes that the engine's speed follows from; None where they are not told.
        network: of an image of streaming kernels; None for all others.

    Raises:
        InvalidValueError: a value is out of its range; names it.
    """

    data_type: str
    x_data_type: str
    ddr_width: int = 1
    x_ddr_width: int = 1
    m_blocks: int = 1
    k_blocks: int = 1
    n_blocks: int = 1
    mac_bits: int = 48
    xvec: bool = False
    instructions_per_launch: int = 16
    kernel_count: int = 1
    engines: frozenset[str] = frozenset()
    part: str = ""
    machine: Machine | None = None
    network: StreamNetwork | None = None

    def __post_init__(self):
        for attribute, known in (("data_type", ELEMENT_TYPES), ("x_data_type", X_TYPES)):
            if getattr(self, attribute) not in known:
                value = getattr(self, attribute)
                raise InvalidValueError(f"{attribute} is {value!r}, expected {' or '.join(known)}")
        for _, attribute, minimum, maximum in NUMBERS:
            value = getattr(self, attribute)
            if type(value) is not int or not minimum <= value <= maximum:
                raise InvalidValueError(
                    f"{attribute} is {value!r}, expected {minimum} to {maximum}"
                )
        unknown = sorted(set(self.engines) - set(ENGINES))
        if unknown:
            raise InvalidValueError(f"engine is {unknown[0]!r}, expected {' or '.join(ENGINES)}")
        if type(self.xvec) is not bool:
            raise InvalidValueError(f"xvec is {self.xvec!r}, expected 0 or 1")
        if self.part != "".join(self.part.split()):
            raise InvalidValueError(f"part is {self.part!r}, expected no white space")
        if self.network is not None and self.network.data_type != self.data_type:
            raise InvalidValueError(
                f"network is of {self.network.data_type}, but data_type is {self.data_type!r}"
            )
        object.__setattr__(self, "engines", frozenset(self.engines))

    @classmethod
    def from_options(cls, options: Mapping) -> "Configuration":
        """The configuration that the words of a config_info.dat give.

        Args:
            options: what :func:`parse_options` returns, or any mapping of key to text.

        Raises:
            ImageError: a key is missing or its value cannot be used; names file and line.
        """
        if not isinstance(options, Options):
            expected = "what parse_cfg returns"
            options = Options(require_instance("xclbin_opts", options, Mapping, expected=expected))
        if "dataType" not in options:
            found = f"{options.source} names no" if options.source else "there is no"
            raise ImageError(f"{found} dataType, expected {' or '.join(ELEMENT_TYPES)}")
        data_type = choice_of(options, "dataType", ELEMENT_TYPES)
        absent = {"macBits": ELEMENT_TYPES[data_type].mac_bits, "numInstr": 16}
        numbers = {}
        for number in NUMBERS:
            # Images of one width only give it once.
            fallback = numbers["ddr_width"] if number.key == "XddrWidth" else 1
            numbers[number.attribute] = number_of(options, number, absent.get(number.key, fallback))
        return cls(
            data_type=data_type,
            x_data_type=choice_of(
                options,
                "XdataType",
                X_TYPES,
                ELEMENT_TYPES[data_type].addends[0],
            ),
            xvec=flag_of(options, "XVEC"),
            engines=frozenset(name for name in ENGINES if flag_of(options, f"run{name}")),
            part=str(options.get("part", "")),
            machine=Machine.from_words(
                {
                    key: number_of(options, Number(key, key, 1, 1 << 20), 1)
                    for key in MACHINE_KEYS.values()
                    if key in options
                }
            ),
            network=StreamNetwork.from_words(options, data_type),
            **numbers,
        )

    @property
    def dtype_name(self) -> str:
        """numpy's name of the element type: ``int16``, ``float32`` or ``int8``."""
        return ELEMENT_TYPES[self.data_type].dtype

    @property
    def m_padding(self) -> int:
        """What m must be a multiple of."""
        return self.ddr_width * self.m_blocks

    @property
    def k_padding(self) -> int:
        """What k must be a multiple of."""
        return self.ddr_width * self.k_blocks

    @property
    def n_padding(self) -> int:
        """What n must be a multiple of."""
        return self.ddr_width * self.n_blocks

    @property
    def chain_padding(self) -> int:
        """What n must be a multiple of where this C is the A of the next layer."""
        return self.ddr_width * max(self.k_blocks, self.n_blocks)

    @property
    def paddings(self) -> tuple[int, int, int]:
        """The paddings of m, k and n."""
        return self.m_padding, self.k_padding, self.n_padding

    @property
    def word_bits(self) -> int:
        """Bits in a memory word."""
        return 8 * self.ddr_width * ELEMENT_TYPES[self.data_type].bytes

    def words(self) -> dict[str, str]:
        """The words of a complete config_info.dat by key, without a prefix."""
        units = self.kernel_count * max(1, len(self.engines) + (self.network is not None))
        words = {"dataType": self.data_type, "XdataType": self.x_data_type}
        words |= {number.key: str(getattr(self, number.attribute)) for number in NUMBERS}
        words |= {
            "keepMacBits": str(int(self.data_type != "float")),
            "XVEC": str(int(self.xvec)),
        }
        words |= {f"run{engine}": str(int(engine in self.engines)) for engine in ENGINES}
        words["argInstrWidth"] = str(max(1, INSTRUCTION_BYTES * 8 // self.word_bits))
        words["instructionSizeBytes"] = str(INSTRUCTION_BYTES)
        if self.part:
            words["part"] = self.part
        if self.machine is not None:
            words |= self.machine.words()
        if self.network is not None:
            words |= self.network.words()
        words["fpgaDdrBanks"] = ",".join(f"XCL_MEM_DDR_BANK{bank}" for bank in range(units))
        return words

    def to_text(self, prefix: str = "BLAS_") -> str:
        """A complete config_info.dat, one word a line.

        Raises:
            InvalidValueError: the prefix is neither ``BLAS_`` nor ``GEMX_``.
        """
        if prefix not in PREFIXES:
            raise InvalidValueError(f"prefix is {prefix!r}, expected {' or '.join(PREFIXES)}")
        return "".join(f"{prefix}{key}={value}\n" for key, value in self.words().items())
