"""Declarations and command lines at random: each is accepted, or refused by pinnsven in its own words.

What is accepted must also evaluate: a declaration that passes, and then fails inside JAX, is a bug.
"""

import traceback
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import pinnsven as pv
from pinnsven._cli import main
from pinnsven._solving._points import PointSet
from pinnsven._solving._residual import ResidualSystem

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.floats(-5, 5),
    st.sampled_from([0, 1, True, 1e300, -1e-300, float("nan"), float("inf"), "1", None, 1j, (), [2]]),
)
PAIRS = st.one_of(st.tuples(NUMBERS, NUMBERS), st.sampled_from([(0, 1), (-1, 1), (0, 2)]), NUMBERS)
NAMES = st.sampled_from(
    ["x", "y", "t", "u", "v", "nu", "normal", "u_x", "lambda", "", "x y", "é", "_a"]
)
WORDS = st.one_of(NAMES, st.text(max_size=5))


def mostly(sound, wild):
    """One in eight is wild, so that most declarations get past the first check."""
    return st.integers(0, 7).flatmap(lambda n: wild if n == 0 else sound)


SOUND = [
    lambda u: u,
    lambda u_t, u_xx: u_t - u_xx,
    lambda u, x: u - jnp.sin(x),
    lambda u_x, v: u_x * v,
    lambda u, nu: nu * u - 1,
    lambda laplacian_u: laplacian_u,
    lambda u: (u, 2 * u),
    lambda u, w=2.0: u - w,
]
FUNCTIONS = [
    lambda u: u,
    lambda u_t, u_xx: u_t - u_xx,
    lambda u_x, v: u_x * v,
    lambda u, nu: nu * u - 1,
    lambda x: jnp.sin(x),
    lambda x, t: x * t,
    lambda u_q: u_q,
    lambda u_xxxx: u_xxxx,
    lambda u_n, normal: u_n,
    lambda grad_u: grad_u,
    lambda laplacian_u: laplacian_u,
    lambda *args: 0.0,
    lambda u, w=2.0: u - w,
    lambda: 1.0,
    lambda u: (u, 2 * u),
    lambda u: None,
    lambda u: "text",
    lambda u: [u],
    lambda u: jnp.ones(3) * u,
    lambda u: 1 / 0,
    lambda u: u if u > 0 else -u,
    lambda u: float(u),
    lambda u: np.sin(u),
    "u_t - u_xx",
    None,
    3.0,
]
FUNCTION = mostly(st.sampled_from(SOUND), st.sampled_from(FUNCTIONS))


SPACES = st.one_of(
    st.dictionaries(WORDS, PAIRS, max_size=3).map(lambda sides: partial(pv.Box, **sides)),
    st.builds(lambda *p: partial(pv.Interval, *p), NUMBERS, NUMBERS),
    st.builds(lambda c, r: partial(pv.Disk, c, r), PAIRS, NUMBERS),
    st.lists(PAIRS, max_size=5).map(lambda vertices: partial(pv.Polygon, vertices)),
    st.just(partial(pv.Box, x=(0, 1), periodic="x")),
    st.just(partial(pv.Interval, 0, 1)),
)
SOUND_DOMAINS = st.sampled_from(
    [
        lambda: pv.Interval(0, 1),
        lambda: pv.Interval(0, 1) * pv.Time(0, 1),
        lambda: pv.Box(x=(0, 1), y=(0, 2)) * pv.Time(0, 1),
        lambda: pv.Box(x=(0, 1), periodic="x") * pv.Time(0, 1),
        lambda: pv.Disk() - pv.Disk(radius=0.5),
    ]
)
WILD_DOMAINS = st.one_of(
    SPACES,
    st.builds(lambda *p: partial(pv.Time, *p), NUMBERS, NUMBERS),
    st.builds(lambda s, a, b: lambda: s() * pv.Time(a, b), SPACES, NUMBERS, NUMBERS),
    NUMBERS.map(lambda value: lambda: value),
)
VALUES = mostly(
    st.sampled_from([0.0, 1, lambda x: jnp.sin(x), lambda x, nu: x * nu]), st.one_of(NUMBERS, FUNCTION)
)
ON = mostly(st.sampled_from(["x", "x-", "x+"]), WORDS)
CONDITIONS = mostly(
    st.one_of(
        st.builds(lambda f: lambda: pv.PDE(f), FUNCTION),
        st.builds(lambda v: lambda: pv.Initial(u=v), VALUES),
        st.builds(lambda v, on: lambda: pv.Dirichlet(u=v, on=on), VALUES, ON),
        st.builds(lambda v, on: lambda: pv.Neumann(u=v, on=on), VALUES, ON),
        st.builds(lambda f, on: lambda: pv.Boundary(f, on=on), FUNCTION, ON),
        st.builds(
            lambda v: lambda: pv.Data({"x": [0.1, 0.2], "t": [0.5, 0.5]}, u=v), st.just([1.0, 2.0])
        ),
        st.builds(lambda f, v: lambda: pv.Integral(f, v), FUNCTION, NUMBERS),
    ),
    st.one_of(
        st.builds(lambda f: lambda: pv.Initial(f), FUNCTION),
        st.builds(lambda n, v: lambda: pv.Dirichlet(**{n: v}), NAMES, VALUES),
        st.builds(lambda a, b, v: lambda: pv.Data({"x": a, "t": b}, u=v), PAIRS, PAIRS, PAIRS),
        st.builds(lambda v: lambda: v, VALUES),
    ),
)


def ours(error: BaseException) -> bool:
    """Whether pinnsven itself refused: its own file is the last frame, and it says something."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return isinstance(error, ValueError) and "pinnsven" in last.filename and len(str(error)) > 10


def check(error: BaseException) -> None:
    if not ours(error):
        raise error


@pytest.mark.solves
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    domain=mostly(SOUND_DOMAINS, WILD_DOMAINS),
    fields=mostly(st.just("u v"), st.one_of(st.sampled_from([("u",), "", "u u", "x", None, 3]), WORDS)),
    conditions=st.dictionaries(
        mostly(st.sampled_from("abc"), WORDS), CONDITIONS, min_size=1, max_size=3
    ),
    unknowns=mostly(
        st.just({"nu": 0.1}), st.one_of(st.dictionaries(NAMES, NUMBERS, max_size=2), NUMBERS)
    ),
)
def test_a_declaration_is_refused_in_plain_words_or_can_be_evaluated(
    domain, fields, conditions, unknowns
):
    base = {"base": pv.PDE(lambda u_x, v, nu: u_x - nu * v)}  # every name is asked for
    with jax.enable_x64(True):
        try:
            named = {name: make() for name, make in conditions.items()} | base
            problem = pv.Problem(domain(), fields, named, unknowns=unknowns)
        except Exception as error:
            check(error)
            return
        network = pv.MLP(width=2, depth=1)
        system, theta = ResidualSystem.build(problem, network, jax.random.PRNGKey(0))
        points = PointSet(problem, 4, pv.Sobol(), np.random.default_rng(0))
        batches = points.batches({block.name: 1.0 for block in problem.blocks})
        shape = jax.eval_shape(lambda t: system.residual(t, batches), theta).shape
        assert len(shape) == 1 and shape[0] > 0


TOKENS = st.one_of(
    st.sampled_from(
        "solve list info --time-limit --max-steps --tolerance --seed --points --plot --report --json "
        "--save --checkpoint --resume --slabs --set --quiet --precision float32 --help -1 0 nan inf "
        f"1e9 a=b = -- nowhere/file.py . / README.md {'x' * 300}".split()
    ),
    st.text(max_size=8).filter(lambda text: "\x00" not in text),
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(TOKENS, max_size=6))
def test_a_command_line_ends_with_a_status_and_never_with_a_traceback(tokens):
    try:
        status = main(tokens)
    except SystemExit as stop:  # argparse: wrong use, or --help
        status = stop.code
    assert status in (0, 2)
