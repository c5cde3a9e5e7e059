"""The gate and the sampler, on a machine and a clock that are made up."""

import numpy as np
import pytest

from bench.candidate import Candidate, WrongResult, require_close, require_equal
from bench.machine.gate import PATIENCE_SECONDS, SETTLE_SECONDS, Gate
from bench.machine.register_loop import RegisterLoop
from bench.machine.waiting import waited_seconds
from bench.sampling import RETRIES, SLOW_ROUNDS, Sampler


class Machine:
    """A clock that each look at the register loop moves on, and rates that it shows in turn."""

    def __init__(self, *rates: float):
        self.now = 0.0
        self.rates = list(rates)

    def clock(self) -> float:
        return self.now

    def rate(self) -> float:
        self.now += 0.001
        return self.rates.pop(0) if len(self.rates) > 1 else self.rates[0]

    def work(self, seconds: float):
        self.now += seconds


def sampler(machine: Machine, waited=lambda: 0.0) -> Sampler:
    gate = Gate(machine.rate, clock=machine.clock)
    gate.best = 1.0
    return Sampler(gate, waited, clock=machine.clock)


def test_the_gate_waits_until_the_loop_is_at_its_best():
    machine = Machine(0.5, 0.5, 0.97, 0.5)
    gate = Gate(machine.rate, clock=machine.clock)
    gate.best = 1.0
    assert gate.before() == 0.97


def test_the_gate_has_no_more_patience_than_it_says():
    machine = Machine(0.5)
    gate = Gate(machine.rate, clock=machine.clock)
    gate.best = 1.0
    assert gate.before() == 0.5
    assert machine.now == pytest.approx(PATIENCE_SECONDS, abs=0.002)


def test_the_gate_learns_a_better_rate():
    gate = Gate(Machine(2.0).rate, clock=lambda: 0.0)
    gate.before()
    assert gate.best == 2.0


@pytest.mark.parametrize(("settles", "expected"), [(False, 0.001), (True, SETTLE_SECONDS)])
def test_only_several_threads_may_settle_after_a_sample(settles, expected):
    machine = Machine(0.5)
    gate = Gate(machine.rate, settles, machine.clock)
    gate.best = 1.0
    gate.after()
    assert machine.now == pytest.approx(expected, abs=0.002)


def test_a_disturbed_sample_is_taken_again():
    # Before, after: the second look after the first sample is at half the rate.
    machine = Machine(1.0, 0.5, 1.0, 1.0)
    candidate = Candidate("a", lambda: machine.work(0.01))
    sample = sampler(machine).sample(candidate, calls=1)
    assert sample.attempts == 2
    assert sample.seconds == pytest.approx(0.01)
    assert sample.after == 1.0


def test_after_some_retries_the_least_disturbed_sample_is_taken():
    machine = Machine(*[rate for after in (0.5, 0.9, 0.6, 0.7) for rate in (1.0, after)], 1.0)
    sample = sampler(machine).sample(Candidate("a", lambda: machine.work(0.01)), calls=1)
    assert (sample.attempts, sample.after) == (RETRIES + 1, 0.9)


def test_a_sample_whose_threads_waited_is_taken_again():
    machine = Machine(1.0)
    waits = iter([0.0, 0.005, 0.005, 0.005])
    tested = sampler(machine, waited=lambda: next(waits))
    assert tested.sample(Candidate("a", lambda: machine.work(0.01)), calls=1).attempts == 2


def test_candidates_take_turns():
    machine, order = Machine(1.0), []

    def call(name):
        order.append(name)
        machine.work(0.06)

    candidates = [Candidate(name, lambda name=name: call(name)) for name in "ab"]
    samples = sampler(machine).run(candidates, rounds=3)
    assert order[-6:] == list("ababab")
    assert {name: len(series) for name, series in samples.items()} == {"a": 3, "b": 3}


def test_slow_candidates_sit_out():
    machine = Machine(1.0)
    samples = sampler(machine).run([Candidate("a", lambda: machine.work(1.0))], SLOW_ROUNDS + 2)
    assert [sample is None for sample in samples["a"]] == [False] * SLOW_ROUNDS + [True] * 2


def test_checks_find_what_is_wrong():
    assert require_equal("a", np.arange(3), np.arange(3)) == {}
    with pytest.raises(WrongResult, match=r"a: 33.3% of the elements"):
        require_equal("a", np.array([0, 1, 3]), np.arange(3))
    with pytest.raises(WrongResult, match="error"):
        require_close("a", np.array([0.0, 1.1]), np.array([0.0, 1.0]), 0.01)


def test_the_register_loop_and_the_kernel_tell_something():
    loop = RegisterLoop()
    assert loop.rate() > 0
    assert loop.rate(2) > 0
    assert waited_seconds(1) >= 0
    assert waited_seconds(2) >= 0
