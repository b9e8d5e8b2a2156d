"""`pv.linearize`: residual, Jacobian and singular vectors at any parameters."""

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv

PROBLEM = pv.Problem(
    pv.Interval(0, 1),
    "u",
    {
        "pde": pv.PDE(lambda u_xx, u, k, x: u_xx + k * u**2 + jnp.sin(x)),
        "walls": pv.Dirichlet(u=0.0),
    },
    unknowns={"k": 2.0},
)


@pytest.fixture(scope="module")
def made():
    return pv.linearize(PROBLEM, pv.MLP(8, 1), points=150)


def test_five_parts_in_their_shapes(made):
    residual, J, U, S, V = made
    assert residual.shape == (152,) and J.shape == (152, 26)
    assert U.shape == (152, 26) and S.shape == (26,) and V.shape == (26, 26)
    np.testing.assert_allclose(U * S @ V.T, J, atol=1e-13)
    assert made.J is made.jacobian and made.S is made.singular_values
    assert repr(made) == "Linearized(152 rows: pde 150, walls 2; 26 parameters)"


def test_rows_are_residuals_over_the_root_of_their_number(made):
    x = made.points["pde"]["x"]
    u, h = made.fields, 1e-4
    u_xx = (u(x=x + h) - 2 * u(x=x) + u(x=x - h)) / h**2
    by_hand = u_xx + 2.0 * u(x=x) ** 2 + np.sin(x)
    np.testing.assert_allclose(made.residual[made.rows["pde"]], by_hand / 150**0.5, atol=1e-7)
    walls = made.residual[made.rows["walls"]]
    np.testing.assert_allclose(walls, u(x=made.points["walls"]["x"]) / 2**0.5, rtol=1e-12)


def test_jacobian_and_change_are_differences(made):
    direction, h = made.V[:, 0] + made.V[:, 5], 1e-5
    above, below = (made.at(made.parameters + s * direction) for s in (h, -h))
    slope = (above.residual - below.residual) / (2 * h)
    np.testing.assert_allclose(slope, made.J @ direction, atol=1e-8)
    x = np.linspace(0, 1, 9)
    slope = (above.fields(x=x) - below.fields(x=x)) / (2 * h)
    np.testing.assert_allclose(made.change(direction, x=x), slope, atol=1e-9)


def test_the_step_is_that_of_the_truncated_and_of_the_damped_pseudoinverse(made):
    residual, J, U, S, V = made
    kept = -V[:, :7] @ ((U[:, :7].T @ residual) / S[:7])
    np.testing.assert_allclose(made.step(rank=7), kept, rtol=1e-10)
    shift = 1e-2 * S[0]
    damped = -np.linalg.solve(J.T @ J + shift**2 * np.eye(26), J.T @ residual)
    np.testing.assert_allclose(made.step(damping=1e-2), damped, rtol=1e-8)


def test_several_fields_by_name():
    conditions = {"one": pv.PDE(lambda u_t, v: u_t - v), "two": pv.PDE(lambda v_t, u: v_t + u)}
    conditions["start"] = pv.Initial(u=0.0, v=1.0)
    found = pv.linearize(pv.Problem(pv.Time(0, 1), "u v", conditions), pv.MLP(4, 1), points=10)
    values = found.fields(t=[0.0, 0.5])
    assert set(values) == {"u", "v"} and values["v"].shape == (2,)
    assert [part.stop - part.start for part in found.rows.values()] == [10, 10, 2]


@pytest.mark.parametrize(
    "ask, message",
    [
        (lambda m: m.at(np.zeros(3)), r"shape \(3,\); there are 26"),
        (lambda m: m.at(np.full(26, np.nan)), "must be finite"),
        (lambda m: m.step(rank=99), "there are 26 singular values"),
        (lambda m: m.fields(y=1.0), "no coordinate 'y'"),
        (lambda m: pv.linearize("burgers"), "give a pv.Problem"),
    ],
)
def test_what_does_not_fit_is_refused(made, ask, message):
    with pytest.raises(ValueError, match=message):
        ask(made)
