"""Where functions are centered that fade from outside a domain: round holes, poles beyond walls."""

import jax.numpy as jnp
import numpy as np

from .._domains import AbstractShape, Round
from ._base import Embedding
from ._screen import Screen

POLE_TRIES = 4096  # points of the bounding box among which poles are looked for (experiment 77)
CLEAR = 0.02  # of the domain's extent, between it and a pole
INSIDE = 256  # points of a ball that are looked at


def around_poles(inputs, poles, metric, power: int, screen: Screen | None = None):
    """Fundamental solutions of Laplace's equation, one for each pole; of a screened one where that is.

    - `screen`: None for nothing, else with the `near` and `reach` of the poles.
    """
    squares = jnp.sum((metric[None] * (inputs[None] - poles)) ** 2, axis=1)
    if screen is None:
        return squares ** (power / 2) if power else jnp.log(squares)
    r = jnp.sqrt(squares)
    if power:
        return screen.reach / r * jnp.exp(-screen.rates[0] * (r - screen.reach))
    return jnp.sum(screen.near * jnp.exp(-screen.rates[None] * (r - screen.reach)[:, None]), axis=1)


def round_holes(embedding: Embedding) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Disks and balls that a domain leaves out, or that the part of a field does.

    Their centers, embedded, their radii, to which field each belongs (no rows where all fields live on
    all of the domain), and the metric.
    """
    domain = embedding.domain
    parts, inputs = len(embedding.parts), embedding.inputs
    none = np.zeros((0, inputs)), np.zeros(0), np.zeros((parts, 0)), np.zeros(inputs)
    space = domain.space
    if space is None or domain.space_dim not in (2, 3) or any(c.periodic for c in domain.coordinates):
        return none
    owners = [space if part is None else part for part in embedding.parts] or [space]
    found: dict[tuple, set[int]] = {}
    for number, owner in enumerate(owners):
        for hole in holes_of(owner):
            found.setdefault((hole.center, hole.radius), set()).add(number)
    if not found:
        return none
    centers = np.array([center for center, _ in found])
    places = np.tile((domain.lower + domain.upper) / 2, (len(found), 1))
    places[:, : domain.space_dim] = centers
    half = (domain.upper - domain.lower) / 2
    half[domain.space_dim :] = 0.0  # a hole stays where it is in time
    radii = np.array([radius for _, radius in found]) / np.max(half)
    shown = [[float(n in mine) for mine in found.values()] for n in range(len(embedding.parts))]
    plain = np.concatenate([half / np.max(half), np.zeros(embedding.inputs - domain.dim)])
    return embedding.at(places), radii, np.array(shown).reshape(-1, len(found)), plain


def holes_of(shape: AbstractShape) -> list[Round]:
    """The disks and balls that a shape leaves out."""
    region = shape.region()
    leaves = () if region is None else region.leaves()
    return [leaf for leaf in leaves if isinstance(leaf, Round) and _is_left_out(leaf, shape)]


def _is_left_out(ball: Round, shape: AbstractShape) -> bool:
    """Whether nothing of a ball is in a shape: that of a ring's outer edge is none of its holes."""
    drawn = np.random.default_rng(0).standard_normal((INSIDE, len(ball.center)))
    directions = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    depths = np.linspace(0.0, 0.99, INSIDE)[:, None]
    return not np.any(shape.inside(np.asarray(ball.center) + ball.radius * depths * directions))


def pole_power(domain) -> int:
    """The power of the distance in a fundamental solution, zero for a logarithm."""
    return 2 - domain.space_dim if domain.space_dim > 2 else 0


def draw_poles(
    embedding: Embedding, most: int, rng, beyond: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points outside the domain but within its bounding box, and the lengths of the inputs.

    The points embedded, the lengths, and about how far each point is from the domain, in its unit. None
    where the domain fills its bounding box, or is periodic.

    - `beyond`: how much farther than that box they may lie, as a share of its extents.
    """
    domain = embedding.domain
    none = np.zeros((0, embedding.inputs)), np.zeros(embedding.inputs), np.zeros(0)
    if domain.space is None or domain.space_dim < 2 or any(c.periodic for c in domain.coordinates):
        return none
    wide = np.where(np.arange(domain.dim) < domain.space_dim, beyond, 0.0)
    shares = (1 + 2 * wide) * rng.random((POLE_TRIES, domain.dim)) - wide
    places = domain.lower + shares * (domain.upper - domain.lower)
    size = float(np.max(domain.space.upper - domain.space.lower))
    level = domain.space.level(places[:, : domain.space_dim])
    outside = level > CLEAR * size
    if outside.sum() < most:
        return none
    half = (domain.upper - domain.lower) / 2
    half[domain.space_dim :] = 0.0  # a pole stays where it is in time
    lengths = np.concatenate([half / np.max(half), np.zeros(embedding.inputs - domain.dim)])
    return embedding.at(places[outside][:most]), lengths, level[outside][:most]
