"""What the site has beside the pages of `docs`: lessons, the reference, the gallery, results.

They are made of the repository's own files when the site is built: `mkdocs build -f site/mkdocs.yml`.
"""

import ast
import html
import importlib
import inspect
import json
import posixpath
import re
import sys
from pathlib import Path

import latex2mathml.converter
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)]*)?\)")
FORMULA = re.compile(r'<(span|div) class="arithmatex">(.*?)</(?:span|div)>', re.DOTALL)
ROOMS = {  # pages of the reference, by the rooms whose public names they have
    "domains": ("Domains", ("_domains",)),
    "conditions": ("Conditions", ("_conditions",)),
    "problem": ("Problem", ("_problem",)),
    "networks": ("Networks", ("_networks",)),
    "solving": ("Solving", ("_solving",)),
    "output": ("Solution and callbacks", ("_output", "_basics")),
    "sven": ("Sven", ("_sven",)),
}


def on_files(files: Files, config) -> Files:
    """Adds the pages that are made here, and the pictures they show."""
    made = {**_lessons(), **_reference(), "gallery.md": _gallery()}
    for page in sorted((ROOT / "benchmarks/results").glob("*.md")):
        title = page.stem.replace("_", " ").capitalize()
        made[f"results/{page.name}"] = f"# {title}\n\n{page.read_text()}"
    for uri, content in made.items():
        files.append(File.generated(config, uri, content=content))
    results = ROOT / "benchmarks/results"
    for picture in sorted([*results.glob("*.png"), *results.glob("gallery/*.png")]):
        uri = f"results/{picture.relative_to(results).as_posix()}"
        files.append(File.generated(config, uri, abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, page, config, files: Files) -> str:
    """Links to files of the repository lead to their pages, or are text where the site has none."""
    del config
    here = posixpath.dirname(page.file.src_uri)
    known = {file.src_uri for file in files}

    def target(match: re.Match) -> str:
        picture, text, address, place = match.groups()
        if re.match(r"[a-z]+:", address):
            return match.group(0)
        whole = posixpath.normpath(posixpath.join("docs", here, address))
        whole = whole.removeprefix("docs/")
        for there, instead in (("benchmarks/results/", "results/"), ("examples/lessons/", "lessons/")):
            whole = whole.replace(there, instead)
        whole = re.sub(r"^(lessons/.*)\.py$", r"\1.md", whole)
        if whole in known:
            return f"{picture}[{text}]({posixpath.relpath(whole, here or '.')}{place or ''})"
        return text

    return LINK.sub(target, markdown)


def on_page_content(content: str, page, config, files: Files) -> str:
    """Formulas become MathML, which browsers set: the site loads nothing from elsewhere."""
    del page, config, files

    def formula(match: re.Match) -> str:
        text, whole = html.unescape(match.group(2))[2:-2], match.group(1) == "div"
        found = latex2mathml.converter.convert(text, "block" if whole else "inline")
        # On a phone a long one is moved, not the page.
        return f'<div style="overflow-x: auto">{found}</div>' if whole else found

    return FORMULA.sub(formula, content)


def _lessons() -> dict[str, str]:
    """Each lesson as a page: its text, and its code in blocks."""
    pages = {}
    for file in sorted((ROOT / "examples/lessons").glob("*.py")):
        title = file.stem[3:].replace("_", " ").capitalize()
        parts = [f"# {int(file.stem[:2])}. {title}\n"]
        for cell in re.split(r"^# %%", file.read_text(), flags=re.MULTILINE):
            head, _, body = cell.partition("\n")
            if body.startswith('"""'):  # what the lesson is about, below its title
                parts.append(body.strip().strip('"').split("\n\n", 1)[-1])
            elif "[markdown]" in head:
                parts.append(re.sub(r"^# ?", "", body.strip(), flags=re.MULTILINE))
            elif code := body.strip() if head.strip() in ("", "---") else cell.strip():
                parts.append(f"```python\n{code}\n```")
        text = "\n\n".join(parts)
        pages[f"lessons/{file.stem}.md"] = re.sub(r"^# (?!\d+\. )", "## ", text, flags=re.MULTILINE)
    return pages


def _reference() -> dict[str, str]:
    """The public names, a page for each room."""
    sys.path.insert(0, str(ROOT))
    package = importlib.import_module("pinnsven")
    rooms: dict[str, list[str]] = {}
    for name in package.__all__:
        module = getattr(inspect.unwrap(getattr(package, name)), "__module__", "")
        rooms.setdefault([*module.split("."), ""][1], []).append(name)
    pages = {}
    for page, (title, folders) in ROOMS.items():
        names = [name for folder in folders for name in rooms.get(folder, [])]
        pages[f"reference/{page}.md"] = f"# {title}\n\n" + "\n\n".join(
            f"::: pinnsven.{n}" for n in names
        )
    names = importlib.import_module("pinnsven.extend").__all__
    shown = "\n\n".join(f"::: pinnsven.extend.{name}" for name in names)
    pages["reference/extend.md"] = f"# Extending\n\n{shown}"
    return pages


def _is_of(record: dict, problem: str) -> bool:
    """Whether a record is of a problem, with an error that is known of all fields."""
    errors = (record.get("error") or {None: None}).values()
    return record["problem"] == problem and all(error is not None for error in errors)


def _gallery() -> str:
    """The problems that come with pinnsven, with what they reached."""
    records, at_once = (
        json.loads((ROOT / f"benchmarks/results/{name}.json").read_text())["records"]
        for name in ("accuracy", "at_once")
    )
    lines = [
        "# Gallery",
        "",
        "`pinnsven list` shows them, `pinnsven solve NAME` solves one. Errors and seconds are those of "
        "[accuracy.md](../benchmarks/results/accuracy.md), those of whole calls, with programs cached, "
        "of [at_once.md](../benchmarks/results/at_once.md).",
        "",
    ]
    for file in sorted((ROOT / "problems").glob("[a-z]*.py")):
        source = file.read_text()
        said = ast.get_docstring(ast.parse(source)) or ""
        mine = [(max(r["error"].values()), r["seconds"]) for r in records if _is_of(r, file.stem)]
        lines += [f"## {file.stem}", "", said, ""]
        if mine:
            error, seconds = min(mine)
            lines += [f"Reached: relative error {error:.1e} in {seconds:.0f} s.", ""]
        elif file.stem in at_once:
            runs = at_once[file.stem]
            call = runs.get("filled", runs["empty"])
            known = "" if call["error"] is None else f"relative error {call['error']:.1e}, "
            lines += [f"Reached: {known}{call['status']}, in {call['seconds']:.0f} s.", ""]
        if (ROOT / f"benchmarks/results/gallery/{file.stem}.png").exists():
            lines += [f"![The solution of {file.stem}](results/gallery/{file.stem}.png)", ""]
        lines += ["```python", source.strip(), "```", ""]
    return "\n".join(lines)
