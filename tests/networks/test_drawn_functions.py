"""What drawn functions about holes are: harmonic, decaying, and never twice the same."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import kv

import pinnsven as pv
from pinnsven._domains import as_domain
from pinnsven._networks import DrawnLayer, DrawnUnits, build_model
from pinnsven._networks._base import Embedding
from pinnsven._output._around import describe_around, restore_around

CENTER, RADIUS = (0.2, -0.1), 0.25
PLATE = pv.Box(x=(-1, 1), y=(-1, 1)) - pv.Disk(CENTER, RADIUS)
SOLID = pv.Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)) - pv.Ball((0.2, -0.1, 0.0), RADIUS)


def drawn(shape, number=120, seed=3, **options):
    embedding = Embedding(as_domain(shape))
    return DrawnUnits.draw(embedding, number, (0.5, 2.0), np.random.default_rng(seed), **options)


def about_holes(units, point):
    """The last functions, those about holes, of which there are so many."""
    count = 1 + 2 * units.harmonics if not units.power else units.harmonics**2
    return units(jnp.asarray(point))[-count:]


def test_about_a_hole_they_are_the_logarithm_and_the_powers_of_one_over_z():
    units, (x, y) = drawn(PLATE), (-0.6, 0.7)
    z = complex(x - CENTER[0], y - CENTER[1]) / RADIUS
    powers = z ** -np.arange(1.0, units.harmonics + 1)
    expected = [2 * np.log(abs(z)), *np.stack([powers.real, powers.imag], axis=1).ravel()]
    assert units.harmonics > 5
    np.testing.assert_allclose(about_holes(units, (x, y)), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("shape", [PLATE, SOLID])
def test_those_about_holes_and_poles_are_harmonic(shape):
    units, dim = drawn(shape), shape.dim
    at = jnp.asarray([-0.5, 0.6, 0.3][:dim])
    first = 1 + dim + len(units.biases)  # after the constant, the inputs and the units
    around = jax.jit(jax.hessian(lambda p: units(p)[first:]))(at)
    laplacian = np.trace(np.asarray(around), axis1=1, axis2=2)
    assert len(around) > len(units.poles) > 5
    assert np.max(np.abs(laplacian)) < 1e-10 * np.max(np.abs(around))


def test_half_of_the_biharmonic_ones_are_harmonic_ones_times_the_square_of_the_distance():
    units, (x, y) = drawn(PLATE, biharmonic=True), (-0.6, 0.7)
    z = complex(x - CENTER[0], y - CENTER[1]) / RADIUS
    plain = units.harmonics - units.harmonics // 2
    powers = z ** -np.arange(1.0, plain + 1)
    lifted = abs(z) ** 2 * z ** -np.arange(2.0, units.harmonics // 2 + 2)
    waves = np.stack([np.concatenate([powers, lifted]).real, np.concatenate([powers, lifted]).imag])
    expected = [2 * np.log(abs(z)), *waves.T.ravel()]
    np.testing.assert_allclose(about_holes(units, (x, y)), expected, rtol=1e-12, atol=1e-15)
    others = drawn(PLATE, biharmonic=True, again=1)
    kinds = [set(zip(u.orders.tolist(), u.fading.tolist(), strict=True)) for u in (units, others)]
    assert len(kinds[0]) == len(kinds[1]) == units.harmonics and kinds[0].isdisjoint(kinds[1])


@pytest.mark.parametrize("k", [6.0, 0.05])
def test_about_a_hole_of_a_screened_equation_they_are_modified_bessel_functions(k):
    x, y = -0.6, 0.7
    r, angle = np.hypot(x - CENTER[0], y - CENTER[1]), np.arctan2(y - CENTER[1], x - CENTER[0])
    orders = []
    for again in (0, 1):
        units = drawn(PLATE, again=again, screening=k)
        n = np.arange(len(units.orders)) + 1 + again * len(units.orders)
        fading = kv(n, k * r) / kv(n, k * RADIUS)
        waves = np.stack([fading * np.cos(n * angle), -fading * np.sin(n * angle)], axis=1)
        expected = [kv(0, k * r) / kv(0, k * RADIUS), *waves.ravel()]
        np.testing.assert_allclose(about_holes(units, (x, y)), expected, rtol=1e-10, atol=1e-15)
        orders.append(set(n))
    assert orders[0].isdisjoint(orders[1])


@pytest.mark.parametrize("shape", [PLATE, SOLID])
@pytest.mark.parametrize("k", [0.4, 20.0])
def test_those_of_a_screened_equation_solve_it(shape, k):
    units, dim = drawn(shape, screening=k), shape.dim
    at = jnp.asarray([-0.5, 0.6, 0.3][:dim])
    first = 1 + dim + len(units.biases)
    second = jax.jit(jax.hessian(lambda p: units(p)[first:]))(at)
    values = np.asarray(units(at))[first:]
    laplacian = np.trace(np.asarray(second), axis1=1, axis2=2)
    size = np.max(np.abs(np.asarray(second)), axis=(1, 2)) + k**2 * np.abs(values)
    assert len(values) > len(units.poles) > 5 and np.all(size > 0)
    assert np.max(np.abs(laplacian - k**2 * values) / size) < 1e-9


@pytest.mark.parametrize("shape", [PLATE, SOLID])
def test_poles_lie_beyond_the_walls_too_but_not_in_the_domain(shape):
    poles = drawn(shape).poles
    assert np.all(shape.level(poles) > 0)
    beyond = np.max(np.abs(poles), axis=1)
    assert np.mean(beyond > 1) > 0.5 and beyond.max() < 2


@pytest.mark.parametrize("shape", [PLATE, SOLID])
def test_a_second_portion_has_other_functions(shape):
    """Else the matrix of both would lack as many directions as there are functions about holes."""
    rng = np.random.default_rng(0)
    points = np.concatenate([shape.fill(rng.random((4000, shape.dim)))[:1200]])
    both = [drawn(shape), drawn(shape, seed=4, again=True)]
    columns = [np.asarray(jax.vmap(lambda p, u=u: about_holes(u, p))(points)) for u in both]
    sizes = np.linalg.svd(np.concatenate(columns, axis=1), compute_uv=False)
    alike = np.linalg.svd(np.concatenate([columns[0]] * 2, axis=1), compute_uv=False)
    assert np.sum(sizes > 1e-13 * sizes[0]) > np.sum(alike > 1e-13 * alike[0])


def test_those_of_a_file_are_those_that_were_saved():
    """By values at a point: biharmonic functions in a first and a second portion."""
    plain = build_model(pv.MLP(width=3, depth=1), as_domain(PLATE), ("u", "v"), jax.random.key(0))
    rng = np.random.default_rng(1)
    portions = [drawn(PLATE, 60, biharmonic=True, again=again) for again in (0, 1)]
    coefficients = rng.standard_normal((2, portions[0].functions, 2))
    layer = DrawnLayer.empty(portions[0], 2, 2, 1.0).with_portions(portions, coefficients, 1.0)
    saved = dataclasses.replace(plain, addition=layer)
    read = restore_around(plain, describe_around(saved))
    point = jnp.array([-0.6, 0.7])
    np.testing.assert_array_equal(np.asarray(read(point)), np.asarray(saved(point)))
    older = {n: a for n, a in describe_around(saved).items() if n != "drawn.fading"}
    assert np.max(np.abs(np.asarray(restore_around(plain, older)(point) - saved(point)))) > 1e-3
