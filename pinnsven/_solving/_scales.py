"""The zero and the unit of every field, so that a network gives numbers of order one in any units.

A field that is prescribed somewhere has the mean and the spread of what is prescribed. One that is not,
or is the same wherever it is, has the size that balances the equations: that at which its part of a
residual is as large as all the others, $s_p = |R| / |\\partial R / \\partial p|$.
"""

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._precision import precision_context
from .._domains import Interior, Sobol
from .._networks import Ansatz, Scaling
from ._drawn import DrawnFit
from ._drawn_programs import SEEN, functions_at
from ._drawn_values import Table
from ._points import PointSet
from ._residual import ResidualSystem

PLACES = 128  # points of each condition at which prescribed values are looked at
FAINT = 1e-9  # prescribed values that are smaller are held against the equations
ROUNDED = 1e-9  # of the size that balances the equations, below which they are rounding
HIDING = 1e7  # residuals of zero fields, beside which the probes are as large as these
SAME = 1e-9  # of their mean, below which the spread of prescribed values is none
PROBE = 8.0  # the largest slopes in which the size of a solution is looked for
SLOPES = (0.5, 2.0)  # of a probe's units, per unit of the embedded inputs
STEEP = (40.0, 160.0)  # of steeper ones, whose every derivative is four times larger or more
OWN = 0.5  # of the largest such gain, by which a derivative of the same order is told
STEPS = 3  # in drawn functions, until fields have the size of a solution
UNMOVED = 1e-12  # of its size, below which a field is what it began with
SOLVED = 0.3  # of the residual that is left by drawn functions whose size is that of the solution
ANSWERS = 1e-12  # of the largest answer to a field, below which a residual does not know the field
BENT = 1e-9  # relative, by which a prescription may not be linear


def find_scales(system: ResidualSystem, theta, network, points: PointSet, compiled) -> Scaling:
    """The scaling of the fields of a system.

    - `network`: as the user gave it; an `Ansatz` has its units in its transform, and keeps them.
    - `points`: a `PointSet`, which is left as it was.
    - `compiled`: makes a compiled function of a name, a function and its arguments, and keeps it.
    """
    fields = system.blocks[0].plan.space.fields
    plain = Scaling.none(len(fields))
    if isinstance(network, Ansatz):
        return plain
    with precision_context("float64"), points.unchanged():
        theta = np.asarray(theta, float)
        numbers = {n: np.asarray(v, float) for n, v in system.unpack(theta)[1].items()}
        shift, size = _prescribed(system, points, numbers, compiled)
        faint = np.hypot(shift, size) < FAINT
        if np.any((size == 0) | faint):
            # What is prescribed may be the rounding of zero: sin(pi x) at x = 1.
            found = _balanced(system, theta, points, shift, np.where(faint, 0, size), compiled)
            rounding = faint & (np.hypot(shift, size) <= ROUNDED * found)
            size = np.where(faint & (size > ROUNDED * found), size, found)
            shift = np.where(rounding, 0.0, shift)
            # At an equilibrium rounding alone drives the equations.
            size = np.where(size <= ROUNDED * np.abs(shift), np.abs(shift), size)
        # What is built in brings its own zero: the network adds to it.
        built = [term is not None for term in getattr(system.unpack(theta)[0].built_in, "terms", ())]
        shift = np.where(built, 0.0, shift) if built else shift
    return Scaling(shift, np.where(size > 0, size, 1.0))  # type: ignore[call-arg]


def _prescribed(system: ResidualSystem, points, numbers, compiled):
    """Mean and spread of what is prescribed of every field; zero where nothing is, or all the same."""
    fields = system.blocks[0].plan.space.fields
    blocks = [b for b in system.blocks if not b.interior and b.plan.is_local]
    found: list[list[np.ndarray]] = [[] for _ in fields]
    if blocks:
        batches = [points.fresh_batch(block, PLACES) for block in blocks]
        alone = system.with_blocks(tuple(blocks))

        def probed(unit: float) -> list[np.ndarray]:
            given = (alone, numbers, np.asarray(unit), tuple(batches))
            answers = compiled("prescribed values", _probed, *given)(*given)
            pairs = zip(answers, batches, strict=True)
            return [np.asarray(answer)[:, : int(batch.active)] for answer, batch in pairs]

        answers, unit = probed(1.0), 1.0
        most = max(float(np.max(np.abs(answer[0]), initial=0.0)) for answer in answers)
        if HIDING < most < np.inf:
            # Beside what is so large a one is rounding.
            unit = 2.0 ** np.ceil(np.log2(most))
            answers = probed(unit)
        for answer in answers:
            with np.errstate(invalid="ignore"):  # what is not finite is named where it is fitted
                _sort(found, answer, unit)
    shift, size = np.zeros(len(fields)), np.zeros(len(fields))
    for i, parts in enumerate(found):
        if parts:
            values = np.concatenate(parts)
            shift[i], size[i] = np.mean(values), np.std(values)
            if size[i] <= SAME * np.max(np.abs(values)):
                shift[i], size[i] = values[0], 0.0
    return shift, size


def _sort(found: list[list[np.ndarray]], answers, unit: float) -> None:
    """Adds the values that one condition prescribes to those of their fields.

    - `answers`: as `_probed` gives them, (2 + 2 fields, points, components), with its `unit`.
    """
    at_zero, bent, *moved = answers
    once, twice = moved[: len(found)], moved[len(found) :]
    for c in range(at_zero.shape[1]):
        slopes = np.array([part[:, c] - at_zero[:, c] for part in once])
        again = np.array([part[:, c] - at_zero[:, c] for part in twice])
        of = [i for i in range(len(found)) if np.any(slopes[i] != 0)]
        if len(of) != 1 or np.any(bent[:, c] != at_zero[:, c]):
            continue  # of several fields, or of their derivatives
        slope, twofold = slopes[of[0]] / unit, again[of[0]] / unit
        if not np.all(np.abs(twofold - 2 * slope) <= BENT * np.abs(slope)) or not np.all(slope):
            continue
        values = -at_zero[:, c] / slope
        if np.all(np.isfinite(values)):
            found[of[0]].append(values)


def _probed(system: ResidualSystem, numbers, unit, batches):
    """The residuals where all fields are zero, where only their derivatives are not, and where one
    field is one unit, or two: by block, (2 + 2 fields, points, components)."""
    count = len(system.blocks[0].plan.space.fields)
    ones = jnp.eye(count)
    starts = unit * jnp.concatenate([jnp.zeros((2, count)), ones, 2 * ones])
    bends = jnp.zeros(len(starts)).at[1].set(unit)
    found = []
    for block, data, batch in zip(system.blocks, system.data, batches, strict=True):

        def at(value, bend, row, block=block, data=data):
            point, normal, auxiliary = row

            def fields(place):
                return value + bend * (jnp.exp(jnp.sum(place - point)) - 1)

            values = block.plan.evaluate(fields, point, normal, numbers)
            values.update(auxiliary)
            return jnp.stack([jnp.asarray(r, float) for r in block.residual(values, data)])

        rows = (batch.points, batch.normals, batch.auxiliary)
        everywhere = jax.vmap(at, in_axes=(None, None, 0))
        found.append(jax.vmap(everywhere, in_axes=(0, 0, None))(starts, bends, rows))
    return found


def _balanced(system: ResidualSystem, theta, points, shift, size, compiled):
    """The sizes, with those that are zero found from the equations as far as these tell.

    Fields of known size vary at random meanwhile, with it. Where drawn functions then solve the
    equations nearly, the sizes are those of that solution.
    """
    count, first = len(shift), size
    own = _their_own(_fit(system, theta, points, shift, size, compiled))
    for _ in range(count):
        fit = _fit(system, theta, points, shift, size, compiled)
        drives, slopes = _answers(fit, SLOPES, size > 0)
        slopes = np.where(np.isfinite(slopes), slopes, 0.0)
        knows = slopes > ANSWERS * np.max(slopes, axis=0, initial=0.0)
        usable = knows & own & (np.isfinite(drives) & (drives > 0))[:, None]
        guesses = np.where(usable, drives[:, None] / np.where(usable, slopes, 1.0), 0.0).max(axis=0)
        fresh = (size == 0) & (guesses > 0)
        if not fresh.any():
            break
        size = np.where(fresh, guesses, size)
    if np.any(size > first):
        spread = _spread(_fit(system, theta, points, shift, size, compiled))
        if spread is not None:
            # In two digits, of which rounding, where it drives the equations, changes none.
            told = np.array([float(f"{value:.1e}") for value in spread])
            size = np.where((first == 0) & (spread > UNMOVED), told * size, size)
    return size


def _their_own(fit: DrawnFit) -> np.ndarray:
    """Which components are a field's own equations, by component and field: where it is differentiated
    most often, as in time by its own law, and not where it is a source among others.

    Told by how much more they answer a field, beside zeros, that is much steeper.
    """
    alone = np.zeros(fit.fields, bool)
    found = [_answers(fit, steepness, alone)[1] for steepness in (SLOPES, STEEP)]
    slopes, steep = (np.where(np.isfinite(a), a, 0.0) for a in found)
    gains = np.where(slopes > 0, steep / np.where(slopes > 0, slopes, 1.0), 0.0)
    return gains >= OWN * np.max(gains, axis=0, initial=0.0)


def _fit(system: ResidualSystem, theta, points, shift, size, compiled) -> DrawnFit:
    scaling = Scaling(shift, np.where(size > 0, size, 1.0))  # type: ignore[call-arg]
    return DrawnFit(system.around(scaling=scaling), theta, points, compiled, keeps=0.0)


def _answers(fit: DrawnFit, slopes: tuple[float, float], known) -> tuple[np.ndarray, np.ndarray]:
    """What drives each component of the residual, and how it answers to each field.

    Root mean squares: of the residual (components,), where fields of known size vary at random and
    the others are zero; and of its change with a random field of size one, (components, fields).

    - `slopes`: of the random fields.
    - `known`: which fields have a known size, (fields,).
    """
    sets, units = fit.sets(1), fit.draw(slopes[1], slopes[0])
    drawn = np.random.default_rng(17).standard_normal((fit.functions, fit.fields))
    drawn /= np.sqrt(fit.functions)
    found = Table(fit.linear, [units], sets.batches[0]).at((drawn * known)[None])
    residual, columns = found.residual, found.jacobian().reshape(-1, fit.functions, fit.fields)
    moved = np.einsum("rkf,kf->rf", columns, drawn)
    rms = lambda values: np.sqrt(np.mean(values**2, axis=0))
    return (
        np.array([rms(residual[rows]) for rows in sets.rows[0]]),
        np.array([rms(moved[rows]) for rows in sets.rows[0]]),
    )


def _spread(fit: DrawnFit) -> np.ndarray | None:
    """The root mean square of each field from its zero after a step; None where that does not do.

    Others follow while a field has not moved: what only products drive is still in the first.
    """
    sets, units = fit.sets(1), fit.draw(PROBE)
    tables, change = fit.tables([units], sets), fit.nothing(1)
    state = fit.state(tables, change, sets)
    for number in range(STEPS):
        if state is None or not state.held_norm > 0:
            break
        tried = change + state.step().change.reshape(change.shape)
        after = fit.state(tables, tried, sets, state.weights)
        share = 1.0 if number else SOLVED
        if after is None or not after.held_norm < share * state.held_norm:
            break
        change, state = tried, after
        if np.all(np.max(np.abs(change), axis=(0, 1)) > UNMOVED):
            break
    if not np.any(change):
        return None
    domain, parameters = fit.system.blocks[0].plan.space.domain, fit.parameters
    places = Interior(domain).draw(SEEN, Sobol(), np.random.default_rng(0))[0]
    values = functions_at(units, parameters.model.embedding, places, fit.compiled)
    fields = np.moveaxis(change[0], 1, 0)[..., None]  # (fields, functions, 1)
    return np.sqrt(np.mean((values @ fields)[..., 0] ** 2, axis=1))
