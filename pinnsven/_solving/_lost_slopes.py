"""Slopes that jax.grad loses: of something that jumps they are zero everywhere, and no point sees more.

What is differentiated in a condition is still computed in its program, where nothing uses it if its
slope is zero. So values that choices make and nothing uses are followed along lines: one that jumps had
a slope that is not there.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.extend.core import Literal

from ._sudden import CHOICES

CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call")


def unused_choices(function: Callable, *arguments) -> Callable | None:
    """What a function computes by choices and then does not use, as a function of the same arguments.

    None where there is nothing of that kind.
    """
    closed = jax.make_jaxpr(function)(*arguments)

    def unused(*given):
        found: list = []
        _follow(closed.jaxpr, closed.consts, jax.tree.leaves(given), None, found)
        return jnp.stack(found) if found else jnp.zeros(0)

    return unused if jax.eval_shape(unused, *arguments).size else None


def _follow(jaxpr, consts, given, used: list[bool] | None, found: list) -> list:
    """Runs a program, its calls included, and appends to `found` what is chosen and not used.

    - `used`: which of its results are; None for all.
    """
    needed = _needed(jaxpr, used)
    values: dict = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *given], strict=True))
    read = lambda atom: atom.val if isinstance(atom, Literal) else values[atom]
    for equation in jaxpr.eqns:
        inputs = [read(atom) for atom in equation.invars]
        inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
        if equation.primitive.name in CALLS and hasattr(inner, "consts"):
            mine = [out in needed for out in equation.outvars]
            outputs = _follow(inner.jaxpr, inner.consts, inputs, mine, found)
        else:
            params, functions = equation.primitive.get_bind_params(equation.params), ()
            if isinstance(params, tuple):  # two or one, by the version of JAX
                functions, params = params
            outputs = equation.primitive.bind(*functions, *inputs, **params)
            outputs = outputs if equation.primitive.multiple_results else [outputs]
            chosen = equation.primitive.name in CHOICES
            if chosen and not any(out in needed for out in equation.outvars):
                found += [jnp.sum(o) for o in outputs if jnp.issubdtype(o.dtype, jnp.floating)]
        values.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _needed(jaxpr, used: list[bool] | None) -> set:
    """The variables that the results in use rest on."""
    outs = jaxpr.outvars if used is None else [o for o, u in zip(jaxpr.outvars, used, strict=True) if u]
    needed = {atom for atom in outs if not isinstance(atom, Literal)}
    for equation in reversed(jaxpr.eqns):
        if any(out in needed for out in equation.outvars):
            needed |= {atom for atom in equation.invars if not isinstance(atom, Literal)}
    return needed
