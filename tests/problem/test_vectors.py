"""Vector and symmetric-tensor fields: what conditions see, what may be prescribed, what is refused."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import PROBLEMS
from pinnsven._calculus._derivatives import DerivativePlan
from pinnsven._cli import load_problem

SQUARE = pv.Box(x=(0, 1), y=(0, 2))
CUBE = pv.Box(x=(0, 1), y=(0, 1), z=(0, 1))


def asked_of(field, names, function, point) -> dict[str, Any]:
    """What names give in a cube for a field whose components are a function of the point."""
    problem = pv.Problem(
        CUBE, field, {"rest": pv.PDE({"v": lambda v: v, "s": lambda s: s}[field.name])}
    )
    made, real = problem.space.layout.expanded_names(names)
    plan = DerivativePlan(real, problem.space)
    values = plan.evaluate(function, jnp.asarray(point), jnp.array([0.6, 0.8, 0.0]), {})
    return {n: made[n][0].whole(n, [values[m] for m in made[n][1]]) for n in names}


def test_derivatives_of_a_vector_are_those_of_its_components_in_space():
    def function(p):
        x, y, z = p
        return jnp.array([x * y * z, jnp.sin(x) * y**2, jnp.exp(z) * x])

    point = np.array([0.3, 0.7, 0.4])
    names = ("v", "grad_v", "div_v", "curl_v", "strain_v", "laplacian_v", "v_xy", "v_n")
    found = asked_of(pv.Field("v", vector=True), names, function, point)
    jacobian = jax.jacfwd(function)(point)
    second = jax.jacfwd(jax.jacfwd(function))(point)
    curl = [jacobian[2, 1] - jacobian[1, 2], jacobian[0, 2] - jacobian[2, 0]]
    expected = {
        "v": function(point),
        "grad_v": jacobian,
        "div_v": jnp.trace(jacobian),
        "curl_v": jnp.array([*curl, jacobian[1, 0] - jacobian[0, 1]]),
        "strain_v": (jacobian + jacobian.T) / 2,
        "laplacian_v": jnp.trace(second, axis1=1, axis2=2),
        "v_xy": second[:, 0, 1],
        "v_n": jacobian @ jnp.array([0.6, 0.8, 0.0]),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-13, err_msg=name)


def test_a_vector_coordinate_gives_the_same():
    def function(p):
        return jnp.array([p[0] * p[1] ** 2, jnp.sin(p[0]) * p[1]])

    field, point = pv.Field("v", vector=True), np.array([0.3, 0.7])
    problem = pv.Problem(
        pv.Box(x=[(0, 1), (0, 2)]), field, {"c": pv.PDE(lambda div_v, curl_v: (div_v, curl_v))}
    )
    block = problem.blocks[0]
    values = block.plan.evaluate(function, jnp.asarray(point), jnp.zeros(2), {})
    jacobian = jax.jacfwd(function)(point)
    expected = jnp.trace(jacobian), jacobian[1, 0] - jacobian[0, 1]
    np.testing.assert_allclose(block.residual(values), expected, rtol=1e-13)


def test_a_symmetric_tensor_and_its_divergence():
    def function(p):
        x, y, z = p
        return jnp.array([x * y, y * z, z**2 * x, jnp.sin(x), x * y * z, jnp.cos(y) * z])

    point = np.array([0.3, 0.7, 0.4])
    found = asked_of(pv.Field("s", tensor=True), ("s", "div_s", "s_z"), function, point)

    def matrix(p):
        a, b, c, d, e, f = function(p)
        return jnp.array([[a, b, c], [b, d, e], [c, e, f]])

    slopes = jax.jacfwd(matrix)(point)
    np.testing.assert_allclose(found["s"], matrix(point), rtol=1e-13)
    np.testing.assert_allclose(found["s_z"], slopes[:, :, 2], rtol=1e-13)
    np.testing.assert_allclose(found["div_s"], jnp.trace(slopes, axis1=1, axis2=2), rtol=1e-13)


WAYS = {
    "a function": lambda x, y: jnp.array([x * y, x + y]),
    "a function that returns a tuple": lambda x, y: (x * y, x + y),
    "functions": (lambda x, y: x * y, lambda x, y: x + y),
}


@pytest.mark.parametrize("value", WAYS.values(), ids=WAYS)
def test_what_is_prescribed_of_a_vector_is_said_of_its_components(value):
    problem = pv.Problem(SQUARE, pv.Field("v", vector="p q"), {"walls": pv.Dirichlet(v=value)})
    twin = pv.Problem(
        SQUARE, "p q", {"walls": pv.Dirichlet(p=lambda x, y: x * y, q=lambda x, y: x + y)}
    )
    assert list(vars(problem.conditions["walls"])["values"]) == ["p", "q"]
    values = {"p": 0.25, "q": 2.0, "x": 0.5, "y": 1.5}
    np.testing.assert_allclose(
        problem.blocks[0].residual(values), twin.blocks[0].residual(values), rtol=1e-15
    )


def test_readings_of_a_vector_are_those_of_its_components():
    places = {"x": np.array([0.1, 0.2, 0.3]), "y": np.array([0.1, 0.2, 0.3])}
    readings = np.arange(6.0).reshape(3, 2)
    problem = pv.Problem(SQUARE, pv.Field("v", vector=True), {"data": pv.Data(places, v=readings)})
    np.testing.assert_array_equal(vars(problem.conditions["data"])["values"]["v2"], readings[:, 1])


@pytest.mark.parametrize(
    ("declare", "phrase"),
    [
        (lambda: pv.Field("v", vector=True, complex=True), "one or the other"),
        (lambda: pv.Field("v", tensor=True, pieces={"a": SQUARE, "b": SQUARE}), "does not go with"),
        (lambda: pv.Field("v", vector=3), "names such as 'u v'"),  # type: ignore[arg-type]
        (lambda: pv.Field("v", vector=("a", 3)), "names such as 'u v'"),  # type: ignore[arg-type]
        (lambda: declared(pv.Field("v", vector="a b c")), "name 2 components"),
        (lambda: declared(pv.Field("v", vector=True), domain=pv.Interval(0, 1)), "two or more"),
        (lambda: declared(pv.Field("v", vector=True), w=pv.Dirichlet(v=1.0)), "needs 2 components"),
        (
            lambda: declared(pv.Field("v", vector=True), w=pv.Dirichlet(v=lambda x: x)),
            "needs 2 components",
        ),
        (
            lambda: declared(pv.Field("s", tensor=True), w=pv.Dirichlet(s=((1, 2), (3, 4)))),
            "not symmetric",
        ),
        (
            lambda: declared(
                pv.Field("v", vector=True),
                w=pv.Data({"x": np.array([0.5]), "y": np.array([0.5])}, v=np.zeros(3)),
            ),
            r"it is \(n, 2\)",
        ),
        (lambda: declared("u v", w=pv.PDE(lambda div_u: div_u)), "nothing is named 'div_u'"),
        (
            lambda: declared("u v", w=pv.PDE(lambda u, v: jnp.array([u, v]))),
            "return a scalar",
        ),
    ],
)
def test_refused(declare, phrase):
    with pytest.raises(ValueError, match=phrase):
        declare()


def declared(fields, domain=SQUARE, **conditions):
    return pv.Problem(domain, fields, conditions or {"pde": pv.PDE(lambda v: v)})


@pytest.mark.slow  # benchmarks/at_once.py has it, with the gallery
@pytest.mark.solves
def test_a_cantilever_of_steel_is_bent_as_its_closed_form_says(tmp_path):
    problem = load_problem(str(PROBLEMS / "cantilever.py"), {})
    solution = pv.solve(problem)
    assert solution.status == "converged"
    assert solution.error["w"] < 1e-7 and solution.error["s"] < 1e-7
    assert solution.error_estimate["s22"] < 1e-7  # beside the tensor, for s22 itself is zero
    solution.save(tmp_path / "beam.pv")
    again = pv.load(tmp_path / "beam.pv")
    np.testing.assert_allclose(
        again.div_w(x=0.5, y=[0.0, 0.05]), solution.div_w(x=0.5, y=[0.0, 0.05]), rtol=1e-12
    )
    assert solution(x=[0.1, 0.2, 0.3], y=0.0)["s"].shape == (3, 2, 2)
