"""One self-contained HTML page about a solution: reads on a phone, on paper and without a network."""

import html
import os
from collections.abc import Callable, Iterable

from ._data import SolutionData
from ._equations import shown_conditions
from ._pictured import draw_convergence, draw_spectrum
from ._plot import as_address, picture_class, plot_solution
from ._tables import condition_rows, cost_facts, error_facts, unknown_rows, versions

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem;
       color: #222; background: #fff; overflow-wrap: break-word; }}
h1 {{ font-size: 1.6rem; margin-bottom: .3rem; }} h2 {{ font-size: 1.2rem; margin-top: 2rem; }}
.verdict {{ border-left: .4rem solid {color}; background: #f5f5f2; padding: .7rem 1rem; }}
.status {{ font-weight: 700; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; margin: .5rem 0; }}
th, td {{ text-align: left; padding: .25rem .8rem .25rem 0; vertical-align: top;
         border-bottom: 1px solid #ddd; }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
math {{ font-size: 1.1em; }} math[display="block"] {{ text-align: left; display: block math; }}
pre {{ background: #f5f5f2; padding: .6rem; overflow-x: auto; font-size: .85rem; margin: 0; }}
img {{ max-width: 100%; height: auto; }}
figure {{ margin: 1rem 0; }} figcaption {{ color: #555; font-size: .9rem; }}
@media (max-width: 40rem) {{ .long {{ overflow-x: auto; }}
  .long img {{ max-width: none; width: 44rem; }} }}
footer {{ color: #666; font-size: .85rem; margin-top: 2rem; }}
@media print {{ body {{ margin: 0; max-width: none; font-size: 11pt; }}
  h2, figure, table, .verdict {{ break-inside: avoid; }} .verdict, pre {{ background: none; }} }}
</style></head><body>
<h1>{title}</h1>
<div class="verdict"><span class="status">{status}</span>. {message}{errors}</div>
{problem}
<h2>Solution</h2>
{pictures}
<h2>Conditions</h2>
{conditions}
{unknowns}
<h2>How it got there</h2>
{course}
{cost}
<footer>{again}{versions}</footer>
</body></html>
"""

COLORS = {"converged": "#009e73", "diverged": "#d55e00"}  # of the bar beside the verdict
DOUBTFUL = "#e69f00"
WIDE = 1.9  # times as wide as high: on a phone such a picture is moved, for it could not be read


def write_report(solution: SolutionData, path, command: str = "") -> None:
    """Writes the page, all of it or nothing.

    - `command`: what solves the problem again; "" where that is not known.

    Raises `OSError` when the file cannot be written; what stood there is then as it was.
    """
    status = str(solution.status)
    page = PAGE.format(
        title=html.escape(solution.name),
        color=COLORS.get(status, DOUBTFUL),
        status=html.escape(status),
        message=html.escape(solution.message),
        errors=_errors(solution),
        problem=_problem(solution),
        pictures=_pictures(solution),
        conditions=_conditions(solution),
        unknowns=_unknowns(solution),
        course=_course(solution),
        cost=_table([(name, value) for name, value in cost_facts(solution)]),
        again=f"<p>Solved by <code>{html.escape(command)}</code></p>" if command else "",
        versions=html.escape(", ".join(f"{name} {v}" for name, v in versions().items())),
    )
    if os.path.isdir(path):
        raise IsADirectoryError(f"{os.fspath(path)}: is a folder; name a file in it")
    # Written beside and put in place whole: a full disk leaves an earlier report as it was. A device is
    # written where it is, for it must not be replaced.
    ordinary = os.path.isfile(path) or not os.path.exists(path)
    unfinished = f"{os.fspath(path)}.part" if ordinary else path
    try:
        with open(unfinished, "w", encoding="utf-8") as file:
            file.write(page)
        if ordinary:
            os.replace(unfinished, path)
    except OSError:
        if ordinary and os.path.exists(unfinished):
            os.remove(unfinished)
        raise


def solution_html(solution: SolutionData) -> str:
    """What a notebook shows of a solution: its verdict, its picture, its conditions."""
    said = f"<b>{html.escape(solution.name)}: {solution.status}.</b> {html.escape(solution.message)}"
    picture = _picture(lambda: plot_solution(solution), "The solution.")
    return f"<p>{said}</p>{_errors(solution)}{picture}{_conditions(solution)}{_unknowns(solution)}"


def _errors(solution: SolutionData) -> str:
    facts = error_facts(solution)
    return _table(facts) if facts else "<p>Its error was not estimated.</p>"


def _problem(solution: SolutionData) -> str:
    """The problem as mathematics, with the domain and its points drawn; nothing without the problem."""
    fields = ", ".join(solution.layout.names(solution.fields))
    domain = f"<p>{fields} over <code>{html.escape(repr(solution.domain))}</code></p>"
    if solution.problem is None:
        return f"<h2>Problem</h2>{domain}"
    rows = [
        f"<tr><th>{html.escape(s.name)}</th><td>{s.mathml()}</td><td>{html.escape(s.place)}</td></tr>"
        for s in shown_conditions(solution.problem)
    ]
    drawn = ""
    if solution.points and solution.domain.dim in (2, 3):
        drawn = _picture(
            lambda: plot_solution(solution, show="points"),
            "The domain, and where each condition was fitted last.",
        )
    numbers = solution.problem.constants
    constants = ", ".join(f"{name} = {value:g}" for name, value in numbers.items())
    shown = f"<p>Constants: {html.escape(constants)}</p>" if constants else ""
    return (
        f"<h2>Problem</h2>{domain}<div class='wide'><table>{''.join(rows)}</table></div>{shown}{drawn}"
    )


def _pictures(solution: SolutionData) -> str:
    """The solution, where it is off, and what it leaves of the equations, as far as there is such."""
    parts = [_picture(lambda: plot_solution(solution), "The solution.")]
    exact = getattr(solution.problem, "exact", None)
    if solution.corrected is not None and not exact:
        parts.append(_picture(lambda: plot_solution(solution, show="error"), "The estimated error."))
    if solution.problem is not None and solution.domain.dim <= 3:
        parts.append(
            _picture(lambda: plot_solution(solution, show="residual"), "What the equations leave.")
        )
        if any(block.is_measured for block in solution.problem.blocks):
            parts.append(_picture(lambda: plot_solution(solution, show="data"), "The readings."))
    return "".join(parts)


def _conditions(solution: SolutionData) -> str:
    head = "<tr><th>condition</th><th>rows</th><th>weight</th><th>training</th><th>held out</th></tr>"
    rows = [
        f"<tr><th>{html.escape(name)}</th>"
        + "".join(f"<td class='n'>{cell}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in condition_rows(solution)
    ]
    return (
        f"<div class='wide'><table>{head}{''.join(rows)}</table></div><p>Root mean square of the "
        "unweighted residual; held out: at points that were never fitted.</p>"
    )


def _unknowns(solution: SolutionData) -> str:
    rows = unknown_rows(solution)
    return f"<h2>Unknowns</h2>{_table(rows)}" if rows else ""


def _course(solution: SolutionData) -> str:
    """Residuals over seconds, and spectra of Jacobians, as far as there are such."""

    def draw():
        figure = picture_class()(figsize=(4.5 * len(parts), 3.6), layout="constrained")
        for axis, part in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
            part(axis)
        return figure

    parts: list[Callable] = []
    captions: list[str] = []
    if len(solution.history["step"]) > 1:
        captions.append("Residuals over the seconds of stepping.")
        parts.append(lambda axis: draw_convergence(axis, solution.history, solution.tolerance))
    if len(solution.spectrum):
        captions.append("The spectrum of the last Jacobian, and of earlier ones.")
        parts.append(lambda axis: draw_spectrum(axis, solution))
    return _picture(draw, " ".join(captions)) if parts else ""


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in rows
    )
    return f"<div class='wide'><table>{cells}</table></div>"


def _picture(draw: Callable, caption: str) -> str:
    """A picture in the page itself; one that cannot be drawn leaves a sentence and the rest."""
    try:
        figure = draw()
        address = as_address(figure, 130)
    except (ValueError, ArithmeticError, MemoryError) as error:
        return f"<p>{html.escape(caption)} It could not be drawn: {html.escape(str(error))}</p>"
    text, wide = html.escape(caption), figure.get_figwidth() > WIDE * figure.get_figheight()
    kind = " class='long'" if wide else ""
    return f'<figure{kind}><img alt="{text}" src="{address}"><figcaption>{text}</figcaption></figure>'
