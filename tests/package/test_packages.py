"""The list of Debian packages at the end of a run."""

from types import SimpleNamespace

import packages
import pytest


def listed(*reasons):
    lines = []
    reports = [SimpleNamespace(longrepr=("test.py", 1, f"Skipped: {text}")) for text in reasons]
    packages.list_wanted(reports, lines.append)
    return lines


def test_a_package_is_listed_once_with_its_tests():
    tidy, browser = packages.missing("a", "clang-tidy"), packages.missing("b", "chromium")
    assert listed(tidy, browser, tidy, "needs pandas") == [
        "tests skipped for want of Debian packages: 3",
        "  chromium: 1",
        "  clang-tidy: 2",
        "to run them: apt-get install chromium clang-tidy",
    ]


def test_nothing_is_listed_where_nothing_is_missing():
    assert listed() == listed('needs torch: pip install "torch"') == []


def test_reasons_of_every_kind_are_understood():
    hint = "install the Xilinx Runtime (Debian 12: apt-get install libxrt1; else AMD's package)"
    assert listed(hint)[1] == "  libxrt1: 1"
    with pytest.raises(pytest.skip.Exception, match=r"needs g\+\+ .*apt-get install g\+\+"):
        packages.skip_without("g++", "g++")
    assert listed(packages.missing("g++", "g++"))[1] == "  g++: 1"
