"""A description of an image as tables of text: with rich where it is installed, else plain."""

import sys
from typing import NamedTuple

from xfblas.notices import is_terminal


class Table(NamedTuple):
    """A title, the heads of the columns, and rows of texts."""

    title: str
    heads: tuple[str, ...]
    rows: list[tuple[str, ...]]


def tables_of(description: dict) -> list[Table]:
    """The tables that show what :func:`xfblas.image.describe.describe` returns."""
    clock = description["clock_mhz"]
    general = [
        ("platform", description["platform"]),
        ("uuid", description["uuid"]),
        ("mode", description["mode"]),
        ("clock", "not given" if clock is None else f"{clock:g} MHz"),
        ("engines", ", ".join(description["engines"]) or "none"),
    ]
    units = [
        (u["name"], u["kernel"], u["base_address"] or "none", ", ".join(u["banks"]))
        for u in description["compute_units"]
    ]
    banks = [
        (
            b["tag"],
            b["type"],
            size_text(b["size_bytes"]),
            b["base_address"],
            "yes" if b["used"] else "no",
        )
        for b in description["memory_banks"]
    ]
    sections = [
        (str(index), s["kind"], s["name"], str(s["size_bytes"]))
        for index, s in enumerate(description["sections"])
    ]
    configuration = list((description["configuration"] or {}).items())
    tables = [
        Table("image", ("what", "value"), general),
        Table("compute units", ("name", "kernel", "address", "memory"), units),
        Table("memory banks", ("tag", "type", "size", "address", "used"), banks),
        Table("configuration", ("key", "value"), configuration),
        Table("sections", ("index", "kind", "name", "bytes"), sections),
    ]
    return [table for table in tables if table.rows]


def size_text(size_bytes: int) -> str:
    """A size in the largest unit that gives a whole number: ``4 GiB``, ``1536 KiB``."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size_bytes and size_bytes % size == 0:
            return f"{size_bytes // size} {unit}"
    return f"{size_bytes} bytes"


def print_tables(tables: list[Table]):
    """Prints tables on the standard output."""
    # Names come from the file: a control character in one must not reach the terminal.
    tables = [
        table._replace(rows=[tuple(_printable(cell) for cell in row) for row in table.rows])
        for table in tables
    ]
    try:
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text
    except ImportError:
        for table in tables:
            print(plain_text(table))
        return
    # It would end the program by itself where a pipe is closed.
    Console.on_broken_pipe = _raise_again
    console = Console(force_terminal=None if is_terminal(sys.stdout) else False)
    for table in tables:
        shown = RichTable(title=table.title, title_justify="left")
        for head in table.heads:
            shown.add_column(head, overflow="fold")
        for row in table.rows:
            # As Text, because rich takes the [0] of DDR[0] for markup.
            shown.add_row(*(Text(cell) for cell in row))
        console.print(shown)


def _raise_again(_console):
    raise


def plain_text(table: Table) -> str:
    """A table as lines of text, with its columns aligned."""
    lines = [table.heads, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = (
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join([table.title, *(line.rstrip() for line in aligned), ""])


def _printable(text: str) -> str:
    return "".join(c if c.isascii() and c.isprintable() else f"\\x{ord(c):02x}" for c in text)
