"""From a network as the user gives it to the model that the solver trains."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from .._calculus._layout import FieldPlace
from .._domains import Domain
from ._ansatz import Ansatz, NamedTransform
from ._arrays_only import arrays_only
from ._base import (
    AbstractArchitecture,
    Alone,
    Embedding,
    FieldModel,
    Identity,
    Scaling,
    Together,
    random_dtype,
)
from ._features import AbstractFeature, NamedFeature
from ._mlp import MLP


def build_model(
    network,
    domain: Domain,
    fields: tuple[str, ...],
    key: PRNGKeyArray,
    features: tuple[AbstractFeature, ...] = (),
    *,
    built_in: eqx.Module | None = None,
    places: tuple[FieldPlace, ...] = (),
) -> FieldModel:
    """The field model of a problem.

    - `network`: an architecture such as `MLP()`, an `Ansatz`, or any `equinox.Module` that maps the
      embedded coordinates (inputs,) to (fields,), or to a scalar when there is one field.
    - `features`: further inputs, beside those that the network names itself.
    - `built_in`: maps its values and a point to those of the fields, where conditions are built in.
    - `places`: where each field lives and what gives it; empty where all share one place and network.

    Raises `ValueError` when the module takes or returns arrays of another shape, and for an `Ansatz`
    where conditions are built in.
    """
    transform: eqx.Module = Identity()
    if isinstance(network, Ansatz):
        if built_in is not None:
            raise ValueError(
                "an Ansatz may undo what exact=True builds in: build everything in by one of them"
            )
        transform = NamedTransform(network.transform, fields, domain)
        network = network.network
    embedding = Embedding(domain, (*named_features(network, domain), *features), places)
    known = len(embedding.reaches)
    given = network.scale if isinstance(network, MLP) else 1.0
    if known and isinstance(given, tuple) and 1 < len(given) == embedding.inputs - known:
        # One for each coordinate was given before features were found that follow them.
        network = dataclasses.replace(network, scale=(*given, *[1.0] * known))  # type: ignore
    groups = field_groups(places)
    if len(groups) > 1 or (places and places[0].network is not None):
        network = _together(network, places, groups, embedding.inputs, key)
    if isinstance(network, AbstractArchitecture):
        network = network.build(embedding.inputs, len(fields), key)
    if not isinstance(network, eqx.Module) or not callable(network):
        raise ValueError(
            f"network={network!r}: give pv.MLP(...), another pinnsven network, or an equinox.Module "
            "with a __call__"
        )
    network = arrays_only(jax.tree.map(_at_precision, network))
    scaling = Scaling.none(len(fields))
    built_in = Identity() if built_in is None else built_in
    model = FieldModel(embedding, network, transform, scaling, Alone(), built_in)  # type: ignore
    _check_shapes(model, domain, fields)
    return model


def field_groups(places: tuple[FieldPlace, ...]) -> tuple[tuple[int, ...], ...]:
    """The numbers of the fields that share a network: they live in one place, with the same inputs."""
    groups: list[list[int]] = []
    for number, place in enumerate(places):
        for group in groups:
            other = places[group[0]]
            same = place.part is other.part and place.of == other.of
            if same and place.network is other.network:
                group.append(number)
                break
        else:
            groups.append([number])
    return tuple(map(tuple, groups))


def _together(network, places, groups, inputs: int, key) -> Together:
    """A network for each group of fields: its own, or one of the kind of the problem's.

    Raises `ValueError` where the problem's is a module, which can be given to one group alone.
    """
    networks = []
    for number, group in enumerate(groups):
        own = places[group[0]].network
        built = network if own is None else own
        if isinstance(built, AbstractArchitecture):
            built = built.build(inputs, len(group), jax.random.fold_in(key, number))
        elif own is None:
            raise ValueError(
                f"network={network!r}: {len(groups)} groups of fields have inputs of their own; give "
                "an architecture such as pv.MLP(), or each pv.Field a network= of its own"
            )
        networks.append(built)
    return Together(tuple(networks), groups)  # type: ignore[call-arg]


def named_features(network, domain: Domain) -> tuple[AbstractFeature, ...]:
    """The features that a network asks for by its own argument."""
    given = getattr(network, "features", None) if isinstance(network, MLP) else None
    return tuple(NamedFeature(name, function, domain) for name, function in (given or {}).items())


def _at_precision(leaf):
    return (
        jnp.asarray(leaf, random_dtype())
        if eqx.is_inexact_array_like(leaf) and eqx.is_array(leaf)
        else leaf
    )


def _check_shapes(model: FieldModel, domain: Domain, fields: tuple[str, ...]) -> None:
    """Raises `ValueError` unless the network maps an embedded point to one value per field."""
    point = jax.ShapeDtypeStruct((domain.dim,), random_dtype())
    inputs = model.embedding.inputs
    try:
        shape = eqx.filter_eval_shape(model, point).shape
    except ValueError as error:
        if str(error).startswith("Ansatz"):
            raise
        raise ValueError(_uncallable(inputs, error)) from error
    except Exception as error:
        raise ValueError(_uncallable(inputs, error)) from error
    if shape != (len(fields),):
        raise ValueError(
            f"the network returns shape {shape}; the problem has {len(fields)} field(s) "
            f"({', '.join(fields)}), so it must return ({len(fields)},)"
        )


def _uncallable(inputs: int, error: Exception) -> str:
    return (
        f"the network cannot be called on {inputs} inputs (coordinates scaled to [-1, 1], a periodic "
        f"one as its cosine and sine); calling it raised {type(error).__name__}: {error}"
    )
