"""`solve` on several devices: the same steps, the same answers, and no rows that travel."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh

import pinnsven as pv
from helpers import decay, solve
from pinnsven._basics._compiled import Compiler
from pinnsven._solving._devices import Placement, deal, find_devices
from pinnsven._solving._points import PointSet
from pinnsven._solving._residual import ResidualSystem, active_rows

pytestmark = pytest.mark.usefixtures("quick_compilation")
DEVICES = 8
NETWORK = pv.MLP(width=12, depth=2)


def burgers():
    return pv.Problem(
        pv.Box(x=(-1, 1)) * pv.Time(0, 1),
        "u",
        {
            "pde": pv.PDE(lambda u, u_t, u_x, u_xx: u_t + u * u_x - 0.02 * u_xx),
            "start": pv.Initial(u=lambda x: -jnp.sin(jnp.pi * x)),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
    )


def losses(problem, steps, **options):
    found = []
    options = {"network": NETWORK, "estimate_error": False, "drawn": False} | options
    solution = pv.solve(problem, max_steps=steps, callbacks=lambda r: found.append(r.loss), **options)
    return np.array(found), solution


@pytest.mark.parametrize("number", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_ten_steps_are_those_of_one_device(number):
    alone, one = losses(burgers(), 10, points=1500, devices=1)
    spread, several = losses(burgers(), 10, points=1500, devices=number)
    np.testing.assert_allclose(spread, alone, rtol=1e-9)
    assert several.status == one.status
    x, t = np.linspace(-1, 1, 9), np.full(9, 0.5)
    np.testing.assert_allclose(np.asarray(several(x=x, t=t)), np.asarray(one(x=x, t=t)), atol=1e-9)


@pytest.mark.slow
def test_the_answer_is_that_of_one_device_with_refinement_and_an_estimate():
    def logistic():
        conditions = {
            "pde": pv.PDE(lambda u, u_t: u_t - 6 * u * (1 - u)),
            "start": pv.Initial(u=0.1),
        }
        return pv.Problem(pv.Time(0, 1), "u", conditions)

    times = np.linspace(0, 1, 21)
    true = 1 / (1 + 9 * np.exp(-6 * times))
    for number in (1, DEVICES):
        found = pv.solve(logistic(), network=NETWORK, points=40, drawn=False, devices=number)
        assert found.status == "converged", found.message
        assert np.max(np.abs(np.asarray(found(t=times)) - true)) < 10 * found.error_estimate["u"] < 1e-4


@pytest.mark.slow
def test_unknowns_readings_and_single_precision_are_those_of_one_device():
    def inverse():
        t = np.linspace(0, 1, 300)
        conditions = {
            "pde": pv.PDE(lambda u, u_t, k: u_t + k * u),
            "seen": pv.Data({"t": t}, u=np.exp(-0.7 * t)),
        }
        return pv.Problem(pv.Time(0, 1), "u", conditions, unknowns={"k": 0.3})

    answers = [solve(inverse(), devices=n, tolerance=1e-6).unknowns["k"] for n in (1, DEVICES)]
    np.testing.assert_allclose(answers, 0.7, atol=1e-5)
    first, _ = losses(burgers(), 3, points=1500, devices=1, precision="float32")
    other, _ = losses(burgers(), 3, points=1500, devices=4, precision="float32")
    np.testing.assert_allclose(other, first, rtol=2e-2)


@pytest.mark.slow
def test_a_march_runs_on_several_devices():
    found = [
        np.asarray(
            pv.march(decay(), 2, network=NETWORK, drawn=False, devices=n)(t=np.linspace(0, 1, 7))
        )
        for n in (1, 4)
    ]
    np.testing.assert_allclose(found[1], np.exp(-np.linspace(0, 1, 7)), atol=1e-4)
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_devices(tmp_path):
    options = {"points": 1500}
    whole, _ = losses(burgers(), 10, devices=DEVICES, **options)
    path = tmp_path / "run.pvc"
    losses(burgers(), 5, devices=DEVICES, checkpoint=path, **options)
    rest, _ = losses(burgers(), 10, devices=3, checkpoint=path, resume=True, **options)
    np.testing.assert_allclose(rest, whole[5:], rtol=1e-8)


@pytest.mark.parametrize(
    "backend",
    [pv.Automatic(), pytest.param(pv.RefinedGram(), marks=pytest.mark.slow)],
    ids=["early", "refined"],
)
def test_no_rows_travel_between_devices(backend, monkeypatch):
    programs, compiled = {}, Compiler.function

    def noted(self, name, *given, **options):
        programs[name] = compiled(self, name, *given, **options)
        return programs[name]

    monkeypatch.setattr(Compiler, "function", noted)
    losses(burgers(), 1, points=4096, devices=DEVICES, solver=pv.Sven(backend=backend), cache=False)
    text = programs["step"]._compiled.as_text()
    assert "num_partitions=8" in text
    travels = re.findall(r" (all-gather|all-to-all|collective-permute)[-a-z]*\(", text)
    assert not travels
    assert len(re.findall(r" all-reduce[-a-z]*\(", text)) >= 3


def test_every_point_is_dealt_to_one_device_by_whole_slabs():
    problem = burgers()
    system, _ = ResidualSystem.build(problem, NETWORK, jax.random.PRNGKey(0))
    points = PointSet(problem, 1500, pv.Sobol(), np.random.default_rng(0))
    batches = points.batches({b.name: 1.0 for b in system.blocks})
    for number in (1, 2, 5, DEVICES):
        dealt = deal(system, batches, number)
        for position, batch in enumerate(batches):
            parts = [part[position] for part in dealt.parts]
            seen = np.concatenate([p.points[: int(p.active)] for p in parts])
            np.testing.assert_array_equal(seen, batch.points[: int(batch.active)])
            scales = np.concatenate([p.scale[: int(p.active)] for p in parts])
            np.testing.assert_array_equal(scales, batch.scale[: int(batch.active)])
            assert all(not p.scale[int(p.active) :].any() for p in parts)
        slabs = [sum(-(-int(b.active) // 128) for b in part) for part in dealt.parts]
        assert max(slabs) - min(slabs) <= 1
        rows = [np.full(system.capacity(part), float(n)) for n, part in enumerate(dealt.parts)]
        gathered = dealt.gathered(system, np.concatenate(rows))
        for position, place in enumerate(active_rows(system, batches)):
            counts = [int(part[position].active) for part in dealt.parts]
            np.testing.assert_array_equal(gathered[place][:, 0], np.repeat(np.arange(number), counts))


def test_devices_are_chosen_by_number_list_or_mesh():
    there = jax.devices()
    assert find_devices(1, 5000) is None
    assert find_devices(None, 1500) is None
    assert Placement(find_devices(None, 4 * 1024)).devices == there[:4]
    assert Placement(find_devices(None, 10**6)).devices == there
    assert Placement(find_devices(3, 5000)).devices == there[:3]
    assert Placement(find_devices([there[5]], 5000)).devices == [there[5]]
    mesh = Mesh(np.array(there).reshape(4, 2), ("rows", "copies"))
    assert find_devices(mesh, 5000).number == 4
    assert find_devices(Mesh(np.array(there[:2]), ("all",)), 5000).number == 2


@pytest.mark.slow
def test_a_mesh_and_a_list_take_the_steps_of_one_device():
    there = jax.devices()
    alone, _ = losses(burgers(), 4, points=1500, devices=1)
    mesh = Mesh(np.array(there).reshape(4, 2), ("rows", "copies"))
    for asked in (mesh, there[3:5], [there[6]]):
        found, _solution = losses(burgers(), 4, points=1500, devices=asked)
        np.testing.assert_allclose(found, alone, rtol=1e-9)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (9, "devices=9: there are 8"),
        (0, "devices=0: give a number of devices"),
        (True, "devices=True: give a number of devices"),
        ("cpu", "devices='cpu': give a number"),
        ([], "at least one"),
        ([1, 2], "give devices of jax.devices()"),
        (lambda: jax.devices()[:1] * 2, "some are there twice"),
        (lambda: Mesh(np.array(jax.devices()).reshape(4, 2), ("a", "b")), "name the one of the rows"),
    ],
)
def test_other_devices_are_refused(asked, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        pv.solve(decay(), devices=asked() if callable(asked) else asked)


def test_more_devices_than_rows_are_refused():
    with pytest.raises(ValueError, match="8 are asked for and the problem has 5 rows"):
        solve(points=4, devices=8)
