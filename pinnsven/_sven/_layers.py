"""The kernel $J J^T$ of a layered network, without its Jacobian.

A weight matrix W that meets one sample in one product $W a$ has the gradient $\\delta a^T$, with
$\\delta$ the gradient at the product. Two samples' gradients then have the inner product
$(\\delta \\cdot \\delta') (a \\cdot a')$: two small products instead of one with as many columns as W
has entries (structured derivatives: Novak, Sohl-Dickstein, Schoenholz 2022, arXiv 2206.08720,
section 3). Which parameters enter so is read off the traced function; the others get explicit
gradients, one leaf at a time.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

INLINED = ("jit", "pjit", "closed_call", "custom_jvp_call", "remat", "checkpoint")


def sample_kernel(function: Callable, leaves: PyTree, samples: PyTree) -> Float[Array, "rows rows"]:
    """$J J^T$ of a function mapped over samples.

    - `function`: `function(leaves, *sample)` returns a vector of rows.
    - `leaves`: the parameters, a pytree of floating-point arrays.
    - `samples`: a tuple of pytrees of arrays with a leading axis for the samples.
    """
    flat, structure = jax.tree.flatten(leaves)
    one = jax.tree.map(lambda leaf: leaf[0], samples)
    traced = jax.make_jaxpr(lambda ls, s: function(jax.tree.unflatten(structure, ls), *s))(flat, one)
    uses = _Uses(traced, len(flat))
    count = jax.tree.leaves(samples)[0].shape[0]

    def gradients(sample):
        def probed(probes):
            return uses.run(flat, jax.tree.leaves(sample), probes)

        probes = [jnp.zeros(shape, dtype) for shape, dtype in uses.probe_shapes]
        values, pull, inputs = jax.vjp(probed, probes, has_aux=True)
        (slopes,) = jax.vmap(pull)(jnp.eye(values.size, dtype=values.dtype))
        return slopes, inputs

    slopes, inputs = jax.vmap(gradients)(samples)
    total = jnp.zeros((), flat[0].dtype)
    for slope, given in zip(slopes, inputs, strict=True):
        outputs = slope.shape[1]
        rows = slope.reshape(count * outputs, -1)
        part = rows @ rows.T
        if given is not None:
            part *= jnp.repeat(jnp.repeat(given @ given.T, outputs, axis=0), outputs, axis=1)
        total = total + part
    for place in uses.others:

        def explicit(sample, place=place):
            def of_leaf(leaf):
                moved = [*flat[:place], leaf, *flat[place + 1 :]]
                return function(jax.tree.unflatten(structure, moved), *sample)

            return jax.jacrev(of_leaf)(flat[place])

        rows = jax.vmap(explicit)(samples).reshape(-1, flat[place].size)
        total = total + rows @ rows.T
    return total


class _Uses:
    """How each parameter enters a traced function, and the function with a probe at each place.

    A parameter that enters exactly once, through a product with a vector or an addition of its own
    shape, is structured; `others` lists the leaves that are not.
    """

    def __init__(self, traced, leaves: int):
        self._traced = traced
        counts = [0] * leaves
        structured: dict[int, list] = {i: [] for i in range(leaves)}
        self._scan(traced.jaxpr, list(range(leaves)), counts, structured)
        good = [i for i in range(leaves) if counts[i] == 1 and len(structured[i]) == 1]
        self.others = [i for i in range(leaves) if i not in good and counts[i]]
        self._probed = {id(structured[i][0]): n for n, i in enumerate(good)}
        avals = [structured[i][0].outvars[0].aval for i in good]
        self.probe_shapes = [(aval.shape, aval.dtype) for aval in avals]

    def _scan(self, jaxpr, parameters, counts, structured) -> None:
        """Counts uses; `parameters` says which leaf each leading argument is, None for no leaf."""
        names = {
            var: leaf for var, leaf in zip(jaxpr.invars, parameters, strict=False) if leaf is not None
        }
        for equation in jaxpr.eqns:
            leaf_of = [None if _is_literal(v) else names.get(v) for v in equation.invars]
            used = [leaf for leaf in leaf_of if leaf is not None]
            if not used:
                continue
            inner = _inlined(equation)
            if inner is not None:
                self._scan(inner.jaxpr, leaf_of, counts, structured)
                continue
            if equation.primitive.name == "transpose":
                names[equation.outvars[0]] = used[0]
                continue
            for leaf in used:
                counts[leaf] += 1
            if len(used) == 1 and _is_layer(equation, leaf_of):
                structured[used[0]].append(equation)
        for var in jaxpr.outvars:
            if not _is_literal(var) and var in names:
                counts[names[var]] += 2  # returned as it is: never structured

    def run(self, flat, sample, probes):
        """The function's value, and per probe the vector that met the weights (None for a bias)."""
        inputs: list = [None] * len(probes)

        def evaluate(jaxpr, consts, arguments):
            """The program run equation by equation, with probes added to the outputs of its layers.

            Writes each layer's input into `inputs`.
            """
            values = dict(zip(jaxpr.constvars, consts, strict=True))
            values |= dict(zip(jaxpr.invars, arguments, strict=True))

            def read(var):
                return var.val if _is_literal(var) else values[var]

            for equation in jaxpr.eqns:
                given = [read(var) for var in equation.invars]
                inner = _inlined(equation)
                if inner is not None:
                    results = evaluate(inner.jaxpr, inner.consts, given)
                else:
                    results = _evaluate(equation, given)
                place = self._probed.get(id(equation))
                if place is not None:
                    results = [results[0] + probes[place]]
                    if equation.primitive.name == "dot_general":
                        vector = min(given, key=lambda array: array.ndim)
                        inputs[place] = vector
                values |= dict(zip(equation.outvars, results, strict=True))
            return [read(var) for var in jaxpr.outvars]

        (value,) = evaluate(self._traced.jaxpr, self._traced.consts, [*flat, *sample])
        return value, inputs


def _evaluate(equation, given) -> list:
    """The results of one equation."""
    primitive = equation.primitive
    parameters = primitive.get_bind_params(equation.params)
    functions = ()
    if isinstance(parameters, tuple):  # before JAX 0.10 inner functions came apart from the rest
        functions, parameters = parameters
    results = primitive.bind(*functions, *given, **parameters)
    return results if primitive.multiple_results else [results]


def _is_literal(var) -> bool:
    return hasattr(var, "val")


def _inlined(equation):
    """The function inside a call that may be replaced by its body, else None."""
    if equation.primitive.name not in INLINED:
        return None
    inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
    return inner if hasattr(inner, "consts") else None


def _is_layer(equation, leaf_of) -> bool:
    """Whether one parameter meets one vector, or is added to an array of its own shape."""
    shapes = [var.aval.shape for var in equation.invars]
    if equation.primitive.name in ("add", "add_any"):
        return shapes[0] == shapes[1]
    if equation.primitive.name != "dot_general":
        return False
    (contracted, batched) = equation.params["dimension_numbers"]
    weights = 0 if leaf_of[0] is not None else 1
    single = len(contracted[0]) == 1 and not batched[0]
    return single and len(shapes[weights]) == 2 and len(shapes[1 - weights]) == 1
