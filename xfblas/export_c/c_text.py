"""Numbers and arrays as C99 and C++ read them, float32 to the last bit."""

import numpy as np

_TYPES = {"f4": "float", "i1": "signed char", "i2": "short", "i4": "int"}


def c_array(name: str, values: np.ndarray) -> str:
    """``const float name[] = {...};`` of the numbers of an array, in C order.

    Args:
        values: finite float32, int8, int16 or int32.
    """
    kind = _TYPES[values.dtype.str[1:]]
    texts = [c_float(value) for value in values.ravel()] if kind == "float" else None
    texts = texts or [str(value) for value in values.ravel()]
    return f"const {kind} {name}[] = {{\n{_lines(texts)}\n}};\n"


def c_words(name: str, content: bytes) -> str:
    """``const uint64_t name[] = {...};`` of bytes, whose number is a multiple of 8."""
    texts = [f"0x{word:x}u" for word in np.frombuffer(content, "<u8")]
    return f"const uint64_t {name}[] = {{\n{_lines(texts)}\n}};\n"


def c_float(value: np.float32) -> str:
    """A float32 by nine digits, which are enough to read the same one back."""
    text = f"{value:.9g}"
    return f"{text}f" if set(text) & set(".e") else f"{text}.0f"


def _lines(texts: list[str]) -> str:
    lines, line = [], ""
    for text in texts:
        if line and len(line) + len(text) > 90:
            lines.append(line)
            line = ""
        line += f" {text}," if line else f"  {text},"
    return "\n".join([*lines, line])
