"""Ten architectures on three data sets: labels and logits of the engine against those of Keras.

Calibration sees the 70 % of the rows that the model was trained with. Labels are compared on all
rows, logits on those that calibration did not see. At least 99.95 % and 99 % of so few rows mean:
no row of 178, 569 or 1797 may differ in int16; in int8 at most 1, 5 and 17.
"""

import math

import pytest
from architectures import ARCHITECTURES
from cases import DATASETS, PLAIN, run
from proof_table import DECIBELS

AGREEMENT = {16: 0.9995, 8: 0.99}
CASES = [(architecture, dataset) for architecture in ARCHITECTURES for dataset in DATASETS]
every_case = pytest.mark.parametrize(("architecture", "dataset"), CASES)


@every_case
def test_labels_and_logits_against_keras(trained, found, architecture, dataset):
    case = trained(architecture, dataset)
    entry = found(case)
    assert entry["accuracy"] > 0.9
    failed = []
    for bits in (16, 8):
        outcome = entry[f"int{bits}"] = run(case, bits=bits)
        allowed = math.floor(len(case.y) * (1 - AGREEMENT[bits]) + 1e-9)
        if outcome.wrong > allowed:
            failed.append(f"int{bits}: {outcome.wrong} labels differ, {allowed} may")
        if not outcome.decibels >= DECIBELS[bits]:
            failed.append(
                f"int{bits}: logits at {outcome.decibels:.1f} dB, expected {DECIBELS[bits]}"
            )
    print(entry)
    assert not failed, "; ".join(failed)


@pytest.mark.hw
@every_case
def test_what_is_left_without_added_columns(trained, found, architecture, dataset):
    """Measures, for the table, what digits, copies, windows and constants are there for."""
    case = trained(architecture, dataset)
    entry = found(case)
    outcome = entry["plain"] = run(case, **PLAIN)
    leaky = 4.0 if architecture == "leaky" else 1.0
    assert outcome.growth <= leaky and outcome.decibels > 50
