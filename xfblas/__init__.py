"""L3 GEMM and fully connected layers on AMD/Xilinx FPGAs, and on this CPU to prepare for one.

    import xfblas

    model = xfblas.compile("model.keras", x)           # or a keras.Model
    probabilities = model.predict(x)                   # what keras.Model.predict returns
    xfblas.accelerate(keras_model, x)                  # or in place: its own predict

    product = xfblas.matmul(a, b)                      # int16 or float32 arrays of any size

Names load when they are first used, so that importing the package costs nothing.
"""

import importlib

_HOMES = {
    "CompiledModel": "xfblas.runtime.compiled_model",
    "ComputeUnit": "xfblas.compute_unit",
    "Device": "xfblas.device",
    "DeviceMatrix": "xfblas.device_matrix",
    "KerasRT": "xfblas.runtime.keras_rt",
    "ModelGraph": "xfblas.models",
    "Network": "xfblas.models",
    "XfblasError": "xfblas.errors",
    "XfblasRT": "xfblas.runtime.xfblas_rt",
    "accelerate": "xfblas.runtime.accelerate",
    "compile": "xfblas.runtime.compiler",
    "default_device": "xfblas.products",
    "image_path": "xfblas.default_images",
    "load": "xfblas.runtime.saved_model",
    "matmul": "xfblas.products",
    "native_engine": "xfblas.native",
    "native_statistics": "xfblas.native",
    "open": "xfblas.device",
    "public_library_path": "xfblas.public_library",
    "quantize": "xfblas.quantization",
    "read_graph": "xfblas.models",
    "read_network": "xfblas.models",
    "report": "xfblas.reporting.report",
    "restore": "xfblas.runtime.accelerate",
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
