"""From conditions with `exact=True` to what is built into the solution, and what speaks against it."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._basics._functions import NamedFunction
from .._basics._messages import listing
from .._basics._numbers import finite_number
from .._basics._precision import precision_context
from .._calculus._names import Derivative, NameSpace, UnknownValue
from .._domains import AbstractSurface, Domain, Facet, Facets, Interior, Moment, Plane, Sobol
from ._base import AbstractCondition, Block
from ._boundary import Initial
from ._built_in import AbstractLift, Across, Begun, Blend, Prescribed, Term

LOOKED_AT = 1024  # points in the domain, and on each part
NEAR = 2e-3  # of the largest level, below which two parts touch
AGREE = 1e-7  # of the prescribed values, to which they agree where two parts meet
ON = 1e-9  # of its level, below which a point is on a surface
MOST_AXES = 3  # across which values are joined; across n of them a value is worked out 3^n times


@dataclasses.dataclass(frozen=True)
class _Piece:
    """A surface with what is prescribed on it.

    - `value`: as the user gave it.
    """

    condition: str
    surface: AbstractSurface
    value: object
    given: Prescribed

    def is_same(self, other: "_Piece") -> bool:
        """Whether both prescribe the same number, or are of the same function."""
        if callable(self.value) or callable(other.value):
            return self.value is other.value
        return float(self.value) == float(other.value)  # type: ignore[arg-type]


def built_in_terms(
    conditions: dict[str, AbstractCondition],
    blocks: tuple[Block, ...],
    space: NameSpace,
    constants: dict[str, float],
) -> tuple[Term | None, ...]:
    """What is built into each field; empty where no condition asks for that.

    - `blocks`: of the conditions, in their order.

    Raises `ValueError` for a part without a smooth distance function, for a value that is not known
    before the problem is solved or not finite in the domain, and for values that contradict each other.
    """
    asked = [(block, conditions[block.name]) for block in blocks if block.exact]
    if not asked:
        return ()
    if all(block.exact for block in blocks):
        raise ValueError("conditions: all are built in by exact=True, so that nothing is left to solve")
    terms = []
    with precision_context("float64"):
        for field in space.fields:
            try:
                terms.append(_term(field, asked, space, constants))
            except _Refused as error:
                raise ValueError(f"condition {error.condition!r}: exact=True: {error}") from None
    return tuple(terms)


class _Refused(Exception):
    """A condition cannot be built in."""

    def __init__(self, condition: str, why: str):
        super().__init__(why)
        self.condition = condition


@dataclasses.dataclass(frozen=True)
class _Asked:
    """A value of a field, or of a derivative of it, that is to be built in.

    - `keyword`: the name of what is prescribed, `value`: as the user gave it.
    """

    block: Block
    at_start: bool
    keyword: str
    value: object
    given: Prescribed


def _term(field: str, conditions, space: NameSpace, constants: dict[str, float]) -> Term | None:
    """What is built into one field, or None.

    - `conditions`: pairs of a block and its condition.
    """
    asked = [
        _Asked(b, isinstance(c, Initial), k, v, _prescribed(b.name, k, v, space))
        for b, c in conditions
        for k, v in c.values.items()
        if getattr(space.read(k), "field", None) == field
    ]
    if not asked:
        return None
    pieces, begun = [], {}
    for a in asked:
        if not a.at_start:
            pieces += [_Piece(a.block.name, s, a.value, a.given) for s in _surfaces(a.block)]
        elif a.keyword in begun:
            raise _Refused(a.block.name, f"{a.keyword} is built in at the start already")
        else:
            begun[a.keyword] = a
    repeated = [b for a, b in itertools.combinations(pieces, 2) if a.surface == b.surface]
    if repeated:
        raise _Refused(repeated[0].condition, "a part of the boundary is built in already")
    inside = points_inside(space.domain)
    _check_surfaces(pieces, space.domain, inside)
    lift = _in_space(pieces, space.domain) if pieces else None
    surfaces = tuple(p.surface for p in pieces)
    begins = None
    if begun:
        lift, begins = _with_start(field, begun, lift, space.domain)
    assert lift is not None  # something is prescribed
    _check_values(lift, asked, inside, space, constants)
    return Term(lift, surfaces, begins, largest_distance_scale(surfaces, inside))  # type: ignore


def _prescribed(name: str, keyword: str, value, space: NameSpace) -> Prescribed:
    """A value as a function of a point and constants."""
    if not callable(value):
        return Prescribed.of(finite_number(f"{keyword}=", value), space.domain)
    function = NamedFunction.of(value, space.knows)
    unknown = [n for n in function.names if isinstance(space.read(n), UnknownValue)]
    if unknown:
        raise _Refused(
            name,
            f"the value of {keyword} depends on the unknown {unknown[0]!r}, and is not known before "
            "that is. Leave exact out",
        )
    return Prescribed(np.zeros(()), function, space.domain)  # type: ignore[call-arg]


def _surfaces(block: Block) -> list[AbstractSurface]:
    """The surfaces of the parts of a condition on the boundary."""
    if isinstance(block.site, Moment):
        raise _Refused(block.name, "a start is built in by pv.Initial, and an end of time is not")
    assert isinstance(block.site, Facets)
    found = []
    for piece in block.site.pieces:
        if piece.surface is None:
            raise _Refused(
                block.name,
                f"{block.site.label} has no smooth distance function: that needs whole faces of boxes, "
                "edges of convex polygons, disks, balls, or holes that are disks or balls",
            )
        if piece.surface not in found:
            found.append(piece.surface)
    return found


def points_inside(domain: Domain) -> Float[np.ndarray, "n dim"]:
    """Points of a domain, at which distances from its surfaces are seen."""
    return Interior(domain).draw(LOOKED_AT, Sobol(), np.random.default_rng(0))[0]


def largest_distance_scale(surfaces: tuple[AbstractSurface, ...], inside) -> float:
    """The reciprocal of the largest product of the levels of surfaces."""
    return float(1 / np.max(np.prod([s.level(inside.T) for s in surfaces], axis=0)))


def obstacle(surface: AbstractSurface, inside, others: list[Facet]) -> str:
    """Why a distance from a surface holds more than a part of the boundary; empty where it does not.

    - `inside`: points of the domain, `others`: the facets on surfaces where nothing is built in.
    """
    said = "its plane" if isinstance(surface, Plane) else "its line or surface"
    if np.min(surface.level(inside.T)) <= 0:
        return f"a part of it has no smooth distance function: {said} goes on inside the domain"
    for facet in others:
        points, _ = facet.place(np.random.default_rng(0).random((LOOKED_AT, facet.dim)))
        if len(points) and np.median(np.abs(surface.level(points.T))) < ON:
            names = listing(sorted(facet.names))
            return f"{said} also holds {names}, where another condition may say otherwise"
    return ""


def _check_surfaces(pieces: list[_Piece], domain: Domain, inside) -> None:
    if not pieces:
        return
    assert domain.space is not None  # it has parts
    mine = {piece.surface for piece in pieces}
    others = [facet for facet in domain.space.facets() if facet.surface not in mine]
    for piece in pieces:
        if why := obstacle(piece.surface, inside, others):
            raise _Refused(piece.condition, why)


def _in_space(pieces: list[_Piece], domain: Domain) -> AbstractLift:
    """Values on parts of the boundary, joined."""
    flat = [p for p in pieces if isinstance(p.surface, Plane)]
    curved = [p for p in pieces if not isinstance(p.surface, Plane)]
    alike = all(p.is_same(pieces[0]) for p in pieces)
    axes = {p.surface.axes[0] for p in flat}
    joined = not curved and len(axes) <= MOST_AXES and callable(pieces[0].value)
    if alike and not joined:
        return pieces[0].given
    crossed = {axis for p in curved for axis in p.surface.axes} & axes
    groups: list[list[_Piece]] = []
    for piece in curved:
        same = next((g for g in groups if g[0].is_same(piece)), None)
        if same is None:
            groups.append([piece])
        else:
            same.append(piece)
    parts: list[AbstractLift] = [group[0].given for group in groups]
    if crossed:
        beside = [p for p in flat if p.surface.axes[0] in crossed]
        groups.append(beside)
        parts.append(_joined(beside))
    lift = parts[0] if parts else None
    if len(parts) > 1:
        _check_apart(groups, domain)
        surfaces = tuple(tuple(p.surface for p in group) for group in groups)
        lift = Blend(tuple(parts), surfaces)  # type: ignore[call-arg]
    return _joined([p for p in flat if p.surface.axes[0] not in crossed], lift)


def _joined(flat: list[_Piece], lift: AbstractLift | None = None) -> AbstractLift:
    """Values on faces of a box beside what is known already, coordinate after coordinate."""
    for axis in sorted({p.surface.axes[0] for p in flat}):
        mine = [p for p in flat if p.surface.axes[0] == axis]
        walls = tuple(p.surface for p in mine)
        lift = Across(lift, tuple(p.given for p in mine), walls)  # type: ignore[call-arg, arg-type]
    assert lift is not None  # there are faces, or there is something beside them
    return lift


def _check_apart(groups: list[list[_Piece]], domain: Domain) -> None:
    """Raises where two parts with different values touch, and their blend would have a kink."""
    assert domain.space is not None
    facets = {facet.surface: facet for facet in domain.space.facets()}
    for one, other in itertools.permutations(groups, 2):
        for piece in one:
            facet = facets[piece.surface]
            unit = Sobol().draw(4 * LOOKED_AT, facet.dim, np.random.default_rng(0))
            points, _ = facet.place(unit)
            for second in other:
                level = np.abs(second.surface.level(points.T))
                if level.size and np.min(level) < NEAR * np.max(level):
                    raise _Refused(
                        piece.condition,
                        "parts that are no faces of a box touch, with different values on them, here "
                        f"and by {second.condition!r}. One function for both can be built in",
                    )


def _with_start(
    field: str, begun: dict[str, _Asked], lift: AbstractLift | None, domain: Domain
) -> tuple[AbstractLift, tuple[float, float, int]]:
    """What is built in at the start too, and when that begins, how long it lasts, to which power."""
    assert domain.time is not None
    start, duration = domain.time.start, domain.time.stop - domain.time.start
    rate_name = f"{field}_{domain.time.coordinate.name}"
    if field not in begun:
        name = next(iter(begun.values())).block.name
        raise _Refused(name, f"{field} itself has to be built in too, as in {field}=0.0")
    for keyword, asked in begun.items():
        if keyword not in (field, rate_name):
            raise _Refused(asked.block.name, f"{keyword} is neither {field} nor {rate_name}")
    rate = begun[rate_name].given if rate_name in begun else None
    whole = Begun(lift, begun[field].given, rate, start, duration)  # type: ignore[call-arg]
    return whole, (start, duration, 1 if rate is None else 2)


def _check_values(lift: AbstractLift, asked: list[_Asked], inside, space: NameSpace, constants) -> None:
    """Raises where values are not finite inside, or do not agree where two conditions meet."""
    numbers = {name: jnp.asarray(value, float) for name, value in constants.items()}
    rates = [isinstance(space.read(a.keyword), Derivative) for a in asked]
    places = [a.block.site.draw(LOOKED_AT, Sobol(), np.random.default_rng(0))[0] for a in asked]  # type: ignore
    along = jnp.zeros(space.domain.dim).at[-1].set(1.0)

    @jax.jit  # one program: a second would take as long again to compile
    def looked_at(inside, places):
        at = lambda place: lift(place, numbers)
        rate = lambda place: jax.jvp(at, (place,), (along,))[1]
        found = [jax.vmap(rate if r else at)(p) for r, p in zip(rates, places, strict=True)]
        wanted = [
            jax.vmap(lambda q, a=a: a.given(q, numbers))(p) for a, p in zip(asked, places, strict=True)
        ]
        return jax.vmap(at)(inside), found, wanted

    values, found, wanted = jax.tree.map(np.asarray, looked_at(inside, places))
    if not np.all(np.isfinite(values)):
        bad = _place(space.domain, inside[int(np.argmin(np.isfinite(values)))])
        why = f"what is prescribed is also worked out inside the domain, and is not finite at {bad}"
        raise _Refused(asked[0].block.name, why)
    for rate in set(rates):
        mine = [i for i, r in enumerate(rates) if r is rate]
        scale = max(np.max(np.abs([found[i], wanted[i]])) for i in mine)
        for i in mine:
            worst = int(np.argmax(np.abs(found[i] - wanted[i])))
            if (jump := float(abs(found[i] - wanted[i])[worst])) > AGREE * scale:
                others = dict.fromkeys(a.block.name for a in asked if a.block is not asked[i].block)
                beside = f"with {listing(others)}" if others else "with itself"
                raise _Refused(
                    asked[i].block.name,
                    f"it does not agree {beside} where they meet: at "
                    f"{_place(space.domain, places[i][worst])} it prescribes {asked[i].keyword} = "
                    f"{wanted[i][worst]:.6g}, and together they give {found[i][worst]:.6g}, a jump of "
                    f"{jump:.3g}. Leave exact out",
                )


def _place(domain: Domain, point) -> str:
    return ", ".join(f"{n} = {np.round(v, 6).tolist()}" for n, v in domain.split(point).items())
