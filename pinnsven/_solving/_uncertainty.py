"""What scatter in the readings leaves open: standard errors of the unknowns, and of the fields.

To first order the parameters err by $J^+ e$ where the rows err by e, so their covariance is
$J^+ \\Sigma J^{+T}$, that of an unknown is its corner, and that of a field $B J^+ \\Sigma J^{+T} B^T$
with B the field's derivatives by the parameters. The variances $\\Sigma$ are those of the noise where a
condition states one that its residuals bear out, and the readings' own scatter elsewhere.
"""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.special import gammaincinv, ndtri, stdtrit

from .._conditions import FixedPoints
from .._output._records import UnknownEstimate, Unknowns

KEPT = 1e-14  # of the largest eigenvalue of the Gram matrix, whose noise that is
OPEN_SHARE = 0.1  # of an unknown's direction outside what the residuals see: it is not determined
ALIKE = 1e-2  # readings with less than this share of the largest residual are exact beside them
BORNE_OUT = (1e-3, 1 - 1e-3)  # quantiles of chi squared between which a stated noise is believed
SAME = 1e-3  # of two movements, by which they may differ and be equal
FAINT_EFFECT = 1e-6  # directions of less effect, beside the largest, that a band leaves out
JACOBIAN, GRAM, READINGS = "Jacobian", "Gram", "readings of "  # names of what is compiled
LONG = 4  # rows for each parameter, from where J^T J is summed and J is never whole
SECONDS = 0.25  # for a thousand parameters, on one core of the machine of the experiments
SPREAD_POINTS = 512  # at which a field's standard error is averaged


@dataclasses.dataclass(frozen=True)
class Uncertainty:
    """What is left open by scatter.

    - `unknowns`: values, standard errors, correlations.
    - `open`: in words, what alone is determined of unknowns that are not; empty where all are.
    - `effect`: what the readings' scatter does to the parameters, one column for each independent
      cause, (params, causes); no columns without readings.
    """

    unknowns: Unknowns
    open: str
    effect: Float[np.ndarray, "params causes"]


def uncertainty(run) -> Uncertainty:
    """The uncertainty of a run's solution.

    - `run`: a run that has ended.
    """
    if not is_asked(run):
        return Uncertainty(Unknowns({}, np.zeros((0, 0))), "", np.zeros((run.theta.size, 0)))
    seen = _Seen.of(run)
    columns = [np.zeros((run.theta.size, 0))]
    variance, layout = _variances(run, seen), run.system.layout(run.batches)
    for block in run.system.blocks:
        if block.is_measured:
            spread = np.sqrt(variance[layout.rows[block.name]])
            columns.append(seen.whitened @ (seen.given[block.name] @ seen.whitened * spread[:, None]).T)
    unknowns, words = _unknowns(run, seen, variance)
    return Uncertainty(unknowns, words, _compressed(np.concatenate(columns, axis=1)))


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What the weighted rows of a run, with the Jacobian J, see of its parameters.

    - `whitened`: W (params, rank), so that W W^T is the pseudoinverse of J^T J.
    - `unseen`: orthonormal parameter directions that no row answers, (params, the others).
    - `given`: the rows of each condition at given points, by name.
    - `jacobian`: J, (rows, params); None where it has too many rows to be whole.
    """

    whitened: Float[np.ndarray, "params rank"]
    unseen: Float[np.ndarray, "params rest"]
    given: dict[str, np.ndarray]
    jacobian: np.ndarray | None

    @classmethod
    def of(cls, run) -> "_Seen":
        layout, found = run.system.layout(run.batches), {}
        for name, function, given in scatter_questions(run):
            found[name] = np.asarray(run.compiler.function(name, function, *given)(*given), float)
        whole = found.get(JACOBIAN)
        at_points = [b.name for b in run.system.blocks if isinstance(b.site, FixedPoints)]
        if whole is not None:
            square, rows = whole.T @ whole, {name: whole[layout.rows[name]] for name in at_points}
        else:
            square = found[GRAM]
            rows = {name: found[READINGS + name][: layout.count(name)] for name in at_points}
        squares, vectors = np.linalg.eigh(square)
        kept = squares > KEPT * squares[-1]
        return cls(vectors[:, kept] / np.sqrt(squares[kept]), vectors[:, ~kept], rows, whole)


def is_asked(run) -> bool:
    """Whether a run has unknowns, or readings that a network was fitted to."""
    measured = any(block.is_measured for block in run.system.blocks) and not run.stands_alone
    return bool(run.system.unknown_names) or measured


def scatter_seconds(run) -> float:
    """About how long the uncertainty takes to work out once its functions are compiled."""
    return SECONDS * (run.theta.size / 1000) ** 3 if is_asked(run) else 0.0


def scatter_questions(run):
    """What the uncertainty is made of: names, functions and their arguments, to be compiled.

    J, or, where that is much larger than its square, J^T J and the rows of J of each condition at given
    points.
    """
    if not is_asked(run):
        return
    system = run.stepped
    at = (system, run.theta, run.batches)
    if sum(run.points.rows(block) for block in run.system.blocks) <= LONG * run.theta.size:
        whole = lambda system, theta, batches: system.linearize(theta, batches).jacobian()
        yield JACOBIAN, whole, at
        return
    yield GRAM, lambda system, theta, batches: system.gram(theta, batches), at
    for block, batch in zip(run.system.blocks, run.batches, strict=True):
        if isinstance(block.site, FixedPoints):
            alone = system.with_blocks((block,))
            rows = lambda system, theta, batches: system.linearize(theta, batches).jacobian()
            yield READINGS + block.name, rows, (alone, run.theta, (batch,))


def _variances(run, seen: _Seen) -> Float[np.ndarray, " rows"]:
    """How far each weighted row errs, squared.

    Readings without a stated noise, or with one that their residuals contradict, err by their own
    scatter; what is exact, by what is left of it.
    """
    layout, blocks, given = run.system.layout(run.batches), run.system.blocks, seen.given
    rank = seen.whitened.shape[1]
    residual = run.rows(run.batches).astype(float)
    variance = np.zeros(residual.size)
    number = {b.name: run.points.rows(b) for b in blocks}
    total = sum(number.values())
    free = {  # degrees of freedom: rows less the directions that they determine
        b.name: max(number[b.name] - np.sum((given[b.name] @ seen.whitened) ** 2), 1.0)
        if b.name in given
        else number[b.name] * max(total - rank, 1) / total
        for b in blocks
    }
    squares = {b.name: float(np.sum(residual[layout.rows[b.name]] ** 2)) for b in blocks}
    most = max((squares[name] / number[name] for name in given), default=0.0)
    alike = [b.name for b in blocks if b.name in given and b.noise == 0]
    alike = [name for name in alike if squares[name] / number[name] >= ALIKE**2 * most]
    rest = [b.name for b in blocks if b.name not in alike and b.noise == 0]
    pooled = {name: group for group in (alike, rest) for name in group}
    for block, batch in zip(blocks, run.batches, strict=True):
        name = block.name
        if block.noise > 0:
            stated = (block.noise * np.max(batch.scale)) ** 2
            low, high = 2 * gammaincinv(free[name] / 2, BORNE_OUT)
            borne_out = free[name] <= 1 or low <= squares[name] / stated <= high
            found = stated if borne_out else _by_scatter(squares[name], free[name])
        else:
            group = pooled[name]
            found = _by_scatter(sum(squares[n] for n in group), sum(free[n] for n in group))
        variance[layout.rows[name]] = found
    return variance


def _by_scatter(squares: float, freedom: float) -> float:
    """The variance of readings that is known from their scatter alone.

    So large that 1.96 standard deviations hold 95 % although it is not known better (Student 1908).
    """
    return float(squares / freedom * (stdtrit(freedom, 0.975) / ndtri(0.975)) ** 2)


def _compressed(effect):
    """Fewer columns with the same product effect effect^T, but for directions of hardly any effect."""
    wide = effect.shape[0] < effect.shape[1]
    squares, vectors = np.linalg.eigh(effect @ effect.T if wide else effect.T @ effect)
    kept = squares > FAINT_EFFECT**2 * max(squares, default=0.0)
    return vectors[:, kept] * np.sqrt(squares[kept]) if wide else effect @ vectors[:, kept]


def _unknowns(run, seen: _Seen, variance) -> tuple[Unknowns, str]:
    """The unknowns, and in words what alone is determined of those that are not."""
    names = run.system.unknown_names
    if not names:
        return Unknowns({}, np.zeros((0, 0))), ""
    tail = np.asarray(run.theta[-len(names) :], dtype=float)
    maps = run.system.parameters.unknown_maps
    scale = np.array([bounded.slope(entry) for bounded, entry in zip(maps, tail, strict=True)])
    values = np.array(list(run.system.unknown_values(run.theta).values()))
    effect = seen.whitened[-len(names) :] @ seen.whitened.T
    if seen.jacobian is not None:
        reach = effect @ seen.jacobian.T
    else:
        given = (run.stepped, run.theta, run.batches, jnp.asarray(effect, run.theta.dtype))
        multiplied = lambda s, t, b, e: s.implicit(t, b).apply(e)
        reach = np.asarray(run.compiler.compile("product", multiplied, *given)(*given), float)
    covariance = (reach * variance) @ reach.T * np.outer(scale, scale)
    deviation = np.sqrt(np.diag(covariance))
    safe = np.where(deviation > 0, deviation, 1.0)
    correlation = covariance / np.outer(safe, safe)
    free, open_ones = _open(scale, seen.unseen[-len(names) :])
    deviation = np.where(open_ones, np.inf, deviation)
    # Along directions that nothing determines unknowns move together, whatever the rest does.
    along = np.where(open_ones[:, None], free, 0.0)
    length = np.linalg.norm(along, axis=1)
    length = np.where(length > 0, length, 1.0)
    moved = np.outer(open_ones, open_ones)
    correlation = np.where(moved, (along @ along.T) / np.outer(length, length), correlation)
    words = unknowns_in_words(names, values, free, open_ones) if open_ones.any() else ""
    estimates = {
        name: UnknownEstimate(value, error)
        for name, value, error in zip(names, values.tolist(), deviation.tolist(), strict=True)
    }
    return Unknowns(estimates, correlation), words


def with_open(unknowns: Unknowns, which) -> Unknowns:
    """The same, some of them with infinite standard errors.

    - `which`: (unknowns,), true for those.
    """
    pairs = zip(unknowns.items(), which, strict=True)
    errors = {n: UnknownEstimate(v, np.inf if w else v.standard_error) for (n, v), w in pairs}
    return Unknowns(errors, unknowns.correlation)


def plain_unknowns(run) -> Unknowns:
    """The values alone, where nothing could be found out about their errors."""
    names = run.system.unknown_names
    values = run.system.unknown_values(run.theta)
    estimates = {name: UnknownEstimate(value, np.nan) for name, value in values.items()}
    return Unknowns(estimates, np.full((len(names), len(names)), np.nan))


def _open(scale, unseen) -> tuple[np.ndarray, np.ndarray]:
    """Directions in the unknowns that no residual answers, (unknowns, directions), and which they move.

    - `unseen`: (unknowns, directions), their part in parameter directions that no residual answers.
    """
    left, sizes, _ = np.linalg.svd(unseen, full_matrices=True)
    sizes = np.pad(sizes, (0, len(scale) - len(sizes)))
    free = left[:, sizes > OPEN_SHARE]
    return free * scale[:, None], np.max(np.abs(free), axis=1, initial=0.0) > OPEN_SHARE


def unknowns_in_words(names, values, free, open_ones) -> str:
    """What of unknowns that nothing determines is determined all the same."""
    who = [name for name, is_open in zip(names, open_ones, strict=True) if is_open]
    if len(who) == 1:
        return f"{who[0]} is not determined: no residual changes with it."
    together = f"{', '.join(who[:-1])} and {who[-1]} move together"
    if free.shape[1] == 1 and len(who) == 2:
        (a, b), step = who, free[open_ones, 0]
        share = step / np.maximum(np.abs(values[open_ones]), 1e-300)
        for kind, part, sign in (
            (f"{a} {b}", share, 1),
            (f"{a} / {b}", share, -1),
            (f"{a} + {b}", step, 1),
            (f"{a} - {b}", step, -1),
        ):
            if abs(part[0] + sign * part[1]) < SAME * np.max(np.abs(part)):
                return f"only {kind} is determined: {together}."
    number = len(who) - free.shape[1]
    return f"only {number} of {len(who)} unknowns are determined: {together}."
