"""Packs what ``write.py`` or ``write_old.py`` wrote for ``test_genuine_files.py``.

    python pack.py FOLDER keras-2.15.0.tar.xz [KIND or KIND.FORMAT ...]

Takes every file that belongs to the kinds, or those named; bytes depend on the files alone.
"""

import io
import lzma
import sys
import tarfile
from pathlib import Path

#: What no file tells: that a function or, in HDF5, a class is not the one of Keras by this name.
HIDDEN = ("refused_own_relu", "refused_own_dense.h5", "refused_own_dense.old.h5")


def is_wanted(path, wanted):
    kind = path.name.split(".")[0]
    if kind in HIDDEN or path.name in HIDDEN:
        return False
    about = path.suffix in (".npz", ".json")
    given = any(name.split(".")[0] == kind for name in wanted) if about else path.name in wanted
    return not wanted or kind == "versions" or kind in wanted or given


def main():
    folder, archive, *wanted = sys.argv[1:]
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as packed:
        # Alike beside alike, which the compression profits from.
        for path in sorted(Path(folder).iterdir(), key=lambda path: (path.suffix, path.name)):
            if is_wanted(path, wanted):
                entry = tarfile.TarInfo(path.name)
                entry.size = path.stat().st_size
                packed.addfile(entry, io.BytesIO(path.read_bytes()))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
    Path(archive).write_bytes(lzma.compress(found.getvalue(), filters=filters))


if __name__ == "__main__":
    main()
