"""A plain matrix product from numpy on the Gemm engine, three ways."""

import numpy as np
import xfblas_L3 as l3

import xfblas

generator = np.random.default_rng(1)
a = generator.integers(-100, 100, (300, 200), dtype=np.int16)
b = generator.integers(-100, 100, (200, 50), dtype=np.int16)

# 1. One call; any size, int16 or float32, on a device that opens by itself.
product = xfblas.matmul(a, b)
print("xfblas.matmul equals numpy:", np.array_equal(product, a @ b))

# 2. Objects: a device, a compute unit, matrices that stay on the device between products.
with xfblas.open(engine="Gemm") as device:
    unit = device.compute_units[0]
    left, right, total = unit.send(a), unit.send(b), unit.empty((300, 50))
    unit.gemm(left, right, total)
    unit.gemm(left, right, total)  # C = A*B + C: the second one adds to the first
    unit.execute()
    print("two products added up equal numpy:", np.array_equal(total.read(), 2 * (a @ b)))

# 3. The functions of the public library.
args = l3.default_args().parse_args([])
options = l3.parse_cfg(args.cfg)
l3.createGemm(args, options)
c = np.zeros((300, 50), np.int16)
for matrix in (a, b, c):
    l3.sendMat(matrix)
l3.gemmOp(a, b, c)
l3.execute()
l3.getMat(c)
l3.destroy()
print("gemmOp equals numpy:", np.array_equal(c, a @ b))
