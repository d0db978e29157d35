"""The house is in order: imports go one way, and the public names are there."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import grader

HOME = Path(grader.__file__).parent
FILES = sorted(HOME.rglob("*.py"))
LEVELS = [
    {"errors", "import_without", "processor_time", "registry"},
    {"models", "wire", "expression", "protocol"},
    {"guest", "submission", "requirements", "sandbox", "diagnosis"},
    {"assignment"},
    {"judging"},
    {"workers", "pytest_plugin"},
    {"report", "batch", "authoring"},
    {"review"},
    {"cli"},
    {"kernel"},
]
LEVEL = {name: place for place, names in enumerate(LEVELS) for name in names}
BESIDE_STUDENTS = {"grader.errors", "grader.wire", "grader.expression", "grader.protocol", "grader.guest"}
"""All of the grader that a process beside student code imports."""


def module(path: Path) -> str:
    parts = path.relative_to(HOME.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Full names of what a file imports when it runs, also inside functions."""

    def walk(node: ast.AST) -> Iterator[str]:
        match node:
            case ast.If(test=ast.Name("TYPE_CHECKING"), orelse=rest):
                for part in rest:
                    yield from walk(part)
                return
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=name, level=0, names=names):
                yield from (f"{name}.{alias.name}" for alias in names)
            case ast.ImportFrom():
                yield "a relative import"
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    yield from walk(ast.parse(path.read_text()))


def part(name: str) -> str:
    """`judging` of `grader.judging.driver.run_checks`; the package itself is no part."""
    return name.split(".")[1] if name.count(".") else ""


def named(path: Path) -> str:
    return str(path.relative_to(HOME))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_go_one_way(path: Path) -> None:
    own = part(module(path))
    for name in imported(path):
        assert name != "a relative import"
        if name.partition(".")[0] == "grader" and own and part(name) in LEVEL and part(name) != own:
            assert LEVEL[part(name)] <= LEVEL[own], f"{own} imports {name}"


def test_parts_of_one_level_do_not_import_each_other_in_circles() -> None:
    edges = {
        (part(module(path)), part(name))
        for path in FILES
        for name in imported(path)
        if name.startswith("grader.") and part(name) in LEVEL and part(module(path)) in LEVEL
    }
    assert [(a, b) for a, b in edges if a != b and (b, a) in edges] == []


def test_every_part_has_its_level() -> None:
    assert {part(module(path)) for path in FILES} - {""} == set(LEVEL) & {part(module(path)) for path in FILES}


@pytest.mark.parametrize("path", [p for p in FILES if part(module(p)) not in ("cli", "guest")], ids=named)
def test_nothing_below_the_command_line_prints(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(ast.Name("print")):
                pytest.fail(f"line {node.lineno} prints")
            case ast.Attribute(ast.Name("sys"), "stdout" | "stderr"):
                pytest.fail(f"line {node.lineno} uses a standard stream")


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_file_is_a_drawer(path: Path) -> None:
    assert path.stem not in ("utils", "helpers", "common", "manager")


def test_every_file_and_every_class_has_a_name_of_its_own() -> None:
    files = Counter(path.name for path in FILES if path.name not in ("__init__.py", "__main__.py"))
    assert [name for name, count in files.items() if count > 1] == []
    trees = [ast.parse(path.read_text()) for path in FILES]
    classes = Counter(node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef))
    assert [name for name, count in classes.items() if count > 1 and not name.startswith("_")] == []


@pytest.mark.parametrize("path", sorted((HOME / "guest").glob("*.py")), ids=named)
def test_a_guest_imports_no_judge(path: Path) -> None:
    for name in imported(path):
        assert name.split(".")[0] not in (
            "pydantic",
            "pytest",
            "_pytest",
            "yaml",
            "nbformat",
            "rich",
            "typer",
        )
        if name.startswith("grader."):
            assert ".".join(name.split(".")[:2]) in BESIDE_STUDENTS, name


def loaded_by(statement: str) -> set[str]:
    """What a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_zygote_loads_no_judge() -> None:
    loaded = loaded_by("import grader.guest.zygote")
    assert "torch" in loaded
    assert loaded & {"pydantic", "pytest", "yaml", "typer", "rich"} == set()
    ours = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("grader.")}
    assert ours <= BESIDE_STUDENTS


def test_the_command_line_imports_nothing_that_takes_long() -> None:
    slow = {"torch", "libcst", "jinja2", "nbconvert", "sqlalchemy", "matplotlib", "ray"}
    assert loaded_by("import grader.cli.app, grader.judging.plugin") & slow == set()


def test_the_command_begins_with_little() -> None:
    loaded = loaded_by("import grader.cli.main")
    assert loaded & {"torch", "pydantic", "pytest", "rich", "typer", "IPython", "numpy"} == set()


def test_a_kernel_loads_little() -> None:
    loaded = loaded_by("import grader; grader.load_ipython_extension")
    assert "grader.kernel.magics" in loaded
    assert loaded & {"torch", "pydantic", "pytest", "yaml", "rich", "typer", "numpy", "ipykernel"} == set()


def test_the_public_names() -> None:
    assert sorted(grader.__all__) == ["Failure", "Report", "Tensor", "assert_close", "check", "grade", "probe"]
    for name in grader.__all__:
        assert getattr(grader, name).__doc__
    with pytest.raises(AttributeError, match="zebra"):
        grader.zebra  # noqa: B018
    assert isinstance(grader.__version__, str)


def test_the_package_tells_type_checkers() -> None:
    assert (HOME / "py.typed").exists()


def test_an_import_without_a_module_leaves_none_behind() -> None:
    """JupyterLab brings what jsonschema would import for two seconds; whoever wants it can still have it."""
    code = (
        "import sys\nfrom grader.import_without import import_without\n"
        "with import_without('wave'):\n    try:\n        import wave\n"
        "    except ImportError:\n        print('without')\n"
        "import wave\nwith import_without('wave'):\n    import wave\n"
        "import grader.report.notebook\nprint(sorted({'jsonschema', 'rfc3987_syntax', 'wave'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "without\n['jsonschema', 'wave']\n"
