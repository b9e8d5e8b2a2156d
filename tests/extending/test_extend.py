"""The names of `pinnsven.extend`, and the classes that the page on it shows."""

import ast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import ROOT
from outside import TINY, code_of_the_page, prescribed
from pinnsven import extend

pytestmark = pytest.mark.usefixtures("shared_compilations")


# The module


@pytest.mark.parametrize("name", extend.__all__)
def test_every_name_is_public_and_says_what_it_is(name):
    assert not name.startswith("_")
    assert getattr(extend, name).__doc__


def test_the_page_and_the_adapter_of_the_race_need_no_private_name():
    for code in (code_of_the_page(), (ROOT / "benchmarks/_peers/_pinnsven.py").read_text()):
        tree = ast.parse(code)
        used = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
        own = {a.attr for a in ast.walk(tree) if isinstance(a, ast.Attribute) and _is_self(a.value)}
        modules = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        modules += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
        assert not [m for m in modules if m.startswith("pinnsven._")]
        assert not [name for name in used if name.startswith("_") and name not in own]


def _is_self(node):
    return isinstance(node, ast.Name) and node.id == "self"


def test_the_page_has_one_example_of_each_kind(page):
    kinds = [
        (extend.AbstractCondition, "Jump"),
        (extend.AbstractShape, "Triangle"),
        (extend.AbstractArchitecture, "RBF"),
        (extend.AbstractBackend, "Plain"),
        (extend.AbstractControl, "Marquardt"),
        (extend.AbstractSampler, "Halton"),
        (extend.AbstractWeighting, "Equal"),
        (extend.Callback, "Film"),
        (extend.AbstractWriter, "VTK"),
    ]
    for kind, name in kinds:
        assert issubclass(page[name], kind), name


# Conditions


def strip(*more):
    """A problem on a strip: Laplace's equation, walls in y, and conditions of one's own."""
    conditions = {"pde": pv.PDE(lambda laplacian_u: laplacian_u), "walls": pv.Dirichlet(u=0.0, on="y")}
    named = {f"more {i}": condition for i, condition in enumerate(more)}
    return pv.Problem(pv.Box(x=(0, 2), y=(0, 1)), "u", conditions | named, network=TINY)


def test_a_pair_block_has_the_values_of_both_places(page):
    jump = page["Jump"]("x", ("u", "u_x"), factor=3.0)
    block = strip(jump).blocks[-1]
    assert block.components == 2
    field = lambda point: jnp.sin(point[:1]) * point[1:]  # u = y sin(x)
    values = block.plan.evaluate(field, jnp.array([0.0, 0.5]), jnp.array([-1.0, 0.0]), {})
    wanted = [0.5 * np.sin(2.0), 0.5 * np.cos(2.0) - 3 * 0.5]
    np.testing.assert_allclose(block.residual(values), wanted, rtol=1e-14)


def test_a_condition_between_two_sides_counts_for_neither(page):
    """Counting warns of a side without a condition; of what ties sides together it knows nothing."""
    missing = "no condition on the side '{}'"
    with (
        pytest.warns(UserWarning, match=missing.format("x-")),
        pytest.warns(UserWarning, match=missing.format(r"x\+")),
    ):
        strip()
    strip(page["Jump"]("x", ("u", "u_x"), factor=1.0))  # a warning is an error here


def pair(names=("u",), residual=lambda here, there: there["u"] - here["u"], **options):
    class Pair(extend.AbstractCondition):
        def bind(self, name, space):
            site = extend.boundary_site(space.domain, "x-")
            end = lambda point: point.at[0].set(2.0)
            return extend.make_pair_block(
                name, residual, space, site, partner=end, names=names, **options
            )

    return Pair()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"names": ("v",)}, "'v'"),
        ({"names": ("x",), "residual": lambda here, there: here["x"]}, "no field"),
        ({"residual": lambda here, there: "u"}, "failed|returned|str"),
        ({"residual": lambda here, there: ()}, "empty tuple"),
        ({"weight": -1.0}, "weight=-1.0"),
        ({"count": 0}, "points=0"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_pair_block_that_makes_no_sense_is_refused_by_name(options, match):
    with pytest.raises(ValueError, match=f"(?s)condition 'more 0'.*({match})"):
        strip(pair(**options))


# Networks, backends, controls


def test_a_network_from_outside_is_given_again_to_load(page, tmp_path):
    with jax.numpy_rank_promotion("allow"):
        solution = prescribed(pv.Interval(0, 1), network=page["RBF"](units=5))
        solution.save(tmp_path / "own.pv")
        with pytest.raises(ValueError, match=r"own\.pv.*network="):
            pv.load(tmp_path / "own.pv")
        loaded = pv.load(tmp_path / "own.pv", network=page["RBF"](units=5))
        assert loaded(x=0.7) == solution(x=0.7)


@pytest.mark.solves
@pytest.mark.parametrize("shape", [(12, 5), (5, 5), (4, 9)], ids=["tall", "square", "wide"])
def test_a_backend_of_six_lines_takes_the_steps_of_the_package(page, shape):
    rng = np.random.default_rng(1)
    A, b = rng.standard_normal(shape), rng.standard_normal(shape[0])
    found = [
        pv.least_squares(
            lambda p: jnp.sinh(A @ p) - b,
            jnp.zeros(shape[1]),
            solver=pv.Sven(backend=backend),
            max_steps=6,
        ).params
        for backend in (page["Plain"](), pv.TruncatedSVD())
    ]
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-12)


def test_a_control_from_outside_takes_the_steps_it_says(page):
    """Against the same method in numpy, with the damping relative to the largest singular value."""
    x = np.linspace(0, 2, 15)
    measured = 3 * np.exp(-0.7 * x)
    residual = lambda p: p[0] * np.exp(-p[1] * x) - measured
    p, log_damping = np.array([1.0, 0.0]), -1.0
    for _ in range(4):
        J = np.stack([np.exp(-p[1] * x), -p[0] * x * np.exp(-p[1] * x)], axis=1)
        mu = 10**log_damping * np.linalg.norm(J, 2)
        step = -np.linalg.solve(J.T @ J + mu**2 * np.eye(2), J.T @ residual(p))
        better = np.sum(residual(p + step) ** 2) < np.sum(residual(p) ** 2)
        p, log_damping = (p + step, log_damping - 1) if better else (p, log_damping + 1)
    solver = pv.Sven(control=page["Marquardt"](), backend=pv.TruncatedSVD())
    traced = lambda p: p[0] * jnp.exp(-p[1] * x) - measured
    found = pv.least_squares(traced, jnp.array([1.0, 0.0]), solver=solver, max_steps=4)
    assert found.steps == 4 and not np.allclose(p, [3.0, 0.7], rtol=1e-9)
    np.testing.assert_allclose(found.params, p, rtol=1e-8)
