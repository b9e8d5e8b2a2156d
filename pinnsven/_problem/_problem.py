"""Problem: a domain, its fields, what must hold there, and what is known of the answer."""

import copy
import dataclasses
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._functions import required_arguments
from .._basics._messages import listing, nearest
from .._basics._numbers import finite_number, numeric_array
from .._calculus._layout import FieldLayout
from .._calculus._names import ConstantValue, NameSpace, UnknownValue
from .._conditions import (
    AbstractCondition,
    Block,
    BuiltIn,
    Term,
    built_in_terms,
    in_components,
    points_array,
)
from .._domains import Domain, as_domain
from .._output._equations import problem_html, problem_text
from .._output._records import Reference
from .._output._solution import Solution
from ._field import Field, layout_of
from ._unknown import split_bounds
from ._warnings import warn_of_missing


@dataclasses.dataclass(frozen=True, init=False, repr=False)
class Problem:
    """A differential equation with its conditions.

    - `domain`: a shape, `Time`, or their product.
    - `fields`: the name of the unknown function, or several (`"u v"`, or a sequence); `Field` objects
      may stand for names.
    - `conditions`: a dict of named conditions; their residuals are stacked, never summed.
    - `unknowns`: scalars to solve for together with the network, with their starting values; an
      `Unknown` has bounds too.
    - `constants`: numbers that functions may ask for by name; `with_constants` gives them others, and
      compiles nothing anew.
    - `exact`: the exact solution as a function of named coordinates and constants, or a dict of one per
      field.
    - `reference`: a `Reference`, or a function that returns one when it is first needed.
    - `network`: the network to use when `solve` is given none; None for one that `solve` chooses.
    - `name`: how the problem is called in tables.

    Raises `ValueError`, naming the condition and the argument, for a name that does not exist, a
    wrong shape, an empty boundary part, data that do not fit, or a field that nothing determines.
    """

    domain: Domain
    fields: tuple[str, ...]
    declared: tuple[Field, ...]
    layout: FieldLayout
    conditions: dict[str, AbstractCondition]
    unknowns: dict[str, float]
    bounds: dict[str, tuple[float | None, float | None]]
    constants: dict[str, float]
    exact: dict[str, Callable] | None
    reference: Reference | Callable[[], Reference] | None
    network: object
    name: str
    space: NameSpace
    blocks: tuple[Block, ...]
    terms: tuple[Term | None, ...]

    def __init__(
        self,
        domain: Any,
        fields: Any,
        conditions: Mapping[str, AbstractCondition],
        unknowns: Any = None,
        exact: Any = None,
        reference: Any = None,
        *,
        constants: Mapping[str, Any] | None = None,
        network: object = None,
        name: str = "problem",
    ):
        def put(key, value):
            object.__setattr__(self, key, value)

        put("name", name)
        put("network", network)
        put("domain", as_domain(domain))
        put("declared", _declared(fields))
        names, layout = layout_of(self.declared, self.domain)
        put("fields", names)
        put("layout", layout)
        starts, bounds = split_bounds(unknowns)
        put("unknowns", _numbers("unknowns", starts, "must start from one finite number"))
        put("bounds", bounds)
        put("constants", _numbers("constants", constants, "must be one finite number"))
        put(
            "space",
            NameSpace(self.fields, self.domain, tuple(self.unknowns), tuple(self.constants), layout),
        )
        given = _conditions(conditions)
        put("conditions", {key: _split(key, c, self.space) for key, c in given.items()})
        put("blocks", tuple(_bind(key, c, self.space) for key, c in self.conditions.items()))
        put("terms", built_in_terms(self.conditions, self.blocks, self.space, self.constants))
        put("exact", _exact(exact, self.space))
        put("reference", _check_reference(reference, self.space))
        self._check_determined()
        warn_of_missing(self)

    def __repr__(self) -> str:
        return problem_text(self)

    def _repr_html_(self) -> str:
        return problem_html(self)

    def _check_determined(self) -> None:
        """Raises `ValueError` for a field, an unknown or a constant that nothing mentions."""
        used = {field for b in self.blocks for field in b.plan.fields}
        quantities = [q for b in self.blocks for q in b.plan.quantities.values()]
        asked = {q.name for q in quantities if isinstance(q, (UnknownValue, ConstantValue))}
        for function in (self.exact or {}).values():
            asked |= set(required_arguments(function, self.space.knows))
        for field in self.fields:
            if field not in used:
                raise ValueError(f"fields: no condition mentions the field {field!r}")
        for unknown in self.unknowns:
            if unknown not in asked:
                raise ValueError(f"unknowns: no condition mentions the unknown {unknown!r}")
        for constant in self.constants:
            if constant not in asked:
                raise ValueError(f"constants: no condition mentions the constant {constant!r}")

    @property
    def fitted(self) -> tuple[Block, ...]:
        """The conditions that have rows; the others are built into the solution."""
        return tuple(block for block in self.blocks if not block.exact)

    @property
    def built_in(self) -> BuiltIn | None:
        """What is built into the solution, with the constants as they are; None where nothing is."""
        if not self.terms:
            return None
        constants = {name: np.asarray(value) for name, value in self.constants.items()}
        return BuiltIn(self.terms, constants)  # type: ignore[call-arg]

    def with_constants(self, **constants: float) -> "Problem":
        """The same problem with other values of some of its constants; nothing is compiled anew.

        Raises `ValueError` for a name that is no constant, a value that is no finite number, and values
        with which what is built in contradicts itself.
        """
        for name in constants:
            if name not in self.constants:
                raise ValueError(
                    f"with_constants: {name!r} is no constant; there are {listing(self.constants)}."
                    + nearest(name, list(self.constants))
                )
        given = _numbers("constants", constants, "must be one finite number")
        changed, constants = copy.copy(self), self.constants | given
        object.__setattr__(changed, "constants", constants)
        # Other constants may let what is built in contradict itself.
        terms = built_in_terms(self.conditions, self.blocks, self.space, constants)
        object.__setattr__(changed, "terms", terms)
        return changed


def _declared(fields: object) -> tuple[Field, ...]:
    """The fields as objects, in order.

    Raises `ValueError` for none, for a set, and for a name that an attribute of a solution has.
    """
    if isinstance(fields, (set, frozenset)):
        raise ValueError(
            f"fields={fields!r}: a set has no order, but the outputs of a network have one. Give a "
            "list, or the names in one text"
        )
    if isinstance(fields, Field):
        fields = (fields,)
    names = tuple(fields.replace(",", " ").split()) if isinstance(fields, str) else fields
    try:
        given = tuple(names)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"fields={fields!r}: give a name such as 'u', or several") from None
    if not given:
        raise ValueError("fields: name at least one field, such as fields='u'")
    for name in given:
        if not isinstance(name, (str, Field)):
            raise ValueError(f"field name {name!r}: use a Python identifier such as 'u'")
    declared = tuple(f if isinstance(f, Field) else Field(f) for f in given)
    taken = {*dir(Solution), *Solution.__dataclass_fields__}
    for name in (n for f in declared for n in (f.name, *(f.pieces or ()))):
        if name in taken and not name.startswith("_"):
            raise ValueError(
                f"field name {name!r}: solution.{name} means something else; choose another name"
            )
    return declared


def _numbers(kind: str, given: object, wanted: str) -> dict[str, float]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        values = "starting values" if kind == "unknowns" else "values"
        raise ValueError(f"{kind}={given!r}: give a dict of names and {values}")
    return {key: finite_number(f"{kind}: {key} =", v, wanted) for key, v in given.items()}


def _conditions(conditions: object) -> dict[str, AbstractCondition]:
    """The conditions as they were given.

    Raises `ValueError` unless they are a dict, not empty, of named conditions.
    """
    if not isinstance(conditions, dict) or not conditions:
        raise ValueError(
            "conditions: give a dict of named conditions, such as {'pde': pv.PDE(...), "
            "'walls': pv.Dirichlet(u=0.0)}"
        )
    for key, condition in conditions.items():
        if not isinstance(key, str) or not key:
            raise ValueError(f"conditions: the name {key!r} must be a non-empty string")
        if not isinstance(condition, AbstractCondition):
            raise ValueError(
                f"condition {key!r}: {condition!r} is no condition; wrap a function in pv.PDE, "
                "pv.Initial, pv.Boundary or pv.Condition"
            )
    return dict(conditions)


def _split(name: str, condition: AbstractCondition, space: NameSpace) -> AbstractCondition:
    """A condition with what it says of vectors and tensors said of their components."""
    if not any(composite.shape for composite in space.layout.composites):
        return condition
    try:
        return condition.of_components(space)
    except ValueError as error:
        raise ValueError(f"condition {name!r}: {error}") from None


def _bind(name: str, condition: AbstractCondition, space: NameSpace) -> Block:
    try:
        return condition.bind(name, space)
    except ValueError as error:
        raise ValueError(f"condition {name!r}: {error}") from None
    except Exception as error:
        raise ValueError(
            f"condition {name!r}: its function failed at one point: {explain(error, space)}"
        ) from error


NO_FUNCTION = re.compile("Tracer.* object is not callable|Expected a callable value")


def explain(error: Exception, space: NameSpace) -> str:
    """The first line of an error inside a user's function, with a hint for the usual causes."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    if isinstance(error, jax.errors.TracerBoolConversionError):
        return "it branches on a value; use jnp.where instead of if, min, max, and, or"
    if isinstance(error, (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError)):
        return "it passes a value to numpy or math; use the function of the same name in jnp"
    if isinstance(error, TypeError) and NO_FUNCTION.search(str(error)):
        field, coordinate = space.fields[0], space.coordinates[0]
        return (
            f"it calls or differentiates a value like a function. {field} is a number at a point; for "
            f"a derivative ask for {field}_{coordinate}, as in lambda {field}_{coordinate}: ..."
        )
    return f"{type(error).__name__}: {first}"


def _exact(exact: object, space: NameSpace) -> dict[str, Callable] | None:
    """The exact solution as one function per field, or None.

    Raises `ValueError` for a field or an argument that does not exist, and for values of a wrong shape.
    """
    if exact is None:
        return None
    named = space.layout.names(space.fields)
    if callable(exact):
        if len(named) != 1:
            raise ValueError(f"exact: give a dict with one function per field, {listing(named)}")
        exact = {named[0]: exact}
    if not isinstance(exact, dict) or not all(callable(f) for f in exact.values()):
        raise ValueError("exact: give a function of named coordinates, or a dict of one per field")
    known = [*space.coordinates, *space.constants]
    for field, function in exact.items():
        if field not in space.known_fields:
            raise ValueError(
                f"exact: there is no field {field!r}; fields are {listing(space.known_fields)}."
                + nearest(str(field), space.known_fields)
            )
        try:
            arguments = required_arguments(function, space.knows)
        except ValueError as error:
            raise ValueError(f"exact[{field!r}]: {error}") from None
        for argument in arguments:
            if argument not in known:
                given = f", constants {listing(space.constants)}" if space.constants else ""
                raise ValueError(
                    f"exact[{field!r}] asks for {argument!r}; coordinates are "
                    f"{listing(space.coordinates)}{given}." + nearest(argument, known)
                )
        _check_exact_shape(field, function, arguments, space)
    return {name: part for f, function in exact.items() for name, part in _parts(f, function, space)}


def _parts(field: str, function: Callable, space: NameSpace):
    """What an exact solution says of the real fields that a field is made of, by name."""
    composite = space.layout.composite(field)
    if composite is None:
        return [(field, function)]
    if composite.shape:
        return list(in_components({field: function}, space).items())
    if not composite.is_complex:
        return [(member, function) for member in composite.members]

    def part(of):
        return functools.wraps(function)(lambda *given: of(jnp.asarray(function(*given))))

    return list(zip(composite.members, map(part, (jnp.real, jnp.imag)), strict=True))


def _check_exact_shape(field: str, function: Callable, arguments, space: NameSpace) -> None:
    sizes = {c.name: (c.size,) if c.vector else () for c in space.domain.coordinates}
    sizes |= dict.fromkeys(space.constants, ())
    floating = jax.dtypes.canonicalize_dtype(float)
    points = [jax.ShapeDtypeStruct(sizes[name], floating) for name in arguments]
    try:
        shape = jax.eval_shape(lambda *values: jnp.asarray(function(*values)), *points).shape
    except Exception as error:
        raise ValueError(f"exact[{field!r}] failed at one point: {explain(error, space)}") from error
    composite = space.layout.composite(field)
    wanted = () if composite is None else composite.shape
    if shape != wanted:
        kind = "a scalar" if not wanted else f"an array of shape {wanted}"
        raise ValueError(f"exact[{field!r}] returned shape {shape}; it is called at one point: {kind}")


def _check_reference(reference: object, space: NameSpace):
    if reference is None or (callable(reference) and not isinstance(reference, Reference)):
        return reference
    if not isinstance(reference, Reference):
        raise ValueError(f"reference={reference!r}: give a pv.Reference or a function returning one")
    return check_reference(reference, space)


def check_reference(reference: Reference, space: NameSpace) -> Reference:
    """The reference itself; `ValueError` when its points or values do not fit the problem."""
    points = points_array(reference.points, space.domain)
    for field, values in reference.values.items():
        if field not in space.fields:
            raise ValueError(
                f"reference: there is no field {field!r}; fields are {listing(space.fields)}"
            )
        if numeric_array(f"reference {field}=", values).shape != (len(points),):
            raise ValueError(f"reference {field}=: must have shape ({len(points)},), like its points")
    return reference
