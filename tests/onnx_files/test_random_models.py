"""Random models as exporters write them, against ONNX Runtime: floats and integers."""

import numpy as np
import pytest
from keras_models import decibels
from onnx_models import Builder, require_near, rows, run

import xfblas

pytestmark = pytest.mark.native
COUNT = 150
#: Operators of each value, with the first version that has them.
PLAIN = {
    "Sigmoid": 9, "Tanh": 9, "Softplus": 9, "Softsign": 9, "Elu": 9, "Selu": 9, "Neg": 9,
    "Identity": 9, "Dropout": 12, "Celu": 12, "HardSwish": 14, "Mish": 18, "Gelu": 20,
}  # fmt: skip


class RandomModel:
    """Adds parts to rows of some width, each by chance."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)
        opset = int(self.generator.integers(9, 22))
        batch = ["batch", None, 1][self.generator.integers(3)]
        self.builder = Builder(opset, batch)
        self.widths = {}
        for _ in range(self.generator.integers(1, 3)):
            width = int(self.generator.integers(2, 20))
            self.widths[self.builder.input(width)] = width
        self.inputs = list(self.widths.values())
        self.tensor, self.width = next(iter(self.widths.items()))
        for tensor in list(self.widths)[1:]:
            # Whatever the others are, they are joined first, so that all are used.
            self.tensor = self.builder.add("Concat", self.tensor, tensor, axis=1)
            self.width += self.widths[tensor]
        self.is_new = opset >= 13
        parts = (
            self.gemm, self.gemm, self.matmul, self.matmul, self.relu, self.relu, self.leaky,
            self.prelu, self.clip, self.plain, self.scaled, self.normalized, self.residual,
            self.branches, self.reshaped, self.halves, self.softmax,
        )  # fmt: skip
        self.gemm()
        for _ in range(self.generator.integers(2, 9)):
            parts[self.generator.integers(len(parts))]()
        outputs = [self.tensor]
        if self.generator.integers(3) == 0:
            self.gemm()
            outputs.append(self.tensor)
        self.model = self.builder.model(*outputs)

    def numbers(self, *shape, low=-1.0, high=1.0):
        return self.generator.uniform(low, high, shape).astype(np.float32)

    def node(self, operator, *inputs, **attributes):
        # Some exporters name nodes, with slashes or without, some do not.
        count = len(self.builder.nodes)
        name = ["", f"/layers.{count}/{operator}", f"node_{count}"][self.generator.integers(3)]
        return self.builder.add(operator, *inputs, name=name, **attributes)

    def layer(self, operator, *inputs, **attributes):
        self.tensor = self.node(operator, self.tensor, *inputs, **attributes)

    def kernel(self, units):
        return self.numbers(self.width, units) * np.float32(np.sqrt(3 / self.width))

    def units(self):
        return int(self.generator.integers(1, 24))

    def gemm(self):
        units = self.units()
        kernel, bias = self.kernel(units), self.numbers(units)
        if self.generator.integers(2):
            self.layer("Gemm", np.ascontiguousarray(kernel.T), bias, transB=1)
        elif self.builder.opset >= 11 and self.generator.integers(2):
            self.layer("Gemm", kernel, alpha=0.5)
        else:
            self.layer("Gemm", kernel, bias.reshape(1, -1), beta=0.5)
        self.width = units

    def matmul(self):
        units = self.units()
        kernel = self.kernel(units)
        if self.generator.integers(2):
            kernel = self.node("Transpose", np.ascontiguousarray(kernel.T), perm=[1, 0])
        self.layer("MatMul", kernel)
        if self.generator.integers(4):
            bias = self.numbers(units)
            first = self.generator.integers(2)
            self.tensor = self.node("Add", *((bias, self.tensor) if first else (self.tensor, bias)))
        self.width = units

    def relu(self):
        self.layer("Relu")

    def leaky(self):
        self.layer("LeakyRelu", alpha=float(self.generator.choice([0.01, 0.2, 0.3])))

    def prelu(self):
        shared = self.generator.integers(2)
        self.layer("PRelu", self.numbers(1 if shared else self.width, low=0.1, high=0.9))

    def clip(self):
        if self.builder.opset < 11:
            self.layer("Clip", min=0.0, max=6.0)
        else:
            self.layer("Clip", np.float32(self.generator.choice([0, -1])), np.float32(6))

    def plain(self):
        found = [name for name, opset in PLAIN.items() if opset <= self.builder.opset]
        self.layer(str(self.generator.choice(found)))

    def scaled(self):
        self.layer("Sub", self.numbers(self.width))
        operator = "Mul" if self.generator.integers(2) else "Div"
        self.layer(operator, self.numbers(self.width, low=0.5, high=2))

    def normalized(self):
        size, positive = self.width, {"low": 0.5, "high": 2}
        if self.builder.opset >= 17 and size > 2 and self.generator.integers(2):
            self.layer("LayerNormalization", self.numbers(size, **positive), self.numbers(size))
            return
        self.layer(
            "BatchNormalization", self.numbers(size, **positive), self.numbers(size),
            self.numbers(size), self.numbers(size, **positive), epsilon=1e-5,
        )  # fmt: skip

    def residual(self):
        before, width = self.tensor, self.width
        self.matmul()
        self.relu()
        kernel = self.kernel(width)
        self.layer("MatMul", kernel)
        operator = str(self.generator.choice(["Add", "Sub", "Max", "Min"]))
        self.tensor, self.width = self.node(operator, self.tensor, before), width

    def branches(self):
        before, width, found, widths = self.tensor, self.width, [], []
        for _ in range(2):
            self.tensor, self.width = before, width
            self.gemm()
            found.append(self.tensor)
            widths.append(self.width)
        self.tensor = self.node("Concat", *found, axis=int(self.generator.choice([1, -1])))
        self.width = sum(widths)

    def reshaped(self):
        """Rows of two axes, a product along the last, and back."""
        shape = self.node("Shape", self.tensor)
        if self.is_new:
            batch = self.node("Slice", shape, np.array([0]), np.array([1]))
        else:
            one = self.node("Gather", shape, np.int64(0))
            batch = self.node("Unsqueeze", one, axes=[0])
        target = self.node("Concat", batch, np.array([self.width, 1]), axis=0)
        self.layer("Reshape", target)
        self.layer("MatMul", self.numbers(1, 3))
        self.layer("Relu")
        if self.generator.integers(2):
            self.layer("Transpose", perm=[0, 2, 1])
        self.layer(
            *(("Flatten",) if self.generator.integers(2) else ("Reshape", np.array([0, -1])))
        )
        self.width *= 3

    def halves(self):
        if self.width < 2 or self.width % 2 or not self.is_new:
            return
        sizes = np.array([self.width // 2] * 2)
        one, other = self.builder.add("Split", self.tensor, sizes, outputs=2, axis=1)
        self.tensor = self.node("Mul", one, self.node("Sigmoid", other))
        self.width //= 2

    def softmax(self):
        self.layer("Softmax", axis=1)


@pytest.mark.parametrize("seed", range(COUNT))
def test_random_models(seed):
    made = RandomModel(seed)
    model, generator = made.model, np.random.default_rng(1000 + seed)
    x = [rows(generator, 300, width) for width in made.inputs]
    is_one = made.builder.batch == 1
    operators = [node.op_type for node in model.graph.node]
    print(f"seed {seed}, opset {made.builder.opset}, batch {made.builder.batch}: {operators}")
    if is_one:
        each = [run(model, *(part[index : index + 1] for part in x)) for index in range(300)]
        expected = [np.concatenate(parts) for parts in zip(*each, strict=True)]
    else:
        expected = run(model, *x)
    graph = xfblas.read_graph(model)
    found = graph.forward(x)
    require_near(found, expected)
    if seed % 3 or not graph.engine_steps:
        return
    given = x[0] if len(x) == 1 else x
    with xfblas.compile(model, given) as compiled:
        found = compiled.predict(given, verbose=0)
    for one, other in zip(found if len(expected) > 1 else [found], expected, strict=True):
        signal = decibels(one, other)
        # Chains of the engine add their noise to each other's.
        least = 60 - 10 * np.log10(len(graph.engine_steps))
        print(f"{signal:.1f} dB, expected {least:.1f}")
        assert signal > least
