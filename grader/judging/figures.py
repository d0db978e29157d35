"""What is shown of a failure beside its sentences: shapes on their way, or the tree of modules."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from math import isqrt, prod
from typing import TYPE_CHECKING, Any

from grader.judging.grading import Grading
from grader.models.figure import Figure, Shape, ShapeFigure, ShapeStep, State, TreeFigure, TreeNode
from grader.models.message import Message, Said, say, verbatim
from grader.models.observation import Answer, Raised
from grader.requirements.compare import Failure
from grader.requirements.hooks import observe_hooks
from grader.requirements.requirement import Question, ask
from grader.requirements.structure import observe_structure, plain

if TYPE_CHECKING:
    from grader.guest import look

MOST_NODES = 24
MOST_STEPS = 50
_ABOUT_SHAPES = re.compile(r"shape|size|dimension|channel|expected .*input|must match|got \d|\bdim\b|batch", re.I)
"""What exceptions say that a shape is the reason of."""
_MATRIX = {"matmul", "mm", "bmm", "@", "__rmatmul__", "linear"}


def figure_of(
    grading: Grading, exercise: str, check: str, question: Question, answer: Answer, failure: Failure
) -> Figure | None:
    """What shows a failure best, if anything does.

    Args:
        check: its name in the exercise.
    """
    started = time.monotonic()
    try:
        if answer.raised is not None or failure.shapes:
            return _shapes(grading, exercise, question, answer.raised) if grading.seconds_left > 0 else None
        return failure.figure or _tree(grading, exercise, check, question, answer, failure)
    except Exception:  # a guest may tell anything
        return None
    finally:
        grading.seconds_left -= time.monotonic() - started


# -- where each shape came from


def observe_shapes(student: look.Student, source: str, function: str, arguments: dict[str, Any]) -> Any:
    """What shapes the call of another probe went through."""
    names: dict[str, Any] = {"torch": torch, "nn": nn, "look": look, "__name__": "probe"}  # type: ignore[name-defined] # noqa: F821
    exec(source, names)
    return look.trail_of(lambda: names[function](student, **arguments))


def _shapes(grading: Grading, exercise: str, question: Question, raised: Raised | None) -> ShapeFigure | None:
    """The shapes on the way to what raised, or to a result of another shape than the expected one."""
    if raised and (raised.missing or raised.limit or not raised.frames or not _ABOUT_SHAPES.search(raised.message)):
        return None
    probe = question.probe
    asked = ask(
        observe_shapes,
        grading.folder.spec.seed,
        source=probe.source,
        function=probe.name,
        arguments=question.arguments,
    )
    told = grading.observe(exercise, asked).value
    same = (told["type"], told["message"]) == ((raised.type, raised.message) if raised else (None, None))
    steps = tuple(ShapeStep.model_validate(step) for step in told["steps"][-MOST_STEPS:])
    said = _sum(steps) if raised and steps else None
    if not same or len(steps) < (2 if said else 3):
        return None
    return ShapeFigure(steps=steps, sum=said)


def _sum(steps: Sequence[ShapeStep]) -> Message | None:
    """Why sizes do not fit, in numbers."""
    *before, failed = steps
    function = failed.name.partition("(")[0]
    if failed.wants is not None and failed.takes:
        return _feature_sum(before, failed)
    if function in ("view", "reshape") and failed.takes:
        return _elements(failed)
    if function in _MATRIX and len(failed.takes) >= 2:
        left, right = failed.takes[:2]
        return _inner(left, right[::-1] if function == "linear" else right)
    if not failed.layer and len(failed.takes) == 2:
        return _broadcast(*failed.takes)
    return None


def _feature_sum(before: Sequence[ShapeStep], failed: ShapeStep) -> Message | None:
    """A layer that wants another size than it gets."""
    shape, wanted = failed.takes[0], failed.wants
    assert wanted is not None
    if not -len(shape) <= failed.dim < len(shape) or shape[failed.dim] == wanted:
        return None
    given, name = shape[failed.dim], failed.name
    flattened = next(
        (s for s in reversed(before) if s.gives == shape and s.takes and len(s.takes[0]) > len(shape)), None
    )
    if flattened is not None and failed.dim == -1:
        parts = _trailing(flattened.takes[0], given)
        if len(parts) > 1:
            return say(
                "`{name}` expects {wanted} features, and gets {given}",
                name=name,
                wanted=_product(wanted, _fitting(wanted, parts)),
                given=_product(given, parts),
            )
    place = failed.dim % len(shape)
    elsewhere = [dim for dim, size in enumerate(shape) if size == wanted and dim != place]
    told = say(
        "`{name}` expects {wanted} in dimension {place}; in {shape} that is {given}",
        name=name,
        wanted=wanted,
        place=place,
        shape=str(list(shape)),
        given=given,
    )
    if not elsewhere:
        return told
    return say("{told}, and dimension {other} is {wanted}", told=told, other=elsewhere[0], wanted=wanted)


def _trailing(shape: Shape, product: int) -> list[int]:
    """The last dimensions that together have so many elements; none where no such are."""
    for start in range(len(shape)):
        if prod(shape[start:]) == product:
            return list(shape[start:])
    return []


def _fitting(wanted: int, parts: Sequence[int]) -> list[int]:
    """A size as a product with as many factors, the first one kept; itself where it cannot be one."""
    channels, rest = parts[0], wanted // max(parts[0], 1)
    if len(parts) != 3 or not channels or wanted % channels or not rest:
        return [wanted]
    height = next(n for n in range(isqrt(rest), 0, -1) if rest % n == 0)
    return [channels, height, rest // height]


def _product(number: int, parts: Sequence[int]) -> Message:
    """`392 = 8·7·7`."""
    return verbatim(number if len(parts) < 2 else f"{number} = {'·'.join(map(str, parts))}")


def _elements(failed: ShapeStep) -> Message | None:
    """A tensor that is seen in a shape of another number of elements."""
    shape = failed.takes[0]
    sizes = [int(size) for size in re.findall(r"-?\d+", failed.name.partition("(")[2])]
    has = _product(prod(shape), shape)
    fixed = prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1:
        return say(
            "{shape} has {has} elements, which is no multiple of {fixed}", shape=str(list(shape)), has=has, fixed=fixed
        )
    return say(
        "{shape} has {has} elements, and {sizes} would hold {fixed}",
        shape=str(list(shape)),
        has=has,
        sizes=str(sizes),
        fixed=fixed,
    )


def _inner(left: Shape, right: Shape) -> Message | None:
    """Two matrices whose inner dimensions differ."""
    if not left or not right:
        return None
    inner = right[-2] if len(right) > 1 else right[0]
    if left[-1] == inner:
        return None
    return say(
        "rows of {columns} meet columns of {rows}: the last size of the first must be the second to last of the other",
        columns=left[-1],
        rows=inner,
    )


def _broadcast(left: Shape, right: Shape) -> Message | None:
    """Two shapes that do not broadcast."""
    pairs = zip(reversed(left), reversed(right), strict=False)
    apart = next(((a, b) for a, b in pairs if a != b and 1 not in (a, b)), None)
    if apart is None:
        return None
    return say(
        "read from the right, {a} of {left} meets {b} of {right}: they must be equal, or one of them 1",
        a=apart[0],
        left=str(list(left)),
        b=apart[1],
        right=str(list(right)),
    )


# -- the tree of modules


def _tree(
    grading: Grading, exercise: str, check: str, question: Question, answer: Answer, failure: Failure
) -> TreeFigure | None:
    """What a module has registered, beside what the failed check asks for by name; or where its hooks are."""
    solved = grading.references.peek(exercise, question)
    own, theirs = answer.value, solved.value if solved is not None and solved.good else {}
    match question.probe.name:
        case observe_structure.__name__ if own.get("module"):
            asked = set(_names(failure.expected))
            here, modules = _registered(own), {module["path"] for module in theirs.get("modules", ())}
            expected: dict[str, Message] = {}
            for path, said in _registered(theirs).items():
                wanted = path in asked or any(name.startswith(f"{path}.") for name in asked)
                if wanted and path in modules and said.text not in asked:  # which class it is may be the question
                    expected |= {} if path in here else {path: say("a submodule")}
                elif wanted:
                    expected[path] = said
            return _pictured(here, expected, _unregistered(own), asked)
        case observe_hooks.__name__ if check.startswith("hook-registered"):
            return _pictured(_hooked(own), _hooked(theirs), {}, set())
    return None


def _names(said: Said) -> Iterator[str]:
    """The names that fill a message's places."""
    for value in said.params.values() if isinstance(said, Message) else ():
        if isinstance(value, Message):
            yield from _names(value)
        elif isinstance(value, str):
            yield from re.findall(r"[\w.]+", value)


def _registered(seen: Mapping[str, Any]) -> dict[str, Message]:
    """What a module has registered, by its path."""
    found = {m["path"]: verbatim(m["bases"][0].removeprefix("nn.")) for m in seen.get("modules", ())}
    for name, parameter in seen.get("parameters", {}).items():
        found[name] = say("parameter {shape}", shape=_shape_of(parameter))
    for name, buffer in seen.get("buffers", {}).items():
        shape = _shape_of(buffer["value"])
        kept = buffer["persistent"]
        found[name] = say("buffer {shape}", shape=shape) if kept else say("buffer {shape}, not persistent", shape=shape)
    return found


def _shape_of(value: Any) -> str:
    return str(list(getattr(value, "shape", ())))


def _unregistered(seen: Mapping[str, Any]) -> dict[str, Message]:
    """Plain attributes with tensors or modules in them."""
    return {name: plain(kind) for name, kind in seen.get("attributes", {}).items()}


def _hooked(seen: Mapping[str, Any]) -> dict[str, Message]:
    """How many hooks of each kind are where."""
    counts = seen.get("registered", {}).items()
    told = {path: ", ".join(f"{kind}: {n}" for kind, n in kinds.items() if n) for path, kinds in counts}
    return {path: verbatim(text) if text else say("no hook") for path, text in told.items()}


def _pictured(
    own: Mapping[str, Message], expected: Mapping[str, Message], unregistered: Mapping[str, Message], asked: set[str]
) -> TreeFigure | None:
    """The tree of what is there and what is asked for; None where nothing is missing, other, or not registered."""
    wanted = {part for name in asked for part in _line(name)}
    if not wanted & unregistered.keys() and not expected:  # a number of layers was asked for
        wanted |= {path for path, said in unregistered.items() if said.text.endswith("of modules")}
    paths = dict.fromkeys(["", *own, *unregistered, *expected])
    ranks: dict[str, int] = {}
    for part in (part for path in paths for part in _line(path)):
        ranks.setdefault(part, len(ranks))
    ordered = sorted(paths, key=lambda path: [ranks[part] for part in _line(path)])
    nodes = [_node(path, own.get(path), expected.get(path), unregistered.get(path), wanted) for path in ordered]
    telling = {part for node in nodes if node.state != "same" for part in _line(node.path)}
    if not telling:
        return None
    shown = [node for node in nodes if node.path in telling or "." not in node.path][:MOST_NODES]
    return TreeFigure(nodes=tuple(shown), left_out=len(nodes) - len(shown))


def _line(path: str) -> list[str]:
    """The module itself, `a`, `a.b` and `a.b.c` of `a.b.c`."""
    parts = path.split(".") if path else []
    return [".".join(parts[:end]) for end in range(len(parts) + 1)]


def _node(
    path: str, here: Message | None, expected: Message | None, attribute: Message | None, wanted: set[str]
) -> TreeNode:
    state: State = "same"
    if attribute is not None:
        here, state = attribute, "plain" if path in wanted else "same"
    elif here is None:
        state = "missing"
    elif path and expected is not None and here.text != expected.text:
        state = "other"
    return TreeNode(path=path, observed=here, expected=expected, state=state)
