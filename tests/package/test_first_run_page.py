"""docs/first-run-on-a-card.md: what it quotes is what the sources say."""

import re
from pathlib import Path

import pytest

from xfblas.cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/first-run-on-a-card.md").read_text()
#: What operating systems say.
OF_OTHERS = ("Device or resource busy: ", "Invalid argument", "an error of `v++`")


def sources() -> str:
    """The texts of all sources, where they are cut put together again."""
    files = [
        *ROOT.glob("xfblas/**/*.py"),
        *ROOT.glob("host_cpp/src/**/*.cpp"),
        ROOT / "hw/xclbin.mk",
    ]
    text = "\n".join(file.read_text() for file in files)
    return re.sub(r'"\s*\n\s*f?"', "", text)


def quoted() -> list[str]:
    """The messages in tables whose first column is called so."""
    found, is_message = [], False
    for line in PAGE.splitlines():
        if not line.startswith("|"):
            is_message = False
        elif line.startswith("| message |"):
            is_message = True
        elif is_message and not line.startswith("| ---"):
            cell = line.split(" | ")[0].removeprefix("| ")
            found += re.findall(r"`([^`]+)`", cell) if cell.startswith("`") else []
    return found


def parts_of(message: str) -> list[str]:
    for words in OF_OTHERS:
        message = message.replace(words, "...")
    return [part.strip(" ,:()") for part in message.split("...")]


def literals_of(part: str, text: str) -> int:
    """Of how many literals a part is put together, each as long as can be; 99 where it is not."""
    words, count = part.split(" "), 0
    while words:
        most = next((n for n in range(len(words), 0, -1) if " ".join(words[:n]) in text), 0)
        if most == 0:
            return 99
        words, count = words[most:], count + 1
    return count


def test_there_are_messages():
    assert len(quoted()) > 30


@pytest.mark.parametrize("message", quoted())
def test_messages_are_those_of_the_sources(message):
    text, parts = sources(), [part for part in parts_of(message) if part]
    assert parts
    for part in parts:
        # C++ puts "XRT cannot ", "open " and a device together; whole sentences it has as such.
        assert literals_of(part, text) <= 3, part


def test_a_message_that_is_not_there():
    text = sources()
    assert literals_of("XRT cannot open device", text) <= 3
    assert literals_of("the card is on fire and will not stop", text) > 3


def test_commands_and_options(capsys):
    """Every command of ours takes the options that the page passes."""
    lines = re.findall(r"^ {4}xfblas ([^#\n]*)", PAGE, re.MULTILINE)
    assert len(lines) > 6
    for line in lines:
        words = line.split()
        with pytest.raises(SystemExit):
            main([*words[: 1 + (words[0] == "xclbin")], "--help"])
        shown = capsys.readouterr().out
        assert all(word in shown for word in words if word.startswith("--")), line
