"""Matrix products: the cases, and who computes them."""

from contextlib import ExitStack

from bench.candidate import Candidate
from bench.gemm.product import Product
from bench.suppliers import ask

CUBES = (64, 128, 256, 512, 1024, 2048)
MLP_SHAPES = ((1, 784, 512), (16, 784, 512), (4096, 784, 512))
QUICK_SHAPES = ((64,) * 3, (256,) * 3, (1024,) * 3, (1, 784, 512), (16, 784, 512))

#: Modules of this package, each with a function ``candidates(product, threads, stack)``.
SUPPLIERS = (
    "xfblas_matmul",
    "xfblas_program",
    "numpy_blas",
    "mkl_int16",
    "onnx_runtime",
    "torch_int8",
)
#: For the comparison of instruction sets.
ISA_SUPPLIERS = ("xfblas_program", "numpy_blas")


def products(quick: bool) -> list[Product]:
    """The cases, from small to large."""
    shapes = QUICK_SHAPES if quick else (*((size,) * 3 for size in CUBES), *MLP_SHAPES)
    return [Product(*shape) for shape in shapes]


def candidates(
    product: Product, threads: int, stack: ExitStack, suppliers=SUPPLIERS
) -> tuple[list[Candidate], dict[str, str]]:
    """All candidates for a product, and why suppliers are missing, by their name.

    Args:
        product: to compute.
        threads: that each may use.
        stack: closes what they hold.
        suppliers: whose candidates.
    """
    found, missing = ask("bench.gemm", suppliers, "candidates", product, threads, stack)
    return [candidate for group in found for candidate in group], missing
