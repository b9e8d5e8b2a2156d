"""A solution outside its domain, errors that are none, files that are no solution."""

import dataclasses
import operator

import numpy as np
import pytest

import pinnsven as pv
from helpers import DATA
from pinnsven._domains import as_domain
from pinnsven._output._records import FieldErrors
from refusals import MASKED, NAN

# Errors that are none.


@pytest.mark.parametrize("order", [(NAN, 1e-9), (1e-9, NAN)])
def test_errors_with_one_that_is_no_number_are_no_number(order):
    errors = FieldErrors(dict(zip("uv", order, strict=True)))
    assert np.isnan(float(errors)) and f"{errors:.1e}" == "nan"
    assert not (errors < 1 or errors <= 1 or errors > 0 or errors >= 0 or errors == 1e-9)
    assert errors != 1e-9 and not operator.ne(FieldErrors(u=0.5), 0.5)


# Outside the domain.


@pytest.fixture(scope="module")
def older():
    """A solution over x in (0, 1) and t in (0, 1)."""
    return pv.load(DATA / "older.pv")


def test_outside_the_domain_there_is_no_solution(older):
    x, t = np.array([-0.1, 0.0, 0.5, 1.0, 2.0]), 0.5
    known = np.array([False, True, True, True, False])
    np.testing.assert_array_equal(np.isfinite(older.u(x=x, t=t)), known)
    np.testing.assert_array_equal(np.isfinite(older(x=x, t=t)["v"]), known)
    assert np.isnan(older.u(x=0.5, t=1.1)) and np.isnan(older.u(x=0.5, t=-0.1))
    further = older.u(x=x, t=t, outside="extrapolate")
    assert np.all(np.isfinite(further))
    np.testing.assert_array_equal(older.u(x=x, t=t)[known], further[known])
    np.testing.assert_array_equal(older(x=x, t=t, outside="extrapolate")["u"], further)
    with pytest.raises(ValueError, match=r"outside='wrap'.*'nan', 'extrapolate'"):
        older.u(x=x, t=t, outside="wrap")


def test_the_boundary_in_single_precision_is_inside(older):
    domain = pv.Box(x=(0, 0.1)) * pv.Time(0, 0.7)
    moved = dataclasses.replace(older, domain=domain)
    ends = {"x": np.float32(0.1), "t": np.float32(0.7)}
    assert float(ends["x"]) > 0.1
    assert np.isfinite(moved.u(**ends)) and np.isnan(moved.u(x=0.1001, t=0.5))


def test_a_periodic_coordinate_has_no_outside(older):
    ring = dataclasses.replace(older, domain=pv.Box(x=(0, 1), periodic="x") * pv.Time(0, 1))
    assert np.isfinite(ring.u(x=7.3, t=0.5)) and np.isnan(ring.u(x=7.3, t=1.5))


def test_outside_a_hole_nothing_is_known(older):
    domain = pv.Box(x=(0, 1), y=(0, 1)) - pv.Disk((0.5, 0.5), 0.2)
    x = np.array([0.5, 0.1, 0.5])
    found = dataclasses.replace(older, domain=as_domain(domain)).u(x=x, y=np.array([0.5, 0.1, 0.71]))
    np.testing.assert_array_equal(np.isnan(found), [True, False, False])


def test_masked_coordinates_are_refused(older):
    with pytest.raises(ValueError, match="x=: 1 entries are masked"):
        older.u(x=MASKED, t=0.5)


# Files.


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_file_that_is_no_solution_is_refused(tmp_path, content):
    file = tmp_path / "solution.npz"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="not a pinnsven file"):
        pv.load(file)


def test_solution_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        pv.load(tmp_path / "missing.npz")
