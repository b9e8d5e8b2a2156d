"""What is around a network in a file: the units of its fields, and a combination of drawn functions."""

import dataclasses

import numpy as np

from .._networks import (
    Alone,
    DrawnLayer,
    DrawnUnits,
    FieldModel,
    Scaling,
    Screen,
    most_degree,
    pole_power,
    turns_of,
)
from ._facts import column, finite_column

# The arrays of drawn functions.
UNITS = (
    "weights",
    "biases",
    "owners",
    "degrees",
    "bells",
    "narrowness",
    "poles",
    "metric",
    "holes",
    "fading",
    "radii",
    "waves",
    "phases",
    "shown",
    "orders",
)
SCREEN = ("rates", "about", "near", "reach")  # the same of what fades from holes and poles


def describe_around(model: FieldModel) -> dict[str, np.ndarray]:
    """The arrays of what is around a network, by name.

    Raises `ValueError` for what only a verdict makes, and no file holds.
    """
    if not isinstance(model.addition, (Alone, DrawnLayer)):
        raise ValueError("a second answer has no file of its own; save what its `grid` returns")
    arrays = {"shift": np.asarray(model.scaling.shift), "size": np.asarray(model.scaling.size)}
    if isinstance(model.addition, DrawnLayer):
        drawn = model.addition
        arrays |= {f"drawn.{name}": np.asarray(getattr(drawn.units, name)) for name in UNITS}
        screen = drawn.units.screen
        arrays |= {f"drawn.screen.{name}": np.asarray(getattr(screen, name)) for name in SCREEN}
        arrays["drawn.harmonics"] = np.asarray(drawn.units.harmonics)
        arrays["drawn.coefficients"] = np.asarray(drawn.coefficients)
        arrays["drawn.keeps"] = np.asarray(drawn.keeps)
    return arrays


def restore_around(model: FieldModel, arrays: dict[str, np.ndarray]) -> FieldModel:
    """A model with what is around its network in a file.

    Files from before 27 November 2026 have nothing there. Raises `ValueError` where arrays do not fit.
    """
    if "size" not in arrays:
        return model
    fields = len(model.scaling.size)
    parts = [finite_column(arrays, name, (fields,)) for name in ("shift", "size")]
    model = dataclasses.replace(model, scaling=Scaling(*parts))  # type: ignore[call-arg]
    if "drawn.coefficients" not in arrays:
        return model
    coefficients = finite_column(arrays, "drawn.coefficients", (None, None, fields))
    portions, functions, _ = coefficients.shape
    inputs = model.embedding.inputs
    poles = finite_column(arrays, "drawn.poles", (portions, None, inputs))
    radii = finite_column(arrays, "drawn.radii", (portions, None))
    biases = finite_column(arrays, "drawn.biases", (portions, None))
    number, holes = biases.shape[1], radii.shape[1]
    shown = np.zeros((portions, 0, holes))  # files from before 28 November 2026 know no parts
    if "drawn.shown" in arrays:
        shown = finite_column(arrays, "drawn.shown", (portions, None, holes))
    waves, phases = np.zeros((portions, holes, inputs)), np.zeros((portions, holes))
    if "drawn.waves" in arrays:  # older files know none
        waves = finite_column(arrays, "drawn.waves", waves.shape)
        phases = finite_column(arrays, "drawn.phases", phases.shape)
    bells = narrowness = np.zeros((portions, 0, inputs))  # older files know none
    if "drawn.bells" in arrays:
        bells = finite_column(arrays, "drawn.bells", (portions, None, inputs))
        narrowness = finite_column(arrays, "drawn.narrowness", bells.shape)
    degrees = np.zeros((portions, 0, inputs), np.int32)  # older files know none
    most = most_degree(model.embedding.domain.dim)
    if "drawn.degrees" in arrays:
        degrees = column(arrays, "drawn.degrees", (portions, None, inputs), "iu")
        if degrees.shape[1] not in (0, number) or not np.all((degrees >= -1) & (degrees <= most)):
            raise ValueError(f"degrees of products that are not between 0 and {most}, or too few")
    harmonics = int(column(arrays, "drawn.harmonics", (), "iu"))
    if not 0 <= harmonics <= functions:
        raise ValueError(f"{harmonics} orders of {functions} drawn functions")
    orders = np.tile(np.arange(1, harmonics + 1), (portions, 1))  # files from before know no others
    if "drawn.orders" in arrays:
        orders = column(arrays, "drawn.orders", orders.shape, "iu")
    fading = orders
    if "drawn.fading" in arrays:
        fading = column(arrays, "drawn.fading", orders.shape, "iu")
    units = DrawnUnits(  # type: ignore[call-arg]
        weights=finite_column(arrays, "drawn.weights", (portions, number, inputs)),
        biases=biases,
        owners=column(arrays, "drawn.owners", (portions, number), "iu"),
        degrees=degrees,
        turns=np.tile(turns_of(model.embedding), (portions, 1)),
        bells=bells,
        narrowness=narrowness,
        poles=poles,
        holes=finite_column(arrays, "drawn.holes", (portions, holes, inputs)),
        radii=radii,
        waves=waves,
        phases=phases,
        shown=shown,
        metric=finite_column(arrays, "drawn.metric", (portions, inputs)),
        orders=orders,
        fading=fading,
        screen=_screen(arrays, portions, holes, 1 + harmonics, poles.shape[1]),
        harmonics=harmonics,
        power=pole_power(model.embedding.domain),
        most=most,
    )
    if units.functions != functions:
        raise ValueError(f"{functions} coefficients for {units.functions} drawn functions")
    keeps = finite_column(arrays, "drawn.keeps", ())
    drawn = DrawnLayer(units, coefficients, np.int32(portions), keeps)  # type: ignore[call-arg]
    return dataclasses.replace(model, addition=drawn)


def _screen(arrays, portions: int, holes: int, orders: int, poles: int) -> Screen:
    """What fades from holes and poles; older files know none."""
    if "drawn.screen.rates" not in arrays:
        empty = [np.zeros((portions, *shape)) for shape in ((0,), (holes, orders, 0), (poles, 0), (0,))]
        return Screen(*empty)  # type: ignore[call-arg]
    rates = finite_column(arrays, "drawn.screen.rates", (portions, None))
    about = finite_column(arrays, "drawn.screen.about", (portions, holes, orders, None))
    near = finite_column(arrays, "drawn.screen.near", (portions, None, about.shape[-1]))
    reach = finite_column(arrays, "drawn.screen.reach", near.shape[:2])
    nodes = rates.shape[1] if about.shape[-1] else 0
    if about.shape[-1] != nodes or (rates.shape[1] and near.shape[1] != poles):
        raise ValueError("arrays of what fades from holes do not fit one another")
    return Screen(rates, about, near, reach)  # type: ignore[call-arg]
