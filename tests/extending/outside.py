"""The page on extending, and solutions that cost one step."""

import re

import numpy as np

import pinnsven as pv
from helpers import ROOT
from pinnsven._domains import as_domain

PAGE = ROOT / "docs" / "extending.md"
TINY = pv.MLP(width=6, depth=1)
CHEAP = pv.Sven(control=pv.FixedStep(0.1), max_rank=2)  # a step that compiles soon
CORNERS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))


def code_of_the_page() -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL))


def prescribed(domain, network=TINY, name="prescribed"):
    """A solution in one cheap step."""
    columns = as_domain(domain).split(np.full((3, as_domain(domain).dim), 0.3))
    problem = pv.Problem(domain, "u", {"data": pv.Data(columns, u=1.0)}, network=network, name=name)
    return pv.solve(problem, solver=CHEAP, max_steps=1, estimate_error=False)
