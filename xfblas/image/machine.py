"""The sizes of an engine that its speed follows from, as an image's configuration tells them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

#: Key of config_info.dat by attribute. They are ours; images of other makers leave them out.
KEYS = {
    "word_elements": "wordElements",
    "array_rows": "arrayRows",
    "array_columns": "arrayColumns",
    "tile_rows": "tileRows",
    "tile_columns": "tileColumns",
    "chunk": "chunk",
    "vector_rows": "vectorRows",
    "vector_chunk": "vectorChunk",
    "update_interval": "updateInterval",
    "burst_cycles": "burstCycles",
    "memory_latency": "memoryLatency",
    "clock_mhz": "clockMHz",
}


@dataclass(frozen=True)
class Machine:
    """An engine's sizes.

    Attributes:
        word_elements: elements in a word of its memory port, which passes one a cycle.
        array_rows, array_columns: multipliers.
        tile_rows, tile_columns: sums kept on chip for all of k.
        chunk: how many k of A are buffered at a time.
        vector_rows, vector_chunk: sums and elements of x on chip, of the Gemv engine.
        update_interval: cycles between two additions to one sum.
        burst_cycles: cycles that starting a burst costs.
        memory_latency: cycles to the first word of a burst that nothing hides.
        clock_mhz: clock of the kernel.
    """

    word_elements: int
    array_rows: int
    array_columns: int
    tile_rows: int
    tile_columns: int
    chunk: int
    vector_rows: int
    vector_chunk: int
    update_interval: int
    burst_cycles: int
    memory_latency: int
    clock_mhz: int

    @property
    def multipliers(self) -> int:
        """Multiplications a cycle."""
        return self.array_rows * self.array_columns

    def words(self) -> dict[str, str]:
        """The words of a config_info.dat by key, without a prefix."""
        return {KEYS[field.name]: str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_words(cls, words: Mapping) -> "Machine | None":
        """The machine of a configuration whose numbers were read; None where it tells none."""
        if any(key not in words for key in KEYS.values()):
            return None
        return cls(**{attribute: int(words[key]) for attribute, key in KEYS.items()})
