"""Writes what Vitis reads to build a kernel: hls_config.cfg (from 2023.1) and run_hls.tcl.

vitis.py --board u250 --engine fcn --folder build/u250-fcn-short
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
    values = {
        "part": board.text("part"),
        "clock_mhz": board.number("clock_mhz"),
        "kernel": f"{arguments.engine}Kernel",
        "source": HERE / f"src/{arguments.engine}_kernel.cpp",
        "flags": f"-std=c++14 -I{HERE / 'include'} -I{arguments.folder.resolve()}",
    }
    write_text(arguments.folder / "hls_config.cfg", CONFIGURATION.format(**values))
    write_text(arguments.folder / "run_hls.tcl", SCRIPT.format(**values))


if __name__ == "__main__":
    main()
