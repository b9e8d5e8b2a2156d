"""What stands in a program that JAX has traced."""

import numpy as np

SMALL = 24  # entries of an array up to which its numbers are listed


def equations_of(jaxpr):
    """All equations of a program, those inside its calls included."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in _called(equation):
            yield from equations_of(inner)


def equations_on_inputs(jaxpr, varying=None):
    """The equations of a program whose operands depend on its arguments, those of its calls included.

    - `varying`: which arguments count, a bool each; None for all.
    """
    varying = [True] * len(jaxpr.invars) if varying is None else varying
    depends = {v for v, varies in zip(jaxpr.invars, varying, strict=True) if varies}
    for equation in jaxpr.eqns:
        here = [not hasattr(v, "val") and v in depends for v in equation.invars]
        if not any(here):
            continue
        yield equation
        depends.update(equation.outvars)
        for inner in _called(equation):
            alike = len(inner.invars) == len(here)
            yield from equations_on_inputs(inner, here if alike else None)


def _called(equation):
    """The programs that an equation calls."""
    for value in equation.params.values():
        for inner in value if isinstance(value, (tuple, list)) else (value,):
            inner = getattr(inner, "jaxpr", inner)
            if hasattr(inner, "eqns"):
                yield inner


def numbers_in(program) -> set[float]:
    """All numbers that stand in a closed program, those of small arrays included."""
    found = [np.asarray(value) for value in program.consts]
    for equation in equations_of(program.jaxpr):
        found += [np.asarray(v.val) for v in equation.invars if hasattr(v, "val")]
    small = [a.ravel() for a in found if a.size <= SMALL and _is_real(a.dtype)]
    return {float(v) for array in small for v in array if np.isfinite(v)}


def _is_real(dtype) -> bool:
    return np.issubdtype(dtype, np.floating) or np.issubdtype(dtype, np.integer)
