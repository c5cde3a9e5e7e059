"""Bad Map instructions and what follows them: the status of each, and where they may write."""

from hostile_fields import fields_status, rows_status
from kernels import (
    A_PACKED,
    B_PACKED,
    BAD_FIELD,
    BIAS_ROW,
    LEADING_DIMENSION,
    OK,
    OUT_OF_MEMORY,
    PAGE,
    WINDOW,
    ZERO_SIZE,
)
from map_programs import map_words

#: The kind of Window that has Fcn's fields.
DEPTHWISE = 2


def halves(word):
    return word & 0xFFFF, word >> 16


def signed(half):
    return half - 2**16 * (half >> 15)


class Fields:
    """A Map instruction's words, read again."""

    def __init__(self, words):
        self.height, self.width = halves(words[1])
        self.channels, up = halves(words[2])
        self.up_y, self.up_x = up & 255, up >> 8
        self.kernel, self.stride, self.dilation, _, self.output = map(halves, words[3:8])
        self.a_first, self.c_first, self.c_row, self.c_frame = words[8:12]
        fill, above = halves(words[12])
        self.fill, self.spare = signed(fill), above | words[13] | words[14] | words[15]
        self.taps = self.kernel[0] * self.kernel[1]
        self.pixels = self.output[0] * self.output[1]


def map_status(words, kernel):
    """Of a Map instruction by itself."""
    f, end = Fields(words), 2 ** (8 * kernel.dtype.itemsize - 1)
    sizes = [f.height, f.width, f.channels, f.up_y, f.up_x]
    if 0 in [*sizes, *f.kernel, *f.stride, *f.dilation, *f.output]:
        return ZERO_SIZE
    good = -end <= f.fill < end and f.spare == 0 and f.taps <= 65535
    return OK if good else BAD_FIELD


def places_status(words, f, size, pages):
    """Of A's map and C's."""
    _, a, _, c, _, m, _, n, lda, _, ldc, _ = words[:12]
    frames = m // f.pixels
    if m % f.pixels or frames > 65535 or max(lda, ldc) > 65535:
        return BAD_FIELD
    row = (f.output[1] - 1) * ldc + n
    frame = (f.output[0] - 1) * f.c_row + row
    overlap = (f.output[0] > 1 and f.c_row < row) or (frames > 1 and f.c_frame < frame)
    if lda < f.channels or ldc < n or overlap:
        return LEADING_DIMENSION
    last = frames * f.height * f.width - 1
    ends = [
        (a, f.a_first + last * lda + f.channels),
        (c, f.c_first + (frames - 1) * f.c_frame + frame),
    ]
    inside = all(page >= 2 and page * PAGE + end * size <= pages * PAGE for page, end in ends)
    return OK if inside else OUT_OF_MEMORY


def walked_status(words, before, kernel, pages):
    """Of Fcn or Window after a Map that was right; its bare fields as their own tests have them."""
    opcode, _, b, _, x, m, k, n, _, ldb, _, ldx = words[:12]
    f, size, flags = Fields(before), kernel.dtype.itemsize, words[14]
    if min(m, n) == 0 or (opcode != WINDOW and k == 0):
        return ZERO_SIZE
    is_convolution = opcode != WINDOW
    rows = 1 if flags & BIAS_ROW else f.pixels
    if is_convolution:
        depth = f.taps * f.channels
        good = fields_status(words, kernel) == OK and not flags & A_PACKED and k == depth
    else:
        if k > DEPTHWISE or n != f.channels:
            return BAD_FIELD
        if k < DEPTHWISE:
            spare = any(words[at] for at in (2, 4, 9, 11, 12, 13, 14, 15))
            return BAD_FIELD if spare else places_status(words, f, size, pages)
        depth = f.taps
        packed = flags & (A_PACKED | B_PACKED)
        good = fields_status(words, kernel) == OK and not packed and flags & BIAS_ROW
    if not good:
        return BAD_FIELD
    strips = -(-n // kernel.array_columns) * kernel.array_columns
    packed_b = rows_status(b, 1, strips * k, strips * k, size, pages)
    checks = [
        places_status(words, f, size, pages),
        packed_b if flags & B_PACKED else rows_status(b, depth, n, ldb, size, pages),
        rows_status(x, rows, n, ldx, kernel.addend.itemsize, pages) if x else OK,
        rows_status(words[13], 1, 513, 513, 4, pages) if flags >> 8 & 15 == 3 else OK,
    ]
    return next((status for status in checks if status), OK)


def hostile_pair(rng, opcode, words, size, pages):
    """A Map and what follows it, from another instruction's words; good where these are."""
    channels, n = int(rng.integers(1, 20)), words[7]
    kernel_size, output = (tuple(int(one) for one in rng.integers(1, 4, 2)) for _ in range(2))
    walk = {"kernel": kernel_size, "output": output, "fill": int(rng.integers(-3, 4))}
    walk |= {name: (1, 1) for name in ("stride", "dilation", "padding", "upsampling")}
    frames, taps = int(rng.integers(1, 3)), kernel_size[0] * kernel_size[1]
    words = [*words]
    if opcode == WINDOW:
        n, words[6] = channels, int(rng.integers(3))
        words[14] |= BIAS_ROW
        words[14] &= ~(A_PACKED | B_PACKED)
        if words[6] < DEPTHWISE:
            for at in (2, 4, 9, 11, 12, 13, 14, 15):
                words[at] = 0
    else:
        words[6] = taps * channels
        words[14] &= ~A_PACKED
    words[0], words[5], words[7] = opcode, frames * output[0] * output[1], n
    words[8], words[10] = (least + int(rng.choice([0, 1, 100])) for least in (channels, n))
    if words[9] or opcode != WINDOW or words[6] == DEPTHWISE:
        words[9] = words[11] = n
    row = output[1] * words[10]
    shape = tuple(int(size) for size in rng.integers(1, 5, 2))
    places = {"a_first": int(rng.integers(9)), "c_first": int(rng.integers(9)), "c_row": row}
    places["c_frame"] = output[0] * row
    if rng.random() < 0.4:  # up to the last element of the memory
        words[1] = int(rng.integers(2, pages))
        needed = (frames * shape[0] * shape[1] - 1) * words[8] + channels
        places["a_first"] = max(0, (pages - words[1]) * PAGE // size - needed)
    return map_words(walk, shape, channels, **places), words


def mark_walked(written, words, before, size):
    """Marks the bytes of C."""
    f = Fields(before)
    for pixel in range(words[5]):
        frame, at = divmod(pixel, f.pixels)
        y, x = divmod(at, f.output[1])
        first = f.c_first + frame * f.c_frame + y * f.c_row + x * words[10]
        start = words[3] * PAGE + first * size
        written[start : start + words[7] * size] = True
