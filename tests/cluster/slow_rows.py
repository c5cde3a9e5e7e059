"""What tests have workers run: rows that take a while, and tell who has read them."""

import os
import time
from pathlib import Path


def noted(block, folder, seconds=0.0, fails=False):
    """The block itself; a file of the folder has the process and how many rows it read."""
    if block.size and folder:
        with open(Path(folder) / f"{os.getpid()}.txt", "a") as file:
            file.write(f"{len(block)}\n")
        time.sleep(seconds)
        mark = Path(folder) / "failed"
        if fails and not mark.exists():
            mark.touch()
            raise OSError("the rows cannot be read this once")
    return block


#: Rows of each block that was read, for workers that are threads of this process.
counts: list[int] = []


def counted(block):
    """The block itself."""
    if block.size:
        counts.append(len(block))
    return block
