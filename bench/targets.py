"""The targets of the project, as data."""

from dataclasses import dataclass

GEMM_LARGE = ("512", "1024", "2048")
WIDE = ("784-512-512-10", "1000-512-46")
SMALL = ("128-100-25-3", "784-64-10")
ALL_ROWS = ("1 row", "32 rows", "1024 rows", "10000 rows")
LOW_BITS = "xfblas int16, low bits"
NETWORK = "xfblas int16, network data"
FULL_RANGE = "xfblas int16, full range"
MATMUL = "xfblas int16 matmul"
INT8 = "xfblas int8 matmul, B kept"
NUMPY = "numpy float32"
DEFAULT = "xfblas int16"
DEFAULT_8 = "xfblas int8"
ORT = "ONNX Runtime float32"
AMX = "amx"
FRAMES = ("U-Net, 1 frame", "U-Net, 4 frames")


def _rows(*counts: str, of: tuple[str, ...] = WIDE + SMALL) -> tuple[str, ...]:
    return tuple(f"{model}, {count}" for model in of for count in counts)


@dataclass(frozen=True)
class Target:
    """Ours shall be at least so many times as fast as a baseline.

    Attributes:
        kind, cases: where.
        ours, baseline: candidates.
        least: the ratio.
        isa: instruction set that ours is kept to, or for ``amx`` has by itself.
    """

    kind: str
    cases: tuple[str, ...]
    ours: str
    baseline: str
    least: float
    isa: str | None = None

    @property
    def text(self) -> str:
        """What is compared."""
        on = f" on {self.isa}" if self.isa else ""
        return f"{self.kind}: {self.ours}{on} / {self.baseline}"


def _gemm(cases, ours, baseline, least, isa=None) -> Target:
    return Target("gemm", cases, ours, baseline, least, isa)


def _predict(cases, ours, baseline, least, isa=None) -> Target:
    return Target("predict", cases, ours, baseline, least, isa)


def _frames(ours, baseline, least, isa=None) -> Target:
    return Target("frames", FRAMES, ours, baseline, least, isa)


TARGETS = (
    _gemm(("256", *GEMM_LARGE), LOW_BITS, NUMPY, 2.1),
    _gemm(("256", *GEMM_LARGE), NETWORK, NUMPY, 1.9),
    _gemm(("128",), LOW_BITS, NUMPY, 1.6),
    _gemm(("64",), LOW_BITS, NUMPY, 0.95),
    # As a program calls it, with a B that it has not used before.
    _gemm(("64",), MATMUL, NUMPY, 1.0),
    _gemm(GEMM_LARGE, FULL_RANGE, NUMPY, 1.25),
    _gemm(("1024",), FULL_RANGE, NUMPY, 1.4),
    _gemm(("1024",), LOW_BITS, "MKL s16s16s32", 0.97),
    _gemm(("1x784x512",), LOW_BITS, NUMPY, 3.5),
    _gemm(("16x784x512",), LOW_BITS, NUMPY, 4.0),
    _gemm(("512", "1024"), LOW_BITS, NUMPY, 1.15, "avx512"),
    _gemm(("512", "1024"), LOW_BITS, NUMPY, 0.75, "avx2"),
    _gemm(GEMM_LARGE, INT8, "torch int8", 0.95),
    _gemm(GEMM_LARGE, INT8, "ONNX Runtime int8", 1.0),
    # The default call, as a user makes it.
    _predict(_rows("1024 rows", "10000 rows", of=WIDE), DEFAULT, ORT, 1.9),
    _predict(_rows("1024 rows", "10000 rows", of=SMALL), DEFAULT, ORT, 1.5),
    _predict(_rows("32 rows"), DEFAULT, ORT, 1.5),
    _predict(_rows("1 row"), DEFAULT, ORT, 2.0),
    _predict(_rows(*ALL_ROWS), DEFAULT_8, "OpenVINO int8", 1.1),
    _predict(_rows(*ALL_ROWS), DEFAULT_8, "ONNX Runtime int8 static", 1.2),
    _predict(_rows("1 row"), DEFAULT, "ONNX Runtime int8 dynamic", 1.0),
    _predict(_rows("1 row"), DEFAULT, "ONNX Runtime int8 static", 1.0),
    _predict(_rows("1 row"), DEFAULT, "Keras predict", 20.0),
    _predict(_rows("10000 rows"), DEFAULT, "Keras predict", 5.0),
    _predict(("128-100-25-3, 1 row",), DEFAULT, "hls4ml csim", 300.0),
    _predict(("128-100-25-3, 1024 rows",), DEFAULT, "hls4ml csim", 300.0),
)
#: Scripts: of exact sums; of wrapped arrays and blocks, which shall not cost more than numpy.
TARGETS += (
    Target("scripts", ("1024",), "xfblas int16 exact", NUMPY, 1.0),
    Target("scripts", ("1024",), "xfblas int16 exact", "numpy int64", 30.0),
)
TARGETS += (
    _frames(DEFAULT_8, "OpenVINO int8", 1.08),
    _frames(DEFAULT_8, "ONNX Runtime int8", 1.25),
    _frames(DEFAULT, ORT, 1.7),
)
#: Where the CPU has AMX; elsewhere they are told as not measured.
TARGETS += (
    _gemm((*GEMM_LARGE, "4096x784x512"), FULL_RANGE, NUMPY, 4.0, AMX),
    _gemm(("256",), FULL_RANGE, NUMPY, 3.0, AMX),
    _gemm(("128",), FULL_RANGE, NUMPY, 2.2, AMX),
    _gemm(("64",), FULL_RANGE, NUMPY, 1.0, AMX),
    _gemm(("16x784x512",), FULL_RANGE, NUMPY, 7.0, AMX),
    _gemm(GEMM_LARGE, f"{MATMUL}, B kept", NUMPY, 5.0, AMX),
    _gemm(("128", "256", *GEMM_LARGE), INT8, "ONNX Runtime int8", 1.2, AMX),
    _gemm(("128", "256", *GEMM_LARGE), INT8, "torch int8", 1.0, AMX),
    _predict(_rows("1024 rows", "10000 rows", of=WIDE), DEFAULT, ORT, 3.3, AMX),
    _predict(_rows("1024 rows", "10000 rows", of=SMALL), DEFAULT, ORT, 2.0, AMX),
    _predict(_rows(*ALL_ROWS), DEFAULT_8, "OpenVINO int8", 1.1, AMX),
    _predict(_rows(*ALL_ROWS), DEFAULT_8, "ONNX Runtime int8 static", 1.1, AMX),
    _frames(DEFAULT_8, "OpenVINO int8", 1.1, AMX),
    _frames(DEFAULT, ORT, 3.0, AMX),
)
#: Microseconds that a wrapper may add to a call.
WRAPPER = 2.0
#: Two workers of Dask, so many times the speed of one.
CLUSTER = 1.8
#: Twice the threads, so many times the speed, where the machine gives the cores: kind, candidates,
#: cases, on which instruction set.
PRODUCTS = (LOW_BITS, NETWORK, FULL_RANGE)
SCALING = (
    ("gemm", PRODUCTS, ("512",), 1.7, None),
    ("gemm", PRODUCTS, ("1024", "2048", "4096x784x512"), 1.85, None),
    ("gemm", PRODUCTS, (*GEMM_LARGE, "4096x784x512"), 1.8, AMX),
    ("frames", (DEFAULT_8, DEFAULT), FRAMES, 1.9, None),
)
WHOLE_CORES = 0.97
#: Peak memory, as a multiple of the operands.
MEMORY = 1.2
