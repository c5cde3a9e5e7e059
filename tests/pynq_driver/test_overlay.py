"""xfblas.pynq.Overlay over a stand-in of pynq's classes, with the kernels' source behind it."""

import re
import sys
import threading

import numpy as np
import pytest
from stand_in import Board, projects

import xfblas
from xfblas.errors import (
    AllocationError,
    DtypeError,
    ExecutionError,
    InvalidValueError,
    NotInitializedError,
    NotSupportedError,
)
from xfblas.pynq import Overlay

pytestmark = pytest.mark.native


@pytest.fixture
def board(tmp_path, monkeypatch):
    def get(*arguments, **options):
        found = Board(tmp_path, *arguments, **options)
        monkeypatch.setitem(sys.modules, "pynq", found.module)
        return found

    return get


def compiled(seed=0, sizes=(7, 9, 4), **options):
    return xfblas.compile(
        projects.network(seed, sizes), projects.rows(features=sizes[0]), **options
    )


@pytest.mark.parametrize("top", ["master", "stream"])
@pytest.mark.parametrize("bits", [16, 8])
def test_predictions_are_the_engine_s(board, capsys, top, bits):
    x = projects.rows(40)
    device = board(top, "short" if bits == 16 else "int8")
    with compiled(bits=bits) as model, Overlay("xfblas_master.bit", model, rows=16) as overlay:
        np.testing.assert_array_equal(overlay.predict(x), model.predict(x, verbose=0))
        y, seconds, rate = overlay.predict(x, profile=True)
        np.testing.assert_array_equal(y, model.predict(x, verbose=0))
        said = capsys.readouterr().out
        assert said == f"Classified 40 samples in {seconds} seconds ({rate} inferences / s)\n"
        assert rate == pytest.approx(40 / seconds)
        assert overlay.predict(x[:0]).shape == (0, 4)
    assert device.bitfile.endswith("xfblas_master.bit") and device.calls["overlay"] == 1
    # Memory once, and given back once.
    assert device.calls["allocate"] == device.calls["free"] == 1
    assert device.calls["flush"] >= 6 and device.calls["invalidate"] == 6


def test_a_dma_that_moves_less_than_a_run(board, monkeypatch):
    x, device = projects.rows(40), board("stream")
    device.fault(4)  # its length register has 9 bits
    with compiled() as model, Overlay("x.bit", model, rows=32) as overlay:
        monkeypatch.setattr("xfblas.pynq.overlay.MOST_TRANSFERRED", 0x1FF)
        np.testing.assert_array_equal(overlay.predict(x), model.predict(x, verbose=0))
        # 32 rows of 16 bytes are one more than 9 bits count.
        monkeypatch.setattr("xfblas.pynq.overlay.MOST_TRANSFERRED", 0x200)
        with pytest.raises((ExecutionError, RuntimeError)):
            overlay.predict(x)


def test_other_weights(board, tmp_path):
    device, x = board(), projects.rows(20)
    with compiled(0) as first, compiled(5) as second:
        second.save(tmp_path / "second.xfblas")
        with Overlay("x.bit", first) as overlay:
            for source, expected in [(second, second), (first, first)] * 3:
                overlay.load_weights(source)
                np.testing.assert_array_equal(overlay.predict(x), expected.predict(x, verbose=0))
            overlay.load_weights(tmp_path / "second.xfblas")
            np.testing.assert_array_equal(overlay.predict(x), second.predict(x, verbose=0))
    assert device.calls["allocate"] == 1


def test_weights_change_between_predictions(board):
    board()
    x = projects.rows(20)
    with compiled(0) as first, compiled(5) as second, Overlay("x.bit", first, rows=4) as overlay:
        wanted = [first.predict(x, verbose=0), second.predict(x, verbose=0)]
        wrong = []

        def predict():
            for _ in range(30):
                found = overlay.predict(x)
                if not any(np.array_equal(found, each) for each in wanted):
                    wrong.append(found)

        threads = [threading.Thread(target=predict) for _ in range(2)]
        for thread in threads:
            thread.start()
        for swap in range(60):
            overlay.load_weights((second, first)[swap % 2])
        for thread in threads:
            thread.join()
        assert not wrong


def test_wrong_weights_change_nothing(board):
    board()
    x = projects.rows(5)
    with compiled() as model, Overlay("x.bit", model) as overlay:
        with compiled(0, (7, 9, 5)) as other, pytest.raises(InvalidValueError, match="5 outputs"):
            overlay.load_weights(other)
        with compiled(bits=8) as other, pytest.raises(DtypeError):
            overlay.load_weights(other)
        with compiled(0, (7, 900, 4)) as other, pytest.raises(AllocationError, match="pages"):
            overlay.load_weights(other)
        for wrong in (None, 3, "nothing.xfblas", b"x"):
            with pytest.raises(InvalidValueError):
                overlay.load_weights(wrong)
        for wrong in (np.zeros((2, 6)), "x", np.full((1, 7), np.nan), None):
            with pytest.raises(InvalidValueError):
                overlay.predict(wrong)
        np.testing.assert_array_equal(overlay.predict(x), model.predict(x, verbose=0))


def test_failures_of_the_board(board, tmp_path):
    with compiled() as model:
        device = board()
        overlay = Overlay("x.bit", model, timeout=0.05)
        device.fault(1)
        with pytest.raises(ExecutionError, match=re.escape("did not end within 0.05 s")):
            overlay.predict(projects.rows(2))
        device.fault(2)
        with pytest.raises(ExecutionError, match="did not end"):
            overlay.predict(projects.rows(2))
        # It may still write: neither rows nor weights go into its memory.
        with pytest.raises(ExecutionError, match="has not ended since"):
            overlay.predict(projects.rows(2))
        with pytest.raises(ExecutionError, match="has not ended since"):
            overlay.load_weights(model)
        device.fault(0)
        overlay.predict(projects.rows(2))
        overlay.close()
        overlay.close()
        with pytest.raises(NotInitializedError):
            overlay.predict(projects.rows(2))
        device.room = 100
        with pytest.raises(AllocationError, match="contiguous memory"):
            Overlay("x.bit", model)
        device.ip_dict = {"led": {"type": "xilinx.com:ip:axi_gpio:2.0"}}
        with pytest.raises(InvalidValueError, match="no kernel of xfblas"):
            Overlay("x.bit", model)
        board(registers={"amount": {"address_offset": 0x30}})
        with pytest.raises(InvalidValueError, match="amount of xfblas_0 is at 0x30"):
            Overlay("x.bit", model)
        for wrong in ({"rows": 0}, {"timeout": 0}, {"timeout": "x"}, {"download": "no"}):
            with pytest.raises(InvalidValueError):
                Overlay("x.bit", model, **wrong)


def test_without_pynq(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynq", None)
    with compiled() as model, pytest.raises(NotSupportedError, match="pynq"):
        Overlay("x.bit", model)
