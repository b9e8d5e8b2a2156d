"""Files of runs that are damaged are refused by name."""

import numpy as np
import pytest

from archives import changed, decay
from pinnsven._output._archive import read_archive


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, quick_compilation):
    path = tmp_path_factory.mktemp("run") / "run.pvc"
    decay(checkpoint=path)
    return path.read_bytes()


RUNS = {
    "history too short": lambda h, a: a.update({"history.loss": np.zeros(2)}),
    "parameters that are none": lambda h, a: a.update(theta=np.full(16, np.nan)),
    "parameters in single precision": lambda h, a: a.update(theta=a["theta"].astype("f4")),
    "a state of another kind": lambda h, a: a.update(state0=a["state0"].astype(complex)),
    "a state that is missing": lambda h, a: a.pop("state0"),
    "more leaves than there are": lambda h, a: h["meta"].update(leaves=10**9),
    "weights of text": lambda h, a: h["meta"].update(weights={"pde": "a", "start": "b"}),
    "weights of another condition": lambda h, a: h["meta"]["weights"].update(other=1.0),
    "sizes too long": lambda h, a: a.update(sizes=np.ones(5)),
    "points in space": lambda h, a: a.update({"points.pde.points": np.zeros((16, 3))}),
    "points that are none": lambda h, a: a.update({"points.pde.points": np.full((16, 1), np.nan)}),
    "no points": lambda h, a: a.update({"points.pde.points": np.zeros((0, 1))}),
    "normals of other points": lambda h, a: a.update({"points.pde.normals": np.zeros((9, 0))}),
    "random numbers of another kind": lambda h, a: h["meta"]["points"].update(bit_generator="MT19937"),
    "random numbers without a state": lambda h, a: h["meta"]["points"].pop("state"),
    "an estimate of another length": lambda h, a: h["meta"]["estimate"].update(training=[1.0]),
    "seconds infinite": lambda h, a: h["meta"].update(seconds=float("inf")),
    "no identity": lambda h, a: h["meta"].pop("identity"),
    "an identity of numbers": lambda h, a: h["meta"].update(identity=[1]),
}


@pytest.mark.parametrize("change", RUNS.values(), ids=RUNS)
def test_a_damaged_checkpoint_is_refused_by_name(change, checkpoint, tmp_path):
    path = tmp_path / "damaged.pvc"
    path.write_bytes(changed(change)(checkpoint))
    with pytest.raises(ValueError, match=r"damaged\.pvc"):
        decay(checkpoint=path, resume=True)


def test_a_flipped_bit_of_a_checkpoint_is_refused_or_changes_nothing(checkpoint, tmp_path):
    path = tmp_path / "flipped.pvc"
    path.write_bytes(checkpoint)
    facts, values = read_archive(path, "checkpoint")
    for bit in np.random.default_rng(2).choice(8 * len(checkpoint), 500, replace=False).tolist():
        content = bytearray(checkpoint)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        try:
            found, others = read_archive(path, "checkpoint")
        except ValueError as error:
            assert "flipped.pvc" in str(error)
        else:
            assert found == facts and others.keys() == values.keys()
            assert all(np.array_equal(others[n], values[n], equal_nan=True) for n in values)
