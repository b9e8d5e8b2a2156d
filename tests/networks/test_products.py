"""Products of polynomials and waves: their values, their order, and what more of them begin with."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.polynomial import chebyshev

import pinnsven as pv
from pinnsven._domains import as_domain
from pinnsven._networks import (
    DrawnUnits,
    Embedding,
    count_products,
    most_degree,
    product_degrees,
    turns_of,
)
from pinnsven._networks._products import products_of
from pinnsven._solving._products import carried, multiplied, reach_of, reach_of_waves

SQUARE = as_domain(pv.Box(x=(-1, 1), y=(0, 2)))
RING = as_domain(pv.Box(x=(0, 2), periodic="x") * pv.Time(0, 1))


def units_on(domain, portions=2, number=60):
    """Portions of units that products may replace, and the embedding of a domain."""
    embedding, rng = Embedding(domain), np.random.default_rng(0)
    given = (embedding, number, (0.5, 2.0), rng)
    return [DrawnUnits.draw(*given, again=i, multiplies=True) for i in range(portions)], embedding


def values(units, coefficients, embedding, points):
    """A combination of one field at points."""
    at = lambda p: sum(
        u(embedding(p)) @ jnp.asarray(c) for u, c in zip(units, coefficients, strict=True)
    )
    return np.asarray(jax.vmap(at)(jnp.asarray(points)))


def test_products_are_those_of_polynomials():
    embedding = Embedding(SQUARE)
    degrees = product_degrees(embedding, np.ones(2), 40)
    points = np.random.default_rng(1).uniform((-1, 0), (1, 2), (9, 2))
    turns = jnp.asarray(turns_of(embedding))
    found = jax.vmap(lambda p: products_of(embedding(p), jnp.asarray(degrees), turns, 20))(points)
    tables = [chebyshev.chebvander(z, 20) for z in (points[:, 0], points[:, 1] - 1)]
    wanted = tables[0][:, degrees[:, 0]] * tables[1][:, degrees[:, 1]]
    assert np.allclose(found, wanted, atol=1e-13)


def test_along_a_ring_they_are_waves_and_differentiate_as_such():
    embedding = Embedding(RING)
    degrees = product_degrees(embedding, np.array([4.0, 1.0]), 30)
    assert np.all((degrees[:, 0] == 0) | (degrees[:, 1] == 0))  # a cosine or a sine, not both
    turns, at = jnp.asarray(turns_of(embedding)), np.array([0.3, 0.8])
    function = lambda x: products_of(embedding(jnp.array([x, at[1]])), jnp.asarray(degrees), turns, 64)
    angle, second = np.pi * (at[0] - 1), jax.jacfwd(jax.jacfwd(function))(at[0])
    along = np.where(degrees[:, 1] > 0, np.sin(degrees[:, 1] * angle), np.cos(degrees[:, 0] * angle))
    rate = np.pi * (degrees[:, 0] + degrees[:, 1])
    time = chebyshev.chebvander(np.array([2 * at[1] - 1]), 64)[0][degrees[:, 2]]
    assert np.allclose(second, -(rate**2) * along * time, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("domain", [SQUARE, RING, as_domain(pv.Time(0, 1))])
@pytest.mark.parametrize("stretch", [1.0, 5.0])
def test_degrees_are_different_and_reach_as_far_as_they_are_asked(domain, stretch):
    embedding = Embedding(domain)
    reach = np.ones(domain.dim)
    reach[0] = stretch
    degrees = product_degrees(embedding, reach, 400)
    assert len(np.unique(degrees, axis=0)) == len(degrees) <= 400
    assert np.all(degrees.sum(axis=1) > 1) and degrees.max() <= most_degree(domain.dim)
    if domain.dim == 1:
        assert len(degrees) == count_products(embedding) - 2  # all but the constant and the input
    else:
        assert len(degrees) == 400
        first, last = degrees[:, 0].max(), degrees[:, -1].max()
        wave = 2.0 if domain is RING else 1.0
        assert first * wave / last == pytest.approx(stretch, rel=0.15)


def test_more_products_with_other_degrees_make_the_same_function():
    units, embedding = units_on(SQUARE)
    before = multiplied(units[:1], np.ones(2), embedding)
    coefficients = np.zeros((1, before[0].functions, 1))
    coefficients[0, : 1 + 2 + 12, 0] = np.random.default_rng(2).standard_normal(15)
    after = multiplied(units, np.array([1.0, 1.5]), embedding)
    moved = carried(before, coefficients, after)
    points = np.random.default_rng(3).uniform((-1, 0), (1, 2), (20, 2))
    wanted = values(before, coefficients[:, :, 0], embedding, points)
    assert np.allclose(values(after, moved[:, :, 0], embedding, points), wanted, atol=1e-13)


def test_the_degrees_of_use_are_told_by_their_coefficients():
    units, embedding = units_on(SQUARE, 1, 400)
    (found,) = multiplied(units, np.ones(2), embedding)
    degrees = np.asarray(found.degrees)
    decays = np.exp(-2.0 * degrees[:, 0] - 0.7 * degrees[:, 1]) * (degrees[:, 0] >= 0)
    coefficients = np.zeros((1, found.functions, 1))
    first = 1 + embedding.inputs
    coefficients[0, first : first + len(decays), 0] = decays
    reach = reach_of([found], coefficients, embedding)
    assert reach[1] / reach[0] == pytest.approx(2.0 / 0.7, rel=0.25)


def test_waves_in_two_directions_reach_to_the_product_of_both():
    alone, both = reach_of_waves(np.array([8.0, 1.0])), reach_of_waves(np.array([8.0, 8.0]))
    assert both[0] > 1.2 * alone[0] and both[0] == both[1] and alone[1] < 20


def test_units_with_no_room_for_products_are_as_they_were():
    units, embedding = units_on(SQUARE, 1)
    plain = dataclasses.replace(units[0], degrees=units[0].degrees[:0])
    point = embedding(jnp.array([0.3, 0.4]))
    assert np.array_equal(plain(point), units[0](point))
