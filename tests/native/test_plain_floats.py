"""float32 products of a process that has loaded no BLAS, as C programs are."""

from children import run_python

import xfblas
from xfblas import _xfblas

CODE = """
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("_xfblas", os.environ["MODULE"])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
ffi, lib = module.ffi, module.lib
handle = ffi.new("xfblasHandle_t *")
image = os.environ["IMAGE"].encode()
assert lib.xfblasCreate(handle, image, ffi.NULL, b"Gemm", 1, b"native", 0) == 0
a, c = ffi.new("float[]", list(range(6))), ffi.new("float[]", [float("nan")] * 4)
assert lib.xfblasMatmul(handle[0], 2, 2, 3, a, 3, a, 2, ffi.NULL, c, 2, 0) == 0
assert "numpy" not in sys.modules
print(list(c))
"""


def test_a_product_by_plain_loops():
    """Or by a BLAS of the system's, where there is one."""
    image = str(xfblas.image_path("default_float"))
    done = run_python(CODE, MODULE=_xfblas.__file__, IMAGE=image)
    assert done.stdout.strip() == "[10.0, 13.0, 28.0, 40.0]", done.stderr
