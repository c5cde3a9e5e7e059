"""Configurations: sections, precedence, what edits change, and what is refused."""

import json

import pytest

import xfblas
from xfblas.convert.settings import settings_of
from xfblas.errors import InvalidValueError


@pytest.fixture(scope="module")
def model(keras):
    L = keras.layers
    layers = [
        keras.Input((8,), name="given"),
        L.Dense(6, "relu", name="fc1"),
        L.BatchNormalization(name="bn"),
        L.Dense(5, name="fc2"),
        L.Activation("tanh", name="bent"),
        L.Dense(3, "softmax", name="fc3"),
    ]
    return keras.Sequential(layers)


def test_sections_by_granularity(model):
    coarse = xfblas.config_from_keras_model(model)
    assert list(coarse) == ["Model"]
    by_type = xfblas.config_from_keras_model(model, "type")
    assert list(by_type["LayerType"]) == [
        "InputLayer", "Dense", "Activation", "BatchNormalization",
    ]  # fmt: skip
    by_name = xfblas.config_from_keras_model(model, granularity="Name")
    assert list(by_name["LayerName"]) == [
        "given", "fc1", "fc1_relu", "bn", "fc2", "bent", "fc3", "fc3_softmax",
    ]  # fmt: skip
    assert by_name["LayerName"]["fc1"]["Precision"] == {"weight": "auto"}
    assert "Softmax" in by_name["LayerName"]["fc3_softmax"]
    for config in (coarse, by_type, by_name):
        assert json.loads(json.dumps(config)) == config
        assert xfblas.config_diff(config, model) == []


@pytest.mark.parametrize("granularity", ["model", "type", "name"])
def test_an_edit_takes_effect_at_every_level(model, granularity):
    config = xfblas.config_from_keras_model(model, granularity)
    config["Model"]["Engine"] = "host"
    assert settings_of(config, model).on_host == ["fc1", "bn", "fc2", "bent", "fc3"]
    config.setdefault("LayerType", {}).setdefault("Dense", {})["Engine"] = "fcn"
    assert settings_of(config, model).on_host == ["bn", "bent"]
    config.setdefault("LayerName", {}).setdefault("fc2", {})["Engine"] = "host"
    assert settings_of(config, model).on_host == ["bn", "fc2", "bent"]


def test_what_an_edit_changes(model):
    config = xfblas.config_from_keras_model(model, "name")
    config["LayerName"]["fc1"]["Precision"]["weight"] = "int8"
    config["LayerName"]["fc3"] = {"Engine": "host", "Trace": True}
    config["Model"]["Calibration"]["Goal"] = 83
    assert [str(change) for change in xfblas.config_diff(config, model)] == [
        "Model: Calibration.goal auto -> 83",
        "fc1: Precision.weight auto -> int8",
        "fc3: Engine fcn -> host",
        "fc3: Trace False -> True",
    ]
    config["Model"]["Precision"] = "float32"
    config["LayerName"]["fc1"]["Precision"]["weight"] = "auto"
    assert str(xfblas.config_diff(config, model)[0]) == "Model: Precision int16 -> float32"


def test_a_range_at_every_level(model):
    config = {"LayerType": {"Dense": {"Range": 8}}, "LayerName": {"fc2": {"Range": 2.5}}}
    assert settings_of(config, model).ranges == {"fc1": 8, "fc2": 2.5, "fc3": 8}
    config["LayerName"]["fc1"] = {"Range": "auto"}
    told = [str(change) for change in xfblas.config_diff(config, model)]
    assert told == [f"fc{n}: Range auto -> {size}" for n, size in ((1, 8), (2, 2.5), (3, 8))]


@pytest.mark.parametrize("text", ["int8", {"default": "fixed<8,3>"}, "ap_fixed<8, 2, AP_RND>"])
def test_precision_in_other_words(model, text):
    assert settings_of({"Model": {"Precision": text}}, model).bits == 8


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ([], "hls_config is \\[\\], expected a dict"),
        ({"Modle": {}}, "hls_config has no 'Modle'.*nearest is 'Model'"),
        ({"Model": {"Precison": "int8"}}, "Model has no 'Precison'.*nearest is 'Precision'"),
        ({"Model": {"Precision": "int12"}}, "Model.Precision is 'int12', expected one of int16"),
        ({"Model": {"Calibration": {"Goals": 3}}}, "Model.Calibration has no 'Goals'.*'Goal'"),
        ({"Model": {"Calibration": {"Goal": "high"}}}, "goal is 'high'"),
        ({"Model": {"Softmax": "fast"}}, "Model.Softmax is 'fast', expected one of float, stable"),
        ({"LayerName": {"fc1": {"Softmax": "stable"}}}, "but fc1 is no softmax"),
        (
            {"LayerName": {"fc3_softmax": {"Softmax": {"TableSize": 1000}}}},
            "LayerName.fc3_softmax.Softmax: exp_table_size is 1000, expected a power of two",
        ),
        ({"Model": {"Trace": 1}}, "Model.Trace is 1, expected True or False"),
        ({"LayerType": {"Dens": {}}}, "LayerType has no 'Dens'.*nearest is 'Dense'"),
        ({"LayerName": {"fc11": {}}}, "LayerName has no 'fc11'.*nearest is 'fc1'"),
        ({"LayerName": {"fc1": {"Engin": 3}}}, "LayerName.fc1 has no 'Engin'.*'Engine'"),
        ({"LayerName": {"fc1": {"Engine": "gpu"}}}, "LayerName.fc1.Engine is 'gpu', expected fcn"),
        ({"LayerName": {"fc1_relu": {"Engine": "host"}}}, "fc1_relu has no place to choose"),
        ({"LayerName": {"fc1": {"Precision": "int17"}}}, "fc1.Precision.weight is 'int17'"),
        ({"LayerName": {"fc1": {"Precision": {"result": "int8"}}}}, "Precision has no 'result'"),
        ({"LayerName": {"bn": {"Precision": "int8"}}}, "BatchNormalization has no weights"),
        ({"LayerName": {"fc1": {"Range": -1}}}, "fc1.Range is -1, expected a number above 0"),
        ({"LayerName": {"fc1": {"Range": "8"}}}, "fc1.Range is '8', expected a number above 0"),
        ({"LayerName": {"fc1_relu": {"Range": 8}}}, "Activation has no sums"),
        (
            {"Model": {"Precision": "float32"}, "LayerName": {"fc1": {"Range": 8}}},
            "fc1.Range is 8, but float32 has no ranges",
        ),
    ],
)
def test_what_is_refused(model, config, text):
    with pytest.raises(InvalidValueError, match=text):
        xfblas.config_diff(config, model)


def test_settings_of_dataflow_engines_are_told_once(model):
    layer = {"ReuseFactor": 4, "Strategy": "Resource"}
    config = {"Model": {"ReuseFactor": 1}, "LayerName": {"fc1": layer, "fc2": layer}}
    with pytest.warns(UserWarning, match="ReuseFactor, Strategy is ignored: layers") as told:
        assert settings_of(config, model).weight_bits == {}
    assert sum(issubclass(each.category, UserWarning) for each in told) == 1


def test_no_such_granularity(model):
    with pytest.raises(InvalidValueError, match="granularity is 'layer', expected model, type"):
        xfblas.config_from_keras_model(model, "layer")
    with pytest.raises(InvalidValueError, match="default_precision is 'int4'"):
        xfblas.config_from_keras_model(model, default_precision="int4")
