"""Errors in the words of the command that was called: its options, not Python's arguments."""

import re

_VALUE = r"""('[^']*'|"[^"]*"|[\w.]+)?"""


def options_of(parser) -> dict[str, str]:
    """The options of an argparse parser, by the argument that they are in Python."""
    actions = [action for action in parser._actions if action.option_strings]
    return {action.dest: action.option_strings[-1] for action in actions}


def in_option_words(message: str, options: dict[str, str]) -> str:
    """A message whose arguments are called by the options that gave them.

    Arguments are named at its beginning (``margin is 0``), or with what to pass (``bits=8``).

    Args:
        message: of an error.
        options: by the argument's name in Python.
    """

    def passed(found):
        value = (found[2] or "").strip("'\"")
        return options[found[1]] + (f" {value}" if value else "")

    def named(found):
        return ", ".join(options.get(name, name) for name in found[0].split(", "))

    names = "|".join(map(re.escape, options))
    message = re.sub(r"^\w+(, \w+)*(?= (?:is|are|was|has) |: )", named, message)
    return re.sub(rf"(?<![\w-])({names})={_VALUE}", passed, message) if options else message
