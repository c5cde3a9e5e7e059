"""The rooms of the host library: what each includes, as docs/architecture.md tells it."""

import re

import building
import pytest

SOURCES = building.ROOT / "host_cpp/src"

#: From bottom to top. Each is entered by the header of its name.
ROOMS = (
    *("image", "memory", "prediction", "target", "native", "csim", "xrt"),
    *("stream", "program", "device", "capi"),
)
#: What targets on this CPU derive from.
OTHER_HEADERS = ("target/memory_target.hpp",)


def test_every_folder_is_a_room():
    assert {path.name for path in SOURCES.iterdir() if path.is_dir()} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_are_entered_from_above_by_their_header(room):
    below = ROOMS[: ROOMS.index(room)]
    doors = {f"{name}/{name}.hpp" for name in below} | set(OTHER_HEADERS)
    found = 0
    for path in sorted((SOURCES / room).rglob("*.?pp")):
        for name in re.findall(r'^#include "(\w+/[\w/]+\.hpp)"', path.read_text(), re.MULTILINE):
            if name.split("/")[0] in ROOMS and not name.startswith(f"{room}/"):
                assert name in doors, f"{path.relative_to(SOURCES)} includes {name}"
                found += 1
    assert found or room in ("image", "memory")
