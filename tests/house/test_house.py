"""The rules of the house that a program can hold.

Each exception stands here by name, and a test fails where one is no longer needed.
"""

import ast
import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import equinox as eqx
import pytest

import pinnsven
from helpers import ROOT

PACKAGE = ROOT / "pinnsven"
FOLDERS = ("pinnsven", "problems", "examples", "benchmarks", "tests")
FILES = {
    str(f.relative_to(ROOT)): f for folder in FOLDERS for f in sorted((ROOT / folder).rglob("*.py"))
}
SOURCES = {name: file.read_text() for name, file in FILES.items()}
OURS = [name for name in FILES if name.startswith(("pinnsven/", "problems/"))]

MOST_LINES = 400
LONG_FILES = {"pinnsven/_solving/_loop.py", "pinnsven/_solving/_residual.py"}
MOST_LINES_OF_A_FUNCTION = 80
SPEAKS_FOR_ITSELF = 14  # lines of a function; from 15 on it has a docstring
UNDOCUMENTED = {
    "pinnsven/_solving/_loop.py": {"_steps", "_take_step"},
    "pinnsven/_solving/_points.py": {"_requested_counts", "_requested_points"},
}
# What measures the inside, and the command's `load_problem`.
PRIVATE = {
    "benchmarks/_records.py": {"_cli"},
    "benchmarks/_peers/_course.py": {"_domains", "_problem"},
    "benchmarks/gpu.py": {"_solving", "_sven"},
    "benchmarks/step_cost.py": {"_solving"},
}


@functools.cache
def tree_of(name: str) -> ast.Module:
    """A file's syntax tree, parsed where it is first asked for: not by who only collects tests."""
    return ast.parse(SOURCES[name])


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def length(node: ast.FunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


# Imports


def module_of(name: str) -> str:
    """The dotted name of a file of the package, a folder's `__init__` being the folder."""
    return name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


MODULES = {module_of(name): name for name in FILES if name.startswith("pinnsven/")}


def imported(module: str) -> set[str]:
    """The modules of the package that a module imports, wherever in its file."""
    name = MODULES[module]
    package = module if name.endswith("__init__.py") else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
            for alias in node.names:
                deeper = f"{base}.{alias.name}"
                found.add(deeper if deeper in MODULES else base)
    return (found & MODULES.keys()) - {module}


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """The nodes of a directed graph that lie on a cycle or between two."""
    left = dict(graph)
    while True:
        ends = {node for node, others in left.items() if not others & left.keys()}
        if not ends:
            break
        left = {node: others for node, others in left.items() if node not in ends}
    reversed_graph = {node: {n for n in left if node in left[n]} for node in left}
    while True:
        starts = {node for node, others in reversed_graph.items() if not others & reversed_graph.keys()}
        if not starts:
            return sorted(reversed_graph)
        reversed_graph = {n: others for n, others in reversed_graph.items() if n not in starts}


def test_no_two_modules_import_each_other():
    graph = {module: imported(module) for module in MODULES}
    assert sum(map(len, graph.values())) > len(graph)
    assert cycle(graph) == []


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_no_two_rooms_import_each_other():
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        graph.setdefault(room(module), set()).update(map(room, imported(module)))
    assert cycle({name: others - {name} for name, others in graph.items()}) == []


def test_the_core_knows_no_room_but_the_ground_floor():
    known = {room(other) for module in MODULES if room(module) == "_sven" for other in imported(module)}
    assert known <= {"_sven", "_basics"}


@pytest.mark.parametrize(
    "graph", [{"a": {"b"}, "b": {"a"}}, {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}]
)
def test_a_cycle_is_seen(graph):
    assert cycle(graph) == [name for name in graph if name not in "de"]


def test_an_import_inside_a_function_defers_a_heavy_library_and_nothing_of_ours():
    inside = [
        f"{name}:{node.lineno}"
        for name in OURS
        for function in functions(tree_of(name))
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom)
        and (node.level or (node.module or "").startswith("pinnsven"))
    ]
    assert inside == []


def private_imports(tree: ast.AST) -> set[str]:
    """The private modules and names of the package that code uses."""
    found = set()
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [f"pinnsven.{node.attr}"] if node.value.id in ("pv", "pinnsven") else []
        for name in names:
            parts = name.split(".")
            private = [i for i, part in enumerate(parts) if re.match(r"_(?!_)", part)]
            if parts[0] == "pinnsven" and private:
                found.add(parts[private[0]])
    return found


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)


def test_what_people_read_and_copy_imports_nothing_private():
    read = [name for name in FILES if name.startswith(("examples/", "problems/", "benchmarks/"))]
    assert {name: found for name in read if (found := private_imports(tree_of(name)))} == PRIVATE


def test_code_in_the_documentation_imports_nothing_private():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    code = [block for page in pages for block in blocks(page)]
    assert len(code) > 5
    assert [found for block in code if (found := private_imports(ast.parse(block)))] == []


def test_a_private_import_is_seen():
    code = "import pinnsven._cli\nfrom pinnsven._sven._core import Sven\npv._domains\npv.Box\n"
    assert private_imports(ast.parse(code)) == {"_cli", "_sven", "_domains"}
    assert private_imports(ast.parse("from pinnsven import _output, Box, __version__")) == {"_output"}


# Classes


def classes() -> set[type]:
    """The equinox modules of the package."""
    found = set()
    for info in pkgutil.walk_packages(pinnsven.__path__, "pinnsven."):
        if info.name == "pinnsven.__main__":
            continue
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            if (
                inspect.isclass(value)
                and issubclass(value, eqx.Module)
                and value.__module__ == info.name
            ):
                found.add(value)
    return found


def abstract(kind: type) -> bool:
    return inspect.isabstract(kind) or kind.__name__.startswith(("Abstract", "_"))


def test_a_class_is_abstract_or_no_other_file_extends_it():
    ours = classes()
    assert len(ours) > 30
    extended = {
        parent.__name__
        for kind in ours
        for parent in kind.__mro__[1:]
        if parent in ours and parent.__module__ != kind.__module__ and not abstract(parent)
    }
    assert extended == set()


# Docstrings


BULLET = re.compile(r"^ *- ((?:`\*{0,2}\w+`(?:, | and )?)+):", re.MULTILINE)


def parameters(arguments: ast.arguments) -> set[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return {argument.arg for argument in every}


def fields(node: ast.ClassDef) -> set[str]:
    """What a class may document: its fields, its methods, and what it is made of."""
    found = {
        n.target.id
        for n in node.body
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    }
    for method in (n for n in node.body if isinstance(n, ast.FunctionDef)):
        found |= {method.name} | (parameters(method.args) if method.name == "__init__" else set())
        found |= {
            n.attr
            for n in ast.walk(method)
            if isinstance(n, ast.Attribute)
            and isinstance(n.ctx, ast.Store)
            and ast.unparse(n.value) == "self"
        }
    return found


def unknown_bullets(tree: ast.Module) -> list[str]:
    """The bullets of docstrings that name no parameter of their function, no field of their class."""
    unknown = []
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        names = parameters(node.args) if isinstance(node, ast.FunctionDef) else fields(node)
        for line in BULLET.findall(ast.get_docstring(node) or ""):
            bullets = re.findall(r"`\*{0,2}(\w+)`", line)
            unknown += [f"{node.name}: {bullet}" for bullet in bullets if bullet not in names]
    return unknown


def test_bullets_name_parameters_and_fields():
    assert {name: found for name in FILES if (found := unknown_bullets(tree_of(name)))} == {}


def test_a_bullet_without_a_parameter_is_seen():
    code = 'def f(a, *, b, **c):\n    """F.\n\n    - `a`, `d`: x.\n    - `b` and `c`: y.\n    """\n'
    assert unknown_bullets(ast.parse(code)) == ["f: d"]
    assert sum(len(BULLET.findall(SOURCES[name])) for name in OURS) > 300


def silent(tree: ast.Module) -> set[str]:
    """The longer functions of a file without a docstring.

    The class's docstring is that of what makes its instances, the file's that of its `main`.
    """
    told = {"__init__", "__check_init__", "__post_init__"} | (
        {"main"} if ast.get_docstring(tree) else set()
    )
    longer = (node for node in functions(tree) if length(node) > SPEAKS_FOR_ITSELF)
    return {node.name for node in longer if ast.get_docstring(node) is None} - told


def test_a_function_that_does_not_speak_for_itself_has_a_docstring():
    ours = [name for name in FILES if not name.startswith("tests/")]
    assert {name: found for name in ours if (found := silent(tree_of(name)))} == UNDOCUMENTED


def test_every_file_says_what_it_is():
    first = {name: (ast.get_docstring(tree_of(name)) or "").split("\n\n")[0] for name in FILES}
    assert [name for name, line in first.items() if not line.endswith((".", ":", "?"))] == []


# Sizes


def test_no_file_is_longer_than_one_reads_at_once():
    assert {name for name, text in SOURCES.items() if len(text.splitlines()) > MOST_LINES} == LONG_FILES


def test_no_function_is_longer_than_a_screen():
    found = {
        f"{name}:{node.name}"
        for name in FILES
        for node in functions(tree_of(name))
        if length(node) > MOST_LINES_OF_A_FUNCTION
    }
    assert found == set()
