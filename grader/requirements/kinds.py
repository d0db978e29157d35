"""All kinds of requirements. A new kind is a new file, and one line here."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from grader.requirements.apply import ApplyRequirement
from grader.requirements.autograd import AutogradRequirement
from grader.requirements.avoids import AvoidsRequirement
from grader.requirements.buffers import BuffersRequirement
from grader.requirements.children import ChildrenRequirement
from grader.requirements.collate import CollateRequirement
from grader.requirements.dataset import DatasetRequirement
from grader.requirements.docs import DocsRequirement
from grader.requirements.function import FunctionRequirement
from grader.requirements.hooks import HooksRequirement
from grader.requirements.loader import LoaderRequirement
from grader.requirements.module import ModuleRequirement
from grader.requirements.parameters import ParametersRequirement
from grader.requirements.prints import PrintsRequirement
from grader.requirements.sampler import SamplerRequirement
from grader.requirements.state_dict import StateDictRequirement
from grader.requirements.structure import StructureRequirement
from grader.requirements.training import TrainingRequirement
from grader.requirements.uses import UsesRequirement
from grader.requirements.value import ValueRequirement

AnyRequirement = Annotated[
    ApplyRequirement
    | AutogradRequirement
    | AvoidsRequirement
    | BuffersRequirement
    | ChildrenRequirement
    | CollateRequirement
    | DatasetRequirement
    | DocsRequirement
    | FunctionRequirement
    | HooksRequirement
    | LoaderRequirement
    | ModuleRequirement
    | ParametersRequirement
    | PrintsRequirement
    | SamplerRequirement
    | StateDictRequirement
    | TrainingRequirement
    | UsesRequirement
    | ValueRequirement,
    Field(discriminator="kind"),
]


def _share_inputs(requirements: tuple[AnyRequirement, ...]) -> tuple[AnyRequirement, ...]:
    """Requirements that know what their object is called with, from another one about it: a lazy module has no
    shapes before."""
    structures = [one for one in requirements if isinstance(one, StructureRequirement)]
    by_name = {one.name: one.called_with() for one in reversed(structures) if one.called_with()}
    known = by_name | {one.object: one.called_with() for one in reversed(structures) if one.called_with()}
    return tuple(
        one.model_copy(update={"inputs": known.get(one.object, known.get(one.name))})
        if isinstance(one, StructureRequirement)
        else one
        for one in requirements
    )


Requirements = Annotated[tuple[AnyRequirement, ...], AfterValidator(_share_inputs)]
"""Those of an exercise."""
