"""The kernel $J J^T$ of a layered network, without its Jacobian.

A weight matrix W that meets a vector in a product $W a$ has the gradient $\\delta a^T$, with $\\delta$
the gradient at the product. A row of the Jacobian is then a sum of a few such products, one for each
time that W was used: once for a value, and once more for each derivative of it in a differential
equation. Two rows have the inner product $\\sum_{kl} (\\delta_k \\cdot \\delta'_l) (a_k \\cdot a'_l)$:
small products instead of one with as many columns as W has entries (structured derivatives: Novak,
Sohl-Dickstein, Schoenholz 2022, arXiv 2206.08720, section 3). Which parameters enter so is read off the
traced function; the others get explicit gradients, one leaf at a time.
"""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

INLINED = ("jit", "pjit", "closed_call", "custom_jvp_call", "remat", "checkpoint")


class RowFactors(eqx.Module):
    """Rows of a Jacobian as sums of outer products, and the columns that are none.

    - `plain`: columns as they are, shape (*first, columns).
    - `left`, `right`: of each structured leaf, shapes (*first, uses, m) and (*first, uses, n): its
      columns are those of $\\sum_k l_k r_k^T$.
    """

    plain: Float[Array, "*first columns"]
    left: tuple[Float[Array, "*first _uses _m"], ...]
    right: tuple[Float[Array, "*first _uses _n"], ...]

    def products(self, other: "RowFactors") -> Float[Array, "rows others"]:
        """The inner products of rows, the one axis that comes first in both."""
        total = self.plain @ other.plain.T
        for parts in zip(self.left, self.right, other.left, other.right, strict=True):
            here, there = parts[0].shape[:2], parts[2].shape[:2]
            left, right, other_left, other_right = (
                part.reshape(math.prod(part.shape[:2]), part.shape[2]) for part in parts
            )
            pairs = (left @ other_left.T) * (right @ other_right.T)
            total = total + jnp.sum(pairs.reshape(*here, *there), axis=(1, 3))
        return total

    def size(self) -> int:
        """How many numbers a row takes, where its axis is the only one that comes first."""
        return sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(self))

    def padded(self, uses: tuple[int, ...]) -> "RowFactors":
        """The same rows with room for so many uses of each structured leaf."""

        def more(parts):
            missing = [most - part.shape[-2] for part, most in zip(parts, uses, strict=True)]
            pairs = zip(parts, missing, strict=True)
            return tuple(jnp.pad(p, [*[(0, 0)] * (p.ndim - 2), (0, n), (0, 0)]) for p, n in pairs)

        return RowFactors(self.plain, more(self.left), more(self.right))


def sample_kernel(function: Callable, leaves: PyTree, samples: PyTree) -> Float[Array, "rows rows"]:
    """$J J^T$ of a function mapped over samples.

    - `function`: `function(leaves, *sample)` returns a vector of rows.
    - `leaves`: the parameters, a pytree of floating-point arrays.
    - `samples`: a tuple of pytrees of arrays with a leading axis for the samples.
    """
    one = jax.tree.map(lambda leaf: leaf[0], samples)
    program = RowProgram(function, leaves, one)
    found = jax.vmap(program.factors(program.structured))(samples)
    rows = jax.tree.map(lambda leaf: leaf.reshape(math.prod(leaf.shape[:2]), *leaf.shape[2:]), found)
    return rows.products(rows)


def paying_leaves(programs: "list[RowProgram]") -> tuple[int, ...]:
    """The leaves to take as outer products: those that enter in no other way, where that pays.

    Two rows of k uses of a matrix of m rows and n columns cost k^2 (m + n) multiplications in place of
    m n.

    - `programs`: of the same leaves.
    """
    chosen = []
    for i, leaf in enumerate(programs[0].flat):
        most = max(sum(use.columns for use in program.uses[i]) for program in programs)
        pays = np.ndim(leaf) == 2 and most**2 * sum(leaf.shape) < leaf.size
        if pays and all(i in program.structured for program in programs):
            chosen.append(i)
    return tuple(chosen)


def most_uses(factors: list[RowFactors]) -> tuple[int, ...]:
    """The most uses of each structured leaf.

    - `factors`: or what describes them.
    """
    parts = zip(*(found.left for found in factors), strict=True)
    return tuple(max(part.shape[-2] for part in of_leaf) for of_leaf in parts)


class _Use:
    """One place at which a leaf meets the rest: a product with a vector or with columns, or a sum.

    - `step`: the number of the equation.
    - `shape`, `dtype`: of what comes of it.
    - `other`: which of the equation's two operands meets the leaf; None where it is added.
    - `contracted`: the axis of that operand over which is summed.
    - `flips`: whether the leaf's first axis is summed over, so that what meets it is on the left.
    """

    def __init__(self, step: int, aval, other: int | None = None, contracted=0, flips=False):
        self.step, self.shape, self.dtype = step, aval.shape, aval.dtype
        self.other, self.contracted, self.flips = other, contracted, flips

    @property
    def columns(self) -> int:
        """How many vectors the leaf meets there."""
        return 1 if len(self.shape) < 2 or self.other is None else self.shape[self.other]

    def pair(self, slope, met) -> tuple[Array, Array]:
        """Both sides of the outer products: (rows, uses, m) and (rows, uses, n).

        - `slope`: the gradient at the result, (rows, *shape).
        - `met`: what the leaf was multiplied with.
        """
        rows = slope.shape[0]
        if self.other is None:
            return slope.reshape(rows, 1, -1), jnp.ones((rows, 1, 1), slope.dtype)
        if met.ndim == 1:
            met, slope = met[None], slope[:, None]
        else:
            met = jnp.moveaxis(met, self.contracted, 1)
            if self.other == 1:  # the leaf's own axis comes first in the product
                slope = jnp.swapaxes(slope, 1, 2)
        met = jnp.broadcast_to(met[None], (rows, *met.shape))
        return (met, slope) if self.flips else (slope, met)


class RowProgram:
    """A traced function of leaves and a sample as one list of steps, none twice and none in vain.

    - `function`, `leaves`: as for `sample_kernel`.
    - `sample`: one of them, or what describes it.
    - `flat`: the leaves.
    - `uses`: of each leaf.
    - `structured`: the numbers of the leaves that enter in no other way.
    """

    def __init__(self, function: Callable, leaves: PyTree, sample: PyTree):
        flat, structure = jax.tree.flatten(leaves)
        given, of_sample = jax.tree.flatten(sample)
        self.flat = flat

        def plain(leaves, values):
            return function(structure.unflatten(leaves), *of_sample.unflatten(values))

        traced = jax.make_jaxpr(plain)(flat, given)
        self._constants: dict[int, Any] = {}
        self._steps: list[tuple[Any, list[int], list[int]]] = []
        self._known: dict[Any, list[int]] = {}
        self._number = len(traced.jaxpr.invars)
        self._inputs = list(range(self._number))
        self._outputs = self._inline(traced.jaxpr, traced.consts, self._inputs)
        self._drop_idle()
        self._find_uses(flat)

    def _inline(self, jaxpr, consts, arguments: list[int]) -> list[int]:
        """Adds the steps of a function to the list; the numbers of its results."""
        places = dict(zip(jaxpr.invars, arguments, strict=True))
        for var, value in zip(jaxpr.constvars, consts, strict=True):
            places[var] = self._constant(value)

        def number(var) -> int:
            return self._constant(var.val) if hasattr(var, "val") else places[var]

        for equation in jaxpr.eqns:
            given = [number(var) for var in equation.invars]
            inner = _inlined(equation)
            if inner is not None:
                found = self._inline(inner.jaxpr, inner.consts, given)
            else:
                key = _key(equation, given)
                found = self._known.get(key)
                if found is None:
                    found = [self._next() for _ in equation.outvars]
                    self._known[key] = found
                    self._steps.append((equation, given, found))
            places |= dict(zip(equation.outvars, found, strict=True))
        return [number(var) for var in jaxpr.outvars]

    def _next(self) -> int:
        self._number += 1
        return self._number - 1

    def _constant(self, value) -> int:
        if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0:
            key = ("value", str(value), str(value.dtype))
        else:
            key = ("object", id(value))
        if key not in self._known:
            self._known[key] = [self._next()]
            self._constants[self._known[key][0]] = value
        return self._known[key][0]

    def _drop_idle(self) -> None:
        needed, kept = set(self._outputs), []
        for equation, given, found in reversed(self._steps):
            if needed & set(found):
                needed |= set(given)
                kept.append((equation, given, found))
        self._steps = kept[::-1]

    def _find_uses(self, flat: list) -> None:
        """Looks at every step that a leaf enters, turned or not."""
        leaf_of = {i: (i, False) for i in range(len(flat))}
        uses: list[list[_Use]] = [[] for _ in flat]
        spoiled = {leaf_of[n][0] for n in self._outputs if n in leaf_of}
        for step, (equation, given, found) in enumerate(self._steps):
            mine = [place for place, n in enumerate(given) if n in leaf_of]
            if not mine:
                continue
            leaf, turned = leaf_of[given[mine[0]]]
            if equation.primitive.name == "transpose" and np.ndim(flat[leaf]) == 2:
                leaf_of[found[0]] = leaf, turned != (tuple(equation.params["permutation"]) == (1, 0))
                continue
            use = _use_of(step, equation, mine[0], turned) if len(mine) == 1 else None
            if use is None:
                spoiled |= {leaf_of[given[place]][0] for place in mine}
            else:
                uses[leaf].append(use)
        self.uses = uses
        self.structured = tuple(i for i in range(len(flat)) if i not in spoiled)

    def factors(self, structured: tuple[int, ...]) -> Callable[[PyTree], RowFactors]:
        """The function from a sample to the factors of its rows, whose axis comes first.

        - `structured`: the numbers of the leaves that are taken as outer products.
        """
        flat = self.flat
        others = [i for i in range(len(flat)) if i not in structured]
        uses = [use for i in structured for use in self.uses[i]]

        def of_sample(sample):
            """The factors of one sample's rows, by one pass backward for each of them."""
            given = jax.tree.leaves(sample)

            def probed(probes, explicit):
                moved = list(flat)
                for place, leaf in zip(others, explicit, strict=True):
                    moved[place] = leaf
                at = dict(zip((use.step for use in uses), probes, strict=True))
                return self.run(moved, given, at)

            probes = [jnp.zeros(use.shape, use.dtype) for use in uses]
            explicit = [flat[i] for i in others]
            values, pull, inputs = jax.vjp(probed, probes, explicit, has_aux=True)
            slopes, plain = jax.vmap(pull)(jnp.eye(values.size, dtype=values.dtype))
            columns = [jnp.zeros((values.size, 0), values.dtype)]
            columns += [leaf.reshape(values.size, -1) for leaf in plain]
            at = iter(slopes)
            pairs = [
                _sides(
                    [use.pair(next(at), inputs.get(use.step)) for use in self.uses[i]], flat[i], values
                )
                for i in structured
            ]
            left, right = zip(*pairs, strict=True) if pairs else ((), ())
            return RowFactors(jnp.concatenate(columns, axis=1), tuple(left), tuple(right))

        return of_sample

    def run(self, flat: list, given: list, probes: dict[int, Array]):
        """The function's value with probes added to some steps, and what met the leaves there."""
        values = dict(zip(self._inputs, [*flat, *given], strict=True)) | self._constants
        met: dict[int, Any] = {}
        others = {use.step: use.other for uses in self.uses for use in uses}
        for step, (equation, numbers, found) in enumerate(self._steps):
            operands = [values[n] for n in numbers]
            results = _evaluate(equation, operands)
            if step in probes:
                results = [results[0] + probes[step]]
                if (other := others[step]) is not None:
                    met[step] = operands[other]
            values |= dict(zip(found, results, strict=True))
        (value,) = (values[n] for n in self._outputs)
        return value, met


def _sides(pairs: list, leaf, values) -> tuple[Array, Array]:
    """Both sides of all outer products of a leaf, along the axis of its uses.

    - `pairs`: of each use; none where no row asks for the leaf.
    - `values`: of the rows.
    """
    if not pairs:
        m, n = leaf.shape if leaf.ndim == 2 else (leaf.size, 1)
        return jnp.zeros((values.size, 0, m), values.dtype), jnp.zeros(
            (values.size, 0, n), values.dtype
        )
    left, right = zip(*pairs, strict=True)
    return jnp.concatenate(left, axis=1), jnp.concatenate(right, axis=1)


def _key(equation, given: list[int]):
    """What two equations of the same result share; of some, nobody can say."""
    try:
        key = (equation.primitive, tuple(given), tuple(sorted(equation.params.items())))
        hash(key)
    except TypeError:
        return id(equation)
    return key


def _use_of(step: int, equation, mine: int, turned: bool) -> _Use | None:
    """How a leaf, the operand `mine`, enters an equation; None where that is no outer product."""
    shapes = [var.aval.shape for var in equation.invars]
    result = equation.outvars[0].aval
    if equation.primitive.name in ("add", "add_any"):
        return _Use(step, result) if shapes[0] == shapes[1] and not turned else None
    if equation.primitive.name != "dot_general":
        return None
    contracted, batched = equation.params["dimension_numbers"]
    other = 1 - mine
    single = len(contracted[0]) == 1 and not batched[0]
    if not single or len(shapes[mine]) != 2 or len(shapes[other]) not in (1, 2):
        return None
    first = contracted[mine][0] == 0
    return _Use(step, result, other, contracted[other][0], flips=first != turned)


def _evaluate(equation, given) -> list:
    """The results of one equation."""
    primitive = equation.primitive
    parameters = primitive.get_bind_params(equation.params)
    functions = ()
    if isinstance(parameters, tuple):  # before JAX 0.10 inner functions came apart from the rest
        functions, parameters = parameters
    results = primitive.bind(*functions, *given, **parameters)
    return results if primitive.multiple_results else [results]


def _inlined(equation):
    """The function inside a call that may be replaced by its body, else None."""
    if equation.primitive.name not in INLINED:
        return None
    inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
    return inner if hasattr(inner, "consts") else None
