"""One self-contained HTML page about a solution."""

import base64
import html
import io

from ._data import SolutionData
from ._plot import plot_history, plot_solution
from ._tables import solution_table, versions

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; }}
pre {{ background: #f5f5f2; padding: 1rem; overflow-x: auto; }}
img {{ max-width: 100%; }}
.status {{ font-weight: 600; }}
footer {{ color: #777; font-size: 13px; }}
</style></head><body>
<h1>{title}</h1>
<p><span class="status">{status}</span>. {message}</p>
<h2>Solution</h2><img alt="The solution" src="data:image/png;base64,{solution}">
<h2>Conditions</h2><pre>{table}</pre>
<h2>How it got there</h2><img alt="History and spectrum" src="data:image/png;base64,{history}">
<footer>{versions}</footer>
</body></html>
"""


def write_report(solution: SolutionData, path) -> None:
    """Writes the page; raises `OSError` when the file cannot be written."""
    page = PAGE.format(
        title=html.escape(solution.name),
        status=html.escape(str(solution.status)),
        message=html.escape(solution.message),
        solution=_embedded(plot_solution(solution)),
        history=_embedded(plot_history(solution)),
        table=html.escape(solution_table(solution)),
        versions=html.escape(", ".join(f"{name} {v}" for name, v in versions().items())),
    )
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)


def _embedded(figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
