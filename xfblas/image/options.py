"""The words of a config_info.dat file: ``NAME=value``, separated by white space.

The names carry the prefix ``BLAS_`` (Vitis BLAS) or ``GEMX_`` (older images). Programs ask for
one of the two, whichever the image was built with, so a name is the same under both.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from xfblas.errors import ImageError

PREFIXES = ("BLAS_", "GEMX_")
LONGEST_SHOWN = 60  # characters of a word in an error; a foreign file may be one single word


class Options(dict):
    """A dict of texts in which a key is found under either prefix, and without one.

    ``options["GEMX_ddrWidth"]`` finds what the file calls ``BLAS_ddrWidth``. Iteration gives
    the keys as the file spells them.

    Raises:
        ImageError: made from a mapping that gives one key two values under two prefixes.
    """

    # Of the class, because pickle and copy fill a dict before they give it its attributes.
    source: str | None = None
    lines: Mapping = MappingProxyType({})

    def __init__(self, *values, **named):
        super().__init__()
        for key, value in dict(*values, **named).items():
            if key in self and self[key] != value:
                raise ImageError(
                    f"{key} is {value}, but {self._stored(key)} is {self[key]}: give only one"
                )
            self[key] = value

    def _stored(self, key):
        """The spelling under which a key is there, or the key itself where it is not."""
        if isinstance(key, str):
            bare = without_prefix(key)
            for spelling in (key, bare, *(prefix + bare for prefix in PREFIXES)):
                if super().__contains__(spelling):
                    return spelling
        return key

    def __getitem__(self, key):
        return super().__getitem__(self._stored(key))

    def __setitem__(self, key, value):
        super().__setitem__(self._stored(key), value)

    def __delitem__(self, key):
        super().__delitem__(self._stored(key))

    def __contains__(self, key):
        return super().__contains__(self._stored(key))

    def get(self, key, default=None):
        """As of dict, under any spelling of the key."""
        return super().get(self._stored(key), default)

    def pop(self, key, *default):
        """As of dict, under any spelling of the key."""
        return super().pop(self._stored(key), *default)

    def setdefault(self, key, default=None):
        """As of dict, under any spelling of the key."""
        return super().setdefault(self._stored(key), default)

    def update(self, *values, **named):
        """As of dict, under any spelling of the keys."""
        for key, value in dict(*values, **named).items():
            self[key] = value

    def copy(self):
        """The same options, which still know the lines of the file that they come from."""
        copied = Options(self)
        copied.source, copied.lines = self.source, self.lines
        return copied

    def where(self, key: str) -> str:
        """The start of an error about a key: the file and the line it was read from."""
        # A program that sets a key anew gives a value that is on no line.
        line = self.lines.get((without_prefix(key), self.get(key)))
        if self.source is None:
            return ""
        return f"{self.source}: " if line is None else f"{self.source} line {line}: "


def parse_options(text: str, source: str = "config_info.dat") -> Options:
    """Reads the text of a config_info.dat.

    Args:
        text: ``NAME=value`` words separated by white space.
        source: what errors call it, such as its path.

    Raises:
        ImageError: a word is no ``NAME=value``, or a key has two values; names the line.
    """
    options, lines = Options(), {}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        # The C library's white space, which is not all that Unicode has.
        for word in re.findall(r"[^ \t\r\f\v]+", line):
            key, _, value = word.partition("=")
            if not without_prefix(key) or not value:
                raise ImageError(f"{source} line {number}: {_shown(word)} is not NAME=value")
            if key in options and options[key] != value:
                first = lines[without_prefix(key), options[key]]
                raise ImageError(
                    f"{source} line {number}: {key} is {_shown(value)} here and "
                    f"{_shown(options[key])} on line {first}"
                )
            options[key] = value
            lines.setdefault((without_prefix(key), value), number)
    options.source, options.lines = source, lines
    return options


def without_prefix(key: str) -> str:
    """A key without ``BLAS_`` or ``GEMX_``; other keys as they are."""
    for prefix in PREFIXES:
        if key.startswith(prefix):
            return key[len(prefix) :]
    return key


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "...")
