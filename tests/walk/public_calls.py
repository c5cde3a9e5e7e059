"""Every public function with arguments that it takes, as a walk over wrong ones begins with."""

import inspect
from types import SimpleNamespace

import numpy as np
from keras_models import build
from onnx_files.onnx_models import Builder

import xfblas
from xfblas import l3, profiling
from xfblas.graph.network import Layer
from xfblas.l3 import mlp_common, session
from xfblas.streaming.formats import LayerFormat

#: Classes whose methods users call. Exceptions have none of their own.
CLASSES = (
    xfblas.CompiledModel,
    xfblas.ComputeUnit,
    xfblas.ConvertedModel,
    xfblas.Device,
    xfblas.DeviceArray,
    xfblas.DeviceMatrix,
    xfblas.ImageFolder,
    xfblas.KerasRT,
    xfblas.ModelGraph,
    xfblas.Network,
    xfblas.Report,
    xfblas.SegmentationScore,
    xfblas.StreamingMLP,
    xfblas.XfblasRT,
    l3.XFBLASManager,
    session.Session,
)
#: What takes C's own functions, reads the command line, or is made by a function alone.
LEFT_OUT = {"ComputeUnit.call", "ConvertedModel", "processCommandLine"}
LEFT_OUT |= {"profiling.Comparison", "profiling.Diagnosis"}
#: Devices that the walk created, by the index of the L3 functions.
GEMM, GEMV, FCN, FREE = 10, 11, 12, 13


class World:
    """What calls are made on: devices, models and matrices that are good."""

    def __init__(self, keras, folder):
        generator = np.random.default_rng(5)
        self.rows = generator.normal(size=(60, 4)).astype(np.float32)
        self.labels = np.arange(60) % 3
        kernels = [(4, 5), (5, 3)]
        self.weights = [generator.normal(size=shape).astype(np.float32) for shape in kernels]
        self.bias = [np.zeros(columns, np.float32) for _, columns in kernels]
        layers = [
            Layer(f"dense{index}", kernel, bias, "linear", 1.0)
            for index, (kernel, bias) in enumerate(zip(self.weights, self.bias, strict=True))
        ]
        self.network = xfblas.Network("net", layers, "softmax", (4,))
        self.graph = xfblas.ModelGraph.from_network(self.network)
        self.image = xfblas.image_path("default_short")
        self.configuration = l3.parse_cfg(self.image)
        self.arguments = SimpleNamespace(xclbin=str(self.image), cfg=None, lib=None)
        l3.createGemm(self.arguments, self.configuration, 1, GEMM)
        l3.createGemv(self.arguments, self.configuration, 1, GEMV)
        l3.createFcn(self.arguments, self.configuration, 1, FCN)
        self.gemm, self.gemv, self.fcn = (session.session(index) for index in (GEMM, GEMV, FCN))
        self.model = xfblas.compile(self.network, self.rows, device=self.fcn.device)
        self.report = xfblas.report(self.model, self.rows, self.labels)
        self.saved = folder / "model.xfblas"
        self.model.save(self.saved)
        self.keras = build(keras, "plain")
        self.onnx = onnx_mlp(generator)
        self.images = folder / "images"
        self.images.mkdir()
        np.save(self.images / "a.npy", np.zeros((4, 5, 3), np.uint8))
        self.project = folder / "project"
        self.keras_rows = generator.normal(size=(60, 12)).astype(np.float32)
        self.converted = xfblas.convert_from_keras_model(
            self.keras, self.project, calib_data=self.keras_rows, input_data_tb=self.keras_rows[:3]
        )
        self.converted.write()
        self.stream = xfblas.StreamingMLP([4, 5, 3]).load_weights(self.network)
        self.stream_integers = xfblas.StreamingMLP([4, 5, 3], dtype=np.int16)
        self.runtimes = self.keras_rt(), self.xfblas_rt()
        self.opened = dict(session._sessions)

    def tidy(self):
        """Closes what a call opened, and forgets programs that it queued."""
        for index, found in list(session._sessions.items()):
            if found is not self.opened.get(index):
                del session._sessions[index]
                found.device.close()
        for found in self.opened.values():
            for unit in found.device.compute_units:
                unit.clear()

    def close(self):
        self.model.close()
        self.converted.close()
        self.stream.close()
        self.stream_integers.close()
        for index, found in list(session._sessions.items()):
            del session._sessions[index]
            found.device.close()

    def sent(self, found, *shapes, x=None):
        """Arrays on a session's device."""
        arrays = [np.ones(shape, np.int16) for shape in shapes]
        arrays += [] if x is None else [np.ones(x, np.int32)]
        for array in arrays:
            found.send(array, 0)
        return arrays

    def matrices(self, found, *shapes):
        return [found.device.compute_units[0].empty(shape) for shape in shapes]

    def lists(self):
        return {
            "wgt_scale": [10, 10],
            "bias_scale": [10, 10],
            "post_scale": [[1, 0], [1, 1]],
            "relu_scale": [[1, 0], [1, 0]],
        }

    def xfblas_rt(self):
        options = dict(zip(("wgt", "bias"), (list(self.weights), list(self.bias)), strict=True))
        return xfblas.XfblasRT(self.configuration, **options, **self.lists(), idxDevice=FCN)

    def keras_rt(self, **options):
        return xfblas.KerasRT(self.network, idxDevice=FCN, calibration=self.rows, **options)


def dask_rows(rows):
    import dask.array

    return dask.array.from_array(rows, chunks=(30, 4))


def onnx_mlp(generator):
    """Of rows of 4: 5 units, rectified, and 3."""
    builder = Builder()
    hidden = builder.add("MatMul", builder.input(4), generator.normal(size=(4, 5)).astype("f4"))
    rectified = builder.add("Relu", hidden)
    return builder.model(
        builder.add("MatMul", rectified, generator.normal(size=(5, 3)).astype("f4"))
    )


def calls(world):
    """``name: () -> (function, good arguments)`` of everything public; made anew for each call."""
    rows, network = world.rows, world.network
    shapes = (5, 4), (4, 3), (5, 3)
    left, right = np.ones(shapes[0], np.int16), np.ones(shapes[1], np.int16)
    at = {"idxKernel": 0}
    found = {
        "Network.sums_of": lambda: (network.sums_of, {"rows": rows}),
        # functions of the package
        "accelerate": lambda: (
            xfblas.accelerate,
            {"model": world.keras, "calibration": world.keras_rows, "recompile": True},
        ),
        "restore": lambda: (xfblas.restore, {"model": world.keras}),
        "compile": lambda: (xfblas.compile, {"model": network, "calibration": rows}),
        "config_from_keras_model": lambda: (
            xfblas.config_from_keras_model,
            {"model": world.keras, "granularity": "name"},
        ),
        "config_diff": lambda: (
            xfblas.config_diff,
            {"config": {"Model": {"Precision": "int8"}}, "model": world.keras},
        ),
        "convert_from_keras_model": lambda: (
            xfblas.convert_from_keras_model,
            {"model": world.keras, "calib_data": world.keras_rows},
        ),
        "config_from_onnx_model": lambda: (xfblas.config_from_onnx_model, {"model": world.onnx}),
        "convert_from_onnx_model": lambda: (
            xfblas.convert_from_onnx_model,
            {"model": world.onnx, "calib_data": rows},
        ),
        "build_project": lambda: (
            xfblas.build_project,
            {"folder": world.project, "csim": False},
        ),
        "convert_from_config": lambda: (
            xfblas.convert_from_config,
            {"config": {"KerasModel": world.keras}},
        ),
        **{
            f"profiling.{name}": lambda name=name, good=good: (getattr(profiling, name), good)
            for name, good in {
                "get_ymodel_keras": {"keras_model": world.keras, "X": world.keras_rows[:3]},
                "compare": {
                    "keras_model": world.keras,
                    "hls_model": world.converted,
                    "X": world.keras_rows[:3],
                    "plot_type": "table",
                },
                "debug_accuracy": {"model": world.converted, "X": world.keras_rows[:3]},
                "plot_model": {"model": world.converted},
                "numerical": {"model": world.keras, "hls_model": world.converted},
                "ranges_of": {"hls_model": world.converted, "X": world.keras_rows[:3]},
            }.items()
        },
        **{
            f"ConvertedModel.{name}": lambda name=name, good=good: (
                getattr(world.converted, name),
                good,
            )
            for name, good in {
                "compile": {},
                "predict": {"x": world.keras_rows},
                "trace": {"x": world.keras_rows},
                "build": {"csim": False},
                "write": {},
                "save": {"path": "converted.xfblas"},
                "close": {},
            }.items()
        },
        "load": lambda: (xfblas.load, {"path": world.saved}),
        "write_c_project": lambda: (
            xfblas.write_c_project,
            {"model": world.model, "folder": "c", "x": rows},
        ),
        "write_header_file": lambda: (
            xfblas.write_header_file,
            {
                **{"model": world.model, "X": rows, "n": 5, "path": "data.h"},
                **dict.fromkeys(("y", "y_keras", "y_hls"), np.zeros((60, 3), np.float32)),
            },
        ),
        "default_device": lambda: (xfblas.default_device, {"dtype": "int16"}),
        "image_path": lambda: (xfblas.image_path, {"name": "default_short"}),
        "asarray": lambda: (xfblas.asarray, {"x": left}),
        "gemm": lambda: (xfblas.gemm, {"alpha": 2, "a": left, "b": right}),
        "gemv": lambda: (xfblas.gemv, {"alpha": 2, "a": left, "x": right[:, 0]}),
        "matmul": lambda: (xfblas.matmul, {"a": left, "b": right}),
        "matmul of bytes": lambda: (
            xfblas.matmul,
            {"a": left.astype(np.uint8), "b": right.astype(np.int8)},
        ),
        "matmul of floats": lambda: (
            xfblas.matmul,
            {"a": left.astype(float), "b": right.astype(float), "split": True},
        ),
        "offload": lambda: (xfblas.offload, {"threshold": 10}),
        "stats": lambda: (xfblas.stats, {}),
        "dask.matmul": lambda: (xfblas.dask.matmul, {"a": left, "b": right}),
        "dask.predict": lambda: (
            xfblas.dask.predict,
            {"model": world.saved, "x": dask_rows(rows), "out": "predictions"},
        ),
        "native_engine": lambda: (xfblas.native_engine, {}),
        "native_statistics": lambda: (xfblas.native_statistics, {}),
        "open": lambda: (_closing(xfblas.open, xfblas.Device), {}),
        "public_library_path": lambda: (xfblas.public_library_path, {}),
        "quantize": lambda: (xfblas.quantize, {"network": network, "rows": rows}),
        "read_graph": lambda: (xfblas.read_graph, {"source": world.graph}),
        "read_network": lambda: (xfblas.read_network, {"source": network}),
        "report": lambda: (
            xfblas.report,
            {"model": world.model, "x": rows, "y": world.labels},
        ),
        # classes of the package
        "CompiledModel": lambda: (
            xfblas.CompiledModel,
            {"graph": world.graph, "networks": world.model.networks, "lease": world.model._lease},
        ),
        "ComputeUnit": lambda: (
            xfblas.ComputeUnit,
            {"device": world.fcn.device, "handle": world.fcn.device._handle, "index": 0},
        ),
        "Device": lambda: (_closing(xfblas.Device), {}),
        "Devices": lambda: (xfblas.Devices, {"devices": [world.fcn.device]}),
        "DeviceMatrix": lambda: (
            xfblas.DeviceMatrix,
            {"compute_unit": world.fcn.unit(0), "shape": (5, 4), "dtype": np.int16},
        ),
        "ImageFolder": lambda: (xfblas.ImageFolder, {"folder": world.images}),
        "SegmentationScore": lambda: (
            xfblas.SegmentationScore,
            {"confusion": np.eye(3, dtype=np.int64)},
        ),
        "score_masks": lambda: (
            xfblas.score_masks,
            {"labels": world.labels, "predicted": world.labels, "class_count": 3},
        ),
        "KerasRT": lambda: (
            xfblas.KerasRT,
            {"keras_model": network, "idxDevice": FCN, "calibration": rows},
        ),
        "KerasRT with lists": lambda: (
            xfblas.KerasRT,
            {"keras_model": network, "idxDevice": FCN, **world.lists()},
        ),
        "ModelGraph": lambda: (
            xfblas.ModelGraph,
            {
                name: getattr(world.graph, name)
                for name in ("name", "inputs", "outputs", "steps", "placements")
            },
        ),
        "Network": lambda: (
            xfblas.Network,
            {
                "name": "net",
                "layers": network.layers,
                "output_activation": "softmax",
                "input_shape": (4,),
            },
        ),
        "StreamingMLP": lambda: (_closing(xfblas.StreamingMLP), {"layers": [4, 5, 3]}),
        "StreamingMLP.from_keras": lambda: (
            _closing(xfblas.StreamingMLP.from_keras),
            {"model": network},
        ),
        "StreamingMLP.load_weights": lambda: (world.stream.load_weights, {"weights": network}),
        "StreamingMLP.load_integers": lambda: (
            world.stream_integers.load_integers,
            {
                "weights": [
                    (kernel.astype(np.int16), bias.astype(np.int32))
                    for kernel, bias in zip(world.weights, world.bias, strict=True)
                ],
                "formats": [LayerFormat(0, 0, 0, 0)] * 2,
            },
        ),
        "StreamingMLP.run": lambda: (world.stream.run, {"x": rows}),
        "StreamingMLP.predict": lambda: (world.stream.predict, {"x": rows, "verbose": 0}),
        "StreamingMLP.trace": lambda: (world.stream.trace, {"x": rows}),
        "StreamingMLP.summary": lambda: (world.stream.summary, {}),
        "StreamingMLP.picture": lambda: (world.stream.picture, {}),
        "StreamingMLP.unload": lambda: (world.stream_integers.unload, {}),
        "StreamingMLP.close": lambda: (xfblas.StreamingMLP([4, 3]).close, {}),
        "Report": lambda: (xfblas.Report, dict(vars(world.report))),
        "XfblasRT": lambda: (
            xfblas.XfblasRT,
            {
                "xclbin_opts": world.configuration,
                "wgt": list(world.weights),
                "bias": list(world.bias),
                **world.lists(),
                "idxDevice": FCN,
            },
        ),
        # methods
        "ImageFolder.as_stored": lambda: (xfblas.ImageFolder(world.images).as_stored, {}),
        "DeviceArray": lambda: (xfblas.DeviceArray, {"array": left, "device": world.gemm.device}),
        "DeviceArray.numpy": lambda: (xfblas.asarray(left).numpy, {}),
        "DeviceArray.to_device": lambda: (_to_device(xfblas.asarray(left)), {"device": "cpu"}),
        "CompiledModel.predict": lambda: (world.model.predict, {"x": rows, "verbose": 0}),
        "CompiledModel.predict_on_batch": lambda: (world.model.predict_on_batch, {"x": rows}),
        "CompiledModel.__call__": lambda: (world.model.__call__, {"x": rows}),
        "CompiledModel.evaluate": lambda: (
            world.model.evaluate,
            {"x": rows, "y": world.labels, "verbose": 0},
        ),
        "CompiledModel.trace": lambda: (world.model.trace, {"x": rows}),
        "CompiledModel.timeline": lambda: (world.model.timeline, {"x": rows}),
        "CompiledModel.statistics": lambda: (world.model.statistics, {}),
        "CompiledModel.memory": lambda: (world.model.memory, {}),
        "CompiledModel.summary": lambda: (world.model.summary, {"print_fn": len}),
        "CompiledModel.save": lambda: (world.model.save, {"path": "saved.xfblas"}),
        "CompiledModel.save_vectors": lambda: (
            world.model.save_vectors,
            {"path": "vectors.npz", "x": rows[:3]},
        ),
        "CompiledModel.load_weights": lambda: (
            world.model.load_weights,
            {"source": world.graph, "scales": "keep", "calibration": rows},
        ),
        "CompiledModel.set_layer_weights": lambda: (
            world.model.set_layer_weights,
            {"name": "dense0", "kernel": world.weights[0], "bias": world.bias[0]},
        ),
        "CompiledModel.close": lambda: (xfblas.load(world.saved).close, {}),
        "ComputeUnit.send": lambda: (world.fcn.unit(0).send, {"array": left}),
        "ComputeUnit.send_table": lambda: (
            world.fcn.unit(0).send_table,
            {"entries": np.zeros(513, np.int32)},
        ),
        "table_places": lambda: (xfblas.table_places, {"bits": 16, "groups": 1}),
        "ComputeUnit.empty": lambda: (world.fcn.unit(0).empty, {"shape": (5, 4)}),
        "ComputeUnit.gemm": lambda: (
            world.gemm.unit(0).gemm,
            dict(zip("abc", world.matrices(world.gemm, *shapes), strict=True)),
        ),
        "ComputeUnit.gemv": lambda: (
            world.gemv.unit(0).gemv,
            dict(zip("axy", world.matrices(world.gemv, (5, 4), (4,), (5,)), strict=True)),
        ),
        "ComputeUnit.fcn": lambda: (
            world.fcn.unit(0).fcn,
            dict(zip("abc", world.matrices(world.fcn, *shapes), strict=True)),
        ),
        "ComputeUnit.stamps": lambda: (_executed(world).stamps, {"instructions": 1}),
        "ComputeUnit.execute": lambda: (_queued(world).execute, {}),
        "ComputeUnit.convolve": lambda: (
            world.fcn.unit(0).convolve,
            {
                **dict(zip("abc", world.matrices(world.fcn, *shapes), strict=True)),
                "walk": xfblas.MapWalk(5, 1, shapes[0][1], output=(5, 1)),
            },
        ),
        "ComputeUnit.window": lambda: (
            world.fcn.unit(0).window,
            {
                "kind": "max",
                **dict(zip("ac", world.matrices(world.fcn, (5, 3), (5, 3)), strict=True)),
                "walk": xfblas.MapWalk(5, 1, 3, output=(5, 1)),
            },
        ),
        "MapWalk": lambda: (
            xfblas.MapWalk,
            {"height": 5, "width": 1, "channels": 3, "output": (5, 1)},
        ),
        "ComputeUnit.softmax": lambda: (
            world.fcn.unit(0).softmax,
            {
                **dict(zip("ac", world.matrices(world.fcn, (5, 3), (5, 3)), strict=True)),
                "parameters": world.fcn.unit(0).send(np.zeros((1, 5), np.int32)),
                **dict.fromkeys(("exp_bits", "inv_table_bits"), 0),
                **dict.fromkeys(("norm_bits", "accum_bits", "inv_bits"), 8),
            },
        ),
        "ComputeUnit.flush": lambda: (world.fcn.unit(0).flush, {}),
        "ComputeUnit.start": lambda: (_queued(world).start, {}),
        "ComputeUnit.clear": lambda: (world.fcn.unit(0).clear, {}),
        "Device.execute_async": lambda: (
            _queued(world).device.execute_async,
            {"compute_units": 1},
        ),
        "Device.close": lambda: (xfblas.open(compute_units=1).close, {}),
        "DeviceMatrix.read": lambda: (world.matrices(world.fcn, (5, 4))[0].read, {}),
        "DeviceMatrix.write": lambda: (
            world.matrices(world.fcn, (5, 4))[0].write,
            {"array": left},
        ),
        "DeviceMatrix.free": lambda: (world.matrices(world.fcn, (5, 4))[0].free, {}),
        "ModelGraph.as_network": lambda: (world.graph.as_network, {}),
        "ModelGraph.describe": lambda: (world.graph.describe, {}),
        "ModelGraph.forward": lambda: (world.graph.forward, {"inputs": [rows]}),
        "ModelGraph.run": lambda: (world.graph.run, {"inputs": [rows]}),
        "ModelGraph.tensors_of": lambda: (world.graph.tensors_of, {"inputs": [rows]}),
        "ModelGraph.with_columns": lambda: (world.graph.with_columns, {"columns": [None]}),
        "ModelGraph.from_network": lambda: (world.graph.from_network, {"network": network}),
        "Network.centered": lambda: (network.centered, {"rows": rows}),
        "Network.forward": lambda: (network.forward, {"x": rows}),
        "Network.layer_outputs": lambda: (network.layer_outputs, {"x": rows}),
        "Network.logits": lambda: (network.logits, {"x": rows}),
        "Network.outputs_of": lambda: (network.outputs_of, {"rows": rows}),
        "Network.require_no_tables": lambda: (network.require_no_tables, {"wanted": "it"}),
        "Network.without_center": lambda: (network.without_center, {}),
        "Report.print": lambda: (world.report.print, {}),
        "Report.to_dict": lambda: (world.report.to_dict, {}),
        "Report.to_html": lambda: (world.report.to_html, {"path": "report.html"}),
        "Report.to_json": lambda: (world.report.to_json, {"path": "report.json"}),
        "Report.to_text": lambda: (world.report.to_text, {}),
        # runtimes, and the steps of the public library
        **{
            f"{kind}.{name}": lambda make=make, name=name, good=good: (getattr(make(), name), good)
            for kind, make in (
                ("KerasRT", lambda: world.runtimes[0]),
                ("XfblasRT", lambda: world.runtimes[1]),
            )
            for name, good in {
                "predict": {"inp": rows, **({"in_scale": 2.0} if kind == "XfblasRT" else {})},
                "send_matrices": {"inp": rows, **({"in_scale": 2.0} if kind == "XfblasRT" else {})},
                "get_padded_shape": {"shape": (5, 4), "min_row": 4, "min_col": 4},
                "format_for_fpga": {"nparr": left, "min_row": 4, "min_col": 4},
            }.items()
        },
        "KerasRT.statistics": lambda: (world.runtimes[0].statistics, {}),
        "XfblasRT.predict_old": lambda: (
            world.xfblas_rt().predict_old,
            {"inp": rows, "in_scale": 2.0},
        ),
        "XfblasRT.init_fpgabuf": lambda: (world.xfblas_rt().init_fpgabuf, {"in_shape": (5, 4)}),
        "XfblasRT.get_offset": lambda: (_with_batch(world).get_offset, {"w": left}),
        "XfblasRT.format_bias": lambda: (
            _with_batch(world).format_bias,
            {"b": np.ones(4, np.int32), "dim": (5, 4), "min_row": 1, "min_col": 1},
        ),
        **{
            f"XfblasRT.{name}": lambda name=name: (getattr(_with_batch(world), name), {})
            for name in ("single_execute", "loadInstr", "loadInstrByAddress")
        },
        "XfblasRT.get_result": lambda: (_sent(world).get_result, {}),
        # sessions
        "Session": lambda: (session.Session, {"device": world.fcn.device}),
        "Session.unit": lambda: (world.gemm.unit, {"kernel": 0}),
        **{
            f"Session.{name}": lambda name=name, more=more: (
                getattr(world.gemm, name),
                {"array": world.sent(world.gemm, (5, 4))[0], "kernel": 0, **more},
            )
            for name, more in (
                ("send", {}),
                ("get", {}),
                ("page", {}),
                ("free", {}),
                ("pointer", {"name": "A"}),
            )
        },
    }
    found |= _l3_calls(world, shapes, at)
    found |= {
        f"XFBLASManager.{name}": lambda call=call, name=name: (
            getattr(l3.XFBLASManager(), name),
            call()[1],
        )
        for name, call in list(found.items())
        if name in vars(l3.XFBLASManager) and not name.startswith("create")
    }
    return found


def _l3_calls(world, shapes, at):
    def abc(found, *more, **options):
        arrays = world.sent(found, *shapes, **options)
        return dict(zip((*"ABC", *more), arrays, strict=True))

    def with_table():
        found = abc(world.fcn, "X", x=(5, 3))
        table = np.zeros(513, np.int32)
        world.fcn.send(table, 0)
        return {**found, "T": table, "idxDevice": FCN}

    def by_address():
        arrays = abc(world.fcn, "X", x=(5, 3))
        pages = {name.lower(): world.fcn.page(array, 0) for name, array in arrays.items()}
        return {**pages, **arrays}

    def one(found=world.gemm):
        return {"A": world.sent(found, (5, 4))[0]}

    at_gemm, at_gemv, at_fcn = ({**at, "idxDevice": index} for index in (GEMM, GEMV, FCN))
    create = {
        "args": world.arguments,
        "xclbin_opts": world.configuration,
        "numKernel": 1,
        "idxDevice": FREE,
    }
    managed = {"xclbin": world.image, "numKernel": 1, "idxDevice": FREE}
    scales = {"postScale": 1, "postShift": 0, "preluScale": 1, "preluAlpha": 0}
    library = str(xfblas.public_library_path()).replace("libxfblas_public.so", "_xfblas.abi3.so")
    return {
        **{
            name: lambda name=name: (getattr(l3, name), create)
            for name in ("createGemm", "createGemv", "createFcn")
        },
        **{
            f"XFBLASManager.{name}": lambda name=name: (getattr(l3.XFBLASManager(), name), managed)
            for name in ("createGemm", "createGemv", "createFcn")
        },
        "XFBLASManager": lambda: (l3.XFBLASManager, {"libFile": None}),
        "createManager": lambda: (l3.createManager, {"libFile": None}),
        "default_args": lambda: (l3.default_args, {}),
        "parse_cfg": lambda: (l3.parse_cfg, {"filename": world.image}),
        "sendMat": lambda: (l3.sendMat, {**one(), **at_gemm}),
        "getMat": lambda: (l3.getMat, {**one(), **at_gemm}),
        "getMatByAddress": lambda: (l3.getMatByAddress, {**one(), "offset": 2, **at_gemm}),
        "freeMat": lambda: (l3.freeMat, {**one(), **at_gemm}),
        "gemmOp": lambda: (l3.gemmOp, {**abc(world.gemm), **at_gemm}),
        "gemvOp": lambda: (
            l3.gemvOp,
            dict(zip("Axy", world.sent(world.gemv, (5, 4), 4, 5), strict=True)) | at_gemv,
        ),
        "fcnOp": lambda: (l3.fcnOp, {**abc(world.fcn, "X", x=(5, 3)), **scales, **at_fcn}),
        "fcnTableOp": lambda: (l3.fcnTableOp, with_table()),
        "fcnOpByAddress": lambda: (
            l3.fcnOpByAddress,
            {**by_address(), **scales, **at_fcn},
        ),
        "execute": lambda: (_queued(world) and l3.execute, at_fcn),
        "executeAsync": lambda: (_queued(world) and l3.executeAsync, {"idxDevice": FCN}),
        "freeInstr": lambda: (l3.freeInstr, at_fcn),
        "destroy": lambda: (_created(world), {"numKernel": 1, "idxDevice": FREE}),
        "init_fpga": lambda: (
            mlp_common.init_fpga,
            {
                "model": world.network,
                "xclbin_opts": world.configuration,
                "idxDevice": FCN,
                "calibration": world.rows,
            },
        ),
        "predict_fpga": lambda: (
            mlp_common.predict_fpga,
            {"fpga_rt": world.runtimes[0], "test_data": world.rows},
        ),
        "predict_cpu": lambda: (
            mlp_common.predict_cpu,
            {"model": world.network, "test_data": world.rows},
        ),
        "softmax": lambda: (mlp_common.softmax, {"x": world.rows}),
        "compare_real_results": lambda: (
            mlp_common.compare_real_results,
            {"expected": world.rows, "actual": world.rows},
        ),
        "compare_results": lambda: (
            mlp_common.compare_results,
            {"expected": world.rows, "actual": world.rows},
        ),
        "compute_standlone": lambda: (
            mlp_common.compute_standlone,
            {
                "inp": world.rows,
                "wb": [world.weights[0], world.bias[0], world.weights[1], world.bias[1]],
            },
        ),
        "library of XFBLASManager": lambda: (l3.XFBLASManager, {"libFile": library}),
    }


def _to_device(array):
    return lambda device, stream=None: array.to_device(device, stream=stream)


def _closing(opener, shown=None):
    def opened(*given, **options):
        opener(*given, **options).close()

    opened.__signature__ = inspect.signature(shown or opener)
    return opened


def _queued(world):
    """The Fcn unit with an instruction in its queue."""
    unit = world.fcn.unit(0)
    world.kept = world.matrices(world.fcn, (5, 4), (4, 3), (5, 3))
    unit.fcn(*world.kept)
    return unit


def _executed(world):
    unit = _queued(world)
    unit.execute()
    return unit


def _with_batch(world):
    runtime = world.xfblas_rt()
    runtime.init_fpgabuf((5, 4))
    for array in runtime.fpga_buf:
        world.fcn.send(array, 0)
        runtime._note_page(array)
    runtime.loadInstr()
    return runtime


def _sent(world):
    world.runtimes[1].send_matrices(world.rows, 2.0)
    return world.runtimes[1]


def _created(world):
    l3.createGemm(world.arguments, world.configuration, 1, FREE)
    return l3.destroy


def public_names():
    """What there is to walk: everything exported, and the methods of the classes."""
    exceptions = {
        name
        for name in xfblas.__all__
        if isinstance(value := getattr(xfblas, name), type) and issubclass(value, BaseException)
    }
    found = {*xfblas.__all__, *l3.__all__} - exceptions - {"__version__"}
    found |= {f"profiling.{name}" for name in profiling.__all__}
    for owner in CLASSES:
        found |= {
            f"{owner.__name__}.{name}"
            for name in dir(owner)
            if not name.startswith("_")
            and callable(getattr(owner, name))
            # What KerasRT inherits is walked as XfblasRT's.
            and not (owner is xfblas.KerasRT and name not in vars(owner))
        }
    return found - LEFT_OUT
