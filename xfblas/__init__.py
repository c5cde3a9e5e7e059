"""L3 GEMM and fully connected layers on AMD/Xilinx FPGAs, and on this CPU to prepare for one.

    import xfblas

    model = xfblas.compile("model.keras", x)           # or a keras.Model
    probabilities = model.predict(x)                   # what keras.Model.predict returns
    xfblas.accelerate(keras_model, x)                  # or in place: its own predict

    product = xfblas.matmul(a, b)                      # int16 or float32 arrays of any size

Names load when they are first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

# A fork may come while another thread loads a name for the first time.
from xfblas import forks as forks

if TYPE_CHECKING:
    # For editors and type checkers: what __getattr__ below loads when it is asked.
    from xfblas.compiled.accelerate import accelerate as accelerate
    from xfblas.compiled.accelerate import restore as restore
    from xfblas.compiled.compiled_model import CompiledModel as CompiledModel
    from xfblas.compiled.compiler import compile as compile
    from xfblas.compiled.compiler import load as load
    from xfblas.convert.changes import config_diff as config_diff
    from xfblas.convert.configuration import config_from_keras_model as config_from_keras_model
    from xfblas.convert.configuration import config_from_onnx_model as config_from_onnx_model
    from xfblas.convert.converted_model import ConvertedModel as ConvertedModel
    from xfblas.convert.converter import convert_from_config as convert_from_config
    from xfblas.convert.converter import convert_from_keras_model as convert_from_keras_model
    from xfblas.convert.converter import convert_from_onnx_model as convert_from_onnx_model
    from xfblas.convert.project import build_project as build_project
    from xfblas.device.compute_unit import ComputeUnit as ComputeUnit
    from xfblas.device.default_images import image_path as image_path
    from xfblas.device.device import Device as Device
    from xfblas.device.device_matrix import DeviceMatrix as DeviceMatrix
    from xfblas.device.devices import Devices as Devices
    from xfblas.device.devices import open as open
    from xfblas.device.entries import table_places as table_places
    from xfblas.device.map_walk import MapWalk as MapWalk
    from xfblas.device.native import native_engine as native_engine
    from xfblas.device.native import native_statistics as native_statistics
    from xfblas.device.products import default_device as default_device
    from xfblas.errors import AllocationError as AllocationError
    from xfblas.errors import CalibrationError as CalibrationError
    from xfblas.errors import CalibrationWarning as CalibrationWarning
    from xfblas.errors import DtypeError as DtypeError
    from xfblas.errors import ExecutionError as ExecutionError
    from xfblas.errors import ImageError as ImageError
    from xfblas.errors import InternalError as InternalError
    from xfblas.errors import InvalidValueError as InvalidValueError
    from xfblas.errors import NotFoundError as NotFoundError
    from xfblas.errors import NotInitializedError as NotInitializedError
    from xfblas.errors import NotPaddedError as NotPaddedError
    from xfblas.errors import NotSupportedError as NotSupportedError
    from xfblas.errors import QueueFullError as QueueFullError
    from xfblas.errors import UnsupportedModelError as UnsupportedModelError
    from xfblas.errors import XfblasError as XfblasError
    from xfblas.export_c.header_file import write_header_file as write_header_file
    from xfblas.export_c.project import write_c_project as write_c_project
    from xfblas.graph import ModelGraph as ModelGraph
    from xfblas.graph import Network as Network
    from xfblas.graph import read_graph as read_graph
    from xfblas.graph import read_network as read_network
    from xfblas.l3.keras_rt import KerasRT as KerasRT
    from xfblas.l3.program_arguments import public_library_path as public_library_path
    from xfblas.l3.xfblas_rt import XfblasRT as XfblasRT
    from xfblas.offloading.blas import gemm as gemm
    from xfblas.offloading.blas import gemv as gemv
    from xfblas.offloading.blocks import offload as offload
    from xfblas.offloading.device_array import DeviceArray as DeviceArray
    from xfblas.offloading.device_array import asarray as asarray
    from xfblas.offloading.matmul import matmul as matmul
    from xfblas.offloading.statistics import stats as stats
    from xfblas.quantization import quantize as quantize
    from xfblas.reporting.accuracy_report import Report as Report
    from xfblas.reporting.report import report as report
    from xfblas.scoring.segmentation import SegmentationScore as SegmentationScore
    from xfblas.scoring.segmentation import score_masks as score_masks
    from xfblas.streaming.streaming_mlp import StreamingMLP as StreamingMLP
    from xfblas.tables.image_folder import ImageFolder as ImageFolder

    __version__: str

#: Where names are, by their modules.
_MODULES = {
    "compiled.accelerate": "accelerate restore",
    "compiled.compiled_model": "CompiledModel",
    "compiled.compiler": "compile load",
    "convert.changes": "config_diff",
    "convert.configuration": "config_from_keras_model config_from_onnx_model",
    "convert.project": "build_project",
    "convert.converted_model": "ConvertedModel",
    "convert.converter": "convert_from_config convert_from_keras_model convert_from_onnx_model",
    "device.compute_unit": "ComputeUnit",
    "device.default_images": "image_path",
    "device.device": "Device",
    "device.device_matrix": "DeviceMatrix",
    "device.devices": "Devices open",
    "device.entries": "table_places",
    "device.map_walk": "MapWalk",
    "device.native": "native_engine native_statistics",
    "device.products": "default_device",
    "errors": (
        "AllocationError CalibrationError CalibrationWarning DtypeError ExecutionError "
        "ImageError InternalError InvalidValueError NotFoundError NotInitializedError "
        "NotPaddedError NotSupportedError QueueFullError UnsupportedModelError XfblasError"
    ),
    "export_c.header_file": "write_header_file",
    "export_c.project": "write_c_project",
    "l3.keras_rt": "KerasRT",
    "l3.program_arguments": "public_library_path",
    "l3.xfblas_rt": "XfblasRT",
    "graph": "ModelGraph Network read_graph read_network",
    "offloading.blas": "gemm gemv",
    "offloading.device_array": "DeviceArray asarray",
    "offloading.matmul": "matmul",
    "offloading.blocks": "offload",
    "offloading.statistics": "stats",
    "quantization": "quantize",
    "reporting.accuracy_report": "Report",
    "reporting.report": "report",
    "scoring.segmentation": "SegmentationScore score_masks",
    "tables.image_folder": "ImageFolder",
    "streaming.streaming_mlp": "StreamingMLP",
}
_HOMES = {name: f"xfblas.{module}" for module, names in _MODULES.items() for name in names.split()}

__all__ = [*sorted(_HOMES), "__version__"]


if not TYPE_CHECKING:
    # A checker that saw this would take any name for one of these.
    def __getattr__(name):
        if name == "__version__":
            from xfblas.device.binding import version

            return version()
        if name == "dask":
            return importlib.import_module("xfblas.dask")
        if name not in _HOMES:
            raise AttributeError(f"module 'xfblas' has no attribute {name!r}")
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
