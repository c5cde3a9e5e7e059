"""The images that come with the package."""

from pathlib import Path

from xfblas.errors import InvalidValueError
from xfblas.files import write_text

from .boards import read_board
from .builder import ImageSpecification, build_image
from .configuration import ENGINES, Configuration
from .kinds import MemoryType
from .sections import MemoryBank

GIBIBYTE = 2**30
# The Alveo cards map their DDR banks here; no bank begins at 0, where a null pointer would lie.
FIRST_BANK_ADDRESS = 0x40_0000_0000
BANK_STEP = 0x10_0000_0000


def memory_banks(count: int, size_bytes: int = 4 * GIBIBYTE) -> tuple[MemoryBank, ...]:
    """DDR banks ``DDR[0]``, ``DDR[1]`` and so on, of the same size, up to 64 GiB each."""
    return tuple(
        MemoryBank(
            tag=f"DDR[{index}]",
            size_bytes=size_bytes,
            base_address=FIRST_BANK_ADDRESS + BANK_STEP * index,
            type=MemoryType.DDR4,
        )
        for index in range(count)
    )


def _default(data_type: str, x_data_type: str) -> ImageSpecification:
    configuration = Configuration(
        data_type=data_type,
        x_data_type=x_data_type,
        mac_bits=32 if data_type == "int8" else 48,
        instructions_per_launch=64,
        kernel_count=2,
        engines=frozenset(ENGINES),
        part="u250",
        machine=read_board("u250").machine(data_type),
    )
    return ImageSpecification(
        configuration=configuration,
        platform="xilinx_u250_gen3x16_xdma_4_1_202210_1",
        banks=memory_banks(6),
        part="virtexuplus:xcu250:figd2104:-2L:e",
    )


SPECIFICATIONS = {
    # Memory words of one element: no padding, so that one row costs one row.
    "default_short": _default("short", "int32_t"),
    "default_float": _default("float", "float"),
    "default_int8": _default("int8", "int32_t"),
    # What the example of the public library was built for.
    "seed_short": ImageSpecification(
        configuration=Configuration(
            data_type="short",
            x_data_type="int32_t",
            ddr_width=32,
            x_ddr_width=16,
            m_blocks=4,
            k_blocks=4,
            n_blocks=4,
            engines=frozenset(ENGINES),
            part="u200",
        ),
        platform="xilinx_u200_gen3x16_xdma_2_202110_1",
        banks=memory_banks(3, 16 * GIBIBYTE),
        part="virtexuplus:xcu200:fsgd2104:-2:e",
    ),
}


def specification(name: str) -> ImageSpecification:
    """A specification by its name.

    Raises:
        InvalidValueError: there is none of this name; lists those that are there.
    """
    if name not in SPECIFICATIONS:
        raise InvalidValueError(f"preset is {name!r}, expected {' or '.join(SPECIFICATIONS)}")
    return SPECIFICATIONS[name]


def write_images(directory) -> list[Path]:
    """Writes every image as ``<name>.xclbin`` with its config_info.dat as ``<name>.dat``.

    Returns:
        The paths written.

    Raises:
        OSError: a file cannot be written.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, wanted in SPECIFICATIONS.items():
        configuration = directory / f"{name}.dat"
        write_text(configuration, wanted.configuration.to_text())
        paths += [build_image(wanted, directory / f"{name}.xclbin"), configuration]
    return paths
