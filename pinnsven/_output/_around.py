"""What is around a network in a file: the units of its fields, and a combination of drawn functions."""

import dataclasses

import numpy as np

from .._networks import Alone, DrawnLayer, DrawnUnits, FieldModel, Scaling, pole_power
from ._facts import column, finite_column

# The arrays of drawn functions.
UNITS = (
    "weights",
    "biases",
    "owners",
    "bells",
    "narrowness",
    "poles",
    "metric",
    "holes",
    "radii",
    "waves",
    "phases",
    "shown",
)


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
    units = DrawnUnits(  # type: ignore[call-arg]
        weights=finite_column(arrays, "drawn.weights", (portions, number, inputs)),
        biases=biases,
        owners=column(arrays, "drawn.owners", (portions, number), "iu"),
        bells=bells,
        narrowness=narrowness,
        poles=poles,
        holes=finite_column(arrays, "drawn.holes", (portions, holes, inputs)),
        radii=radii,
        waves=waves,
        phases=phases,
        shown=shown,
        metric=finite_column(arrays, "drawn.metric", (portions, inputs)),
        harmonics=int(column(arrays, "drawn.harmonics", (), "iu")),
        power=pole_power(model.embedding.domain),
    )
    if units.functions != functions:
        raise ValueError(f"{functions} coefficients for {units.functions} drawn functions")
    keeps = finite_column(arrays, "drawn.keeps", ())
    drawn = DrawnLayer(units, coefficients, np.int32(portions), keeps)  # type: ignore[call-arg]
    return dataclasses.replace(model, addition=drawn)
