"""The HTML file, as text and in a browser."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from browser import browse, needs_browser

import xfblas
from xfblas.graph import Layer, Network

SECTIONS = ("What hurts, and what to try", "Other choices", "Layers", "Plots", "Instructions")
PLOTS = (
    *("Signal to noise after each layer", "Occupancy of the accumulator", "Weights"),
    *("Activations", "Calibration curve", "Confusion"),
)
RELU = ("relu", 0.0)

pytest.importorskip("matplotlib", reason='needs matplotlib: pip install ".[report]"')


class Elements(HTMLParser):
    """Counts tags, and keeps every attribute and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words = {}, [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def page(network, rows, labels, tmp_path_factory):
    """Path of a report with everything in it."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    xfblas.report(network, rows, labels, calibration=rows[:50], compare=True).to_html(path)
    return path


def require_complete(text):
    """Tables and plots are there, and nothing names an address."""
    found = Elements(text)
    assert found.tags["table"] == 5 and found.tags["svg"] == len(PLOTS)
    assert "script" not in found.tags and "iframe" not in found.tags
    labels = [
        value for tag, name, value in found.attributes if (tag, name) == ("svg", "aria-label")
    ]
    assert labels == list(PLOTS)
    words = " ".join(found.words)
    for part in (*SECTIONS, "dense_0", "dense_1", "dense_2", "int16, 32 bits", "labels agree"):
        assert part in words
    for _, name, value in found.attributes:
        if name in ("src", "href", "xlink:href"):
            assert value.startswith(("#", "data:")), (name, value)
    for address in re.findall(r"[a-z]+://[^\s\"'<>)]*", text):
        # Names of the languages that the drawings are written in, which nobody fetches.
        assert address.startswith("http://www.w3.org/"), address
    assert "@import" not in text
    assert all(part.startswith("#") for part in re.findall(r"url\(([^)]*)\)", text))


def test_the_file_is_complete_and_needs_nothing_else(page):
    text = page.read_text(encoding="utf-8")
    require_complete(text)
    assert "default-src 'none'" in text
    assert len(text) < 400_000


def test_the_same_numbers_give_the_same_file(network, rows, tmp_path):
    for name in ("first", "second"):
        xfblas.report(network, rows).to_html(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_names_cannot_become_markup(rows, tmp_path):
    name = '<script>alert("$x$")</script>&amp;'
    layer = Layer(name, np.eye(12, 3), np.zeros(3), "linear", 1.0)
    network = Network(name, (layer,), "softmax", (12,))
    path = tmp_path / "report.html"
    found = xfblas.report(network, rows, np.zeros(400), classes=[name, "b", "c"])
    found.to_html(path)
    parsed = Elements(path.read_text(encoding="utf-8"))
    assert "script" not in parsed.tags and name in parsed.words


def test_many_layers_classes_and_no_labels(tmp_path):
    generator = np.random.default_rng(1)
    sizes = [(8, 30), *[(30, 30)] * 30, (30, 30)]
    layers = tuple(
        Layer(
            f"a_rather_long_name_of_a_layer_{i}",
            generator.normal(0, 0.2, s),
            np.zeros(s[1]),
            "relu",
            0,
        )
        for i, s in enumerate(sizes)
    )
    x = generator.standard_normal((100, 8))
    found = xfblas.report(Network("deep", layers, "softmax", (8,)), x)
    found.to_html(tmp_path / "report.html")
    assert Elements((tmp_path / "report.html").read_text(encoding="utf-8")).tags["svg"] == 6


def test_numbers_get_a_scatter_plot(rows, tmp_path):
    layer = Layer("only", np.ones((12, 1)), np.zeros(1), "linear", 1.0)
    network = Network("regression", (layer,), "linear", (12,))
    xfblas.report(network, rows, rows.sum(axis=1)).to_html(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'aria-label="Logits"' in text and "data:image/png;base64" in text
    assert "root mean square error" in text and "Confusion" not in text


@needs_browser
def test_a_browser_has_everything_in_its_document(page, tmp_path):
    require_complete(browse(page, tmp_path / "profile", "--dump-dom"))


@needs_browser
def test_a_browser_draws_tables_and_plots(page, tmp_path):
    image = pytest.importorskip("matplotlib.image")
    shown = tmp_path / "page.png"
    browse(page, tmp_path / "profile", f"--screenshot={shown}")
    pixels = (image.imread(shown)[:, :, :3] * 255).astype(int)
    assert pixels.shape[1] == 1280 and pixels.shape[0] > 2000
    background, blue = (244, 245, 247), (37, 99, 168)

    def near(color):
        return np.abs(pixels - color).sum(axis=2) < 12

    # The page's grey, white cards, dark text, and the blue of bars on both sides of the plots.
    assert 0.05 < near(background).mean() < 0.9 and near((255, 255, 255)).mean() > 0.2
    assert (pixels.sum(axis=2) < 200).sum() > 2000
    for half in (near(blue)[:, :640], near(blue)[:, 640:]):
        assert half.sum() > 2000
    # Nothing reaches out of the page: its last columns are background.
    assert near(background)[:, -20:].all()


def test_a_model_that_loses_nothing(rows, tmp_path):
    layer = Layer("whole", np.eye(12), np.zeros(12), "linear", 1.0)
    network = Network("whole", (layer,), "linear", (12,))
    found = xfblas.report(network, np.rint(rows * 10), calibration=np.rint(rows * 10))
    found.to_html(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert ("Signal to noise after each layer" in text) == np.isfinite(found.layers[0].decibels)
