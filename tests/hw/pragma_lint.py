"""A lint, not a proof, of what v++ would look at: pragmas, loops and the streams of a region.

It reads the kernels as text. It knows the pragmas and options of Vitis HLS 2022 and later, wants
every variable that a pragma names to be declared in that function, every loop to have a label and
every innermost loop a PIPELINE or UNROLL, and every stream of a dataflow region to have exactly
one process that writes it and one that reads it.
"""

import re
import sys

OPTIONS = {
    "AGGREGATE": {"variable", "compact"},
    "ARRAY_PARTITION": {"variable", "type", "factor", "dim"},
    "BIND_OP": {"variable", "op", "impl", "latency"},
    "BIND_STORAGE": {"variable", "type", "impl", "latency"},
    "DATAFLOW": {"disable_start_propagation"},
    "FUNCTION_INSTANTIATE": {"variable"},
    "DEPENDENCE": {"variable", "class", "type", "direction", "distance", "dependent"},
    "INLINE": {"off", "recursive"},
    "INTERFACE": {
        "mode",
        "port",
        "offset",
        "bundle",
        "latency",
        "depth",
        "num_read_outstanding",
        "num_write_outstanding",
        "max_read_burst_length",
        "max_write_burst_length",
    },
    "LOOP_TRIPCOUNT": {"min", "max", "avg"},
    "PIPELINE": {"II", "style", "off", "rewind"},
    "STREAM": {"variable", "depth", "type"},
    "UNROLL": {"factor", "off", "skip_exit_check"},
}
VALUES = {
    ("BIND_STORAGE", "type"): {"fifo", "ram_1p", "ram_2p", "ram_s2p", "ram_t2p", "rom_np"},
    ("BIND_STORAGE", "impl"): {"bram", "lutram", "uram", "srl", "memory"},
    ("ARRAY_PARTITION", "type"): {"complete", "block", "cyclic"},
    ("INTERFACE", "mode"): {"m_axi", "s_axilite", "axis", "ap_none", "ap_ctrl_none"},
    ("DEPENDENCE", "type"): {"inter", "intra"},
    ("DEPENDENCE", "direction"): {"RAW", "WAR", "WAW"},
}
NOT_FUNCTIONS = {"if", "for", "while", "switch", "return", "sizeof", "decltype"}
UNROLLED = 3  # rows that stand for all rows of an array


def without_comments(text):
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def closing(text, start, pair="{}"):
    """The place behind the bracket that closes the one at start."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == pair[0]) - (text[at] == pair[1])
        if depth == 0:
            return at + 1
    return len(text)


def split_arguments(text):
    parts, depth, part = [], 0, ""
    for char in text:
        depth += (char in "(<[{") - (char in ")>]}")
        if char == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    return [*parts, part.strip()] if part.strip() else parts


class Function:
    """A function's name, parameter names and body."""

    def __init__(self, head, name, parameters, body):
        self.is_constexpr = "constexpr" in head
        self.name, self.body, self.text = name, body, parameters + body
        words = [re.findall(r"\w+", re.sub(r"=.*", "", p)) for p in split_arguments(parameters)]
        self.parameters = [w[-1] if w else "" for w in words]


def functions_of(text):
    found = []
    for match in re.finditer(r"\b(\w+)\s*\(", text):
        if match.group(1) in NOT_FUNCTIONS:
            continue
        end = closing(text, match.end() - 1, "()")
        behind = re.match(r"\s*(const)?\s*\{", text[end:])
        if not behind:
            continue
        start = end + behind.end() - 1
        head = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        found.append(
            Function(
                head,
                match.group(1),
                text[match.end() : end - 1],
                text[start : closing(text, start)],
            )
        )
    return found


def check_pragma(line, function):
    words = re.findall(r"[\w:.]+=[^\s]+|\w+", line.split("HLS", 1)[1])
    name, options = words[0].upper(), words[1:]
    if name not in OPTIONS:
        yield f"unknown pragma {name}"
        return
    if name == "INTERFACE" and "=" not in options[0]:
        options[0] = f"mode={options[0]}"
    for option in options:
        key, _, value = option.partition("=")
        if key not in OPTIONS[name]:
            yield f"{name} has no option {key}"
        if value not in VALUES.get((name, key), {value}):
            yield f"{name} {key} cannot be {value}"
        code = re.sub(r"#pragma[^\n]*", "", function.text)
        names_variable = key in ("variable", "port") and value != "return"
        if names_variable and not re.search(rf"[\w>&*\]] ?[&*]?\b{value}\b", code):
            yield f"{name} names {value}, which {function.name} does not declare"


def calls_of(body, by_name):
    names = re.findall(r"\b(\w+)(?:<[\w: ]+>)?\(", body)
    return [by_name[name] for name in names if name in by_name]


def has_pipeline(function, by_name, depth=0):
    """Whether a function has a pipelined loop, or calls one that has."""
    if "#pragma HLS PIPELINE" in function.body:
        return True
    called = calls_of(function.body, by_name) if depth < 6 else []
    return any(has_pipeline(other, by_name, depth + 1) for other in called)


def check_loops(function, by_name):
    if function.is_constexpr:
        return
    body = function.body
    for match in re.finditer(r"\b(for|while) \(", body):
        before = body[: match.start()].rstrip()
        if not before.endswith(":"):
            yield f"a loop of {function.name} has no label"
        label = re.split(r"[\s{};]", before.rstrip(":"))[-1]
        start = body.find("{", closing(body, match.end() - 1, "()"))
        inside = body[start : closing(body, start)]
        if re.search(r"\b(for|while) \(", inside):
            continue
        if any(has_pipeline(called, by_name) for called in calls_of(inside, by_name)):
            continue
        if not re.search(r"#pragma HLS (PIPELINE|UNROLL)", inside):
            yield f"the loop {label} of {function.name} has neither PIPELINE nor UNROLL"


def direction(function, index, by_name, depth=0):
    """How a function uses its parameter: a set of "read" and "write"."""
    if index >= len(function.parameters) or depth > 6:
        return set()
    name, uses = function.parameters[index], set()
    if re.search(rf"\b{name}\.(read|read_nb)\(|read_lock<[^;]*\(\s*{name}\)", function.body):
        uses.add("read")
    if re.search(rf"\b{name}\.write\(|write_lock<[^;]*\(\s*{name}\)", function.body):
        uses.add("write")
    for match in re.finditer(r"\b(\w+)(?:<[\w: ]+>)?\(", function.body):
        called = by_name.get(match.group(1))
        if not called or called is function:
            continue
        end = closing(function.body, match.end() - 1, "()") - 1
        arguments = split_arguments(function.body[match.end() : end])
        for at, argument in enumerate(arguments):
            if argument == name:
                uses |= direction(called, at, by_name, depth + 1)
    if re.search(rf"\.next\({name}\)", function.body):
        uses.add("read")  # Unpacker
    return uses


def processes_of(body):
    """(function, arguments) of every process, with the loops over the array's rows unrolled."""

    def unrolled(match):
        start = body.find("{", match.start())
        return start, closing(body, start)

    pieces, at = [], 0
    for match in re.finditer(r"for \(int row = [^{]*\{", body):
        start, end = unrolled(match)
        pieces.append(body[at : match.start()])
        pieces += [re.sub(r"\brow\b", str(row), body[start:end]) for row in range(UNROLLED)]
        at = end
    text = "".join(pieces) + body[at:]
    for match in re.finditer(r"XFBLAS_PROCESS\(", text):
        arguments = split_arguments(text[match.end() : closing(text, match.end() - 1, "()") - 1])
        name = re.match(r"\w+", arguments[0]).group()
        yield (
            name,
            [re.sub(r"\[([^]]*)\]", lambda m: f"[{eval(m.group(1))}]", a) for a in arguments[1:]],
        )


def check_region(function, by_name):
    """One writer and one reader for every stream, a memory that is chosen for it; a port in one
    process only.
    """
    streams = re.findall(r"stream(?:_of_blocks)?<[^;]*> (\w+)(?:\(\"\w+\"\)|\[)", function.body)
    streams += re.findall(r"> \w+\(\"\w+\"\), (\w+)\(", function.body)
    bound = re.findall(r"BIND_STORAGE variable=(\w+) type=fifo", function.body)
    for stream in re.findall(r"\bstream<[^;]*> (\w+)(?:\(\"\w+\"\)|\[)", function.body):
        if stream not in bound and "_PROCESS" in function.body:
            yield f"the tool chooses the memory of {function.name}'s stream {stream}"
    users, ports = {}, {}
    for name, arguments in processes_of(function.body):
        if name not in by_name:
            yield f"{function.name} starts {name}, which is not defined"
            continue
        for at, argument in enumerate(arguments):
            if argument.split("[")[0] in streams:
                for use in direction(by_name[name], at, by_name):
                    users.setdefault(argument, {}).setdefault(use, []).append(name)
            if argument in ("rd", "wr"):
                ports.setdefault(argument, []).append(name)
    for stream in streams:
        if not any(used.split("[")[0] == stream for used in users):
            yield f"no process of {function.name} uses the stream {stream}"
    for used, uses in sorted(users.items()):
        is_open_end = used.endswith(f"[{UNROLLED}]")
        for use in ("read", "write"):
            count = len(uses.get(use, []))
            if count > 1 or (count == 0 and not is_open_end):
                yield f"{used} of {function.name} has {count} processes that {use} it"
    for port, names in ports.items():
        if len(names) > 1:
            yield f"port {port} of {function.name} is used by {' and '.join(names)}"


def lint(paths):
    """Returns what is wrong in the given files, as lines of text."""
    texts = {path: without_comments(path.read_text()) for path in paths}
    functions = {path: functions_of(text) for path, text in texts.items()}
    by_name = {f.name: f for found in functions.values() for f in found}
    complaints = []
    for path, found in functions.items():
        for function in found:
            complaints += [f"{path.name}: {text}" for text in check_loops(function, by_name)]
            for line in re.findall(r"#pragma HLS[^\n]*", function.body):
                complaints += [f"{path.name}: {text}" for text in check_pragma(line, function)]
            if "#pragma HLS DATAFLOW" in function.body and "XFBLAS_PROCESS" in function.body:
                complaints += [f"{path.name}: {text}" for text in check_region(function, by_name)]
        everything = "".join(f.body for f in found)
        if texts[path].count("#pragma HLS") > everything.count("#pragma HLS"):
            complaints.append(f"{path.name}: a pragma stands outside of a function")
    return complaints


if __name__ == "__main__":
    import pathlib

    for complaint in lint([pathlib.Path(name) for name in sys.argv[1:]]):
        print(complaint)
