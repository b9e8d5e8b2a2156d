"""How objects look in one line: as the call that makes them, arrays and functions in short."""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

MOST = 6  # entries of a sequence that are shown


def called(name: str, /, *given: object, **named: object) -> str:
    """A call as one writes it; keywords that are None are left out.

    - `name`: of what is called.
    """
    parts = [short(value) for value in given]
    parts += [f"{key}={short(value)}" for key, value in named.items() if value is not None]
    return f"{name}({', '.join(parts)})"


def short(value: Any) -> str:
    """A value in short: a number without idle zeros, an array by its shape, a function by its name."""
    if isinstance(value, (bool, str)) or value is None:
        return repr(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        number = float(value)
        return f"{int(number)}" if number == int(number) and abs(number) < 1e15 else f"{number:.6g}"
    if isinstance(value, np.ndarray) or (hasattr(value, "shape") and hasattr(value, "dtype")):
        return f"<{' x '.join(map(str, np.shape(value))) or 'one'} values>"
    if isinstance(value, (tuple, list)):
        if len(value) > MOST and len(set(map(repr, value))) == 1:
            return f"[{short(value[0])}] * {len(value)}"
        inside = ", ".join(map(short, value[:MOST])) + (
            f", ... {len(value)}" if len(value) > MOST else ""
        )
        mark = "," if isinstance(value, tuple) and len(value) == 1 else ""
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{mark})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{short(k)}: {short(v)}" for k, v in value.items()) + "}"
    if inspect.isfunction(value) and value.__name__ == "<lambda>":
        return f"lambda {', '.join(inspect.signature(value).parameters)}: ..."
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return repr(value)
