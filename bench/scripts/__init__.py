"""numpy scripts on the engine: products by their sizes, and the examples of apps/."""

from bench.gemm.product import Product

SIZES = (256, 512, 1024, 2048, 4096)
QUICK_SIZES = (256, 1024)
#: numpy's own product of integers takes minutes beyond.
LARGEST_OF_INTEGERS = 1024


def products(quick: bool) -> list[Product]:
    """The cases, from small to large."""
    return [Product(size, size, size) for size in (QUICK_SIZES if quick else SIZES)]
