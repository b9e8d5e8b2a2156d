"""Settings of solve, march and Sven that are refused before the first step."""

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._solving._points import PointSet
from pinnsven._sven import least_squares
from refusals import (
    HEAT,
    INF,
    LINE,
    NAN,
    SLAB,
    STARTED,
    TWO_POINTS,
    WALLS,
    Refused,
    check,
    condition,
    data,
    moved,
    pde,
    problem,
    solve,
)

REFUSED = Refused()
bad = REFUSED.add


# Solving.

bad("no problem", lambda: pv.solve("burgers"), "problem='burgers'", "pv.Problem")
for tolerance in (-1e-3, NAN, INF, "small"):
    bad(
        f"tolerance {tolerance!r}", lambda t=tolerance: solve(tolerance=t), "tolerance", repr(tolerance)
    )
for limit in (0, -1.0, NAN, INF, "1 min"):
    bad(f"time limit {limit!r}", lambda v=limit: solve(time_limit=v), "time_limit", repr(limit))
for steps in (0, -1, 1.5, True, "ten"):
    bad(
        f"max_steps {steps!r}", lambda v=steps: solve(max_steps=v), f"max_steps={steps!r}", "at least 1"
    )
for seed in (-1, 0.5, None, "s"):
    bad(f"seed {seed!r}", lambda v=seed: solve(seed=v), f"seed={seed!r}", "at least 0")
bad("solver by name", lambda: solve(solver="sven"), "solver='sven'", "optax")
bad("solver class", lambda: solve(solver=pv.Sven), "solver=", "pv.Sven(...)")
bad("callback by number", lambda: solve(callbacks=3), "callbacks", "3")
bad("callback by class", lambda: solve(callbacks=[pv.Progress]), "callbacks", "Progress()")
bad("callback by name", lambda: solve(callbacks=["plot"]), "callbacks", "'plot'")
bad(
    "precision by another name",
    lambda: solve(precision="double"),
    "precision='double'",
    "float64, float32",
)
bad("sampler by name", lambda: solve(sampler="sobol"), "sampler='sobol'", "pv.Sobol()")
bad("weighting by name", lambda: solve(weighting="balanced"), "weighting='balanced'", "pv.FixedWeights")
bad("resume from nowhere", lambda: solve(resume=True), "resume", "checkpoint")


def march(slabs: object = 2, domain=SLAB, extra=None, **options):
    conditions = {
        "pde": pv.PDE(lambda u_t, u: u_t + u),
        "start": pv.Initial(u=0.0),
        "more": extra or pv.Dirichlet(u=0.0, on="x"),
    }
    given = problem(domain, conditions=conditions)
    return pv.march(given, slabs, network=pv.MLP(2, 1), **options)  # type: ignore[arg-type]


bad("march of no slab", lambda: march(0), "slabs=0", "at least one")
bad("march of a fraction", lambda: march(2.5), "slabs=2.5", "inner edges")
bad("march of text", lambda: march("ab"), "slabs =", "'a'")
bad("march of yes", lambda: march(True), "slabs=True", "inner edges")
bad("march beyond the end", lambda: march([0.5, 1.5]), "slabs=[0.5, 1.5]", "between 0.0 and 1.0")
bad("march backwards", lambda: march([0.5, 0.2]), "slabs=[0.5, 0.2]", "ascend")
bad("march to nowhere", lambda: march([NAN]), "slabs =", "nan")
bad("march with a file", lambda: march(checkpoint="a.ckpt"), "checkpoint", "no checkpoint")
bad("march in no time", lambda: march(time_limit=0), "time_limit=0", "positive")
bad("march of nothing", lambda: pv.march(None, 2), "pv.Problem")  # type: ignore[arg-type]
bad("march without a start", lambda: pv.march(pde(lambda u: u - 1), 2), "pv.Initial")
bad("march with data", lambda: march(extra=pv.Data(TWO_POINTS, u=[0, 0])), "'more'", "times together")
bad("march with an end", lambda: march(extra=pv.Dirichlet(u=0.0, on="t+")), "'more'", "times together")
bad("march with an integral", lambda: march(extra=pv.Integral(lambda u: u, value=0.0)), "'more'")
bad(
    "march with an unknown",
    lambda: pv.march(pde(lambda u, k: u - k, unknowns={"k": 1.0})),
    "unknown",
    "solve()",
)
for points in (0, -1, 2.5, True, "many", [4]):
    bad(
        f"solve with points {points!r}",
        lambda p=points: solve(points=p),
        f"points={points!r}",
        "positive",
    )
bad("points of a missing condition", lambda: solve(points={"pda": 4}), "'pda'", "Did you mean 'pde'?")
bad("no points of a condition", lambda: solve(points={"pde": 0}), "points['pde']", "positive")
bad(
    "own points without time",
    lambda: solve(points={"pde": {"x": [0.1], "y": [0.1]}}),
    "points['pde']",
    "'t' is missing",
)
bad(
    "own points outside the domain",
    lambda: solve(points={"pde": moved(x=[7, 8])}),
    "points['pde']",
    "outside",
)
bad(
    "points for data",
    lambda: solve(data(), points={"mine": TWO_POINTS}),
    "points['mine']",
    "cannot be replaced",
)
bad(
    "points for slopes",
    lambda: solve(condition(pv.Neumann(u=0.0)), points={"mine": TWO_POINTS}),
    "points['mine']",
    "normals",
)
bad(
    "own points off the boundary",
    lambda: solve(condition(pv.Dirichlet(u=0.0)), points={"mine": TWO_POINTS}),
    "points['mine']",
    "boundary",
)
bad(
    "own points after the start",
    lambda: solve(condition(pv.Initial(u=0.0)), points={"mine": TWO_POINTS}),
    "points['mine']",
    "start",
)
bad("number of points for data", lambda: solve(data(), points={"mine": 7}), "points['mine']")
bad(
    "not finite at its first points",
    lambda: solve(pde(lambda u, x: u / (x - x))),
    "condition 'mine'",
    "x = 0.",
    "t = 0.",
    "4 of 4 points",
    "division by zero",
)
bad(
    "not finite at one of its own points",
    lambda: solve(condition(pv.Condition(lambda u, x: u + jnp.log(x), moved(x=[0.5, 0.0])))),
    "condition 'mine'",
    "-inf",
    "x = 0",
    "y = 0.4",
    "t = 0.6",
    "1 of 2 points",
)
bad(
    "not finite at one place of two conditions",
    lambda: solve(
        problem(
            conditions={
                "fine": pv.PDE(lambda u: u),
                "start": pv.Initial(lambda u, t: u + jnp.sqrt(t - 1)),
            }
        ),
        points={"start": 3},
    ),
    "condition 'start'",
    "nan",
    "t = 0",
    "3 of 3 points",
)

# Sven alone.

bad("no rank", lambda: pv.Sven(max_rank=0), "max_rank=0", "at least 1")
bad("cut at everything", lambda: pv.Sven(rtol=1.0), "rtol=1.0", "[0, 1)")
bad("negative cut", lambda: pv.Sven(rtol=-1e-3), "rtol=-0.001", "[0, 1)")
bad("no parameters early", lambda: pv.Sven(early_share=0.0), "early_share=0.0", "(0, 1]")
bad("no candidate", lambda: pv.SpectralSearch(probes=0), "probes=0", "at least one")
bad("no patience", lambda: pv.SpectralSearch(patience=0), "patience=0", "at least one")
bad(
    "parameters without floats",
    lambda: least_squares(lambda p: p, jnp.arange(3)),
    "params",
    "floating-point",
)
bad("residual without rows", lambda: least_squares(lambda p: p[:0], jnp.ones(3)), "residual", "no rows")


@REFUSED.each()
def test_refused(row):
    check(row)


# Numbers of numpy's.


@pytest.mark.slow
def test_whole_numbers_of_numpy_are_whole_numbers(tmp_path, quick_compilation):
    network = pv.MLP(width=np.int64(2), depth=np.int32(1), scale=np.float32(1.0))
    conditions = {
        "pde": pv.PDE(lambda u_t, u: u_t + u, points=np.int64(6)),
        "start": pv.Initial(u=np.float32(1.0)),
    }
    given = pv.Problem(pv.Time(0, 1), "u", conditions)
    options = {"seed": np.int64(1), "max_steps": np.int64(2), "time_limit": np.float32(60)}
    found = pv.march(given, np.int64(1), network=network, estimate_error=False, **options)
    assert found.steps == 2
    found.save(tmp_path / "s.pv")
    loaded = pv.load(tmp_path / "s.pv")  # needs no network=: the sizes were written as numbers
    np.testing.assert_array_equal(loaded.u(t=0.5), found.u(t=0.5))
    assert pv.FourierMLP(features=np.int64(3), seed=np.int64(2)) == pv.FourierMLP(features=3, seed=2)
    assert pv.Sven(max_rank=np.int64(3)).max_rank == 3


# A grid.


def test_held_out_points_of_a_grid_are_others():
    given = pv.Problem(LINE * pv.Time(0, 1), "u", HEAT | STARTED | WALLS)
    points = PointSet(given, 64, pv.Grid(), np.random.default_rng(0))
    fitted = points.current["pde"].points
    held = points.fresh(given.blocks[0], 64).points
    distances = np.abs(held[:, None] - fitted[None]).max(axis=-1)
    assert fitted.shape == held.shape == (64, 2) and distances.min() > 1e-3


def test_checkpoint_that_cannot_be_written_is_refused_before_the_first_step(tmp_path):
    steps = []
    with pytest.raises((ValueError, OSError), match="nowhere"):
        solve(checkpoint=tmp_path / "nowhere" / "run.npz", callbacks=[steps.append])
    assert not steps
