"""What xfblasPredict tells of its parts: every row of every layer once, and no more than fits."""

import numpy as np
import predictions
import pytest

import xfblas
from xfblas.device.binding import ffi, lib
from xfblas.errors import InvalidValueError


@pytest.fixture
def unit():
    with xfblas.open() as device:
        yield device.compute_units[0]


def a_model(generator, widths=(9, 31, 5)):
    return predictions.random_model(generator, np.int16, list(widths))


def rows_for(generator, model, count):
    return generator.normal(0, 2, (count, len(model.scales))).astype(np.float32)


def timed(unit, model, rows, capacity=1000, spans=None):
    """The output, and the timeline that C filled."""
    spans = ffi.new("xfblasSpan_t[]", capacity) if spans is None else spans
    timeline = ffi.new("xfblasTimeline_t *", {"spans": spans, "capacity": capacity, "count": 99})
    found = model.run(unit, rows, capacity=64, timeline=timeline)
    return found, timeline, spans


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
def test_every_row_of_every_part_once(unit, generator, count):
    model = a_model(generator)
    rows = rows_for(generator, model, count)
    found, timeline, spans = timed(unit, model, rows)
    np.testing.assert_array_equal(found, model.expected(rows))
    for part in (lib.XFBLAS_PART_ENCODE, 0, 1, lib.XFBLAS_PART_DECODE):
        own = [span for span in spans[0 : timeline.count] if span.part == part]
        seen = np.concatenate([np.arange(s.firstRow, s.firstRow + s.rows) for s in own])
        np.testing.assert_array_equal(np.sort(seen), np.arange(count), err_msg=f"part {part}")
    for span in spans[0 : timeline.count]:
        assert 0 < span.start <= span.end < span.start + 60_000_000_000
        assert span.thread < 64


def test_what_does_not_fit_is_counted_and_left_out(unit, generator):
    model = a_model(generator)
    rows = rows_for(generator, model, 600)
    _, whole, _ = timed(unit, model, rows)
    assert whole.count > 4
    spans = ffi.new("xfblasSpan_t[]", 4)
    spans[3].part, spans[3].saturated = 77, 77
    _, timeline, spans = timed(unit, model, rows, 3, spans)
    assert timeline.count == whole.count
    assert (spans[3].part, spans[3].saturated) == (77, 77)
    assert spans[0].part == lib.XFBLAS_PART_ENCODE
    _, timeline, _ = timed(unit, model, rows, 0, ffi.NULL)
    assert timeline.count == whole.count


def test_no_room_is_refused(unit, generator):
    """Before anything is computed; the same call works without."""
    model = a_model(generator)
    rows = rows_for(generator, model, 5)
    out = np.full((6, len(model.output_scales)), 77, np.float32)
    timeline = ffi.new("xfblasTimeline_t *", {"capacity": 3})
    with pytest.raises(InvalidValueError, match=r"coding\.timeline\.spans is NULL"):
        model.run(unit, rows, out=out, timeline=timeline)
    assert (out == 77).all()
    np.testing.assert_array_equal(model.run(unit, rows), model.expected(rows))


@pytest.mark.native
@pytest.mark.parametrize("bits", [16, 8])
def test_saturated_elements(bits, int8_image):
    """Elements at either end of their type, and no others."""
    dtype = np.dtype(f"int{bits}")
    ends = np.iinfo(dtype)
    weights = np.eye(4, dtype=dtype)
    model = predictions.Model(
        [predictions.Layer(weights)], np.ones(4), np.ones(4, np.float32), limit=ends.max
    )
    # The layer doubles: half of an end is within, a little more is clamped.
    model.layers[0].post = 2, 0
    half = ends.max // 2
    rows = np.float32([[half, half + 1, -half - 1, -half - 2], [0, ends.max, -ends.max, 1]])
    expected = np.clip(2 * rows.astype(int), ends.min, ends.max)
    image = int8_image if bits == 8 else xfblas.image_path("default_short")
    with xfblas.open(image) as device:
        found, timeline, spans = timed(device.compute_units[0], model, rows)
    np.testing.assert_array_equal(found, expected)
    count = ((expected == ends.min) | (expected == ends.max)).sum()
    layers = [span for span in spans[0 : timeline.count] if span.part == 0]
    assert count == 5 and sum(span.saturated for span in layers) == count
