"""What is predicted of a step: its shape, its parts, and how they go with rows and devices."""

import dataclasses

import pytest

import pinnsven as pv
from helpers import SMALL, decay
from pinnsven._cli import main


@pytest.fixture(scope="module")
def cost():
    return pv.predict_cost(decay(), SMALL, points=1000)


def test_the_shape_is_that_of_the_solve(cost):
    assert (cost.rows, cost.params) == (1001, SMALL.parameter_count(1, 1))
    assert cost.backend == "GramTridiagonal" and cost.devices == 1
    assert set(cost.spread) < set(cost.parts) and cost.memory > 1e7


def test_what_goes_as_the_rows_is_shared_by_devices(cost):
    shared = sum(cost.parts[name] for name in cost.spread)
    rest = sum(cost.parts.values()) - shared
    for number in (1, 2, 8):
        assert cost.with_devices(number) == pytest.approx(shared / number + rest)
    assert cost.seconds == pytest.approx(shared + rest)
    assert dataclasses.replace(cost, devices=2).seconds == pytest.approx(shared / 2 + rest)


@pytest.mark.solves
def test_more_points_cost_more_where_they_are_what_costs(cost):
    more = pv.predict_cost(decay(), SMALL, points=16_000)
    ratio = more.parts["candidates"] / cost.parts["candidates"]
    assert 4 < ratio < 64  # of 16 times the points, timed on a machine that does other things too


@pytest.mark.slow
def test_a_network_with_more_parameters_than_rows_has_a_kernel():
    cost = pv.predict_cost(decay(), pv.MLP(width=160, depth=2), points=100)
    assert cost.params > cost.rows and "kernel" in cost.parts and "lifts" not in cost.parts
    assert cost.backend == "GramEigh"
    large = pv.predict_cost(decay(), pv.MLP(width=460, depth=2), points=100)
    assert large.backend == "GramEigh, no Jacobian stored"


@pytest.mark.solves
def test_the_command_says_what_a_step_will_cost(tmp_path, capsys):
    path = tmp_path / "fall.py"
    path.write_text(
        "import pinnsven as pv\n"
        "def make_problem(rate=1.0):\n"
        "    return pv.Problem(pv.Time(0, 1), 'u', {'pde': pv.PDE(lambda u, u_t: u_t + rate * u),\n"
        "        'start': pv.Initial(u=1.0)}, network=pv.MLP(8, 1))\n"
    )
    assert main(["info", str(path), "--points", "300", "--set", "rate=2"]) == 0
    told = capsys.readouterr().out
    assert "301 rows x 25 parameters" in told and "memory" in told and "8:" in told
    assert main(["info", str(path), "--devices", "99"]) == 2
