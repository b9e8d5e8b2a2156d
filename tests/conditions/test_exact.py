"""Conditions with `exact=True`: what any network gives holds them, and what cannot be is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import helpers
import pinnsven as pv
from pinnsven._basics._precision import precision_context
from pinnsven._conditions import FixedPoints
from pinnsven._domains import Interior, Sobol
from pinnsven._networks import build_model
from refusals import Refused, check

SQUARE = pv.Box(x=(0, 2), y=(-1, 1))
TRIANGLE = pv.Polygon([(0, 0), (2, 0), (0.5, 1)])
POISSON = pv.PDE(lambda laplacian_u: laplacian_u + 1)
RATE = pv.PDE(lambda u_t: u_t)


def bowl(x, y):
    return jnp.cosh(x) + 3 * y * x**2


def wall(on=None, **values):
    return pv.Dirichlet(on=on, exact=True, **values)


def start(**values):
    return pv.Initial(exact=True, **values)


def problem(domain, pde=POISSON, fields="u", **conditions):
    options = {k: conditions.pop(k) for k in ("constants", "unknowns") if k in conditions}
    return pv.Problem(domain, fields, {"pde": pde} | conditions, **options)


HELD = {
    "one end": lambda: problem(
        pv.Interval(0, 3), left=wall("x-", u=2.0), soft=pv.Dirichlet(u=0, on="x+")
    ),
    "two ends": lambda: problem(pv.Interval(0, 3), left=wall("x-", u=2.0), right=wall("x+", u=-1.0)),
    "four sides": lambda: problem(
        SQUARE,
        left=wall("x-", u=lambda y: jnp.sin(y)),
        right=wall("x+", u=lambda y: jnp.sin(y) + 2 * jnp.exp(y)),
        below=wall("y-", u=lambda x: x * jnp.exp(-1.0) + jnp.sin(-1.0)),
        above=wall("y+", u=lambda x: x * jnp.exp(1.0) + jnp.sin(1.0)),
    ),
    "three sides": lambda: problem(
        SQUARE, walls=wall("x y-", u=bowl), soft=pv.Neumann(u=0.0, on="y+")
    ),
    "a cube": lambda: problem(
        pv.Box(x=(0, 1), y=(0, 2), z=(-1, 1)), walls=wall(u=lambda x, y, z: x * y**2 + jnp.exp(z))
    ),
    "five dimensions": lambda: problem(pv.Box(x=[(0, 1)] * 5), walls=wall(u=lambda x: jnp.sum(x**2))),
    "a periodic strip": lambda: problem(
        pv.Box(x=(0, 1), y=(0, 1), periodic="x"), walls=wall(u=lambda x: jnp.cos(2 * jnp.pi * x))
    ),
    "a disk": lambda: problem(pv.Disk((1, 2), 3), rim=wall(u=bowl)),
    "a ball": lambda: problem(pv.Ball((1, 2, 0), 0.5), rim=wall(u=lambda x, y, z: x + y * z)),
    "a triangle": lambda: problem(TRIANGLE, rim=wall(u=bowl)),
    "one edge": lambda: problem(
        TRIANGLE, rim=wall("edge1", u=bowl), soft=pv.Dirichlet(u=0, on="edge0 edge2")
    ),
    "a hole": lambda: problem(
        SQUARE - pv.Disk((1, 0), 0.3), walls=wall("x y", u=bowl), hole=wall("circle", u=5.0)
    ),
    "a cylinder": lambda: problem(
        pv.Disk() * pv.Interval(z=(0, 2)),
        side=wall("circle", u=lambda x, y, z: x * y + z),
        ends=wall("z", u=lambda x, y, z: x * y + z + 1 - x**2 - y**2),
    ),
    "a start": lambda: problem(pv.Time(1, 5), RATE, start=start(u=3.0)),
    "a start with its rate": lambda: problem(
        pv.Time(1, 5), pv.PDE(lambda u_tt: u_tt), start=start(u=3.0, u_t=-2.0)
    ),
    "walls that move, and a start with its rate": lambda: problem(
        pv.Interval(0, 1) * pv.Time(0, 2),
        pv.PDE(lambda u_tt, u_xx: u_tt - u_xx),
        walls=wall(u=lambda x, t: x + jnp.sin(t)),
        start=start(u=lambda x: x + jnp.sin(jnp.pi * x), u_t=lambda x: jnp.cos(jnp.pi * x) ** 2),
    ),
    "one field of two": lambda: problem(
        SQUARE,
        pv.PDE(lambda laplacian_u, laplacian_v: (laplacian_u, laplacian_v)),
        "u v",
        walls=wall(v=bowl),
        soft=pv.Dirichlet(u=0.0),
    ),
    "a constant": lambda: problem(
        pv.Disk(), rim=wall(u=lambda x, k: k * x), constants={"k": 2.5}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_any_network_holds_what_is_built_in(name):
    """At points of the parts, with random parameters, nothing but rounding is left."""
    declared = HELD[name]()
    with precision_context("float64"):
        model = build_model(
            pv.MLP(6, 2), declared.domain, declared.fields, jax.random.PRNGKey(3),
            built_in=declared.built_in,
        )  # fmt: skip
        numbers = {name: jnp.asarray(value) for name, value in declared.constants.items()}
        built_in = [block for block in declared.blocks if block.exact]
        assert built_in
        for block in built_in:
            assert not isinstance(block.site, FixedPoints)
            points, normals = block.site.draw(64, Sobol(), np.random.default_rng(1))

            def residual(point, normal, block=block):
                return block.residual(block.plan.evaluate(model, point, normal, numbers))

            found = jax.vmap(residual)(jnp.asarray(points), jnp.asarray(normals))
            assert np.max(np.abs(np.stack(found))) < 1e-13
        inside, _ = Interior(declared.domain).draw(64, Sobol(), np.random.default_rng(1))
        for term in declared.terms:
            if term is not None:
                distances = jax.vmap(term.distance)(jnp.asarray(inside))
                assert np.all(distances > 0) and np.all(distances < 1.5)


def test_faces_are_joined_by_the_coons_patch():
    """The lift of four sides is the bilinearly blended patch of Coons (1967), written out here."""
    sides = {
        "x-": lambda y: y**2,
        "x+": lambda y: y**2 + 3,
        "y-": lambda x: 1 + 1.5 * x,
        "y+": lambda x: 1 + 1.5 * x + jnp.sin(jnp.pi * x),
    }
    walls = {f"wall {on}": wall(on, u=value) for on, value in sides.items()}
    term = problem(SQUARE, **walls).terms[0]
    assert term is not None
    x, y = np.array([0.3, 1.1, 1.9]), np.array([-0.7, 0.2, 0.6])
    s, r = x / 2, (y + 1) / 2
    left, right, below, above = (
        np.asarray(sides[n](v)) for n, v in zip(sides, (y, y, x, x), strict=True)
    )
    corners = (1 - s) * (1 - r) * 1 + s * (1 - r) * 4 + (1 - s) * r * 1 + s * r * 4
    patch = (1 - s) * left + s * right + (1 - r) * below + r * above - corners
    with precision_context("float64"):
        found = jax.vmap(lambda p: term.lift(p, {}))(jnp.asarray(np.stack([x, y], axis=1)))
    np.testing.assert_allclose(found, patch, rtol=1e-6)  # the sides are of single precision outside


@pytest.mark.slow
def test_soft_and_exact_agree_and_exact_has_no_rows():
    """-Laplace u = 1 on a disk is (1 - r^2) / 4 both ways, and with it built in to rounding."""
    exact = lambda x, y: (1 - x**2 - y**2) / 4
    found = {}
    for built_in in (False, True):
        rim = pv.Dirichlet(u=0.0, exact=built_in)
        conditions = {"pde": POISSON, "rim": rim}
        declared = pv.Problem(pv.Disk(), "u", conditions, exact=exact)
        found[built_in] = pv.solve(declared, estimate_error=False)
        assert found[built_in].status == "converged"
        assert found[built_in].error["u"] < 1e-9
    assert found[True].conditions["rim"].rows == 0 < found[False].conditions["rim"].rows
    assert "rim built in" in " ".join(str(found[True]).split())
    rim = {"x": np.cos(np.arange(9.0)), "y": np.sin(np.arange(9.0))}
    assert np.max(np.abs(found[True](**rim))) < 1e-15


@pytest.mark.slow
def test_a_trained_network_keeps_its_start_and_its_file_keeps_the_constants(tmp_path):
    """u' = -u from u0: the start is held to the last bit, also by the file, with the u0 of its run."""
    declared = pv.Problem(
        pv.Time(0, 1),
        "u",
        {"pde": pv.PDE(lambda u, u_t: u_t + u), "start": start(u=lambda u0: u0)},
        constants={"u0": 1.5},
        exact=lambda t, u0: u0 * jnp.exp(-t),
    )
    solution = helpers.solve(declared.with_constants(u0=4.0))
    assert solution.error["u"] < helpers.CLOSE
    assert solution(t=0.0) == 4.0
    path = tmp_path / "decay.pv"
    solution.save(path)
    np.testing.assert_array_equal(
        pv.load(path, problem=declared)(t=helpers.TIMES), solution(t=helpers.TIMES)
    )
    with pytest.raises(ValueError, match="pass their problem"):
        pv.load(path)


@pytest.mark.slow
def test_a_triangle_with_a_number_on_its_edges_comes_back_without_its_problem(tmp_path):
    conditions = {"pde": POISSON, "rim": wall(u=3.0)}
    solution = helpers.solve(pv.Problem(TRIANGLE, "u", conditions), max_steps=2)
    solution.save(tmp_path / "u.pv")
    x, y = np.array([0.4, 0.9]), np.array([0.3, 0.2])
    np.testing.assert_array_equal(
        np.asarray(pv.load(tmp_path / "u.pv")(x=x, y=y)), np.asarray(solution(x=x, y=y))
    )


def meeting(k):
    """Two walls that agree where they meet for k = 1 alone."""
    conditions = {"left": wall("x-", u=1.0), "below": wall("y-", u=lambda k: k)}
    conditions["soft"] = pv.Dirichlet(u=1.0, on="x+ y+")
    return problem(pv.Box(x=(0, 1), y=(0, 1)), **conditions, constants={"k": k})


REFUSED = Refused()
bad = REFUSED.add
bad("contradicting constant", lambda: meeting(2.0), "does not agree with", "a jump of 1")
bad("constant that comes to contradict", lambda: meeting(1.0).with_constants(k=2.0), "a jump of 1")


def of(domain, **conditions):
    return lambda: problem(domain, **conditions)


HALF = pv.Box(x=(0, 1), y=(0, 1))
bad("exact Neumann", lambda: pv.Neumann(u=0.0, exact=True), "exact=", "Dirichlet and pv.Initial alone")
bad("exact Robin", lambda: pv.Robin(u=(1, 1, 0.0), exact=True), "exact=", "alone")
bad("exact residual on a boundary", lambda: pv.Boundary(lambda u: u, exact=True), "exact=", "alone")
bad("exact=1.5", lambda: pv.Dirichlet(u=0.0, exact=1.5), "exact=1.5", "True")
bad("exact residual", lambda: pv.Dirichlet(lambda u: u, exact=True), "residual function cannot")
bad("exact with a weight", lambda: pv.Initial(u=0.0, weight=2.0, exact=True), "no rows")
bad("nothing is left", lambda: pv.Problem(HALF, "u", {"walls": wall(u=0.0)}), "nothing is left")
bad(
    "contradicting corner",
    of(HALF, left=wall("x-", u=1.0), below=wall("y-", u=0.0)),
    "does not agree with",
    "a jump of 1",
)
bad(
    "start against a wall",
    of(pv.Interval(0, 1) * pv.Time(0, 1), pde=RATE, walls=wall(u=0.0), start=start(u=2.0)),
    "a jump of 2",
    "x = ",
)
bad("inner corner", of(HALF - pv.Box(x=(0.5, 1), y=(0.5, 1)), walls=wall(u=0.0)), "no smooth distance")
bad(
    "polygon that is not convex",
    of(pv.Polygon([(0, 0), (2, 0), (2, 2), (1, 0.5)]), rim=wall(u=0.0)),
    "no smooth distance",
)
bad("predicate", of(HALF, some=wall(lambda x: x < 0.1, u=0.0)), "no smooth distance", "whole faces")
bad(
    "edges with different values",
    of(
        TRIANGLE,
        a=wall("edge0", u=0.0),
        b=wall("edge1", u=lambda x: 2 - x),
        c=pv.Dirichlet(u=0, on="edge2"),
    ),
    "touch",
    "One function for both",
)
bad("built in twice", of(HALF, a=wall("x", u=0.0), b=wall("x-", u=0.0)), "built in already")
bad("singular inside", of(pv.Disk(), rim=wall(u=lambda x, y: jnp.log(x))), "not finite at", "x = ")
bad(
    "value of an unknown",
    of(HALF, walls=wall(u=lambda x, k: k * x), unknowns={"k": 1.0}),
    "unknown 'k'",
)
bad("rate alone", of(pv.Time(0, 1), pde=RATE, start=start(u_t=0.0)), "u itself")
bad(
    "slope at the start", of(pv.Time(0, 1), pde=RATE, start=start(u=0.0, u_tt=0.0)), "neither u nor u_t"
)
bad(
    "end of time",
    of(pv.Interval(0, 1) * pv.Time(0, 1), pde=RATE, last=wall("t+", u=0.0)),
    "an end of time is not",
)
bad(
    "Ansatz beside it",
    lambda: pv.solve(problem(HALF, walls=wall(u=0.0)), pv.Ansatz(pv.MLP(), lambda u: u)),
    "Ansatz may undo",
)
bad(
    "march from it",
    lambda: pv.march(problem(pv.Time(0, 1), RATE, start=start(u=1.0)), 2),
    "march: 'start'",
)


@REFUSED.each()
def test_what_cannot_be_built_in_is_refused(row):
    check(row)
