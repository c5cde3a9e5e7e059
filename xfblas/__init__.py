"""L3 GEMM and fully connected layers on AMD/Xilinx FPGAs, and on this CPU to prepare for one.

    import xfblas

    product = xfblas.matmul(a, b)                      # int16 or float32 arrays of any size

    with xfblas.open() as device:                      # or xfblas.open("fcn.xclbin")
        runtime = xfblas.KerasRT("model.h5", calibration=x, compute_unit=device.compute_units[0])
        probabilities = runtime.predict(x)

Names load when they are first used, so that importing the package costs nothing.
"""

import importlib

_HOMES = {
    "ComputeUnit": "xfblas.compute_unit",
    "Device": "xfblas.device",
    "DeviceMatrix": "xfblas.device_matrix",
    "KerasRT": "xfblas.runtime.keras_rt",
    "Network": "xfblas.models",
    "XfblasError": "xfblas.errors",
    "XfblasRT": "xfblas.runtime.xfblas_rt",
    "default_device": "xfblas.products",
    "image_path": "xfblas.default_images",
    "matmul": "xfblas.products",
    "native_engine": "xfblas.native",
    "native_statistics": "xfblas.native",
    "open": "xfblas.device",
    "quantize": "xfblas.quantization",
    "read_network": "xfblas.models",
}

__all__ = [*sorted(_HOMES), "__version__"]


def __getattr__(name):
    if name == "__version__":
        from xfblas.binding import version

        return version()
    if name not in _HOMES:
        raise AttributeError(f"module 'xfblas' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__
