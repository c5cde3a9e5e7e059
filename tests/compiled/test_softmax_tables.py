"""Softmax by tables on the engine: the bytes of the oracle on every target, and what is refused."""

import h5py
import numpy as np
import oracle
import pytest

import xfblas
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import HostStep, Layer, ModelGraph, Network, TensorSpec
from xfblas.quantization.softmax_settings import Fixed, SoftmaxSettings

IMPLEMENTATIONS = ("stable", "latency", "legacy", "argmax")
KINDS = (("relu", 0.0, "a"), ("linear", 1.0, "b:preactivation"))
FIELDS = (
    *("offset", "scale_shift", "norm_bits", "accum_shift"),
    *("accum_bits", "inv_shift", "inv_bits", "result_shift"),
)


def chain(classes=5, scale=3.0, seed=3):
    rng = np.random.default_rng(seed)
    kernels = (rng.standard_normal((6, 9)), rng.standard_normal((9, classes)) * scale / 3)
    layers = [
        Layer(
            name, kernel.astype(np.float32), np.zeros(kernel.shape[1], np.float32), act, slope, out
        )
        for name, kernel, (act, slope, out) in zip("ab", kernels, KINDS, strict=True)
    ]
    return Network("chain", tuple(layers), "softmax", (6,), output="b")


def sample(rows, seed=4):
    return np.random.default_rng(seed).standard_normal((rows, 6)).astype(np.float32)


def expected_of(network, rows):
    """Probabilities by the oracle."""
    tables = network.softmax
    elements = network.simulate(network.quantize_input(rows)).output
    words = tables.parameters.tolist()
    first, second = 1 << tables.exp_bits, 1 << tables.inv_table_bits
    parts = (words[:first], words[first : first + second], words[first + second :])
    fields = {name: getattr(tables, name) for name in FIELDS}
    found = [
        oracle.softmax_row(row, tables.implementation, *parts, fields, network.bits)
        for row in elements.tolist()
    ]
    return (np.array(found) / 2.0**tables.result_bits).astype(np.float32)


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_predictions_are_the_oracles(implementation, bits):
    rows = sample(40)
    with xfblas.compile(chain(), rows, bits=bits, softmax=implementation) as model:
        (network,) = model.networks.values()
        expected = expected_of(network, rows)
        assert network.softmax.implementation == implementation
        np.testing.assert_array_equal(model.predict(rows, verbose=0), expected)
        np.testing.assert_array_equal(model.predict(rows[:1], verbose=0), expected[:1])
        output, layers = model.trace(rows)
        np.testing.assert_array_equal(output, expected)
        logits = network.logits(network.simulate(network.quantize_input(rows)).output)
        np.testing.assert_array_equal(layers["b:preactivation"], logits)


@pytest.mark.parametrize(
    "settings",
    [
        {"exp_table": "fixed<18,8>", "inv_table": "fixed<18,8,RND,SAT>", "inv_inp": "fixed<18,8>"},
        {"accum": "ufixed<20,6>", "table_size": 64},
        {"inp_norm": "ufixed<12,3>", "exp_table_size": 512, "inv_table_size": 2048},
    ],
)
def test_settings_change_the_tables(settings):
    rows = sample(30)
    with xfblas.compile(chain(), rows, softmax={"implementation": "stable", **settings}) as model:
        (network,) = model.networks.values()
        np.testing.assert_array_equal(model.predict(rows, verbose=0), expected_of(network, rows))
        for name, value in settings.items():
            if not name.endswith("size"):
                assert value.split(",RND")[0].removesuffix(">") in network.softmax.formats


def test_outputs_of_several_columns():
    rows = sample(60)
    with xfblas.compile(chain(), rows, goal=100, bits=8, softmax="stable") as model:
        (network,) = model.networks.values()
        assert network.output_windows > 1
        np.testing.assert_array_equal(model.predict(rows, verbose=0), expected_of(network, rows))


def test_two_softmaxes_of_one_graph():
    one, other = (chain(n, seed=n) for n in (3, 4))
    steps = []
    for network, prefix in ((one, "p"), (other, "q")):
        whole = ModelGraph.from_network(network, "x")
        for step in whole.steps:
            names = {"x": "x"}
            renamed = {
                "name": prefix + step.name, "output": prefix + step.output,
            }  # fmt: skip
            if isinstance(step, HostStep):
                renamed["inputs"] = tuple(prefix + name for name in step.inputs)
            else:
                renamed["input"] = names[step.input]
            import dataclasses

            steps.append(dataclasses.replace(step, **renamed))
    outputs = (TensorSpec("pb", (3,)), TensorSpec("qb", (4,)))
    graph = ModelGraph("two", (TensorSpec("x", (6,)),), outputs, tuple(steps))
    rows = sample(25)
    with xfblas.compile(graph, rows, softmax={"qb": "stable"}) as model:
        first, second = model.predict(rows, verbose=0)
        np.testing.assert_array_equal(second, expected_of(model.networks["qa"], rows))
        assert model.networks["pa"].softmax is None
        np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-6)
    with pytest.raises(InvalidValueError, match=r"softmax has no 'b', .*nearest is"):
        xfblas.compile(graph, rows, softmax={"b": "stable"})


def test_files_keep_the_tables(tmp_path):
    rows = sample(30)
    with xfblas.compile(chain(), rows, softmax="legacy") as model:
        expected = model.predict(rows, verbose=0)
        model.save(tmp_path / "m.xfblas")
    with xfblas.load(tmp_path / "m.xfblas") as model:
        np.testing.assert_array_equal(model.predict(rows, verbose=0), expected)
        shown = []
        model.summary(shown.append)
    assert "legacy by tables" in shown[0] and "labels flipped" in shown[0]
    assert "BRAM18" in shown[0] and "3 of 3 steps on the engine" in shown[0]


@pytest.mark.parametrize(
    "field, value, text",
    [
        ("exp_bits", 13, "no engine takes them"),
        ("classes", 4, "no engine takes them"),
        ("result_shift", -21, "no engine takes them"),
        ("implementation", "fast", "no engine takes them"),
        ("norm_bits", 2.5, "norm_bits is 2.5, expected int"),
        ("norm_bits", None, "lacks norm_bits"),
    ],
)
def test_damaged_files(tmp_path, field, value, text):
    path = tmp_path / "m.xfblas"
    with xfblas.compile(chain(), sample(30), softmax="stable") as model:
        model.save(path)
    with h5py.File(path, "r+") as file:
        fields = next(iter(file["networks"].values()))["softmax"].attrs
        if value is None:
            del fields[field]
        else:
            fields[field] = value
    with pytest.raises(InvalidValueError, match=text):
        xfblas.load(path)


def test_float_is_the_default():
    rows = sample(30)
    with (
        xfblas.compile(chain(), rows) as plain,
        xfblas.compile(chain(), rows, softmax="float") as asked,
        xfblas.compile(chain(), rows, softmax="stable") as tables,
    ):
        expected = plain.predict(rows, verbose=0)
        np.testing.assert_array_equal(asked.predict(rows, verbose=0), expected)
        found = tables.predict(rows, verbose=0)
        assert 0 < np.abs(found - expected).max() < 0.01


@pytest.mark.parametrize(
    "softmax, message",
    [
        ("fast", "softmax is 'fast', expected one of float, stable, latency, legacy, argmax"),
        (3, "softmax is 3, expected float, stable"),
        ({"implementation": "fast"}, "softmax is 'fast'"),
        ({"implementation": "stable", "exp": 1}, "softmax has no 'exp'.*nearest is 'exp_table'"),
        ({"exp_table": "fixed<19,8>"}, "exp_table is 'fixed<19,8>', expected 2 to 18 bits"),
        ({"exp_table": "int8"}, "exp_table is 'int8', expected such as 'fixed<18,8>'"),
        ({"exp_table": "fixed<18,8,TRN,WRAP>"}, "expected RND and SAT"),
        ({"table_size": 1000}, "exp_table_size is 1000, expected a power of two from 2 to 4096"),
        ({"table_size": 8192}, "exp_table_size is 8192"),
        ({"inp_norm": "ufixed<8,4>"}, "a table of 4096 entries is looked up with the 8 bits"),
        (
            {"implementation": "latency", "inp_norm": "ufixed<18,4>"},
            "inp_norm is ufixed<18,4>, expected fixed<...>: latency",
        ),
        ({"implementation": "float", "table_size": 64}, "float has no tables"),
        ({"b": "quick"}, "softmax of b is 'quick'"),
        (
            {"accum": "ufixed<32,-16>", "inv_inp": "ufixed<12,24>", "table_size": 64},
            "lie too far apart: accum_shift",
        ),
    ],
)
def test_wrong_settings_are_named(softmax, message):
    with pytest.raises(InvalidValueError, match=message):
        xfblas.compile(chain(), sample(10), softmax=softmax)


def test_models_that_have_no_place_for_it():
    rows = sample(10)
    with pytest.raises(InvalidValueError, match="the model has none"):
        import dataclasses

        linear = dataclasses.replace(chain(), output_activation="linear")
        xfblas.compile(linear, rows, softmax="stable")
    with pytest.raises(InvalidValueError, match="a float image has no tables"):
        xfblas.compile(chain(), bits=32, softmax="stable")
    with pytest.raises(UnsupportedModelError, match="1024 classes at most, the model has 1025"):
        xfblas.compile(chain(1025), rows, softmax="stable", goal=0)


def test_formats():
    settings = SoftmaxSettings.of({"exp_table": "ap_fixed<18, 8>", "inv_inp": "ufixed<18,4>"})
    assert settings.exp_table == Fixed(18, 8, True) and settings.inv_inp == Fixed(18, 4)
    assert settings.exp_table.largest == 128 - 2.0**-10
    assert str(settings.exp_table) == "fixed<18,8>"
