"""Targets and tables from stored results."""

import json

import pytest
from stored_results import stored

from bench import results
from bench.cli import main
from bench.markdown import BEGIN, END
from bench.outcomes import outcomes
from bench.plots import draw
from bench.tables import machine_text


@pytest.fixture
def path(tmp_path):
    """A file of results."""
    return stored(tmp_path / "results.json")


def outcome(path, text, threads, limit):
    found = outcomes(results.read(path))
    return next(
        each for each in found if (each.text, each.threads, each.limit) == (text, threads, limit)
    )


def test_results_come_back_as_they_were_written(path, tmp_path):
    read = results.read(path)
    read.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == path.read_text()
    assert read.run(1).case("gemm", "256").series["MKL s16s16s32"][1:] == [None, None]


def test_the_worst_case_decides(path):
    found = outcome(path, "gemm: xfblas int16, low bits / numpy float32", 1, 2.1)
    assert found.measured == {"256": 2.2, "512": 2.0}
    assert found.worst == "512"
    assert found.verdict == "missed by 4.8%"


def test_a_target_that_is_met(path):
    found = outcome(path, "memory of a product of 2048 / operands, B kept there too", None, 1.2)
    assert (found.worst, found.verdict) == ("int16, B kept", "met")


def test_a_limit_not_to_exceed(path):
    found = outcome(path, "memory of a product of 2048 / operands", None, 1.2)
    assert found.verdict == "missed by 8.3%"


def test_scaling_compares_the_two_runs(path):
    found = outcome(path, "gemm: xfblas int16, low bits, 2 threads / 1", None, 1.7)
    assert found.measured == {"512": 2.0}
    assert found.verdict == "met (noisy)"


def test_what_was_not_measured_is_said(path):
    found = outcome(path, "gemm: xfblas int16, low bits on avx512 / numpy float32", None, 1.15)
    assert found.verdict == "not measured"


def test_targets_of_amx_are_told_where_it_is_not(path):
    """And met or missed by the same runs where it is: the best samples of a machine are its own."""
    text, limit = "gemm: xfblas int16, full range on amx / numpy float32", 3.0
    scaling = "gemm: xfblas int16, low bits on amx, 2 threads / 1"
    assert outcome(path, text, None, limit).verdict == "not measured: no AMX"
    assert outcome(path, scaling, None, 1.8).verdict == "not measured: no AMX"
    stored_values = json.loads(path.read_text())
    stored_values["machine"]["isa"] = "amx"
    series = stored_values["runs"][0]["cases"][0]["series"]
    series["xfblas int16, full range"] = series["xfblas int16, low bits"]
    path.write_text(json.dumps(stored_values))
    found = outcome(path, text, 1, limit)
    assert (found.measured, found.verdict) == ({"256": 2.2}, "missed by 26.7%")
    assert outcome(path, scaling, None, 1.8).measured == {"512": 2.0}


def test_the_machine_is_told(path):
    text = machine_text(results.read(path))
    assert "a CPU, 2 processors, xfblas on avx2; 2 threads get 2.00 cores" in text
    assert "numpy 2.0" in text and "mkl" not in text


def test_show_prints_tables_and_what_is_missing(path, capsys):
    assert main(["show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "missed by 4.8%" in shown
    assert "left out: torch int8: pip install torch" in shown


def test_table_goes_into_a_file(path, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert main(["table", str(path), "--into", str(readme)]) == 0
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}") and text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "| xfblas int16, low bits | 0.0168 | 0.134 |" in text


def test_table_needs_marks(path, tmp_path, capsys):
    (tmp_path / "README.md").write_text("nothing")
    assert main(["table", str(path), "--into", str(tmp_path / "README.md")]) == 1
    assert "has no lines" in capsys.readouterr().err


def test_another_format_is_refused(tmp_path, capsys):
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"format": 99}))
    assert main(["show", str(other)]) == 1
    assert "expected format 1" in capsys.readouterr().err


def test_pictures(path):
    pytest.importorskip("matplotlib")
    drawn = draw(results.read(path), path.parent)
    assert [each.name for each in drawn] == ["gemm.png", "gemm.svg"]
    assert all(each.stat().st_size for each in drawn)


def test_words_are_checked(capsys):
    for words in (["--cases", "gem"], ["--threads", "0"], ["--rounds", "x"]):
        with pytest.raises(SystemExit):
            main(words)
    told = "'gem' is none of gemm, convolve, frames, predict, scripts, isa, memory"
    assert told in capsys.readouterr().err
