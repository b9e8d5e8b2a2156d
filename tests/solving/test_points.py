"""The room for points, and the points that are drawn where the residual is large."""

import math

import numpy as np
import optax
import pytest

import pinnsven as pv
from helpers import decay, run_of
from pinnsven._output._records import Estimate
from pinnsven._solving._limits import Limits
from pinnsven._solving._points import MAX_POINTS, PointSet

pytestmark = pytest.mark.usefixtures("shared_compilations")


@pytest.mark.parametrize("room", [1, 8])
def test_points_have_room_for_so_many_times_their_first_number_and_then_for_twice_that(room):
    points = PointSet(decay(), 1024, pv.Sobol(), np.random.default_rng(0))
    points.make_room(room, 0)
    equation, first = points.blocks[0], 1024 * room
    for growth, capacity in ((1.0, first), (room, first), (1.1, 2 * first), (40 / room, MAX_POINTS)):
        points.refine(equation, growth, lambda block, drawn: drawn.points[:, 0] + 1)
        batches = points.batches({"pde": 1.0, "start": 1.0})
        # The start is one point, and never more.
        assert [len(batch.scale) for batch in batches] == [capacity, 128]


@pytest.mark.parametrize(
    ("room", "most", "grown"),
    [
        (1, math.inf, 1024),  # where room costs time
        (8, 18_432, 2 * 8 * 1024),
        (8, 18_431, 8 * 1024),  # where together they would take too much
    ],
)
def test_a_condition_that_needs_more_room_gets_it_for_the_others_too(room, most, grown):
    problem = pv.Problem(
        domain=pv.Box(x=(0, 1), y=(0, 1)),
        fields="u",
        conditions={"pde": pv.PDE(lambda laplacian_u: laplacian_u), "walls": pv.Dirichlet(u=0.0)},
    )

    def capacities(points):
        return [len(batch.scale) for batch in points.batches({"pde": 1.0, "walls": 1.0})]

    first, resumed = [
        PointSet(problem, 1024, pv.Sobol(), np.random.default_rng(seed)) for seed in (0, 1)
    ]
    for points in (first, resumed):
        points.make_room(room, most)
    assert capacities(first) == [1024 * room, 128 * room]
    first.refine(first.blocks[1], 1.1 * room, lambda block, drawn: drawn.points[:, 0] + 1)
    resumed.restore(first.snapshot())
    assert capacities(first) == capacities(resumed) == [grown, 2 * room * 128]


@pytest.mark.parametrize(("count", "room"), [(900, None), (40_000, 8)])
def test_points_that_cannot_grow_leave_no_room(count, room):
    points = PointSet(decay(), count, pv.Sobol(), np.random.default_rng(0))
    if room is not None:
        points.make_room(room, 0)
    equation, _ = points.batches({"pde": 1.0, "start": 1.0})
    assert len(equation.scale) == 128 * -(-count // 128)


@pytest.mark.parametrize(
    ("solver", "room"),
    [
        (pv.Sven(), 8),
        (pv.Sven(backend=pv.QRSVD()), 1),
        (pv.Sven(early_backend=pv.Single()), 1),
        (pv.Sven(max_rank=50), 8),
        (pv.Sven(control=pv.FixedStep(), rtol=1e-12), 1),
        (optax.adam(1e-3), 8),
    ],
)
def test_a_step_has_room_for_more_points_where_idle_rows_cost_no_time(solver, room):
    """With 1,025 rows and 141 parameters; with 40,801 there is none."""

    for width, times in ((10, room), (200, 1)):
        run = run_of(decay(), pv.MLP(width=width, depth=2), solver)
        assert [len(batch.scale) for batch in run.batches] == [1024 * times, 128]


@pytest.mark.parametrize(
    ("relative", "gap", "done"),
    [(4e-7, 1.7, True), (6e-7, 1.0, False), (3e-7, 1.8, False), (1e-9, 1.8, True)],
)
def test_a_run_ends_with_room_for_what_the_points_of_the_verdict_may_find(relative, gap, done):
    """Below half of the tolerance, with training and held-out residual nearer than a factor two, or far
    below."""
    run = run_of(decay(), pv.MLP(width=4, depth=1), pv.Sven())
    run.limits = Limits()
    run.estimate = Estimate(("pde",), np.array([1.0]), np.array([gap]), relative, gap)
    assert run.is_done() == done


def refined(magnitude):
    """The points of `decay` drawn again for a residual of the given size."""
    points = PointSet(decay(), 512, pv.Sobol(), np.random.default_rng(0))
    points.refine(points.blocks[0], 2.0, lambda block, drawn: magnitude(drawn.points[:, 0]))
    return points


def test_points_drawn_where_the_residual_is_large_average_over_the_whole_site():
    """The mean of exp(-8 t) over [0, 1] is 1 / 8, that over the points is nearly twice as large."""
    equation, _ = refined(lambda t: np.exp(-4 * t)).batches({"pde": 3.0, "start": 1.0})
    active = equation.scale[:, 0] > 0
    squares = np.exp(-8 * equation.points[active, 0])
    assert np.mean(squares) > 1.5 / 8
    assert equation.scale[active, 0] ** 2 @ squares == pytest.approx(3 / 8, rel=0.1)
    assert np.sum(equation.scale**2) == pytest.approx(3)


def test_a_spike_of_the_residual_counts_less_than_its_share():
    """A hundredth of the interval, where the residual is nearly a hundred times its mean."""
    spike = refined(lambda t: np.where(t < 0.01, 1000.0, 1.0))
    equation, _ = spike.batches({"pde": 1.0, "start": 1.0})
    inside = equation.points[:, 0] < 0.01
    assert 0.0005 < np.sum(equation.scale[inside] ** 2) < 0.005


def test_points_drawn_for_a_residual_of_zero_all_count_the_same():
    points = PointSet(decay(), 512, pv.Sobol(), np.random.default_rng(0))
    points.refine(points.blocks[0], 1.0, lambda block, drawn: np.zeros(len(drawn.points)))
    equation, _ = points.batches({"pde": 1.0, "start": 1.0})
    np.testing.assert_allclose(equation.scale[equation.scale > 0], 512**-0.5)


def test_a_snapshot_brings_back_what_each_point_counts():
    weights = {"pde": 1.0, "start": 1.0}
    points = refined(lambda t: np.exp(-4 * t))
    other = PointSet(decay(), 9, pv.Sobol(), np.random.default_rng(1))
    other.restore(points.snapshot())
    for mine, its in zip(points.batches(weights), other.batches(weights), strict=True):
        np.testing.assert_array_equal(mine.scale, its.scale)
        np.testing.assert_array_equal(mine.points, its.points)
    np.testing.assert_array_equal(points.held_out(weights)[0].points, other.held_out(weights)[0].points)
