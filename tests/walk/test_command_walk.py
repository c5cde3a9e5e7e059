"""Every command with options and files of wrong kinds: one line on stderr, and a status."""

import argparse
import contextlib
import io
import itertools
import os
import shutil
import warnings
from unittest import mock

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import xfblas
from xfblas import cli

pytestmark = pytest.mark.native

#: What is right, from which each example departs.
GOOD = {
    "quantize": ["m.h5", "--data", "x.csv", "-o", "new.xfblas"],
    "predict": ["m.xfblas", "x.csv", "-o", "y.csv"],
    "profile": ["m.xfblas", "x.csv", "-o", "new.json"],
    "report": ["m.xfblas", "--data", "x.csv"],
    "convert": ["-c", "configuration.json"],
    "export-c": ["m.xfblas", "-o", "c"],
    "build": ["-p", "project", "--no-csim"],
    "estimate": ["-m", "4", "-k", "4", "-n", "4"],
    "xclbin info": ["image.xclbin"],
    "xclbin build": ["new.xclbin"],
    "doctor": [],
    "verify": ["--target", "native"],
    "emu": ["--", "true"],
}
WORDS = [
    "",
    " ",
    "-",
    "--",
    ".",
    "/",
    "..",
    "nothing",
    "x.csv",
    "x.npy",
    "names.csv",
    "empty.csv",
    "long.csv",
    "long names.csv",
    "NUL.csv",
    "odd.parquet",
    "odd.npy",
    "odd.json",
    "odd.csv.gz",
    "m.h5",
    "m.xfblas",
    "image.xclbin",
    "nothing/x.csv",
    "x.csv/y.csv",
    "0",
    "-1",
    "1",
    "8",
    "16",
    "32",
    "1e300",
    "1e-320",
    "nan",
    "-inf",
    "1e999",
    "9" * 30,
    "9" * 5000,
    "1_0",
    "٣",
    "True",
    "none",
    "null",
    "a=b",
    "=",
    "bits=8",
    "output=x",
    "device=1",
    "model=3",
    "rows=3",
    "network=3",
    "legacy=3",
    "margin=[1]",
    "goal={}",
    "goal=" + "[" * 20_000,
    "leaky=" + "9" * 5000,
    "strict=1",
    "a:b",
    "BITSTREAM:x.csv",
    "0:m.h5",
    "99999999999:x.csv",
    "fcn",
    "gemv",
    "float",
    "u250",
    "native",
    "0000:65:00.1",
    '["relu", 3]',
    '{"class_name": "Sequential", "config": 3}',
    "[" * 20_000,
    "x" * 5000,
    "\udcff",
    "a\nb",
    "%s%n{0}",
    "\x1b[31m",
]


@pytest.fixture(scope="module")
def folder(keras, tmp_path_factory):
    """A model, rows, and files that are neither."""
    found = tmp_path_factory.mktemp("commands")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.save(found / "m.h5")
    rows = np.random.default_rng(3).normal(size=(40, 4)).astype(np.float32)
    with xfblas.compile(model, rows) as compiled:
        compiled.save(found / "m.xfblas")
    np.savetxt(found / "x.csv", rows, delimiter=",")
    np.save(found / "x.npy", rows)
    (found / "image.xclbin").write_bytes(xfblas.image_path("default_short").read_bytes())
    for name, text in {
        "names.csv": "a,b,c,d\n",
        "empty.csv": "",
        "long.csv": "1" * 200_000 + "\n",
        "long names.csv": "a,b," + "c" * 200_000 + ",d\n1,2,3,4\n",
        "NUL.csv": "1,2,\0,4\n",
        "odd.parquet": "PAR1",
        "odd.npy": "\x93NUMPY",
        "odd.json": '{"class_name": 3}',
        "odd.csv.gz": "1,2",
        "configuration.json": '{"KerasModel": "m.h5", "InputData": "x.csv", '
        '"OutputDir": "project"}',
    }.items():
        (found / name).write_text(text, encoding="latin-1")
    assert run(["convert", "-c", str(found / "configuration.json")]) == (0, "")
    return found


@pytest.fixture(autouse=True)
def _in_folder(folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path, copy_function=os.link, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    # Programs on emulated cards are started elsewhere.
    monkeypatch.setattr("xfblas.commands.emu.run", lambda program, settings: len(program) > 1)


def whole_parser():
    with mock.patch.object(argparse.ArgumentParser, "parse_args", autospec=True) as parse:
        parse.side_effect = lambda parser, _: parser
        with contextlib.suppress(Exception):
            cli.main([])
        return parse.call_args[0][0]


def commands_of(parser):
    """Parsers below a parser, by their words."""
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return groups[0].choices if groups else {}


def test_every_command_is_walked():
    found = set()
    for word, parser in commands_of(whole_parser()).items():
        found |= {f"{word} {below}" for below in commands_of(parser)} or {word}
    assert found == set(GOOD)


def options_of(command):
    """The options of a command that take a value, and those that take none."""
    parser = whole_parser()
    for word in command.split():
        parser = commands_of(parser)[word]
    actions = [action for action in parser._actions if action.dest not in ("help",)]
    return [(action.option_strings, action.nargs == 0) for action in actions]


def run(arguments):
    """Status and stderr of a command line in this process; whatever it raises is raised."""
    out, error = io.StringIO(), io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(error),
    ):
        try:
            status = cli.main(arguments)
        except SystemExit as exit:  # argparse's own
            status = exit.code
            if status == 2:
                assert "error: " in error.getvalue()
                return status, ""
    return status, error.getvalue()


def departures(command):
    """Options with their values, and words in the place of files."""
    # What a shell can pass: bytes that are no text come as lone surrogates.
    letters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
    word = st.sampled_from(WORDS) | st.text(letters, max_size=8)
    options = [
        st.just([strings[-1]]) if is_switch else word.map(lambda value, s=strings: [s[-1], value])
        for strings, is_switch in options_of(command)
        if strings
    ]
    replaced = [
        st.tuples(st.just(index), word)
        for index, given in enumerate(GOOD[command])
        if not given.startswith("-")
    ]
    return st.tuples(
        st.lists(st.one_of(options), max_size=3) if options else st.just([]),
        st.lists(st.one_of(replaced), max_size=1) if replaced else st.just([]),
        st.lists(word, max_size=1) if not options else st.just([]),
    )


@pytest.mark.parametrize(
    "command",
    # It imports every backend of Keras, each time in a process of its own.
    [pytest.param(name, marks=[pytest.mark.exhaustive] * (name == "doctor")) for name in GOOD],
)
def test_wrong_words(command):
    good = GOOD[command]
    examples = {"verify": 4, "doctor": 1}.get(command, 60)

    @hypothesis.settings(
        max_examples=examples * (30 if os.environ.get("XFBLAS_WANDER") else 1),
        suppress_health_check=list(hypothesis.HealthCheck),
        database=None,
        derandomize=not os.environ.get("XFBLAS_WANDER"),
    )
    @hypothesis.given(departures(command))
    def walk(departure):
        options, replaced, more = departure
        words = list(good)
        for index, word in replaced:
            words[index] = word
        arguments = [*command.split(), *itertools.chain.from_iterable(options), *words, *more]
        status, error = run(arguments)
        assert status in (0, 1, 2)
        if status == 2:
            assert error == "" or error.splitlines()[-1].startswith("xfblas: "), error

    walk()
    assert run([*command.split(), *good])[0] == 0
