"""Writes what Vitis reads to build a kernel: hls_config.cfg (from 2023.1) and run_hls.tcl.

vitis.py --board u250 --engine fcn --folder build/u250-fcn-short

Of a streaming network, whose kernels stand in the folder's kernels.txt, each has files of its own:
layer1.cfg and layer1.tcl.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from xfblas.files import write_text
from xfblas.image.boards import read_board

HERE = pathlib.Path(__file__).resolve().parent

CONFIGURATION = """\
part={part}

[hls]
flow_target=vitis
clock={clock_mhz}MHz
syn.file={source}
syn.cflags={flags}
syn.top={kernel}
package.output.format=xo
package.output.file={kernel}.xo
"""

SCRIPT = """\
# For the HLS tool by itself: vitis_hls -f run_hls.tcl, or vitis-run --mode hls --tcl run_hls.tcl
open_project -reset {kernel}_project
set_top {kernel}
add_files {source} -cflags "{flags}"
open_solution -reset solution -flow_target vitis
set_part {part}
create_clock -period {clock_mhz}MHz
csynth_design
export_design -format xo -output {kernel}.xo
exit
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    board = read_board(arguments.board)
    folder = arguments.folder
    flags = f"-std=c++14 -I{HERE / 'include'} -I{folder.resolve()}"
    kernels = [(f"{arguments.engine}Kernel", HERE / f"src/{arguments.engine}_kernel.cpp", flags)]
    names = [("hls_config.cfg", "run_hls.tcl")]
    if arguments.engine == "stream":
        lines = [
            line.split(maxsplit=2) for line in (folder / "kernels.txt").read_text().splitlines()
        ]
        flags = f"{flags} -I{HERE / 'stream'}"
        kernels = [
            (name, HERE / "stream" / source, " ".join([flags, *defines]))
            for name, source, *defines in lines
        ]
        names = [(f"{name}.cfg", f"{name}.tcl") for name, *_ in kernels]
    for (kernel, source, flags), (configuration, script) in zip(kernels, names, strict=True):
        values = {
            "part": board.text("part"),
            "clock_mhz": board.number("clock_mhz"),
            "kernel": kernel,
            "source": source,
            "flags": flags,
        }
        write_text(folder / configuration, CONFIGURATION.format(**values))
        write_text(folder / script, SCRIPT.format(**values))


if __name__ == "__main__":
    main()
