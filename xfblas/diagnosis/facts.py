"""What this machine has, as plain facts. Each function looks at one thing and raises nothing."""

import os
import platform
import shutil
from dataclasses import asdict
from pathlib import Path

from xfblas.device.native import native_engine
from xfblas.emulation.runtime import CORE, folders
from xfblas.errors import XfblasError
from xfblas.scoring import keras_backends

XILINX_VENDOR = "0x10ee"
#: Instruction sets that tell engines apart, as Linux names them.
CPU_FEATURES = ("avx2", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni", "amx_int8")


def cpu() -> dict:
    """Name, processors that may be used, and the features that matter."""
    lines = _text(Path("/proc/cpuinfo")).splitlines()
    values = dict(line.split(":", 1) for line in lines if ":" in line)
    values = {name.strip(): value.strip() for name, value in values.items()}
    flags = values.get("flags", "").split()
    return {
        "name": values.get("model name", platform.processor() or platform.machine()),
        "processors": len(os.sched_getaffinity(0)),
        "features": [feature for feature in CPU_FEATURES if feature in flags],
    }


def native() -> dict:
    """What the native engine uses here: instruction set, all that run, BLAS library, threads."""
    try:
        return asdict(native_engine())
    except XfblasError as error:
        return {"error": str(error)}


def xrt() -> dict:
    """The Xilinx Runtime: where its library is, its version, and whether it can emulate."""
    folder = next((folder for folder in folders() if (folder / CORE).is_file()), None)
    if folder is None:
        return {"library": None, "version": None, "can_emulate": False}
    library = folder / CORE
    # libxrt_coreutil.so.2.13.466 is what the plain name points at.
    version = library.resolve().name.removeprefix("libxrt_coreutil.so.")
    return {
        "library": str(library),
        "version": version,
        "can_emulate": (folder / "libxrt_swemu.so.2").is_file(),
    }


def cards() -> list[dict]:
    """Cards on the PCI bus: address (BDF), driver and the platform that the driver tells."""
    found = []
    for device in sorted(Path("/sys/bus/pci/devices").glob("*")):
        if _text(device / "vendor").strip() != XILINX_VENDOR:
            continue
        driver = device / "driver"
        found.append(
            {
                "bdf": device.name,
                "driver": driver.resolve().name if driver.exists() else None,
                "platform": next((_text(name).strip() for name in device.glob("rom*/VBNV")), None),
            }
        )
    return found


def images(paths) -> list[dict]:
    """Images in the package and at the paths given: platform, engines and fitting targets."""
    from xfblas.image.container import read
    from xfblas.image.describe import describe
    from xfblas.image.kinds import Mode, SectionKind

    packaged = sorted((Path(__file__).parent.parent / "images").glob("*.xclbin"))
    found = []
    for path in (*packaged, *map(Path, paths)):
        try:
            container = read(path)
            facts = describe(container)
        except (XfblasError, OSError) as error:
            found.append({"path": str(path), "error": str(error)})
            continue
        has_kernel = container.section(SectionKind.BITSTREAM) is not None
        emulates = container.mode == Mode.SW_EMU
        targets = ["native"] if container.configuration_text or emulates else []
        targets += ["csim", "xrt (emulated)"] if emulates and has_kernel else []
        targets += [] if emulates else ["xrt"]
        found.append(
            {
                "path": str(path),
                "platform": container.platform,
                "engines": facts["engines"],
                "targets": targets,
            }
        )
    return found


def keras() -> dict:
    """Whether Keras is here, its backends that can be imported, why others cannot, and its own."""
    chosen, is_here = keras_backends.chosen(), keras_backends.is_installed("keras")
    names = keras_backends.installed() if is_here else []
    failures = keras_backends.failures(tuple(dict.fromkeys([*names, chosen]))) if is_here else {}
    return {
        "installed": is_here,
        "backends": [name for name in names if name not in failures],
        "failures": failures,
        "chosen": chosen,
    }


def tools() -> dict:
    """Compilers: g++ builds kernels for this CPU, v++ for cards."""
    return {name: shutil.which(name) for name in ("g++", "v++")}


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
