"""tile_predictions.py SEED: predictions of some models against the oracle, and the ways taken.

For a process of its own, since an instruction set is chosen once in it.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import predictions

import xfblas

#: Widths of layers; inputs of whole steps of tiles, of parts of one, and of less than tiles take.
MODELS = ((128, 64, 3), (100, 37, 130, 5), (65, 20), (9, 40, 3))
#: A row alone, few, as many as fill tiles and one more, and several blocks.
ROWS = (1, 7, 33, 300)


def main(seed: int) -> None:
    """Prints for every prediction whether tiles were used."""
    generator = np.random.default_rng(seed)
    for name, dtype in (("default_short", np.int16), ("default_int8", np.int8)):
        with xfblas.open(xfblas.image_path(name)) as device:
            for widths in MODELS:
                model = predictions.random_model(generator, dtype, widths)
                rows = generator.normal(0, 2, (max(ROWS), len(model.scales))).astype(np.float32)
                rows[: len(rows) // 2] /= 3000  # mostly integers that fit bytes, in some blocks
                for count in ROWS:
                    before = xfblas.native_statistics()["tiles"]
                    result = model.run(device.compute_units[0], rows[:count])
                    np.testing.assert_array_equal(result, model.expected(rows[:count]))
                    print("tiles" if xfblas.native_statistics()["tiles"] > before else "vectors")


if __name__ == "__main__":
    main(int(sys.argv[1]))
