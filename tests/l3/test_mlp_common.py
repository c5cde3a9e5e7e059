"""The helpers of the public library's MLP programs."""

import mlp_common
import numpy as np
import pytest

from xfblas.errors import InvalidValueError


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Files of a comparison go into the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("shape", [(5,), (5, 3)])
def test_outputs_that_round_to_the_same(capsys, own_folder, shape):
    expected = np.linspace(-2, 3, int(np.prod(shape))).reshape(shape).round(3)
    assert mlp_common.compare_real_results(expected, expected + 0.0004) is True
    assert capsys.readouterr().out == "SUCCESS!!!\n"
    assert list(own_folder.iterdir()) == []


@pytest.mark.parametrize("shape", [(5,), (5, 3)])
def test_outputs_that_differ_are_counted_and_written(capsys, own_folder, shape):
    expected = np.arange(np.prod(shape), dtype=float).reshape(shape)
    actual = expected.copy()
    actual[1] += 0.25
    actual[4] -= 2
    assert mlp_common.compare_real_results(expected, actual) is False
    assert capsys.readouterr().out == "num_diff: 2 num_same: 3\n"
    for name, values in (("out", actual), ("out_golden", expected), ("diff", expected - actual)):
        np.testing.assert_allclose(np.loadtxt(own_folder / f"{name}.np"), values, atol=1e-9)
    with pytest.raises(InvalidValueError, match="actual has shape"):
        mlp_common.compare_real_results(expected, actual[:2])


def test_a_chain_in_floats(generator):
    shapes = [(7, 5), (5, 4), (4, 2)]
    weights = [generator.standard_normal(shape) for shape in shapes]
    biases = [generator.standard_normal(columns) for _, columns in shapes]
    rows = generator.standard_normal((9, 7))
    given = rows.copy()
    expected = np.maximum(rows @ weights[0] + biases[0], 0)
    expected = np.maximum(expected @ weights[1] + biases[1], 0) @ weights[2] + biases[2]
    alternating = [array for pair in zip(weights, biases, strict=True) for array in pair]
    np.testing.assert_array_equal(mlp_common.compute_standlone(rows, alternating), expected)
    np.testing.assert_array_equal(rows, given)
    one = mlp_common.compute_standlone(rows, alternating[:2])
    np.testing.assert_array_equal(one, rows @ weights[0] + biases[0])
    for wrong, text in (
        (alternating[:3], "wb has 3 arrays"),
        ([], "wb has 0 arrays"),
        ([alternating[2], alternating[3]], r"wb\[0\] has shape \(5, 4\)"),
        ([weights[0], biases[1]], r"wb\[1\] has shape \(4,\), expected \(5,\)"),
    ):
        with pytest.raises(InvalidValueError, match=text):
            mlp_common.compute_standlone(rows, wrong)
