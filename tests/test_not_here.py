"""What is not where a notebook is graded costs the statement that wanted it: packages, the network, a GPU, Colab."""

from __future__ import annotations

import pytest
from conftest import Command, Course

CALLS = {"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}
RIGHT = "# exercise: one\ndef f():\n    return 1\n"

WANTED = {
    "package": "from package_of_nobody import Thing",
    "network": "import urllib.request\nurllib.request.urlretrieve('https://example.org/x.gz', 'x.gz')",
    "gpu": "import torch\nmodel = torch.nn.Linear(2, 2).cuda()",
    "program": "import subprocess\nsubprocess.run(['ls'])",
    "magic": "%tensorboard --logdir runs",
    "answer": "name = input('who? ')",
}


@pytest.fixture
def quiz(course: Course) -> Course:
    course.require(CALLS)
    return course


@pytest.mark.parametrize("kind", WANTED)
def test_the_rest_of_the_cell_and_the_notebook_run(quiz: Course, kind: str) -> None:
    report = quiz.grade(quiz.notebook(f"{WANTED[kind]}\nprint('after')\n", RIGHT))
    assert report.earned == 1
    first = report.cells[0]
    assert [raised.lacks for raised in first.passed_over] == [kind]
    assert first.passed_over[0].frames[0].line == WANTED[kind].count("\n") + 1
    assert first.raised is None
    assert "after" in first.output


def test_a_download_that_ends_in_another_error_is_of_the_network(quiz: Course) -> None:
    library = (
        "import urllib.request\ndef download():\n    for mirror in range(2):\n        try:\n"
        "            urllib.request.urlopen('https://example.org')\n        except OSError:\n            continue\n"
        "    raise RuntimeError('Error downloading')\n"
    )
    report = quiz.grade(quiz.notebook(library, "download()\nx = 1", RIGHT + "assert x == 1"))
    assert [raised.lacks for raised in report.cells[1].passed_over] == ["network"]
    assert report.cells[2].raised is None


@pytest.mark.parametrize(
    "source", ["import torch.nm", "try:\n    import package_of_nobody\nexcept ImportError:\n    1 / 0", "1 / 0"]
)
def test_a_mistake_ends_its_cell(quiz: Course, source: str) -> None:
    report = quiz.grade(quiz.notebook(f"{source}\nprint('after')\n", RIGHT))
    assert report.cells[0].raised is not None
    assert report.cells[0].passed_over == ()
    assert report.cells[0].output == ""


def test_the_report_names_the_first_cause(quiz: Course, run: Command) -> None:
    path = quiz.notebook(WANTED["package"], "# exercise: one\ndef f():\n    return Thing()\n")
    (check,) = quiz.grade(path).exercises[0].checks
    assert check.observed is not None
    assert str(check.expected) == "the statement that this one needs runs"
    assert "No module named 'package_of_nobody' (a package is not installed here)" in check.observed.text
    assert (check.cell, check.line, check.hint) == (1, 1, None)
    said = "cell 1, line 1: passed over, since a package is not installed here (ModuleNotFoundError: No module named"
    assert said in run("run", quiz.quiz, path).out
    assert "건너뛰었습니다" in run("--lang", "ko", "run", quiz.quiz, path).out


def test_a_decorator_that_is_missing_is_the_cause(quiz: Course) -> None:
    """What it decorates is not defined for that reason alone, and an earlier one does not stand in for it."""
    decorated = f"# exercise: one\n{WANTED['package']}\n\n@Thing\ndef f():\n    return 1\n"
    (check,) = quiz.grade(quiz.notebook("def f():\n    return 1\n", decorated)).exercises[0].checks
    assert check.outcome == "failed"
    assert "No module named 'package_of_nobody'" in str(check.observed)
    assert (check.cell, check.line) == (2, 2)


def test_a_gpu_is_named_at_the_exercise(quiz: Course) -> None:
    source = "# exercise: one\nimport torch\ndef f():\n    return int(torch.ones(1).cuda().item())\n"
    (check,) = quiz.grade(quiz.notebook(source)).exercises[0].checks
    assert check.outcome == "failed"
    assert check.observed is not None
    assert check.observed.text == "it uses a GPU, and there is none here"


SEEDS = [
    "torch.Generator(7)",
    "torch.Generator(device=7)",
    "torch.Generator(SEED)",
    "torch.Generator(SEED + 1)",
    "torch.Generator(SEEDS['f'])",
    "torch.Generator(\n        SEED\n    )",
]


@pytest.mark.parametrize("made", SEEDS)
def test_a_seed_is_no_gpu(quiz: Course, made: str) -> None:
    """To torch, the number is a device's; what was meant is a generator with that seed."""
    source = f"# exercise: one\nimport torch\nSEED, SEEDS = 7, {{'f': 7}}\ndef f():\n    return {made}.initial_seed()\n"
    (check,) = quiz.grade(quiz.notebook(source)).exercises[0].checks
    assert check.diagnosis is not None
    assert check.diagnosis.id == "seed_as_device"
    assert "GPU" not in str(check.observed)
    report = quiz.grade(quiz.notebook(f"import torch\nSEED, SEEDS = 7, {{'f': 7}}\nkept = {made}\n", RIGHT))
    assert report.cells[0].passed_over == ()
    assert report.cells[0].raised is not None


@pytest.mark.parametrize(
    ("used", "said"),
    [("torch.ones(1, device=0)", "a number as the device means a GPU"),
     ("torch.ones(1).to(0)", "a number as the device"),
     ("torch.nn.Linear(1, 1).to(0)", "a number as the device"), ("torch.device(0)", "a number as the device"),
     ("torch.ones(1).cuda()", "it uses a GPU"), ("torch.ones(1).cuda(0)", "it uses a GPU"),
     ("torch.Generator('cuda')", "it uses a GPU"), ("torch.Generator(DEVICE)", "it uses a GPU")],
)  # fmt: skip
def test_what_means_a_gpu_is_said(quiz: Course, used: str, said: str) -> None:
    source = f"# exercise: one\nimport torch\nDEVICE = 'cuda'\ndef f():\n    return {used}\n"
    (check,) = quiz.grade(quiz.notebook(source)).exercises[0].checks
    assert str(check.observed).startswith(said)
    assert "there is none here" in str(check.observed)


ON_A_GPU = [
    "torch.ones(1).cuda()",
    "torch.ones(1, device='cuda')",
    "torch.ones(1, device=torch.device('cuda', 0))",
    "torch.ones(1).to('cuda:0')",
    "torch.ones(1).to(0)",
    "torch.nn.Linear(1, 1).cuda()(torch.ones(1).cuda()) * 0 + 1",
    "torch.nn.Linear(1, 1).to('cuda')(torch.ones(1)) * 0 + 1",
    "torch.nn.Linear(1, 1, device='mps')(torch.ones(1)) * 0 + 1",
    "torch.ones(1).pin_memory().cuda(non_blocking=True)",
]


@pytest.mark.parametrize("tensor", ON_A_GPU)
def test_any_device_is_the_cpu(course: Course, tensor: str) -> None:
    course.require(CALLS, device="any")
    source = f"# exercise: one\nimport torch\nkept = {tensor}\ndef f():\n    return int(({tensor}).item())\n"
    report = course.grade(course.notebook(source))
    assert report.earned == 1, report.exercises
    assert report.cells[0].passed_over == ()


def test_any_device_holds_in_the_workers_of_a_loader(course: Course) -> None:
    course.require(CALLS, device="any")
    source = """
    # exercise: one
    import torch
    from torch.utils.data import DataLoader
    class Ones(torch.utils.data.Dataset):
        def __len__(self): return 2
        def __getitem__(self, index): return torch.ones(1).cuda()
    def f(): return int(sum(batch.item() for batch in DataLoader(Ones(), num_workers=1))) - 1
    """
    assert course.grade(course.notebook(source)).earned == 1


@pytest.mark.parametrize(
    "source",
    [
        "from google.colab import drive\ndrive.mount('/content/drive')\n",
        "import google.colab\ngoogle.colab.files.download('x.pt')\n",
        "from google.colab import files\nfor name in files.upload(): pass\n",
        "from google.colab.output import clear\nclear()\n",
        "try:\n    import google.colab\n    google.colab.output.clear()\nexcept ImportError:\n    print('at home')\n",
    ],
)
def test_colab_is_there_and_does_nothing(quiz: Course, source: str) -> None:
    report = quiz.grade(quiz.notebook(f"{source}import torch\n", RIGHT + "torch.ones(1)\n"))
    assert report.earned == 1
    assert [cell.raised for cell in report.cells] == [None, None]
    assert "does nothing while grading" in report.cells[0].output


@pytest.mark.parametrize("line", ["pip install torchinfo", "%pip install torchinfo", "!pip install torchinfo"])
def test_nothing_is_installed(quiz: Course, line: str) -> None:
    report = quiz.grade(quiz.notebook(line, RIGHT))
    assert report.cells[0].raised is None
    assert "nothing was installed" in report.cells[0].output or "was not run" in report.cells[0].output


@pytest.mark.parametrize(
    "use", ["@torch.compile\ndef g(x): return x", "g = torch.compile(lambda x: x, mode='default')"]
)
def test_torch_compile_runs_eagerly_and_says_so(quiz: Course, use: str) -> None:
    report = quiz.grade(quiz.notebook(f"import torch\n{use}\ng(torch.ones(1))\n", RIGHT))
    assert report.cells[0].raised is None
    assert "eager mode" in report.cells[0].output


def test_what_is_written_below_data_is_a_copy(quiz: Course) -> None:
    original = quiz.write("assignments/quiz/data/table.csv", "1,2\n")
    source = """
    # exercise: one
    import os, torch
    os.makedirs("data/own", exist_ok=True)
    torch.save(torch.ones(1), "data/own/x.pt")
    with open("data/table.csv", "a") as file:
        file.write("3,4\\n")
    lines = open("data/table.csv").read().splitlines()
    def f():
        return len(lines) - 1
    """
    report = quiz.grade(quiz.notebook(source))
    assert report.earned == 1, report.cells
    assert original.read_text() == "1,2\n"
    assert [path.name for path in original.parent.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_are_forked_whatever_is_asked_for(quiz: Course, method: str) -> None:
    source = f"""
    # exercise: one
    import torch.multiprocessing as mp
    from torch.utils.data import DataLoader, Dataset
    if __name__ == "__main__":
        mp.set_start_method("{method}", force=True)
    class Two(Dataset):
        def __len__(self): return 2
        def __getitem__(self, index): return index
    def f(): return sum(batch.item() for batch in DataLoader(Two(), num_workers=2))
    """
    assert quiz.grade(quiz.notebook(source)).earned == 1


SCRIPTS = {
    "its own file": "import os\nHERE = os.path.dirname(os.path.abspath(__file__))\n",
    "a loop of its own": "import asyncio\nasync def work(): return 1\nassert asyncio.run(work()) == 1\n",
    "its arguments": "import argparse\nassert argparse.ArgumentParser().parse_args() is not None\n",
    "its exit": "import sys\nif len(sys.argv) > 1: sys.exit(2)\n",
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_has_what_scripts_have(quiz: Course, kind: str) -> None:
    report = quiz.grade(f"{SCRIPTS[kind]}# %%\n{RIGHT}")
    assert report.earned == 1
    assert report.cells[0].raised is None


@pytest.mark.parametrize("line", ["pip install einops", "conda install -y einops", "pip uninstall -y einops"])
def test_an_installation_without_a_sign_costs_itself(course: Course, line: str) -> None:
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "2"}]})
    report = course.grade(
        course.notebook(f"# set up\n{line}\nimport math", "# exercise: one\ndef f(): return math.ceil(1.5)")
    )
    assert (report.earned, report.cells[0].raised) == (1, None)
    text = course.notebook(f'# exercise: one\nTEXT = """\n{line}\n"""\ndef f(): return 2 if TEXT[1] in "pc" else 3')
    assert course.grade(text).earned == 1
