"""What a checkpoint is held against: everything that decides a run is part of it, and nothing else."""

import functools
import sys
import textwrap

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import pinnsven as pv
from helpers import run_python
from pinnsven._solving._identity import identity_of

pytestmark = pytest.mark.usefixtures("quick_compilation")

TIMES = np.linspace(0, 1, 9)
RATE = 1.0  # a global that an equation uses


def decay(rate=1.0, shift=0.0, noise=0.0, stop=1.2, **changed):
    conditions = {
        "ode": pv.PDE(lambda u, u_t: u_t + rate * u),
        "readings": pv.Data({"t": TIMES + shift}, u=np.exp(-TIMES), noise=noise),
    }
    return pv.Problem(pv.Time(0, stop), "u", conditions | changed, name="decay")


def identity(problem=None, network=None, **settings):
    asked = {"solver": pv.Sven(), "seed": 0, "points": None} | settings
    return identity_of(problem or decay(), network or pv.MLP(6, 1), asked)


def differing(one, other):
    return [label for label in {**one, **other} if one.get(label) != other.get(label)]


def uses_global(u, u_t):
    return u_t + RATE * u


def with_function(function):
    return decay(ode=pv.PDE(function))


def through_a_helper(rate):
    def helper(u):
        return rate * u

    return with_function(lambda u, u_t: u_t + helper(u))


def through_a_partial(rate):
    return with_function(functools.partial(lambda scale, u, u_t: u_t + scale * u, rate))


class Law:
    """An equation that is a method, as people write them."""

    def __init__(self, rate):
        self.rate = rate

    def residual(self, u, u_t):
        return u_t + self.rate * u


def through_a_default(rate):
    return with_function(lambda u, u_t, scale=rate: u_t + scale * u)


def through_an_array(rate):
    table = jnp.array([1.0, rate])
    return with_function(lambda u, u_t: u_t + table[1] * u)


class Own(eqx.Module):
    layer: eqx.nn.Linear
    power: int = eqx.field(static=True)

    def __init__(self, width=3, power=1, key=0):
        self.layer = eqx.nn.Linear(1, width, key=jax.random.PRNGKey(key))
        self.power = power

    def __call__(self, inputs):
        return jnp.sum(jnp.tanh(self.layer(inputs)) ** self.power)


def start(**options):
    return decay(start=pv.Initial(u=1.0, **options))


CHANGES = {
    "times": (lambda: identity(), lambda: identity(decay(shift=0.1)), "the points of", "'readings'"),
    "noise": (lambda: identity(), lambda: identity(decay(noise=0.1)), "the noise of", "'readings'"),
    "closure": (lambda: identity(), lambda: identity(decay(rate=2.0)), "the function of", "'ode'"),
    "domain": (lambda: identity(), lambda: identity(decay(stop=1.3)), "the domain"),
    "order": (
        lambda: identity(),
        lambda: identity(with_function(lambda u, u_tt: u_tt + u)),
        "the function of",
        "'ode'",
    ),
    "weight": (
        lambda: identity(start()),
        lambda: identity(start(weight=2.0)),
        "the weight of",
        "'start'",
    ),
    "count": (lambda: identity(start()), lambda: identity(start(points=7)), "the points of", "'start'"),
    "value": (
        lambda: identity(decay(start=pv.Initial(u=lambda: 1.0))),
        lambda: identity(decay(start=pv.Initial(u=lambda: 2.0))),
        "the values of",
        "'start'",
    ),
    "a condition more": (lambda: identity(), lambda: identity(start()), "the names of the conditions"),
    "width": (lambda: identity(), lambda: identity(network=pv.MLP(7, 1)), "the network"),
    "activation": (
        lambda: identity(network=pv.MLP(6, 1, activation=jnp.tanh)),
        lambda: identity(network=pv.MLP(6, 1, activation=jnp.sin)),
        "the network",
    ),
    "activation of one's own": (
        lambda: identity(network=pv.MLP(6, 1, activation=lambda x: jnp.tanh(x))),
        lambda: identity(network=pv.MLP(6, 1, activation=lambda x: jnp.tanh(2 * x))),
        "the network",
    ),
    "static part": (
        lambda: identity(network=Own()),
        lambda: identity(network=Own(power=2)),
        "the network",
    ),
    "shape of a leaf": (
        lambda: identity(network=Own()),
        lambda: identity(network=Own(width=4)),
        "the network",
    ),
    "ansatz": (
        lambda: identity(network=pv.Ansatz(pv.MLP(6, 1), lambda u, t: 1 + t * u)),
        lambda: identity(network=pv.Ansatz(pv.MLP(6, 1), lambda u, t: 2 + t * u)),
        "the network",
    ),
    "seed": (lambda: identity(), lambda: identity(seed=1), "seed= of solve"),
    "solver": (lambda: identity(), lambda: identity(solver=pv.Sven(max_rank=4)), "solver= of solve"),
    "rate of an optimizer": (
        lambda: identity(solver=optax.adam(1e-3)),
        lambda: identity(solver=optax.adam(1e-2)),
        "solver= of solve",
    ),
    "own points": (
        lambda: identity(points={"ode": {"t": TIMES}}),
        lambda: identity(points={"ode": {"t": TIMES / 2}}),
        "points= of solve",
    ),
}
WAYS = [through_a_helper, through_a_partial, through_a_default, through_an_array]
WAYS += [lambda rate: with_function(Law(rate).residual)]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_and_named(change):
    one, other, *phrases = change
    assert one() == one()
    found = differing(one(), other())
    assert found and all(phrase in found[0] for phrase in phrases), found
    assert len(found) == 1 or phrases == ["the names of the conditions"], found


@pytest.mark.parametrize("problem", WAYS)
def test_a_number_is_seen_wherever_the_function_has_it_from(problem):
    assert identity(problem(1.0)) == identity(problem(1.0))
    assert differing(identity(problem(1.0)), identity(problem(2.0))) == [
        "the function of condition 'ode'"
    ]


def test_a_global_that_a_function_uses_is_seen(monkeypatch):
    before = identity(with_function(uses_global))
    assert identity(with_function(uses_global)) == before
    monkeypatch.setattr(sys.modules[__name__], "RATE", 2.0)
    assert differing(identity(with_function(uses_global)), before) == [
        "the function of condition 'ode'"
    ]


def test_what_decides_nothing_is_no_part():
    """The name of a problem, its exact solution, the drawn parameters, comments and line numbers."""
    known = pv.Problem(
        pv.Time(0, 1.2),
        "u",
        dict(decay().conditions),
        exact=lambda t: jnp.exp(-t),
        name="another name",
    )
    assert differing(identity(known), identity()) == []
    assert identity(network=Own(key=0)) == identity(network=Own(key=1))

    def plain(u, u_t):
        return u_t + u

    def told(u, u_t):
        """Decay."""
        # at the rate 1
        return u_t + u

    assert identity(with_function(plain)) == identity(with_function(told))


def test_a_function_that_refers_to_itself_ends():
    def residual(u, u_t, depth=0):
        return u_t + u if depth > 2 else residual(u, u_t, depth + 1)

    assert identity(with_function(residual)) == identity(with_function(residual))


SCRIPT = textwrap.dedent("""
    import functools, json, sys
    import jax.numpy as jnp, numpy as np, optax
    import pinnsven as pv
    from pinnsven._solving._identity import identity_of

    KINDS = {"a", "b", "c", "d"}

    class Law:
        def __init__(self): self.rates = {"fast", "slow", "other"}
        def residual(self, u, u_t, u_xx): return u_t - u_xx * len(self.rates)

    def value(x): return jnp.where(x > 0.5, 1.0, 0.0) if "a" in {"a", "b", "c"} and KINDS else x

    domain = (pv.Box(x=(0, 1), y=(0, 1)) - pv.Disk((0.5, 0.5), 0.2)) * pv.Time(0, 1)
    conditions = {
        "pde": pv.PDE(Law().residual),
        "start": pv.Initial(u=value),
        "left": pv.Dirichlet(u=0.0, on=lambda x: x < 0.1),
        "walls": pv.Neumann(u=functools.partial(lambda a, x: a * x, 2.0), on="circle"),
    }
    problem = pv.Problem(domain, "u", conditions)
    network = pv.Ansatz(pv.MLP(4, 1, activation=jnp.tanh), lambda u, t: t * u)
    print(json.dumps(identity_of(problem, network, {"solver": optax.adam(1e-3)})))
""")


@pytest.mark.solves
def test_the_identity_is_the_same_in_every_process(tmp_path):
    found = set()
    for place, seed in (("one", "1"), ("another/one", "77")):
        script = tmp_path / place / "script.py"
        script.parent.mkdir(parents=True)
        script.write_text("\n" * len(found) + SCRIPT)
        done = run_python(script, environment={"PYTHONHASHSEED": seed}, check=True)
        found.add(done.stdout)
    assert len(found) == 1 and "pde" in found.pop()


def run(problem, path, **options):
    options = {"network": pv.MLP(6, 1), "max_steps": 5, "points": 16, "estimate_error": False} | options
    return pv.solve(problem, checkpoint=path, resume=True, **options)


@pytest.mark.solves
def test_a_run_is_not_resumed_with_readings_at_other_times(tmp_path):
    path = tmp_path / "run.pvc"
    run(decay(), path)
    before = path.read_bytes()
    for problem, part in (
        (decay(shift=0.1), "the points of condition 'readings'"),
        (decay(rate=2.0), "the function of condition 'ode'"),
        (decay(stop=1.3), "the domain"),
    ):
        with pytest.raises(ValueError, match=rf"run\.pvc: .*another run.*: {part}\. "):
            run(problem, path, max_steps=6)
    with pytest.raises(ValueError, match="differs: the network"):
        run(decay(), path, network=pv.MLP(6, 1, activation="sin"))
    with pytest.raises(ValueError, match="differs: precision= of solve"):
        run(decay(), path, precision="float32")
    assert path.read_bytes() == before
    assert run(decay(), path, max_steps=6, tolerance=1e-3).steps == 6  # limits are no part of it
