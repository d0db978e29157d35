"""All kinds of requirements. A new kind is a new file, and one line here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from grader.requirements.apply import ApplyRequirement
from grader.requirements.buffers import BuffersRequirement
from grader.requirements.children import ChildrenRequirement
from grader.requirements.docs import DocsRequirement
from grader.requirements.function import FunctionRequirement
from grader.requirements.hooks import HooksRequirement
from grader.requirements.module import ModuleRequirement
from grader.requirements.parameters import ParametersRequirement
from grader.requirements.state_dict import StateDictRequirement

AnyRequirement = Annotated[
    ApplyRequirement
    | BuffersRequirement
    | ChildrenRequirement
    | DocsRequirement
    | FunctionRequirement
    | HooksRequirement
    | ModuleRequirement
    | ParametersRequirement
    | StateDictRequirement,
    Field(discriminator="kind"),
]
