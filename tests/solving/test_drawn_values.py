"""Residuals and Jacobians of combinations from tables, against those that are differentiated."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import run_of
from pinnsven._solving import _drawn_programs
from pinnsven._solving._around import Around
from pinnsven._solving._drawn import DrawnFit
from pinnsven._solving._drawn_values import Table, Tables
from pinnsven._solving._spaces import DrawnSpace

pytestmark = pytest.mark.solves  # half a minute, most of it for what is compared with
SQUARE = pv.Box(x=(0, 1), y=(-1, 1))
LEFT, RIGHT = pv.Interval(0, 1), pv.Interval(1, 3)


def flow():
    conditions = {
        "momentum": pv.PDE(lambda u, v, u_x, u_y, laplacian_u: u * u_x + v * u_y - laplacian_u),
        "both": pv.PDE(lambda u_x, v_y, grad_u, v: (u_x + v_y, jnp.sum(grad_u**2) + v**3)),
        "wall": pv.Neumann(u=lambda y: y, on="x+"),
        "sides": pv.Dirichlet(u=1.0, v=lambda x: x, on="y"),
    }
    return pv.Problem(SQUARE, ("u", "v"), conditions)


def ring():
    conditions = {
        "pde": pv.PDE(lambda u, u_t, u_x, u_xxx, c: u_t + c * u * u_x + 0.1 * u_xxx),
        "start": pv.Initial(u=lambda x: jnp.cos(jnp.pi * x)),
    }
    domain = pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, 1)
    return pv.Problem(domain, "u", conditions, constants={"c": 6.0})


def packet():
    conditions = {
        "pde": pv.PDE(lambda psi, psi_t, psi_xx: 1j * psi_t + psi_xx / 2 + psi * jnp.conj(psi) * psi),
        "start": pv.Initial(psi=lambda x: jax.lax.complex(jnp.cos(x), jnp.sin(x))),
        "ends": pv.Periodic(psi=0.0, along="x", factor=1j),
    }
    return pv.Problem(pv.Interval(-3, 3) * pv.Time(0, 1), pv.Field("psi", complex=True), conditions)


def rod():
    conditions = {
        "left": pv.PDE(lambda A_xx: 3 * A_xx),
        "right": pv.PDE(lambda B_xx, B: B_xx + B**2),
        "glue": pv.Interface(lambda A, B, A_n, B_n: (A - B, 3 * A_n - B_n), between="A B"),
        "ends": pv.Dirichlet(T=lambda x: x),
    }
    return pv.Problem(pv.Interval(0, 3), pv.Field("T", pieces={"A": LEFT, "B": RIGHT}), conditions)


def history():
    conditions = {
        "pde": pv.PDE(lambda u_t, u: u_t + u),
        "mean": pv.Integral(lambda u: u**2, value=1.0),
        "start": pv.Initial(u=1.0),
    }
    return pv.Problem(pv.Time(0, 2), "u", conditions)


def built_in():
    conditions = {
        "pde": pv.PDE(lambda laplacian_u, u: laplacian_u - u**3),
        "walls": pv.Dirichlet(u=lambda x, y: x * y, exact=True),
    }
    return pv.Problem(SQUARE, "u", conditions)


def decay():
    conditions = {
        "pde": pv.PDE(lambda u_t, u, k: u_t + k * u**2),
        "start": pv.Initial(u=lambda k: 2 * k),
        "readings": pv.Data({"t": [0.5, 1.5]}, u=[0.7, 0.4]),
    }
    unknowns = {"k": pv.Unknown(0.8, bounds=(0, None))}
    return pv.Problem(pv.Time(0, 2), "u", conditions, unknowns=unknowns)


def tables_of(problem, keeps: float, portions: int):
    """A table, the same with every condition linearized anew, and coefficients."""
    run = run_of(problem)
    fit = DrawnFit(run.system, run.theta, run.points, run.compiler.function, keeps)
    sets, units = fit.sets(portions), [fit.draw(2.0, portion=i) for i in range(portions)]
    if fit.multiplies:
        units[0] = fit.draw(None)
    common = 1 + fit.parameters.model.embedding.inputs
    coefficients = np.random.default_rng(1).standard_normal(fit.nothing(portions).shape) / 30
    coefficients[1:, :common] = 0.0
    batches = sets.batches[0]
    made = Table(fit.linear, units, batches)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_drawn_programs, "OF_VALUES", ())
        share = lambda block: fit._share(block, 2)
        of = Tables(run.system, fit.theta, fit.room, keeps, fit.compiled, share)
        return made, Table(of, units, batches), coefficients, sets.rows[0], of.component_rows(batches)


# What the network counts, and how many portions of functions there are.
PROBLEMS = {
    flow: (1.0, 2),
    ring: (0.0, 3),
    packet: (0.0, 1),
    rod: (0.0, 1),
    history: (0.0, 2),
    built_in: (1.0, 1),
}


@pytest.mark.parametrize("make", PROBLEMS)
def test_a_table_is_what_differentiation_finds(make):
    made, anew, coefficients, rows, others = tables_of(make(), *PROBLEMS[make])
    found, expected = made.at(coefficients), anew.at(coefficients)
    # Conditions that are no functions of values stand last in a table.
    for mine, theirs in zip(rows, others, strict=True):
        scale = np.max(np.abs(expected.residual[theirs])), np.max(np.abs(expected.jacobian()[theirs]))
        given = (found.residual[mine], expected.residual[theirs])
        np.testing.assert_allclose(*given, rtol=0, atol=1e-11 * scale[0])
        given = (found.jacobian()[mine], expected.jacobian()[theirs])
        np.testing.assert_allclose(*given, rtol=0, atol=1e-11 * scale[1])

    change = np.random.default_rng(2).standard_normal(coefficients.shape)
    cotangent = np.random.default_rng(3).standard_normal(len(found.residual))
    along, back = found.jacobian() @ change.ravel(), found.jacobian().T @ cotangent
    np.testing.assert_allclose(found.along(change), along, atol=1e-12 * np.max(np.abs(along)))
    np.testing.assert_allclose(found.back(cotangent), back, atol=1e-12 * np.max(np.abs(back)))


@pytest.mark.parametrize("make", [*PROBLEMS, decay])
def test_a_solution_and_what_it_may_be_corrected_by_are_linearized_alike(make):
    run = run_of(make())
    space = DrawnSpace.at(run.system.parameters, np.asarray(run.theta), len(run.problem.fields))
    system = run.system.with_parameters(space)
    coefficients = np.random.default_rng(1).standard_normal(space.size) / 100
    found = Around(system, run.batches, "by values").at(coefficients, run.compiler.function)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_drawn_programs, "OF_VALUES", ())
        anew = Around(system, run.batches, "anew").at(coefficients, run.compiler.function)
    for mine, theirs in zip(found, anew, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-11 * np.max(np.abs(other)))
