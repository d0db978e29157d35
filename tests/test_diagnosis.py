"""The mistake that is named is the one that was made, and none is named where none was.

Mistakes are planted in three places: in the answers to the assignments, in tiny exercises here, and, where PyTorch's
own words are all there is to go by, in each of the wordings that its versions have.
"""

# ruff: noqa: E501 (tables)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Command, Course, refused
from planted import ALL, EACH, Answer
from torch import nn

from grader import Report
from grader.diagnosis.catalogue import catalogue
from grader.diagnosis.source_facts import LAYERS, source_facts
from grader.models.cells import Cell

ROWS = {
    "list_not_registered", "missing_super", "forward_misspelt", "forward_no_return", "layer_created_in_forward",
    "tensor_instead_of_parameter", "parameter_then_op", "buffer_as_attr", "buffer_not_persistent",
    "get_submodule_missing", "hook_forward_called_directly", "hook_wrong_arity", "hook_no_return", "hook_not_removed",
    "bwd_nonfull", "bwd_full_wrong_number", "bwd_full_input_no_grad", "apply_touches_containers", "init_inplace_leaf",
    "backward_nonscalar", "backward_twice", "nonleaf_grad", "no_grad_graph", "mutates_input", "forgot_zero_grad",
    "eval_forgotten", "double_softmax", "dtype_mismatch", "shape_mismatch", "broadcast_hides", "collate_unequal",
    "collate_drops_key", "dataset_iter_endless", "dataset_len_wrong", "loader_next", "lambda_pickle",
    "numpy_seed_workers", "ragged_lists", "copy_construct", "doc_as_method",
}  # fmt: skip
"""The forty typical mistakes that must be known."""

ALSO = {
    "accumulate-wrong-step-per-batch": {"step_in_loop"},
    "sequential-wrong-plain-list": {"container_called"},  # one check calls the list
    "collate-wrong-stacked-without-padding": {"dtype_mismatch"},  # one check has empty samples only: float32
    "collate-wrong-labels-dropped": {"entry_left_out"},  # one check is no check of a batch
    "collate-wrong-lengths-dropped": {"entry_left_out"},
    "collate-wrong-tensor-of-unequal-lists": {"dtype_mismatch"},
    "device-wrong-maker-one-piece-elsewhere": {"devices_mixed"},  # one check asks for another device
    "device-wrong-ramp-in-a-buffer": {"devices_mixed", "shape_mismatch"},  # other checks have other rows
    "watch-wrong-not-detached": {"shared_memory"},  # one check writes to what passed
}
"""Answers with a second mistake that other checks show."""

HEAD = "import numpy as np\nimport torch\nfrom torch import nn\nimport torch.nn.functional as F\nfrom torch.utils.data import DataLoader, Dataset\n# %%\n# exercise: one\n"


# -- planted in the answers to the assignments


def diagnoses(report: Report, exercise: str) -> list[str]:
    """The mistakes that an exercise's failed checks show, in the order of the checks."""
    (own,) = [e for e in report.exercises if e.id == exercise]
    return [check.diagnosis.id for check in own.checks if check.diagnosis]


@pytest.mark.parametrize("answer", EACH)
def test_the_mistake_of_an_answer_is_named(answer: Answer, graded: Callable[[Answer], Report]) -> None:
    shown = diagnoses(graded(answer), answer.exercise)
    if answer.right or not answer.mistake:
        assert shown == []
    else:
        assert shown[:1] == [answer.mistake]
        assert set(shown) <= {answer.mistake} | ALSO.get(str(answer), set())


# -- planted in tiny exercises

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return self.layer(x)
"""
TOWERS = """
class Towers(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(n))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

def count(model):
    return len(list(model.parameters()))
"""
HOOKED = """
def seen(model):
    log = []
    model.register_forward_hook(lambda module, args, output: log.append(1))
    model(torch.ones(1, 2))
    return len(log)
"""
GRADIENTS = """
def gradient_at_input():
    seen = []
    layer = nn.Linear(2, 1)
    layer.register_full_backward_hook(lambda module, given, came: seen.append(given[0]))
    x = torch.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    return seen[0].shape
"""
NOISY = """
class Noisy(Dataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        if index >= 3:
            raise IndexError(index)
        return torch.rand(2)
"""
NUMBERS = NOISY.replace("Noisy", "Numbers").replace("torch.rand(2)", "index")
LOOP = """
def train(model, optimizer, x, y):
    for _ in range(3):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
"""
SCALE = """
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return x * self.factor
"""
EVALUATE = """
def scores(model, x):
    model.eval()
    with torch.no_grad():
        return model(x)

def has_graph(model, x):
    return scores(model, x).requires_grad
"""
FREEZE = """
def freeze(model):
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return sorted(name for name, p in model.named_parameters() if p.requires_grad)
"""
LOADER = """
def loader(data):
    return DataLoader(data, batch_size=2, shuffle=False, drop_last=False)
"""

TRAINING = {"kind": "training", "call": "train(model, optimizer, x, y)", "parameters": True, "names": {
    "model": "nn.Linear(2, 1)", "optimizer": "torch.optim.SGD(model.parameters(), lr=0.1)", "x": "randn(6, 2)", "y": "randn(6, 1)",
}}  # fmt: skip


def call(*expressions: str) -> dict[str, Any]:
    return {"kind": "function", "calls": [{"call": e} for e in expressions]}


MODULE = {"kind": "module", "object": "Net()", "calls": [{"inputs": ["randn(3, 2)"], "gradients": True}]}
STEPS = {"kind": "parameters", "object": "Scale()", "parameters": {"factor": {"shape": [3]}}}

# (mistake, requirement, right code, what is replaced, by what, part of the hint)
PERMUTED = "def f(x):\n    return x.permute(0, 2, 1).contiguous()\n"
POOLED = """
class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Threshold(0.5, 7.0)

    def pool(self, x):
        return x[:, :2]

    def forward(self, x):
        return self.out(self.pool(x))
"""
OUTER = """
class Outer(nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, x):
        return 2 * x
"""
STACKED = """
def f(x):
    layers = [nn.Flatten(), nn.ReLU()]
    return nn.Sequential(*layers)(x)
"""
ON_META = """
def f(x):
    x = x.to("meta")
    return (x + torch.arange(3, device=x.device)).shape
"""
TAGGED = """
def f(scores, tags):
    return F.cross_entropy(scores.transpose(1, 2), tags)

def g(output, target):
    return F.binary_cross_entropy_with_logits(output.squeeze(1), target)
"""
VALUE = """
def value(table, name):
    if name not in table:
        raise AttributeError(name)
    return table[name]
"""
VALUES = {"kind": "function", "calls": [
    {"call": 'value({"a": 1}, "a")'}, {"call": 'value({"a": 1}, "b")', "raises": "AttributeError"},
]}  # fmt: skip
TESTED = "    if name not in table:\n        raise AttributeError(name)\n"
LOADS = """
def loads(n):
    cache, loaded = {}, []
    for i in [0, 1, 0, 1]:
        if i not in cache:
            loaded.append(i)
            cache[i] = i * n
    return loaded
"""
DRAWN = """
def drawn(n, seed):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
"""
PADDED = """
def padded(samples):
    samples = [list(sample) for sample in samples]
    for sample in samples:
        sample.extend([0] * (3 - len(sample)))
    return torch.tensor(samples)
"""
SAVED = """
import io
def saved(model):
    file, state = io.BytesIO(), model.state_dict()
    torch.save({"model": state}, file)
    file.seek(0)
    return torch.load(file, weights_only=True)["model"]
"""
PRODUCT = """
def product(w, x):
    mine = w.detach()
    return (2 * mine * w * x).detach()
"""
PLANTED: list[tuple[str, dict[str, Any], str, str, str, str]] = [
    ("forward_misspelt", MODULE, NET, "def forward", "def foward", "`Net` has no method named `forward`"),
    ("hook_forward_called_directly", call("seen(nn.Linear(2, 2))"), HOOKED, "model(torch", "model.forward(torch", "Call the module itself: `model(...)`"),
    ("bwd_full_input_no_grad", call("gradient_at_input()"), GRADIENTS, ", requires_grad=True", "", "`grad_input`"),
    ("numpy_seed_workers", {"kind": "dataset", "object": "Noisy()"}, NOISY, "torch.rand(2)", "torch.from_numpy(np.random.rand(2)).float()", "`np.random.rand` draws"),
    ("step_forgotten", TRAINING, LOOP, "        optimizer.step()\n", "", "nothing calls the optimizer's `step()`"),
    ("backward_forgotten", TRAINING, LOOP, "        loss.backward()\n", "", "Nothing calls `backward()`"),
    ("forgot_zero_grad", TRAINING, LOOP, "        optimizer.zero_grad()\n", "", "Where does `zero_grad` belong?"),
    ("parameter_as_buffer", STEPS, SCALE, "self.factor = nn.Parameter(torch.ones(3))", 'self.register_buffer("factor", torch.ones(3))', "`self.factor` is a buffer"),
    ("parameters_in_list", STEPS, SCALE, "self.factor = nn.Parameter(torch.ones(3))", "self.factors = [nn.Parameter(torch.ones(3))]", "`self.factors` is a plain list"),
    ("eval_forgotten", call("scores(nn.Dropout(0.5), ones(20))"), EVALUATE, "    model.eval()\n", "", "eval() before testing"),
    ("no_grad_forgotten", call("has_graph(nn.Linear(3, 2), ones(2, 3))"), EVALUATE, "with torch.no_grad():", "if True:", "Evaluation records a graph"),
    ("frozen_forgotten", call("freeze(nn.Linear(2, 2))"), FREEZE, "        parameter.requires_grad_(False)\n", "        pass\n", "`requires_grad` is switched off"),
    ("devices_mixed", call("f(ones(3))"), ON_META, ", device=x.device", "", "on different devices"),
    ("drop_last_flipped", {"kind": "loader", "object": "loader([1, 2, 3, 4, 5])"}, LOADER, "drop_last=False", "drop_last=True", "`drop_last` decides"),
    ("shuffle_flipped", {"kind": "loader", "object": "loader([1, 2, 3, 4, 5, 6, 7, 8])"}, LOADER, "shuffle=False", "shuffle=True", "`shuffle` is set the other way round"),
    ("parameter_frozen", MODULE, NET, "self.layer = nn.Linear(2, 2)", "self.layer = nn.Linear(2, 2).requires_grad_(False)", "switches off `requires_grad`"),
    ("list_not_registered", call("count(Towers(3))"), TOWERS, "nn.ModuleList(", "list(", "`self.layers` is a plain list, so"),
    ("hook_not_removed", call("seen(nn.Linear(2, 2))"), HOOKED, "    model(torch", "    model.register_forward_hook(lambda module, args, output: log.append(1))\n    model(torch", "one more is there than should be"),
    ("dimensions_swapped", call("f(arange(24.0).reshape(2, 3, 4))"), PERMUTED, "0, 2, 1", "0, 1, 2", "Which size comes first?"),
    ("transposed", call("f(arange(9.0).reshape(1, 3, 3))"), PERMUTED, "0, 2, 1", "0, 1, 2", "changed places"),
    ("numbers_reread", call("f(arange(24.0).reshape(2, 3, 4))"), PERMUTED, "x.permute(0, 2, 1)", "x.reshape(2, 4, 3)", "`view` and `reshape` read"),
    ("dimension_of_one", call("f(arange(24.0).reshape(2, 3, 4))"), PERMUTED, "0, 2, 1)", "0, 2, 1)[None]", "Which dimension of one"),
    ("method_hides_layer", call("Pooled()(arange(4.0).reshape(1, 4))"), POOLED, "self.out", "self.pool", "has a method `pool`"),
    ("method_nested", call("Outer()(ones(2))"), OUTER, "    def forward(self, x):\n        return", "        def forward(self, x):\n            return", "indented so far"),
    ("sequential_of_list", call("f(ones(2, 3))"), STACKED, "*layers", "layers", "takes the modules one after the other"),
    ("import_missing", call("f(ones(2, 3))"), STACKED, "    layers =", "    plt.plot(x)\n    layers =", "nothing has imported"),
    ("classes_not_second", call("f(randn(2, 5, 3), randint(0, 3, 2, 5))"), TAGGED, "scores.transpose(1, 2)", "scores", "the second dimension"),
    ("target_shape", call("g(randn(4, 1), rand(4))"), TAGGED, "output.squeeze(1)", "output", "have two shapes"),
    ("wrong_exception", VALUES, VALUE, TESTED, "", "`return table[name]`: another kind"),
    ("wrong_exception", VALUES, VALUE, TESTED, "    assert name in table\n", "`assert name in table`: another kind"),
    ("zero_is_false", call("loads(3)"), LOADS, "if i not in cache", "if not cache.get(i)", "`if not cache.get(i):` asks"),
    ("zero_is_false", call("loads(3)"), LOADS.replace("if i not in cache:", "if i in cache:\n            pass\n        else:"), "if i in cache", "if cache.get(i)", "`if cache.get(i):` asks"),
    ("seed_forgotten", {"kind": "function", "calls": [{"call": "drawn(20, 3)", "keeps_random": True}]}, DRAWN, ", generator=torch.Generator().manual_seed(seed)", "", "no seed is set"),
    ("mutates_argument", {"kind": "collate", "function": "padded", "samples": ["[1, 2]", "[3]"]}, PADDED, "    samples = [list(sample) for sample in samples]\n", "", "is not the same after the call"),
    ("object_saved", call("saved(nn.Linear(2, 1))"), SAVED, '"model": state', '"model": model', "saves an object as a whole"),
    ("graph_kept", {"kind": "function", "calls": [{"call": "product(ones(2, requires_grad=True), ones(2))", "holds": ["returned == solution", "not returned.requires_grad"]}]}, PRODUCT, "(2 * mine * w * x).detach()", "2 * mine * w * x", "kept or returned"),
    ("dataset_iter_endless", {"kind": "dataset", "object": "Numbers()", "ends": True}, NUMBERS, "        if index >= 3:\n            raise IndexError(index)\n", "", "No index is ever refused"),
]  # fmt: skip


def shown(course: Course, requirement: dict[str, Any], right: str, wrong: str) -> dict[str, tuple[str, str]]:
    """The mistake and the hint of each failed check, `-` where none is named."""
    slow_imports = ["torch._dynamo"] if requirement["kind"] == "training" else []  # of optimizers
    course.require(requirement, solution=HEAD + right, preload=slow_imports)
    report = course.grade(HEAD + wrong)
    (exercise,) = report.exercises
    return {
        check.id.split("::")[1]: (check.diagnosis.id, str(check.diagnosis.text)) if check.diagnosis else ("-", "")
        for check in exercise.checks
        if check.outcome == "failed"
    }


@pytest.mark.parametrize(
    ("mistake", "requirement", "right", "old", "new", "hint"), PLANTED, ids=[p[0] for p in PLANTED]
)
def test_a_planted_mistake_is_named(
    course: Course, mistake: str, requirement: dict[str, Any], right: str, old: str, new: str, hint: str
) -> None:
    assert old in right
    found = shown(course, requirement, right, right.replace(old, new))
    assert {name for name, _ in found.values()} == {mistake}
    assert all(hint in said for _, said in found.values())


# -- PyTorch's words, in several versions

RAISED = {
    "backward_nonscalar": [
        "RuntimeError('grad can be implicitly created only for scalar outputs')",
        "RuntimeError('grad can be implicitly created only for real scalar outputs but got torch.complex64')",
        "RuntimeError('backward without gradient needs a scalar output')",
    ],
    "backward_twice": [
        "RuntimeError('Trying to backward through the graph a second time (or directly access saved tensors).')",
        "RuntimeError('Saved intermediate values: saved tensors have already been freed.')",
    ],
    "no_grad_graph": [
        "RuntimeError('element 0 of tensors does not require grad and does not have a grad_fn')",
        "RuntimeError('One of the differentiated Tensors does not require grad')",
        "AttributeError(\"'float' object has no attribute 'backward'\")",
    ],
    "init_inplace_leaf": [
        "RuntimeError('a leaf Variable that requires grad is being used in an in-place operation.')",
        "RuntimeError('a leaf Variable that requires grad has been used in an in-place operation.')",
        "RuntimeError('a view of a leaf Variable that requires grad is being used in an in-place operation.')",
    ],
    "dtype_mismatch": [
        "RuntimeError('mat1 and mat2 must have the same dtype, but got Double and Float')",
        "RuntimeError('expected scalar type Double but found Float')",
        "RuntimeError('Input type (double) and bias type (float) should be the same')",
        "RuntimeError('SubmissionFile dtype Long but expected Float')",
    ],
    "shape_mismatch": [
        "RuntimeError('mat1 and mat2 shapes cannot be multiplied (2x4 and 5x2)')",
        "RuntimeError('size mismatch, m1: [2 x 4], m2: [5 x 2] at THTensorMath.cpp')",
        "RuntimeError('The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1')",
    ],
    "matrices_only": ["RuntimeError('self must be a matrix')", "RuntimeError('matrices expected, got 3D, 2D tensors')"],
    "requires_grad_of_result": [
        "RuntimeError('you can only change requires_grad flags of leaf variables.')",
        "RuntimeError('you can only change requires_grad flags of leaf tensors')",
    ],
    "collate_unequal": [
        "RuntimeError('stack expects each tensor to be equal size, but got [1] at entry 0 and [2] at entry 1')",
        "RuntimeError('each tensor of the batch must be of equal size')",
    ],
    "ragged_lists": [
        "RuntimeError('each element in list of batch should be of equal size')",
        "ValueError('expected sequence of length 3 at dim 1 (got 2)')",
    ],
    "loader_next": [
        "TypeError(\"'DataLoader' object is not an iterator\")",
        "AttributeError(\"'_SingleProcessDataLoaderIter' object has no attribute 'next'\")",
    ],
    "lambda_pickle": [
        "AttributeError(\"Can't pickle local object 'make.<locals>.<lambda>'\")",
        "AttributeError(\"Can't get local object 'make.<locals>.<lambda>'\")",
        "TypeError(\"cannot pickle '_io.TextIOWrapper' object\")",
    ],
    "bwd_full_wrong_number": [
        "RuntimeError('Backward hook returned an invalid number of grad_input, got 1, but expected 2')",
        "RuntimeError('function FBackward returned an incorrect number of gradients (expected 2, got 1)')",
    ],
    "container_called": [
        "NotImplementedError('Module [ModuleList] is missing the required \"forward\" function')",
        "NotImplementedError('ModuleList has no forward')",
        "TypeError(\"'list' object is not callable\")",
    ],
}  # fmt: skip
WARNED = {
    "nonleaf_grad": ["The .grad attribute of a Tensor that is not a leaf Tensor is being accessed.", "x is not a leaf"],
    "bwd_full_input_no_grad": [
        "Full backward hook is firing when gradients are computed with respect to module outputs",
        "A backward hook is firing without inputs that require grad",
    ],
    "broadcast_hides": [
        "Using a target size (torch.Size([4])) that is different to the input size (torch.Size([4, 1])).",
        "Using a target size (4) different to the input size (4, 1) is deprecated.",
    ],
}  # fmt: skip


def test_each_wording_of_an_exception_or_warning_is_understood(course: Course) -> None:
    bodies = [(id, f"raise {error}") for id, errors in RAISED.items() for error in errors]
    bodies += [
        (id, f"warnings.warn({text!r})\n    return 0 and f.grad") for id, texts in WARNED.items() for text in texts
    ]
    right = "".join(f"# %%\n# exercise: e{i}\ndef f{i}():\n    return 1\n" for i in range(len(bodies)))
    wrong = "import warnings\n" + right
    for i, (_, body) in enumerate(bodies):
        wrong = wrong.replace(f"def f{i}():\n    return 1\n", f"def f{i}():\n    {body}\n")
    course.assign(*({"id": f"e{i}", "requirements": [call(f"f{i}()")]} for i in range(len(bodies))), solution=right)
    report = course.grade(wrong)
    found = [(diagnoses(report, f"e{i}"), body) for i, (_, body) in enumerate(bodies)]
    assert found == [([id], body) for id, body in bodies]


def test_all_forty_mistakes_are_planted_and_known() -> None:
    planted = {answer.mistake for answer in ALL} | {row[0] for row in PLANTED}
    known = {mistake.id for mistake in catalogue()}
    assert ROWS - planted == set()
    assert planted - {""} - known == set()
    assert (RAISED.keys() | WARNED.keys()) - known == set()
    assert all(len(texts) >= 2 for texts in (*RAISED.values(), *WARNED.values()))


# -- nothing is named where nothing fits

RIGHT_F = "def f(x):\n    return x * 2\n"
UNKNOWN = {
    "another number": "def f(x):\n    return x * 3\n",
    "an unknown exception": "def f(x):\n    raise KeyError('weight')\n",
    "an exception of another library": "def f(x):\n    raise RuntimeError('the printer is on fire')\n",
    "an attribute of its own that is missing": "def f(x):\n    return x.weight\n",
    "a module that is deep-copied": "import copy\ndef f(x):\n    return copy.deepcopy(copy)\n",
    "a number added to": "def f(x):\n    x += 1\n    return x\n",
    "not Python": "def f(x:\n",
    "not defined": "g = 1\n",
    "not a function": "f = 3\n",
}  # fmt: skip


def test_an_unknown_failure_stays_unnamed(course: Course) -> None:
    course.require(call("f(3)"), solution=HEAD + RIGHT_F)
    for what, wrong in UNKNOWN.items():
        assert diagnoses(course.grade(HEAD + wrong), "one") == [], what


BESIDE = """
def ran(x):
    return {"before": x, "after": x + 1, "loss": x.sum().item()}
"""
RAN = {"kind": "function", "calls": [
    {"call": "ran(ones(2))", "holds": ["before != after"]}, {"call": "ran(ones(3))", "holds": ['kind(loss) == "float"']},
]}  # fmt: skip


def test_what_differs_beside_what_a_condition_reads_shows_nothing(course: Course) -> None:
    found = shown(course, RAN, BESIDE, BESIDE.replace("x + 1", "x").replace(".item()", ""))
    assert {check: mistake for check, (mistake, _) in found.items()} == {
        "call[1]": "-",
        "call[2]": "number_kept_tensor",
    }


REGISTERED = """self.layers = [nn.Linear(2, 2) for _ in range(n)]
        for i, layer in enumerate(self.layers):
            self.add_module(f"layer{i}", layer)
"""
LAYERS_CHILD = {"kind": "children", "object": "Towers(3)", "children": {"layers": "ModuleList"}}


def test_layers_that_are_registered_by_other_names_are_not_said_to_be_missing(course: Course) -> None:
    kept = "self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(n))\n"
    found = {}
    for how in (REGISTERED, "self.layers = [nn.Linear(2, 2) for _ in range(n)]\n"):
        assert kept in TOWERS
        found[how] = {mistake for mistake, _ in shown(course, LAYERS_CHILD, TOWERS, TOWERS.replace(kept, how)).values()}
    assert list(found.values()) == [{"-"}, {"list_not_registered"}]


@pytest.mark.parametrize("body", ["return", "y = x * 2"])
def test_what_is_said_of_a_forward_without_a_result_is_true_of_any(course: Course, body: str) -> None:
    ((mistake, said),) = set(shown(course, MODULE, NET, NET.replace("return self.layer(x)", body)).values())
    assert (mistake, "computes" in said) == ("forward_no_return", False)


# -- what an instructor adds

OWN = {
    "id": "tripled", "title": {"en": "three times"}, "when": [[{"fact": "differs"}]],
    "hint": {"en": "`f` gives {observed}, three times {at}."},
}  # fmt: skip
LEAF = RAISED["init_inplace_leaf"][0]


def test_an_assignments_own_mistakes_come_first(course: Course) -> None:
    own = {
        **OWN,
        "when": [[{"fact": "raised", "type": "RuntimeError", "message": "*leaf*"}]],
        "hint": {"en": "Ours: {code}"},
    }
    course.require(call("f(3)"), solution=HEAD + RIGHT_F, mistakes=[own])
    (check,) = course.grade(HEAD + f"def f(x):\n    raise {LEAF}\n").exercises[0].checks
    assert check.diagnosis
    assert (check.diagnosis.id, str(check.diagnosis.text)) == ("tripled", f"Ours: raise {LEAF}")


def test_a_place_that_a_fact_leaves_empty_is_never_shown(course: Course) -> None:
    course.require(call("f(3)"), solution=HEAD + RIGHT_F, mistakes=[OWN])
    report = course.grade(HEAD + "def f(x):\n    return None\n")
    assert diagnoses(report, "one") == []


SPEC = """\
format: 1
id: quiz
title: Quiz
exercises:
  - id: one
    title: One
    points: 1
    requirements:
      - kind: function
        calls:
          - {call: f(3), returns: "6"}
mistakes:
  - id: ours
    title: Ours
    when:
      - - {fact: differs}
        - CONDITION
    hint: HINT
"""


@pytest.mark.parametrize(
    ("condition", "hint", "line", "said"),
    [
        ("{fact: raise, type: KeyError}", "No.", 17, ["'raise'", "did you mean `raised`?"]),
        ("{fact: zebra}", "No.", 17, ["'zebra'", "facts: check, raised"]),
        ("{type: KeyError}", "No.", 17, ["None", "facts: check, raised"]),
        ("{fact: raised, tpye: KeyError}", "No.", 17, ["raised has no 'tpye'", "did you mean `type`?"]),
        ("{fact: attribute, zebra: 3}", "No.", 17, ["attribute has no 'zebra'", "it has owner, name"]),
        ("{fact: differs, what: shape}", "Here: {code}.", 13, ["{code}", "no field", "asked for"]),
        ("{fact: uses, name: item, absent: true}", "Here: {code}.", 13, ["{code}", "no field"]),
        ("{fact: uses, name: item}", "Here: {cod}.", 13, ["{cod}", "did you mean `code`?"]),
        ("{fact: lacks, name: item}", "Here: {code}.", 13, ["{code}", "no field"]),  # it would be the solution's
        ("{fact: differs}", "Here: {at", 13, ["hint"]),
        ("{fact: differs}", "Here: {at[0]}", 13, ["{at[0]}"]),
    ],
)
def test_a_wrong_condition_is_refused(
    run: Command, course: Course, condition: str, hint: str, line: int, said: list[str]
) -> None:
    course.spec(SPEC.replace("CONDITION", condition).replace("HINT", f'"{hint}"'))
    refused(run, course, line, *said)


# -- what stays with the instructor, and what a guest may tell


def test_hidden_checks_name_no_mistake(course: Course) -> None:
    wrong = MODULE["calls"]
    course.require({**MODULE, "calls": wrong, "hidden": True}, solution=HEAD + NET)
    (exercise,) = course.grade(HEAD + NET.replace("def forward", "def foward")).exercises
    assert exercise.earned < exercise.possible
    assert [check.diagnosis for check in exercise.checks] == [None] * len(exercise.checks)


@pytest.mark.parametrize("hidden", [False, True])
def test_an_instructors_own_check_names_the_mistake(course: Course, hidden: bool) -> None:
    course.assign({"id": "one"}, solution=HEAD + NET)
    course.check(
        f"""
        from grader import check, probe

        @probe
        def net_of_ones(student):
            \"\"\"Net()(ones(1, 2))\"\"\"
            return student.Net()(torch.ones(1, 2)).shape

        @check(exercise="one", points=1, hidden={hidden})
        def test_it_can_be_called(observe):
            \"\"\"it can be called\"\"\"
            assert observe(net_of_ones) == (1, 2)
        """
    )
    report = course.grade(HEAD + NET.replace("def forward", "def foward"))
    assert diagnoses(report, "one") == ([] if hidden else ["forward_misspelt"])


GARBAGE = [
    "None", "3", "'text'", "[1, 2]", "{}", "{'source': 3, 'classes': 'x', 'objects': {}}",
    "{'source': [1, 'x', None, []], 'objects': [3, [None, {}], [[]]]}",
    "{'source': [{'fact': ['uses'], 'key': {'a': 1}, 'name': 3}] * 3}",
    "{'source': [{'fact': 'uses', 'key': 'k', 'name': '{0.__class__}', 'code': '{code}' * 9999, 'line': 'x', 'cell': -1}] * 5000}",
    "{'source': [{'fact': 'forward_called', 'owner': '\\x1b[31m{owner}', 'code': 10 ** 40, 'line': True, 'cell': 2.5}]}",
    "{'source': [{'fact': 'doc_method', 'line': 10 ** 30, 'cell': -7}], 'objects': [[{'is': 'modules', 'name': '\\x00', 'count': float('nan')}]]}",
    "{'source': [{'fact': 'returns_nothing'}], 'classes': [{'fact': 'no_forward'}]}",
    "{'objects': [[{'is': 'modules'}] * 9999] * 99}",
]  # fmt: skip


@pytest.mark.slow
def test_a_guest_that_tells_garbage_breaks_nothing(course: Course) -> None:
    """Student code puts something of its own in the place of what collects facts."""
    course.require(call("f(3)"), MODULE, solution=HEAD + RIGHT_F + NET)
    wrong = HEAD + "def f(x):\n    return None\n" + NET.replace("return self", "self")
    for garbage in (*GARBAGE, "1 / 0", "exit(3)", "[0] * 10 ** 12"):
        spoilt = f"import grader.guest.look as look\nlook.collect = lambda *_: {garbage}\n{wrong}"
        (exercise,) = course.grade(spoilt).exercises
        assert [check.outcome for check in exercise.checks][:1] == ["failed"], garbage
        for check in exercise.checks:
            said = str(check.diagnosis.text) if check.diagnosis else ""
            assert len(said) < 1000, garbage
            assert said.isprintable(), garbage


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x" + ".a" * 40_000, id="long-chain"),
        pytest.param("y = " + "+".join(["f(b.c)"] * 14_000), id="long-sum"),
        pytest.param("f(x.y);" * 20_000, id="long-cell"),
        pytest.param("y = " + "-" * 90_000 + "1", id="many-signs"),
        pytest.param("[" * 9_000, id="many-brackets"),
        pytest.param("x = '\ud800'", id="surrogate"),
        pytest.param("x = 1\0", id="null"),
    ],
)
def test_source_that_nobody_writes_shows_nothing(source: str) -> None:
    cell = Cell(number=1, source=source, filename="<cell 1>", text=source)
    assert [fact for fact in source_facts((cell,)) if fact["fact"] != "uses"] == []


def test_layers_are_all_that_torch_has_with_weights() -> None:
    """The judge has no torch, so their names are written down; a new version of torch may bring others."""
    begin = (
        "Linear",
        "Bilinear",
        "Lazy",
        "Conv",
        "Embedding",
        "RNN",
        "LSTM",
        "GRU",
        "BatchNorm",
        "LayerNorm",
        "GroupNorm",
        "InstanceNorm",
        "RMSNorm",
        "MultiheadAttention",
        "Transformer",
        "PReLU",
    )
    theirs = {name for name in vars(nn) if name.startswith(begin) and not name.endswith(("Loss", "Options", "Base"))}
    assert theirs == LAYERS
