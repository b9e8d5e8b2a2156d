"""How far degrees of products have to reach along each coordinate, and what more of them begin with."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float, Int

from .._networks import NONE, WAVE, DrawnUnits, Embedding, product_degrees
from ._waves import WAVE as RESOLVED

TURNS = 1.5  # times as often as a polynomial of low degree does, from where a wave is one
LEAST = 1e-13  # of the largest coefficient, where smaller ones are rounding
INNER = 0.9  # of the largest degree along a coordinate, beyond which few products are left
FURTHER = 4.0  # times that degree, further than which no decay is followed
MARGIN = 12.0  # degrees beyond those with which a polynomial begins to follow a wave


def multiplied(
    units: list[DrawnUnits], reach: Float[np.ndarray, " dim"], embedding: Embedding
) -> list[DrawnUnits]:
    """Portions of units with products in their place, the lowest degrees in the first portion.

    - `reach`: see `product_degrees`.

    Units of one owner take one degree after the other, so that each feature multiplies the lowest.
    """
    owners = np.concatenate([np.asarray(part.owners) for part in units])
    order = np.zeros(owners.size, int)
    for owner in np.unique(owners):
        order[owners == owner] = np.arange(np.sum(owners == owner))
    found = product_degrees(embedding, reach, int(order.max(initial=0)) + 1)
    degrees = np.full((owners.size, embedding.inputs), NONE, np.int32)
    degrees[order < len(found)] = found[order[order < len(found)]]
    ends = np.cumsum([np.size(part.owners) for part in units])[:-1]
    return [
        dataclasses.replace(
            part,
            weights=0 * np.asarray(part.weights),
            biases=0 * np.asarray(part.biases),
            degrees=rows,
        )
        for part, rows in zip(units, np.split(degrees, ends), strict=True)
    ]


def reach_of_waves(stretch: Float[np.ndarray, " dim"]) -> Float[np.ndarray, " dim"]:
    """How far degrees reach where what is prescribed turns so often, see `stretched`.

    Where it turns along several coordinates at once the ellipsoid holds the product of these waves.
    """
    several = math.sqrt(max(int(np.sum(stretch > TURNS)), 1))
    return RESOLVED * stretch * np.where(stretch > TURNS, several, 1.0) + MARGIN


def needed(reach: Float[np.ndarray, " dim"]) -> float:
    """How many products have degrees within an ellipsoid with these half axes."""
    dim = len(reach)
    return float(np.prod(reach)) * (math.sqrt(math.pi) / 2) ** dim / math.gamma(dim / 2 + 1)


def reach_of(
    units: list[DrawnUnits], coefficients: np.ndarray, embedding: Embedding
) -> Float[np.ndarray, " dim"]:
    """How far degrees have to reach along each coordinate: as a combination's coefficients decay.

    - `coefficients`: (portions, functions, fields).
    """
    degrees, values = _listed(units, coefficients)
    sizes = np.abs(values)
    sizes = np.max(sizes / np.maximum(sizes.max(axis=0), 1e-300), axis=1)
    reach, at = [], 0
    for coordinate in embedding.domain.coordinates:
        for column in range(at, at + coordinate.size):
            mine = degrees[:, column]
            if coordinate.periodic:
                mine = WAVE * np.maximum(mine, degrees[:, column + coordinate.size])
            reach.append(_reach(mine, sizes))
        at += coordinate.size * (1 + coordinate.periodic)
    return np.array(reach)


def _reach(degrees, sizes) -> float:
    """The degree at which coefficients that fall as these do would be rounding.

    They fall at their fastest to where noise hides the rest: of residuals that are not met yet, along
    coordinates that are resolved long since.

    - `degrees`: of the products along a coordinate, `sizes`: of their coefficients.
    """
    farthest = float(degrees.max(initial=0))
    looked = np.arange(1.0, INNER * farthest + 1)
    if not looked.size:
        return 1.0
    beyond = np.array([sizes[degrees >= degree].max(initial=0.0) for degree in looked])
    rate = np.max(-np.log(np.clip(beyond, LEAST, 1.0)) / looked)
    return 1.0 + min(-math.log(LEAST) / max(rate, 1e-300), FURTHER * farthest)


def carried(
    before: list[DrawnUnits], coefficients: np.ndarray, units: list[DrawnUnits]
) -> Float[np.ndarray, "portions functions fields"]:
    """Coefficients of more products that make the same combination, as far as they have its products.

    - `before`, `coefficients`: of the combination, the first portions of which differ in degrees alone.
    """
    fields = coefficients.shape[2]
    found = np.zeros((len(units), *coefficients.shape[1:]))
    found[: len(before)] = coefficients
    first, last = _unit_rows(units[0])
    found[:, first:last] = 0.0
    old = [np.asarray(part.owners) for part in before], _degrees(before)
    keys = zip(np.concatenate(old[0]), old[1], strict=True)
    values = coefficients[:, first:last].reshape(-1, fields)
    known = {(int(owner), *row): value for (owner, row), value in zip(keys, values, strict=True)}
    for part, rows in enumerate(units):
        for number, (owner, row) in enumerate(
            zip(np.asarray(rows.owners), np.asarray(rows.degrees), strict=True)
        ):
            value = known.get((int(owner), *row))
            if value is not None:
                found[part, first + number] = value
    return found


def _listed(units: list[DrawnUnits], coefficients: np.ndarray):
    """Degrees and coefficients of all products, (products, inputs) and (products, fields)."""
    first, last = _unit_rows(units[0])
    degrees = _degrees(units)
    values = coefficients[: len(units), first:last].reshape(-1, coefficients.shape[2])
    there = degrees[:, 0] >= 0
    return degrees[there], values[there]


def _degrees(units: list[DrawnUnits]) -> Int[np.ndarray, "products inputs"]:
    return np.concatenate([np.asarray(part.degrees) for part in units])


def _unit_rows(units: DrawnUnits) -> tuple[int, int]:
    """Where among the functions of a portion the units stand."""
    first = 1 + np.shape(units.weights)[-1]
    return first, first + np.shape(units.biases)[-1]
