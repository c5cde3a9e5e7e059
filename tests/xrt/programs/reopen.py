"""reopen.py IMAGE TIMES: opens, runs and closes; memory, open files and files must not grow."""

import os
import sys
from pathlib import Path

import moods

import xfblas

WARM_UP = 10


def resident_kib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def files_on_disk():
    folder = Path("/tmp", os.environ["USER"])
    return sum(len(files) for _, _, files in os.walk(folder))


def children():
    return len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def counts():
    return {
        "open files": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "files on disk": files_on_disk(),
        "processes": children(),
    }


def once(image):
    with xfblas.open(image, target="xrt") as device:
        for unit in device.compute_units:
            assert moods.run(unit, moods.GOOD) == 100


def main(image, times):
    for _ in range(WARM_UP):
        once(image)
    before, memory = counts(), resident_kib()
    for _ in range(int(times)):
        once(image)
    print(before, "->", counts(), f"resident {memory} -> {resident_kib()} KiB")
    assert counts() == before
    grown = resident_kib() - memory
    assert grown < 1024 + 8 * int(times), f"memory grew by {grown} KiB"


main(*sys.argv[1:])
