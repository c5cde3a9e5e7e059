"""Exported projects, built and run on the register-level model of this machine and of others."""

import itertools
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import packages

from xfblas.graph import Layer, Network

ROOT = Path(__file__).resolve().parents[2]
#: Machines of ARM by the prefix of their tools: the emulator.
EMULATORS = {"aarch64-linux-gnu": "qemu-aarch64", "arm-linux-gnueabihf": "qemu-arm"}


def need(program, package):
    if shutil.which(program) is None:
        packages.skip_without(program, package)


def need_machine(machine):
    """Skips where the tools of a machine are missing; "" is this one."""
    if machine:
        need(f"{machine}-gcc", f"gcc-{machine}")
        need(f"{machine}-g++", f"g++-{machine}")
        need(EMULATORS[machine], "qemu-user")


def runner(machine):
    return f"{EMULATORS[machine]} -L /usr/{machine}" if machine else ""


def register_model(top="master", dtype="short", machine="", compiler="", flags="-O1", name=""):
    """The object of the model; its board is the one with the smallest array, as for the kernels."""
    compiler = compiler or (f"{machine}-g++" if machine else "g++")
    folder = ROOT / "hw/build" / f"zynq-test-{dtype}-{top}-{name or machine or 'here'}"
    options = [f"TOP={top}", "BOARD=small", f"DTYPE={dtype}", f"CXX={compiler}"]
    options += [f"CXXFLAGS={flags}", f"FOLDER={folder}"]
    run(["make", "-s", "-f", ROOT / "hw/zynq/model.mk", *options, "PYTHON=python3"])
    return folder / "register_model.o"


def run(command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=600, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def make(folder, *options, machine="", environment=None):
    """Makes ``run`` of a project; returns make's process."""
    compiler = [f"CC={machine}-gcc"] if machine else []
    command = ["make", "-s", "-C", folder, "run", f"RUNNER={runner(machine)}", *compiler, *options]
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, **(environment or {})},
    )


def network(seed, sizes=(7, 9, 4), activation="relu", output="softmax"):
    """Layers of random weights whose sizes are no multiples of anything."""
    generator = np.random.default_rng(seed)
    layers = []
    for index, (k, n) in enumerate(itertools.pairwise(sizes)):
        function = "linear" if index == len(sizes) - 2 else activation
        slope = {"relu": 0.0, "leaky_relu": 0.3}.get(function, 1.0)
        kernel = generator.normal(0, k**-0.5, (k, n))
        layers.append(Layer(f"d{index}", kernel, generator.normal(0, 0.1, n), function, slope))
    return Network("mlp", tuple(layers), output, sizes[:1])


def rows(count=60, features=7, seed=1):
    return np.random.default_rng(seed).normal(0, 1, (count, features)).astype(np.float32)
