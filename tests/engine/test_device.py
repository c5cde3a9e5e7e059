"""Devices and what they own: several at once, threads, closing."""

import threading

import numpy as np
import oracle
import pytest

import xfblas
from xfblas import errors


def test_two_devices_on_one_index_share_nothing(generator):
    a = generator.integers(-99, 99, (5, 7)).astype(np.int16)
    with xfblas.open() as first, xfblas.open() as second:
        left = first.compute_units[0].send(a)
        other = second.compute_units[0].send(-a)
        first.close()
        np.testing.assert_array_equal(other.read(), -a)
        with pytest.raises(errors.NotInitializedError, match="closed"):
            left.read()


def test_units_run_at_the_same_time_each_with_its_own_memory(integer_image, generator):
    inputs = [generator.integers(-32768, 32768, (64, 96)).astype(np.int16) for _ in range(2)]
    weights = generator.integers(-32768, 32768, (96, 33)).astype(np.int16)
    with xfblas.open(integer_image) as device:
        results = []
        for unit, rows in zip(device.compute_units, inputs, strict=False):
            result = unit.empty((64, 33))
            unit.fcn(unit.send(rows), unit.send(weights), result, post_shift=16)
            results.append((rows, result))
            kept = unit.send(weights)
            assert kept.page > 2
        with pytest.raises(errors.NotFoundError, match="freed after it was queued"):
            device.execute_async()  # the operands above went with their last reference
    assert results


def test_execute_async_starts_all_and_results_are_collected_after(generator):
    inputs = [generator.integers(-32768, 32768, (200, 300)).astype(np.int16) for _ in range(2)]
    weights = generator.integers(-32768, 32768, (300, 100)).astype(np.int16)
    with xfblas.open() as device:
        kept = []
        for unit, rows in zip(device.compute_units, inputs, strict=True):
            operands = unit.send(rows), unit.send(weights), unit.empty((200, 100))
            unit.fcn(*operands, post_shift=16)
            kept.append(operands)
        device.execute_async()
        for rows, operands in zip(inputs, kept, strict=True):
            expected = oracle.fcn(rows, weights, post=(1, 16))
            np.testing.assert_array_equal(operands[2].read(), expected)


def test_threads_calling_at_once(generator):
    """Sixteen threads, one unit: every product is its own."""
    failures = []

    def work(seed):
        local = np.random.default_rng(seed)
        for _ in range(20):
            m, k, n = local.integers(1, 40, 3)
            a = local.integers(-32768, 32768, (m, k)).astype(np.int16)
            b = local.integers(-32768, 32768, (k, n)).astype(np.int16)
            if not np.array_equal(xfblas.matmul(a, b), a @ b):
                failures.append((seed, m, k, n))

    seeds = generator.integers(0, 2**32, 16)
    threads = [threading.Thread(target=work, args=(seed,)) for seed in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_closing_while_threads_still_call():
    """Calls under way end well; later ones are told that the device is closed."""
    device = xfblas.open()
    unit = device.compute_units[0]
    outcomes = set()

    def work():
        try:
            while True:
                unit.send(np.ones((64, 64), np.int16)).read()
        except errors.NotInitializedError:
            outcomes.add("closed")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    device.close()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert outcomes == {"closed"}
    device.close()


def test_memory_is_reused_when_matrices_go():
    with xfblas.open() as device:
        unit = device.compute_units[0]
        pages = {unit.empty((1000, 1000)).page for _ in range(50)}
        assert pages == {2}


def test_out_of_memory_leaves_what_is_there():
    with xfblas.open() as device:
        unit = device.compute_units[0]
        kept = unit.send(np.arange(6, dtype=np.int16).reshape(2, 3))
        with pytest.raises(MemoryError, match="pages"):
            unit.empty((1 << 20, 1 << 12))
        np.testing.assert_array_equal(kept.read(), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"device": 16}, errors.InvalidValueError, "device index is 16"),
        ({"device": -1}, errors.InvalidValueError, "device is -1"),
        ({"engine": "Spmv"}, errors.InvalidValueError, "Spmv"),
        ({"target": "gpu"}, errors.NotSupportedError, "gpu"),
        ({"compute_units": 0}, errors.InvalidValueError, "compute_units is 0"),
        ({"compute_units": 3}, errors.InvalidValueError, "compute units is 3"),
        ({"dtype": np.float64}, errors.InvalidValueError, "float64"),
        ({"xclbin": "missing.xclbin"}, errors.ImageError, "missing.xclbin"),
        ({"cfg": "missing.dat"}, errors.ImageError, "missing.dat"),
    ],
)
def test_open_checks_its_arguments(options, error, text):
    with pytest.raises(error, match=text):
        xfblas.open(**options)


@pytest.mark.parametrize("length", [0, 4, 8, 100, 447, 460, 1000])
def test_truncated_images(tmp_path, length):
    path = tmp_path / "short.xclbin"
    path.write_bytes(xfblas.image_path("default_short").read_bytes()[:length])
    with pytest.raises(errors.ImageError, match=r"short\.xclbin"):
        xfblas.open(path)


@pytest.mark.native
def test_platform_that_is_no_text(tmp_path):
    """native takes images of any platform."""
    content = bytearray(xfblas.image_path("default_short").read_bytes())
    content[352:356] = b"\xff\xfe\x80u"
    path = tmp_path / "strange.xclbin"
    path.write_bytes(content)
    with xfblas.open(path) as device:
        assert device.platform.startswith("\ufffd\ufffd\ufffdu")


def test_matrices_check_what_is_written_and_read():
    with xfblas.open() as device:
        unit = device.compute_units[0]
        matrix = unit.empty((3, 4))
        with pytest.raises(errors.DtypeError, match="float64"):
            matrix.write(np.ones((3, 4)))
        with pytest.raises(errors.InvalidValueError, match="4 x 4"):
            matrix.write(np.ones((4, 4), np.int16))
        with pytest.raises(errors.InvalidValueError, match="rows is 4"):
            matrix.read(4)
        with pytest.raises(errors.InvalidValueError, match="C-contiguous"):
            matrix.read(out=np.ones((4, 3), np.int16).T)
        matrix.free()
        with pytest.raises(errors.NotFoundError, match="freed already"):
            matrix.free()
        with pytest.raises(errors.InvalidValueError, match="shape"):
            unit.empty((3,))


def test_a_program_that_failed_gives_no_stale_result(generator):
    a = generator.integers(-9, 9, (4, 4)).astype(np.int16)
    with xfblas.open() as device:
        unit = device.compute_units[0]
        result = unit.empty((4, 4))
        unit.fcn(unit.send(a), unit.send(a), result)  # operands go at once
        for _ in range(2):
            with pytest.raises(errors.NotFoundError, match="freed after it was queued"):
                result.read()
        unit.clear()
        np.testing.assert_array_equal(result.read(), np.zeros((4, 4)))


def test_matmul_on_a_device_runs_what_was_queued_there(generator):
    a = generator.integers(-9, 9, (4, 4)).astype(np.int16)
    with xfblas.open(engine="Gemm") as device:
        unit = device.compute_units[0]
        left, result = unit.send(a), unit.empty((4, 4))
        unit.gemm(left, left, result)
        xfblas.matmul(a, a, device=device)
        np.testing.assert_array_equal(result.read(), a @ a)


def test_close_does_not_wait_for_new_calls():
    device = xfblas.open()
    unit = device.compute_units[0]
    matrix = unit.send(np.ones((64, 64), np.int16))
    ended = []

    def work():
        try:
            while True:
                matrix.read()
        except errors.NotInitializedError:
            ended.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    closer = threading.Thread(target=device.close)
    closer.start()
    closer.join(20)
    assert not closer.is_alive()
    for thread in threads:
        thread.join(20)
    assert len(ended) == 4


def test_a_device_that_nobody_closed_is_freed():
    import gc
    from pathlib import Path

    def address_space():
        return int(Path("/proc/self/statm").read_text().split()[0])

    gc.collect()
    before = address_space()
    for _ in range(50):
        xfblas.open()
    gc.collect()
    # Each open device holds 8 GiB of address space, 2 million pages.
    assert address_space() - before < 10 * 2**21


@pytest.mark.parametrize(
    "wrong",
    [
        lambda unit: unit.empty(3),
        lambda unit: unit.empty((2, 2), np.float32),
        lambda unit: unit.empty((2, 2), np.uint16),
        lambda unit: unit.fcn(*[unit.empty((2, 2))] * 2, unit.empty((2, 2)), np.ones((2, 2))),
        lambda unit: xfblas.open(engine=None),
        lambda unit: xfblas.open(target=5),
    ],
)
def test_foreign_arguments_raise_errors_of_this_package(wrong):
    with xfblas.open() as device, pytest.raises(errors.InvalidValueError):
        wrong(device.compute_units[0])


def test_units_start_together_or_not_at_all(generator):
    a = generator.integers(1, 9, (4, 4)).astype(np.int16)
    with xfblas.open() as device:
        first, second = device.compute_units
        kept = first.send(a), first.send(a), first.empty((4, 4))
        first.fcn(*kept)
        second.fcn(second.send(a), second.send(a), second.empty((4, 4)))  # operands go at once
        with pytest.raises(errors.NotFoundError, match="freed after it was queued"):
            device.execute_async()
        first.clear()
        np.testing.assert_array_equal(kept[2].read(), np.zeros((4, 4)))


def test_stamps_are_those_of_the_last_launch():
    with xfblas.open() as device:
        unit = device.compute_units[0]
        operands = unit.empty((4, 4)), unit.empty((4, 4)), unit.empty((4, 4))
        for _ in range(2):
            unit.fcn(*operands)
        unit.execute()
        assert (unit.stamps(3)[:2, 1] > 0).all()
        unit.clear()
        unit.fcn(*operands)
        unit.execute()
        stamps = unit.stamps(3)
        assert stamps[0, 1] > 0
        assert not stamps[1:].any()


def test_opens_on_the_target_of_the_test_run(request):
    with xfblas.open() as device:
        assert device.target == request.config.getoption("--target")
