"""The adversarial collection: what each case calls its answer does satisfy every condition of it."""

import itertools
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import pinnsven as pv
from helpers import ROOT
from pinnsven._basics._functions import required_arguments
from pinnsven._calculus._derivatives import DerivativePlan
from pinnsven._calculus._names import Laplacian
from pinnsven._conditions import FixedPoints
from pinnsven._conditions._integral import IntegralPlan
from pinnsven._domains import Ball, Box, Difference, Interior, Polygon
from pinnsven._networks._model import build_model

sys.path.insert(0, str(ROOT / "benchmarks"))
from adversarial import _MODULES, CASES, _kind

pytestmark = pytest.mark.slow  # half a minute, for problems of a benchmark

POINTS = 50  # everywhere: operations that are not jitted are compiled once per shape
HAIR = 1e-6  # of a quantity, moved to see how large the terms of a residual are
ROUNDING = 1e-10  # of a residual, relative to its terms
QUADRATURE = 1e-9  # of an integral, relative to that of the integrand's size
LEAST = {
    "open": 12, "gauge": 10, "unstable": 9, "integral": 6, "noise": 7, "unknowns": 6, "network": 5,
    "jump": 8, "scales": 8, "narrow": 6, "right": 15,
}  # fmt: skip


def declare(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that something may be missing is what many are about
        return case.make()


def test_every_kind_has_its_cases_and_no_name_stands_twice():
    listed = [case for module in _MODULES for case in _kind(module).cases]
    assert len(listed) == len(CASES)
    kinds = [case.kind for case in listed]
    assert {kind: min(kinds.count(kind), least) for kind, least in LEAST.items()} == LEAST
    assert set(kinds) == set(LEAST)
    for case in listed:
        assert case.note and case.make.__doc__ and case.make.__name__ == case.name
        assert case.may_converge or case.kind != "right"


def exact_fields(problem):
    """The exact solution as a map from a point to the field values."""
    functions = [
        (problem.exact[field], required_arguments(problem.exact[field])) for field in problem.fields
    ]
    slices = problem.domain.slices()

    def fields(point):
        values = [f(*(point[slices[name].start] for name in names)) for f, names in functions]
        return jnp.stack([jnp.asarray(value, point.dtype) for value in values])

    return fields


def draw(case, block, site, rng):
    """As many points of a site as always, repeated where there are fewer, with normals and data."""
    if isinstance(site, FixedPoints):
        chosen = rng.permutation(np.resize(np.arange(len(site.points)), max(POINTS, len(site.points))))[
            :POINTS
        ]
        normals = np.zeros((POINTS, block.plan.space.domain.space_dim))
        return site.points[chosen], normals, {n: v[chosen] for n, v in site.auxiliary.items()}
    points, normals = site.draw(site.finite or POINTS, pv.Uniform(), rng)
    if isinstance(site, Interior):  # half of them where there is much to see
        slices = site.domain.slices()
        for name, (center, width) in case.near.items():
            points[::2, slices[name].start] = center + width * rng.uniform(-2, 2, POINTS // 2)
    chosen = np.resize(np.arange(len(points)), POINTS)
    return points[chosen], normals[chosen], {}


def residual_and_size(case, problem, block, rng):
    """The residual at the exact solution, (points, components), and the size of its terms.

    The size is what the residual moves by, relatively, when every quantity of a field is moved by a
    little of its own, a Laplacian by as much of its parts. It is taken at the block's points and inside
    the domain: u may be zero at a wall, and yet be known to the rounding of u inside only.
    """
    fields = exact_fields(problem)
    named = [name for name, quantity in block.plan.quantities.items() if hasattr(quantity, "field")]

    def size_of(name, value, point):
        quantity, space = block.plan.quantities[name], block.plan.space
        if not isinstance(quantity, Laplacian):
            return value
        names = tuple(f"{quantity.field}_{c.name}{c.name}" for c in space.domain.space.coordinates)
        parts = DerivativePlan(names, space).evaluate(fields, point, point[:0], {})
        return sum(jnp.abs(part) for part in parts.values())

    def rows(point, normal, auxiliary, moves):
        unknowns = {name: jnp.asarray(value) for name, value in case.unknowns.items()}
        values = block.plan.evaluate(fields, point, normal, unknowns) | auxiliary
        sizes = [size_of(name, values[name], point) for name in named]
        moved = {n: values[n] + HAIR * m * s for n, m, s in zip(named, moves, sizes, strict=True)}
        both = block.residual(values), block.residual(values | moved)
        return jnp.stack([jnp.stack([jnp.asarray(v, point.dtype) for v in part]) for part in both])

    def at(points, normals, auxiliary):
        moves = rng.choice([-1.0, 1.0], (POINTS, len(named)))
        arrays = jax.tree.map(jnp.asarray, (points, normals, auxiliary, moves))
        return np.asarray(jax.vmap(rows)(*arrays))

    points, normals, auxiliary = draw(case, block, block.site, rng)
    here = at(points, normals, auxiliary)
    inside, _, _ = draw(case, block, Interior(problem.domain), rng)
    directions = rng.standard_normal(normals.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True) if normals.size else 1.0
    everywhere = np.concatenate([here, at(inside, directions, auxiliary)])
    size = np.max(np.abs(everywhere[:, 1] - everywhere[:, 0]), axis=0) / HAIR
    return here[:, 0], size


def panels(lower, upper, count):
    """Gauss-Legendre's ten nodes on each of so many equal parts: nodes (n, 1) and weights (n,)."""
    nodes, weights = np.polynomial.legendre.leggauss(10)
    width = (upper - lower) / count
    middles = lower + width * (np.arange(count) + 0.5)
    return (middles[:, None] + width / 2 * nodes).reshape(-1, 1), np.tile(weights * width / 2, count)


def pairs(first, second):
    (a, v), (b, w) = first, second
    grid = np.concatenate([np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1))], axis=1)
    return grid, np.outer(v, w).ravel()


def fine_rule(shape):
    """A rule that shares nothing with pinnsven's: panels; a fan of triangles; a hole counts minus."""
    match shape:
        case Difference():
            (a, v), *holes = map(fine_rule, shape.shapes)
            points, weights = zip(*holes, strict=True)
            return np.concatenate([a, *points]), np.concatenate([v, *(-w for w in weights)])
        case Polygon():
            first, *others = np.asarray(shape.vertices)
            unit, weights = pairs(panels(0, 1, 3), panels(0, 1, 3))
            s, t = unit.T[..., None]
            fans = [(p - first, q - first) for p, q in itertools.pairwise(others)]
            points = [first + s * ((1 - t) * p + t * q) for p, q in fans]
            turned = [s[:, 0] * weights * (p[0] * q[1] - p[1] * q[0]) for p, q in fans]
            return np.concatenate(points), np.concatenate(turned) * shape._turned
        case Ball():
            polar, weights = pairs(panels(0, shape.radius, 40), panels(0, 2 * np.pi, 60))
            radius, angle = polar.T
            places = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            return np.asarray(shape.center) + places, weights * radius
        case Box():
            parts = 400 if shape.dim == 1 else 30
            rules = [panels(*ends, parts) for ends in zip(shape.lower, shape.upper, strict=True)]
            return rules[0] if shape.dim == 1 else pairs(*rules)
    raise NotImplementedError(shape)


def check_integral(case, problem):
    """An `Integral` that the exact solution has, by a rule of this file."""
    domain = problem.domain
    for block in (b for b in problem.blocks if isinstance(b.plan, IntegralPlan)):
        space = domain.space
        points, weights = (
            panels(domain.lower[0], domain.upper[0], 400) if space is None else fine_rule(space)
        )
        plan, fields = block.plan, exact_fields(problem)

        def integrand(point, plan=plan, fields=fields):
            return plan.integrand(plan.inner.evaluate(fields, point, point[:0], {}))

        values = np.asarray(jax.vmap(integrand)(jnp.asarray(points)))
        found = block.residual({"_integral": weights @ values})[0]  # minus what it should be
        assert abs(found) < QUADRATURE * (np.abs(weights) @ np.abs(values))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.unchecked])
def test_what_was_meant_satisfies_every_condition(name):
    case = CASES[name]
    problem = declare(case)
    assert set(problem.exact) == set(problem.fields) and set(case.unknowns) == set(problem.unknowns)
    rng = np.random.default_rng(0)
    check_integral(case, problem)
    for block in problem.blocks:
        if isinstance(block.plan, IntegralPlan):
            continue
        rows, size = residual_and_size(case, problem, block, rng)
        if case.scatter and isinstance(block.site, FixedPoints):
            assert np.max(np.abs(rows)) < 5 * case.scatter
            assert np.sqrt(np.mean(rows**2)) > case.scatter / 3
            continue
        worst = np.max(np.abs(rows), axis=0)
        assert np.all(worst <= ROUNDING * size), (block.name, worst, size)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.kind == "network"])
def test_networks_that_cannot_answer_are_built(name):
    problem = declare(CASES[name])
    model = build_model(problem.network, problem.domain, problem.fields, jax.random.key(0))
    middle = jnp.asarray((problem.domain.lower + problem.domain.upper) / 2)
    assert np.all(np.isfinite(model(middle)))


def test_lorenz_reference_agrees_with_another_integrator():
    problem = declare(CASES["lorenz"])
    reference = problem.reference()
    flow = problem.conditions["flow"].function

    def rate(t, s):
        return [-r for r in flow(*s, 0.0, 0.0, 0.0)]

    times = reference.points["t"]
    found = solve_ivp(rate, (0, times[-1]), [1, 1, 1], "LSODA", times, rtol=1e-12, atol=1e-12).y
    for truth, other in zip(reference.values.values(), found, strict=True):
        assert np.linalg.norm(other - truth) < 1e-4 * np.linalg.norm(truth)
