"""The conditions of a problem as a reader sees them: an equation, and where it holds."""

import dataclasses
import html
from typing import Any

import numpy as np

from .._basics._repr import short
from .._conditions import BETWEEN, Block, FixedPoints, Neumann
from .._domains import Facets, Interior, Moment, Moments
from ._formulas import as_mathml, as_text
from ._mathematics import Expression, equations_of, sides, source_of

LONGEST = 90  # letters of an equation in a line of text


@dataclasses.dataclass(frozen=True)
class Shown:
    """A condition as it is shown.

    - `name`: of the condition.
    - `equations`: pairs of sides; empty where its functions have no formula.
    - `source`: the functions as they were written, where there are no equations.
    - `place`: where it holds, in words.
    """

    name: str
    equations: tuple[tuple[Expression, Expression], ...]
    source: str
    place: str

    def lines(self) -> list[str]:
        """The equations in text, or the first line of the source."""
        found = [f"{as_text(left)} = {as_text(right)}" for left, right in self.equations]
        found = found or [self.source.split("\n")[0]]
        return [line if len(line) <= LONGEST else line[: LONGEST - 4] + " ..." for line in found]

    def mathml(self) -> str:
        """The equations as MathML, or the source as it was written."""
        if not self.equations:
            return f"<pre>{html.escape(self.source)}</pre>"
        return "".join(as_mathml(left, right) for left, right in self.equations)


def shown_conditions(problem: Any) -> list[Shown]:
    """The conditions of a problem in their order.

    - `problem`: a `Problem`.
    """
    return [_shown(block, problem.conditions[block.name]) for block in problem.blocks]


def _shown(block: Block, condition: object) -> Shown:
    found = equations_of(block)
    if found is None:
        return Shown(block.name, (), _source(condition), place_of(block))
    fields = {name for name, q in block.plan.quantities.items() if hasattr(q, "field")}
    return Shown(block.name, tuple(sides(e, fields) for e in found), "", place_of(block))


def _source(condition: object) -> str:
    """The functions of a condition as they were written, its values by their names."""
    parts = []
    if (function := getattr(condition, "function", None)) is not None:
        source = source_of(function)
        parts.append(source if "\n" in source or source.isidentifier() else f"{source} = 0")
    behind = "_n" if isinstance(condition, Neumann) else ""
    for name, value in (getattr(condition, "values", None) or {}).items():
        name += behind
        parts.append(f"{name} = {source_of(value) if callable(value) else _number(value)}")
    return "\n".join(parts) or repr(condition)


def _number(value) -> str:
    array = np.asarray(value)
    return f"{array[()]:.8g}" if array.ndim == 0 and array.dtype.kind in "ifc" else short(array)


def place_of(block: Block) -> str:
    """Where a condition holds, in words."""
    site = block.site
    if isinstance(site, FixedPoints):
        if not block.plan.is_local:
            return "over the domain"
        number = len(site.points)
        return f"at {number:,} points" if number > 1 else "at one point"
    if isinstance(site, Facets) and site.label.startswith(BETWEEN):
        return f"where {site.label.removeprefix(BETWEEN)} meet"
    if isinstance(site, Facets):
        label = site.label.removeprefix("on=").translate(str.maketrans("", "", "'(),")).split()
        return f"on {'a part that a function chooses' if '<lambda>' in label else ' '.join(label)}"
    if isinstance(site, Moment):
        assert site.domain.time is not None
        return f"at {site.domain.time.coordinate.name} = {site.at:.8g}"
    if isinstance(site, Interior) and site.where is not None:
        return "in a part that a function chooses"
    if isinstance(site, Interior) and site.domain.space is not block.plan.space.domain.space:
        return f"in {short(site.domain.space)}"
    return "over space, at all times" if isinstance(site, Moments) else "in the domain"


def problem_text(problem: Any) -> str:
    """A problem as a small table: its fields and domain, then a line for each equation."""
    lines = [f"{problem.name}: {', '.join(_fields(problem))} over {problem.domain!r}"]
    shown = shown_conditions(problem)
    width = max(len(s.name) for s in shown)
    for s in shown:
        first, *rest = s.lines()
        lines.append(f"  {s.name:<{width}}  {first}  ({s.place})")
        lines += [f"  {'':<{width}}  {line}" for line in rest]
    for kind in ("unknowns", "constants"):
        if values := getattr(problem, kind):
            named = ", ".join(f"{name} = {value:.8g}" for name, value in values.items())
            lines.append(f"  {kind}: {named}" + (" to begin with" if kind == "unknowns" else ""))
    return "\n".join(lines)


def _fields(problem: Any) -> tuple[str, ...]:
    return problem.layout.names(problem.fields)


def problem_html(problem: Any) -> str:
    """The same as a table of HTML, with equations set as such."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(s.name)}</th>"
        f"<td>{s.mathml()}</td><td>{html.escape(s.place)}</td></tr>"
        for s in shown_conditions(problem)
    )
    head = f"{problem.name}: {', '.join(_fields(problem))} over {problem.domain!r}"
    numbers = ""
    for kind in ("unknowns", "constants"):
        if values := getattr(problem, kind):
            named = ", ".join(f"{name} = {value:.8g}" for name, value in values.items())
            numbers += f"<p>{kind}: {html.escape(named)}</p>"
    return f"<p><b>{html.escape(head)}</b></p><table>{rows}</table>{numbers}"
