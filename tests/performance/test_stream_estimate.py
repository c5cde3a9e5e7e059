"""``xfblas estimate --engine stream``: figures, boards, and options that do not go together."""

import json

import pytest

from xfblas import cli
from xfblas.image.boards import board_names, read_board
from xfblas.image.stream_plan import budget_of, plan_network
from xfblas.performance.stream_estimate import estimate_stream, faster_from, naive_cycles

ARGUMENTS = ["estimate", "--engine", "stream", "--layers", "784,64,10"]


def test_the_naive_design():
    assert naive_cycles([784, 64, 10], 7) == (784 * 64 + 640) * 12 * 7 + 784 * 64 + 640


def test_a_hundred_times_fewer_cycles_than_the_naive_design():
    board = read_board("u250")
    for data_type in ("float", "short"):
        network = plan_network([784, 64, 10], "tanh", data_type, budget_of(board, data_type))
        assert network.multipliers <= budget_of(board, data_type)
        assert estimate_stream(board, network, 1000).gain > 100


def test_from_which_batch_on():
    board = read_board("u250")
    network = plan_network([784, 64, 10], "tanh", "float", budget_of(board, "float"))
    (first, before), (second, after) = faster_from(board, network, ("x2",))
    assert (first, before, after) == (1, "stream", "fcn")
    for rows, stream_wins in ((second - 1, True), (second, False)):
        found = estimate_stream(board, network, rows, ("x2",))
        assert (found.seconds <= found.fcn_seconds) == stream_wins


def test_what_is_printed(capsys):
    assert cli.main([*ARGUMENTS, "--batch", "1000", "--dtype", "float"]) == 0
    shown = capsys.readouterr().out
    for text in ("naive design               609,842,816", "200,242 cycles", *board_names()):
        assert text in shown
    assert cli.main([*ARGUMENTS, "--batch", "1000", "--dtype", "float", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["cycles"] == 200242 and told["boards"]["u250"]["cycles"] == 200242
    assert [layer["multipliers"] for layer in told["layers"]] == [256, 4]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--batch", "0"], "--batch is 0"),
        (["-m", "3"], "-m is given beside engine stream"),
        (["--outputs", "s3"], "--outputs has 's3'"),
        (["--dtype", "int8"], "--dtype is 'int8'"),
        (["--activation", "elu"], "activation of layer 1 is 'elu'"),
        (["--model", "m.h5"], "--layers or --activation is given beside --model"),
    ],
)
def test_options_that_cannot_be_used(words, message, capsys):
    assert cli.main([*ARGUMENTS, *words]) == 2
    assert message in capsys.readouterr().err


def test_options_of_streams_with_other_engines(capsys):
    assert cli.main(["estimate", "-m", "1", "-k", "2", "-n", "3", "--batch", "4"]) == 2
    assert "--batch is given beside engine fcn" in capsys.readouterr().err
