"""No kernel reads or writes outside its operands: each ends, or begins, at a forbidden page."""

import functools

import numpy as np
import predictions
import problems
import pytest
from children import run_in_child
from guards import guarded, guarded_matrix
from problems import ESTIMATED, SPLIT, Problem

import xfblas

ROUNDS = 150


def test_a_guard_guards():
    """Else the tests below would tell nothing."""

    def read_behind(at_end):
        values = guarded(10, np.int16, at_end)
        np.lib.stride_tricks.as_strided(values, (30,))[29].item()
        np.lib.stride_tricks.as_strided(values[::-1], (30,))[29].item()

    assert run_in_child(functools.partial(read_behind, True)) != 0
    assert run_in_child(functools.partial(read_behind, False)) != 0


@pytest.mark.parametrize("at_end", [True, False])
@pytest.mark.parametrize("dtype", [np.int16, np.int8])
def test_products_stay_inside_their_operands(library, instruction_sets, generator, dtype, at_end):
    def multiply():
        for _ in range(ROUNDS):
            problem = problems.random_problem(generator, dtype)
            expected = problem.expected()
            for isa in instruction_sets:
                place = functools.partial(guarded_matrix, at_end=at_end)
                for path in (-1, *problem.exact_paths()):
                    if path in (ESTIMATED, SPLIT) and path != isa.hardest:
                        continue
                    c, _ = problem.run(library, isa, path, place)
                    assert (c == expected).all(), (isa, path)

    assert run_in_child(multiply) == 0


def test_every_width_and_depth(library, instruction_sets, generator):
    """One to two panels of columns, one to three rows of a tile, k around its groups."""

    def multiply():
        a, b = (generator.integers(-32768, 32768, s).astype(np.int16) for s in ((13, 9), (9, 100)))
        for isa in instruction_sets:
            for n in range(1, 101):
                k, m = n % 9 + 1, n % 13 + 1
                problem = Problem(a[:m, :k], b[:k, :n], post=(1, 17))
                c, _ = problem.run(library, isa, place=guarded_matrix)
                assert (c == problem.expected()).all(), (isa, m, k, n)

    assert run_in_child(multiply) == 0


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_matmul_stays_inside_its_arrays(generator, dtype):
    def multiply():
        for m, k, n in ((1, 1, 1), (1, 784, 512), (17, 33, 65), (200, 129, 131), (9, 256, 48)):
            a, b = (generator.integers(-99, 100, s).astype(dtype) for s in ((m, k), (k, n)))
            for at_end in (True, False):
                out = guarded_matrix(np.zeros((m, n), dtype), at_end=at_end)
                operands = (guarded_matrix(array, at_end=at_end) for array in (a, b))
                xfblas.matmul(*operands, out=out)
                assert (out == (a.astype(int) @ b.astype(int)).astype(dtype)).all()

    assert run_in_child(multiply) == 0


@pytest.mark.parametrize("dtype", [np.int16, np.int8])
def test_predict_stays_inside_its_arrays(int8_image, generator, dtype):
    image = int8_image if dtype == np.int8 else xfblas.image_path("seed_short")

    def predict():
        with xfblas.open(image) as device:
            for _ in range(40):
                widths = generator.integers(1, 70, 3).tolist()
                model = predictions.random_model(generator, dtype, widths)
                for name in ("scales", "offsets", "columns", "output_scales"):
                    values = getattr(model, name)
                    if values is not None:
                        values = values.astype(np.int32) if name == "columns" else values
                        setattr(model, name, guarded_matrix(values.reshape(1, -1))[0])
                rows = generator.normal(0, 1, (7, len(model.scales))).astype(np.float32)
                out = guarded_matrix(np.zeros((7, widths[-1] // model.windows), np.float32))
                found = model.run(device.compute_units[0], guarded_matrix(rows), out=out)
                assert (found == model.expected(rows)).all()

    assert run_in_child(predict) == 0
