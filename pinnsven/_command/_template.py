"""The file that `pinnsven new` writes: a problem that runs as it stands, to be changed."""

import keyword
from pathlib import Path

TEMPLATE = '''"""{title}: heat in a rod with a source.

u_t = k u_xx + q(x) for 0 < x < 1 and 0 < t < 1, with u = 0 at both ends and at the start.
Solve it by `pinnsven solve {file}`, with another k by `--set k=0.5`.
"""

import jax.numpy as jnp

import pinnsven as pv


def source(x):
    return jnp.sin(jnp.pi * x)


# A function gets what its argument names ask for: fields (u), derivatives (u_t, u_xx), coordinates
# (x, t), constants (k). It returns what must be zero.
def equation(u_t, u_xx, x, k):
    return u_t - k * u_xx - source(x)


def make_problem(k: float = 0.25) -> pv.Problem:
    return pv.Problem(
        domain=pv.Box(x=(0, 1)) * pv.Time(0, 1),
        fields="u",
        conditions={{
            "heat": pv.PDE(equation),
            "start": pv.Initial(u=0.0),
            "ends": pv.Dirichlet(u=0.0, on="x"),
        }},
        constants={{"k": k}},
    )
'''


def write_template(path: str) -> None:
    """Writes the file; raises `ValueError` for one that exists, or cannot be imported by its name."""
    file = Path(path)
    if file.suffix != ".py":
        raise ValueError(f"{path}: a problem file ends in .py")
    if file.exists():
        raise ValueError(f"{path}: exists already; choose another name")
    if not file.parent.is_dir():
        raise ValueError(f"{path}: the folder does not exist")
    if not file.stem.isidentifier() or keyword.iskeyword(file.stem):
        raise ValueError(f"{path}: name it as Python names a module, such as my_problem.py")
    title = file.stem.replace("_", " ").capitalize()
    file.write_text(TEMPLATE.format(title=title, file=path), encoding="utf-8")
