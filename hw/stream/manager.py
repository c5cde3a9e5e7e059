"""The manager: wires one kernel for each layer of a network into what builds and hosts read.

    manager.py --board u250 --layers 784,64,10 --activation tanh --dtype float --output FOLDER

writes xfblas_network.hpp (the kernels' constants), kernels.txt (what v++ compiles), link.cfg (which
kernel's stream goes where),
config_info.dat (what the host reads back from the image), stream_mlp.h (for C programs), and the
graph as network.svg and network.txt.
"""

import argparse
import itertools
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from xfblas.errors import InvalidValueError
from xfblas.files import write_if_new
from xfblas.image.boards import Board, read_board
from xfblas.image.element_types import ELEMENT_TYPES, type_name
from xfblas.image.regions import ports_of
from xfblas.image.stream_fitting import require_stream_fits
from xfblas.image.stream_header import c_header
from xfblas.image.stream_image import stream_configuration
from xfblas.image.stream_network import StreamNetwork, beats_of
from xfblas.image.stream_picture import network_svg, network_text
from xfblas.image.stream_plan import budget_of, plan_network

PAGE_BYTES = 4096
ON_CHIP_PAGE = 2
FORMS = ("linked", "single")

CONSTANTS = """\
// Made by hw/stream/manager.py for {platform}.
#ifndef XFBLAS_NETWORK_HPP
#define XFBLAS_NETWORK_HPP

#include "layer_shape.hpp"

{sizes}

namespace xfblas {{
namespace network {{

using Element = {element};
{constants}

// From the last to the first, since each knows what follows it: inputs, outputs, element, lanes,
// fold, function, routes, beats of the record that comes with a row, next.
{layers}

}}  // namespace network
}}  // namespace xfblas

#define XFBLAS_EACH_LAYER(APPLY) {each}
#define XFBLAS_LAST_LINK link_{count}

#endif
"""


def constants(board: Board, network: StreamNetwork) -> str:
    """The text of the kernels' constants."""
    count = len(network.layers)
    layers, earlier = [], 0
    for number, layer in enumerate(network.layers, 1):
        after = f"Layer{number + 1}" if number < count else "NoLayer"
        routes = ("s" in layer.routes) + 2 * ("x" in layer.routes)
        layers.append(
            f"struct Layer{number} : LayerShape<{layer.inputs}, {layer.outputs}, Element, "
            f"{layer.lanes}, {layer.fold},\n    StreamFunction::{layer.activation}, {routes}, "
            f"{earlier}, {after}> {{}};"
        )
        earlier += len(layer.routes) * beats_of(layer.outputs, network.data_type)
    pages = board.number("bank_bytes") * board.number("banks_of_a_unit") // PAGE_BYTES
    numbers = {
        "layers": count,
        "word_bytes": board.number("word_bytes"),
        "bank_pages": pages,
        "memory_latency": board.number("memory_latency"),
        "first_page": ON_CHIP_PAGE + -(-network.on_chip_bytes // PAGE_BYTES),
    }
    return CONSTANTS.format(
        platform=board.text("platform"),
        element=ELEMENT_TYPES[network.data_type].c_type,
        sizes="\n".join(f"#define SIZE_LAYER_{i} {size}" for i, size in enumerate(network.sizes)),
        constants="\n".join(f"constexpr int {name} = {value};" for name, value in numbers.items()),
        layers="\n".join(reversed(layers)),
        each=" ".join(f"APPLY({number}, {number - 1})" for number in range(1, count + 1)),
        count=count,
    )


def link_configuration(board: Board, network: StreamNetwork, form: str) -> str:
    """v++'s connectivity: a chain of kernels, one SLR after the other, or one kernel."""
    lines = ["[connectivity]", "nk=streamKernel:1", *ports_of(board, "streamKernel", 0)]
    if form == "single":
        return "\n".join(lines) + "\n"
    count, slrs = len(network.layers), board.number("slrs")
    names = [f"layer{number}" for number in range(1, count + 1)]
    lines += [f"nk={name}:1" for name in names]
    ends = [f"{name}_1" for name in names]
    lines.append(f"stream_connect=streamKernel_1.to_first:{ends[0]}.from")
    lines += [f"stream_connect={a}.to:{b}.from" for a, b in itertools.pairwise(ends)]
    lines.append(f"stream_connect={ends[-1]}.to:streamKernel_1.from_last")
    if slrs > 1:
        lines.append("slr=streamKernel_1:SLR0")
        lines += [
            f"slr={end}:SLR{place * min(slrs, count) // count}" for place, end in enumerate(ends)
        ]
    return "\n".join(lines) + "\n"


def kernel_list(network: StreamNetwork, form: str) -> str:
    """A line for each kernel that v++ compiles: name, source, and what that needs defined."""
    if form == "single":
        return "streamKernel stream_kernel.cpp\n"
    lines = ["streamKernel mover_kernel.cpp"]
    for number in range(1, len(network.layers) + 1):
        defines = f"-DXFBLAS_STREAM_NUMBER={number} -DXFBLAS_STREAM_NAME=layer{number}"
        lines.append(f"layer{number} layer_kernel.cpp {defines}")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("--layers", required=True, help="sizes, such as 784,64,10")
    parser.add_argument("--activation", default="tanh", help="of all layers, or one for each")
    parser.add_argument("--dtype", type=type_name, default="float", help="float or short")
    parser.add_argument("--outputs", help="what can go to the host, such as x1,s2; all by default")
    parser.add_argument("--multipliers", type=int, help="instead of the board's")
    parser.add_argument("--form", choices=FORMS, default="linked")
    parser.add_argument("--force", action="store_true", help="build what takes too much of an SLR")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    try:
        board = read_board(arguments.board)
        sizes = [_size(text) for text in arguments.layers.split(",")]
        given = arguments.multipliers
        budget = budget_of(board, arguments.dtype) if given is None else given
        outputs = arguments.outputs.split(",") if arguments.outputs else None
        network = plan_network(
            sizes, arguments.activation.split(","), arguments.dtype, budget, outputs
        )
        files = {
            "xfblas_network.hpp": constants(board, network),
            "link.cfg": link_configuration(board, network, arguments.form),
            "kernels.txt": kernel_list(network, arguments.form),
            "config_info.dat": stream_configuration(board, network).to_text(),
            "stream_mlp.h": c_header(network),
            "network.txt": network_text(network),
            "network.svg": network_svg(network),
        }
        require_stream_fits(board, network, arguments.force)
    except InvalidValueError as error:
        sys.exit(f"manager.py: {error}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_if_new(arguments.output / name, text.encode())


def _size(text: str) -> int:
    if not text.strip().isdecimal():
        raise InvalidValueError(f"layers has {text!r}, expected whole numbers such as 784,64,10")
    return int(text)


if __name__ == "__main__":
    main()
