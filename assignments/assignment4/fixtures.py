"""Models, data and small callers that the checks of assignment4 use in their expressions."""

import operator
from collections import OrderedDict

import torch
from torch import nn
from torch.utils.data import DataLoader

from grader.guest import look


def attempt(function, *args):
    """The result of a call, or the name of its exception."""
    try:
        return look.copied(function(*args))
    except Exception as error:
        named = (kind.__name__ for kind in (AttributeError, IndexError, KeyError, TypeError) if isinstance(error, kind))
        return next(named, "another exception")


# Census.


def forest(numbers):
    """A model with a branch for each row of numbers below 5; all share an activation, and one has two names."""
    shared = nn.Tanh()
    makers = (
        lambda: shared,
        nn.ReLU,
        lambda: nn.Linear(2, 2),
        lambda: nn.Sequential(nn.Linear(2, 2), shared),
        lambda: nn.Sequential(shared, nn.Sequential(nn.ReLU(), nn.Linear(2, 2), shared)),
    )
    model = nn.Module()
    for place, row in enumerate(numbers.tolist()):
        branch = nn.Sequential(shared, *(makers[number]() for number in row))
        model.add_module(f"branch{place}_{sum(row)}", branch)
    model.add_module("again", branch)
    return model


def places_of(places, model, path):
    """What {places} finds for the module that stands at {path} in a model that shares modules.

    ko: 모듈을 여러 곳에서 쓰는 모델에서 경로 {path}에 있는 모듈에 대한 {places}의 결과
    """
    return places(model, model.get_submodule(path))


# Buffers.


class Shift(nn.Module):
    """Two buffers, of which one may be left out when the model is saved, and a Parameter."""

    def __init__(self, width, saved):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
        self.register_buffer("mean", torch.zeros(width), persistent=saved)
        self.register_buffer("old_mean", torch.ones(width), persistent=not saved)


def buffered(numbers):
    """A model with a part for each number, which is in its name and tells which of its buffers is saved."""
    model = nn.Module()
    model.register_buffer("mean", torch.zeros(2), persistent=False)
    for place, number in enumerate(numbers.tolist()):
        part = nn.Sequential(nn.BatchNorm1d(3), nn.Sequential(Shift(2, number % 2 == 0)))
        model.add_module(f"part{place}_{number}", part)
    return model


def buffers_found(buffers_called, model, name):
    """The paths in the result of {buffers_called} for the name {name}, and which buffer of the model stands at each.

    ko: 이름 {name}에 대한 {buffers_called}의 결과에 있는 경로와, 경로마다 모델의 어느 버퍼가 있는지
    """
    found = buffers_called(model, name)
    return dict(zip(found, look.names_of(found.values(), look.named_buffers(model)), strict=True))


def buffer_set(set_buffer, model, part, path, value):
    """What {set_buffer} returns for the buffer {path} of a part of the model, and the model's buffers afterwards.

    ko: 모델의 한 부분에 있는 버퍼 {path}에 {set_buffer}를 호출했을 때의 반환값과, 그 뒤의 모든 버퍼
    """
    name = [name for name, _ in model.named_children()][part]
    before = look.named_buffers(model)
    returned = set_buffer(model, f"{name}.{path}", value)
    after = look.named_buffers(model)
    return {
        "returned": look.names_of([returned], before)[0],
        "kept": dict(zip(after, look.names_of(after.values(), before), strict=True)),
        "values": look.copied(list(after.values())),
    }


def no_buffer_set(set_buffer, model, part, path):
    """What {set_buffer} does at {path} of a part of the model, where no buffer is, and the model's state afterwards.

    ko: 버퍼가 아닌 것이 있는 경로 {path}에 {set_buffer}를 호출했을 때의 결과와, 그 뒤 모델의 상태
    """
    name = [name for name, _ in model.named_children()][part]
    return {"result": attempt(set_buffer, model, f"{name}.{path}", 0.25), "state": look.named_state(model)}


# Attributes.


class Base(nn.Module):
    """What classes have of their own: a constant, a method and a property."""

    limit = 3

    def helper(self):
        return self.limit

    @property
    def double(self):
        return 2 * self.limit


def kept(numbers):
    """A module with an attribute for each number from 0 to 4, which says of what kind it is."""
    module = Base()
    for place, number in enumerate(numbers.tolist()):
        name = f"thing{place}"
        if number == 0:
            setattr(module, name, nn.Parameter(torch.ones(2)))
        elif number == 1:
            module.register_buffer(name, torch.ones(2))
        elif number == 2:
            setattr(module, name, nn.ReLU())
        elif number == 3:
            setattr(module, name, torch.ones(2))
        else:
            module.register_parameter(name, None)
    return module


def sorted_out(where, module, names):
    """Where the attributes {names} of a module are, by {where}.

    ko: 모듈의 속성 {names}에 대한 {where}의 결과
    """
    return {name: attempt(where, module, name) for name in names}


def hooked(shifts):
    """A model with several hooks on every level, each with a shift of its own; and their handles."""
    model = nn.Sequential(nn.Identity(), nn.Sequential(nn.Linear(3, 3), nn.Tanh()))
    look.fill(model, 1)
    handles = []
    for module, (one, other, third) in zip(model.modules(), shifts.tolist(), strict=True):
        handles += [
            module.register_forward_pre_hook(lambda module, args, by=one: args[0] + by),
            module.register_forward_hook(lambda module, args, kwargs, out, by=other: out * by, with_kwargs=True),
            module.register_forward_hook(lambda module, args, out, by=third: out + by),
        ]
    return model, handles


def without(without_hooks, x, shifts):
    """What {without_hooks} returns for a model that has hooks on every level.

    ko: 모든 단계에 훅이 있는 모델에 대한 {without_hooks}의 결과
    """
    result = without_hooks(hooked(shifts)[0], x)
    return {"result": look.copied(result), "requires_grad": result.requires_grad}


def with_hooks_again(without_hooks, x, shifts):
    """What {without_hooks} returns, then the model with all hooks, then as their handles remove one after the other.

    ko: {without_hooks}의 반환값, 그다음 훅이 모두 있는 모델의 결과와, 핸들로 훅을 하나씩 뗄 때마다의 결과
    """
    model, handles = hooked(shifts)
    results = [look.copied(without_hooks(model, x)), look.copied(model(x))]
    for handle in handles:
        handle.remove()
        results.append(look.copied(model(x)))
    return results


# Linear.


def slots(layer):
    """What {layer} has registered under each name, and whether a plain tensor can be put in the place of its bias.

    ko: {layer}에 이름마다 무엇이 등록되어 있는지와, bias 자리에 일반 텐서를 대입한 결과
    """
    registered = {name: None if value is None else list(value.shape) for name, value in layer._parameters.items()}
    return {"registered": registered, "bias = tensor": attempt(setattr, layer, "bias", torch.zeros(3))}


def made(layer):
    """The devices and dtypes of the Parameters of {layer}.

    ko: {layer}에 있는 파라미터의 장치와 dtype
    """
    return {name: [str(p.device), str(p.dtype)] for name, p in look.named_parameters(layer).items()}


def bases(thing):
    """The class of {thing} and its base classes.

    ko: {thing}의 클래스와 그 부모 클래스
    """
    return {"classes": look.class_names(type(thing))}


# Devices.


def on_meta(*shape, dtype=torch.float32):
    """A tensor on the meta device."""
    return torch.empty(*shape, dtype=dtype, device="meta")


def kind_of(function, *args):
    """Device, dtype and shape of the result of {function}({args}).

    ko: {function}({args}) 결과의 장치, dtype, 모양
    """
    tensor = function(*args)
    return {"device": str(tensor.device), "dtype": str(tensor.dtype), "shape": list(tensor.shape)}


def ramped(module, x):
    """The result of {module} for a drawn input, what it has registered, and the input afterwards.

    ko: 무작위 입력에 대한 {module}의 결과와, 등록된 것, 호출 뒤의 입력
    """
    return {"result": module(x), "input": look.copied(x), "state": look.named_state(module)}


# Unused.


class Parts(nn.Module):
    """Children of several kinds, of which those with a 1 take part; of a container only the first layer is called."""

    def __init__(self, flags):
        super().__init__()
        makers = (
            nn.ReLU,
            lambda: nn.Linear(3, 3),
            lambda: nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)]),
            lambda: nn.Sequential(nn.Linear(3, 3), nn.Tanh()),
            lambda: nn.ModuleDict({"inner": nn.ModuleList([nn.Linear(3, 3)])}),
        )
        for place in range(len(flags)):
            self.add_module(f"part{place}", makers[place % len(makers)]())
        self.taken = [f"part{place}" for place, flag in enumerate(flags.tolist()) if flag]
        self.part1.requires_grad_(False)
        look.fill(self, 1)

    def forward(self, x):
        for name in self.taken:
            part = getattr(self, name)
            if isinstance(part, nn.ModuleList | nn.ModuleDict):
                part = next(inner for inner in part.modules() if isinstance(inner, nn.Linear))
            x = x + part(x)
        return x


def trimmed(remove_unused, flags, x):
    """What {remove_unused} returns for a model of ten parts, and what the model is and gives before and after.

    ko: 부분이 열 개인 모델에 대한 {remove_unused}의 반환값과, 호출 전후의 모델과 그 결과
    """
    model = Parts(flags)
    seen = []
    for child in model.children():
        child.register_forward_hook(lambda module, args, output: seen.append(len(seen)))
        child.register_forward_pre_hook(lambda module, args: seen.append(len(seen)))
    before = look.copied(model(x))
    removed = look.copied(remove_unused(model, x))
    return {
        "removed": removed,
        "left": [name for name, _ in model.named_children()],
        "saved": list(model.state_dict()),
        "before": before,
        "after": attempt(model, x),
        "hooks": look.hook_counts(model),
    }


# Backward.

_between = getattr(nn, "<% Bend %>")


def by_hand(module, x, grad, x2, grad2):
    """What {module} gives forward and backward in two rounds, and the gradients that its Parameters then have.

    ko: {module}의 forward와 backward를 두 번씩 실행한 결과와, 그 뒤 파라미터의 기울기
    """
    look.fill(module, 1)
    outputs, inputs = [], []
    with torch.no_grad():
        module(x2)  # only the latest forward counts
        for sample, back in ((x, grad), (x2, grad2)):
            outputs.append(look.copied(module(sample)))
            inputs.append(look.copied(module.backward(back)))
    return {
        "outputs": outputs,
        "inputs": inputs,
        "gradients": {name: p.grad for name, p in look.named_parameters(module).items()},
    }


def _autograd(twin, x, grad, x2, grad2):
    look.fill(twin, 1)
    inputs = []
    for sample, back in ((x, grad), (x2, grad2)):
        leaf = look.requiring_grad(look.copied(sample))
        twin(leaf).backward(back)
        inputs.append(leaf.grad)
    return {"inputs": inputs, "gradients": {name: p.grad for name, p in look.named_parameters(twin).items()}}


def dense_rounds(module, *rounds):
    """What {module} gives forward and backward in two rounds, and the gradients that its Parameters then have.

    ko: {module}의 forward와 backward를 두 번씩 실행한 결과와, 그 뒤 파라미터의 기울기
    """
    height, width = look.named_parameters(module)["weight"].shape
    return {**by_hand(module, *rounds), "autograd": _autograd(nn.Linear(width, height), *rounds)}


def stack_rounds(stack, sizes, *rounds):
    """What {stack} with the sizes {sizes} gives forward and backward in two rounds, and its Parameters' gradients.

    ko: 크기가 {sizes}인 {stack}의 forward와 backward를 두 번씩 실행한 결과와, 그 뒤 파라미터의 기울기
    """
    width, hidden, height = sizes
    layers = OrderedDict(first=nn.Linear(width, hidden), between=_between(), second=nn.Linear(hidden, height))
    return {**by_hand(stack(*sizes), *rounds), "autograd": _autograd(nn.Sequential(layers), *rounds)}


# Workers.


def items_of(dataset, indices):
    """The length of {dataset}, and its items {indices}, one after the other.

    ko: {dataset}의 길이와, 차례로 꺼낸 항목 {indices}
    """
    return {"len": len(dataset), "items": [look.copied(dataset[index]) for index in indices]}


def two_traced(traced, one, other):
    """The items of two {traced}, asked for in turn.

    ko: 번갈아 꺼낸 두 {traced}의 항목
    """
    both = traced(one), traced(other)
    return [look.copied(dataset[index]) for index in (2, 0, 1) for dataset in both]


def loaded(traced, make_loader, values, batch_size, workers):
    """Two passes through a loader of {make_loader} with {workers} workers, and an item of its dataset before and after.

    ko: 워커가 {workers}개인 {make_loader}의 로더를 두 번 돈 결과와, 그 전후에 데이터셋에서 꺼낸 항목
    """
    dataset = traced(values)
    before = look.copied(dataset[0])
    loader = make_loader(dataset, batch_size, workers)
    passes = [look.take(loader) for _ in range(2)]
    return {"before": before, "first pass": passes[0], "second pass": passes[1], "after": look.copied(dataset[0])}


def about(make_loader, batch_size, workers):
    """What {make_loader} returns for the batch size {batch_size} and {workers} workers.

    ko: 배치 크기가 {batch_size}이고 워커가 {workers}개일 때 {make_loader}의 반환값
    """
    loader = make_loader(list(range(7)), batch_size, workers)
    return {"classes": look.class_names(type(loader)), "workers": loader.num_workers, "batches": len(loader)}


def firsts(first_batches, values, n, workers):
    """The first {n} batches of a loader with {workers} workers, by two calls of {first_batches}.

    ko: 워커가 {workers}개인 로더의 첫 배치 {n}개를 {first_batches}로 두 번 꺼낸 결과
    """
    loader = DataLoader(values, batch_size=3, num_workers=workers)
    return [look.copied(first_batches(loader, n)) for _ in range(2)]


# Columns.


def table(numbers):
    """Three columns of as many rows as there are numbers below 1000, in an order that the numbers tell."""
    rows = numbers.tolist()
    columns = [
        ("text", [f"text {n}" for n in rows]),
        ("label", [n % 7 for n in rows]),
        ("score", [n / 8 for n in rows]),
    ]
    first = sum(rows) % 3
    return dict(columns[first:] + columns[:first])


def at(data, keys):
    """What {data} gives for each of {keys}; for an exception, its name.

    ko: {data}에 {keys}를 하나씩 준 결과 (예외는 그 이름)
    """
    return [attempt(operator.getitem, data, key) for key in keys]


def parts(data, bounds):
    """The slices {bounds} of {data}.

    ko: {data}에서 슬라이스 {bounds}의 결과
    """
    return [look.copied(data[slice(*bound)]) for bound in bounds]


def shape_of(data):
    """The length and the column names of {data}.

    ko: {data}의 길이와 열 이름
    """
    return {"len": len(data), "column_names": data.column_names}


def doubled(row):
    """One column more, and another value in the place of one that is there."""
    return {"double": 2 * row["label"], "text": row["text"] + "!"}


def changed(row):
    """The row itself, changed."""
    row["label"] += 1000
    return row


def mapped(data, function):
    """The rows of {data} mapped by {function}, and those of the dataset itself afterwards.

    ko: {data}에 map으로 {function}을 적용한 결과의 행들과, 그 뒤 원래 데이터셋의 행들
    """
    result = data.map(function)
    return {
        "rows": [look.copied(result[index]) for index in range(len(result))],
        "column_names": result.column_names,
        "before": [look.copied(data[index]) for index in range(len(data))],
        "names before": data.column_names,
    }


def formatted(data):
    """Rows, columns and a slice of {data} with the format torch, and what the dataset itself then gives as tensors.

    ko: 형식이 torch인 {data}의 행, 열, 슬라이스와, 그 뒤 원래 데이터셋이 텐서로 내주는 것
    """
    formatted = data.with_format("torch")
    keys = [0, -1, "text", "label", "score", slice(1, 4)]
    return {
        "tensors": [look.copied(formatted[key]) for key in keys],
        "len": len(formatted),
        "tensors of the dataset itself": [name for name, value in data[0].items() if isinstance(value, torch.Tensor)],
    }


def mapped_and_formatted(data):
    """A batch of a DataLoader over {data}, after `map` and `with_format`.

    ko: {data}에 `map`과 `with_format`을 적용한 뒤 DataLoader로 꺼낸 배치
    """
    return look.take(DataLoader(data.map(doubled).with_format("torch"), batch_size=4))
