"""Reform tasks of a document, as data: read once, checked whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.reporting.register.domain import Mode, Responsible, assign
from shared.content import read_yaml

FOLDER = Path(__file__).with_name("data")
_Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Group(_Strict):
    title: _Text
    tasks: tuple[int, int]
    """First and last number."""


class _Sums(_Strict):
    tasks: int
    modes: dict[Mode, int] = {}
    leads: dict[str, int] = {}


class Paper(_Strict):
    """A paper without which the task is not done: its item closes on a file, not on words alone."""

    what: _Text
    citation: _Text
    """Document, rule and words that ask for it."""


class _Entry(_Strict):
    number: Annotated[int, Field(ge=1)]
    title: _Text
    mode: Mode
    departments: tuple[_Text, ...]
    """As the document names them, in its order."""
    participants: tuple[_Text, ...] = ()
    more: bool = False
    note: _Text | None = None
    paper: Paper | None = None


class _File(_Strict):
    title: _Text
    issued_on: date
    deadline: date | None = None
    """None: the document sets none; whoever loads the list names one."""
    citation: _Text
    groups: tuple[_Group, ...]
    sums: _Sums
    tasks: tuple[_Entry, ...]


@dataclass(frozen=True)
class Task:
    """A task of a list."""

    no: int
    title: str
    group: str
    responsible: Responsible
    note: str | None
    paper: Paper | None


@dataclass(frozen=True)
class TaskList:
    """A document's tasks."""

    code: str
    title: str
    issued_on: date
    deadline: date | None
    citation: str
    tasks: tuple[Task, ...]


class TaskListWrong(ValueError):
    """The file is not what the document says; the message names the difference."""


@cache
def task_lists() -> dict[str, TaskList]:
    """Every list by its code, which is the file's name.

    Raises:
        TaskListWrong: a file fails its check-sums.
        LeadMissing, LeadModeWrong, pydantic.ValidationError: a task is not well formed.
    """
    return {
        path.stem: read(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(FOLDER.glob("tasks-*.yaml"))
    }


def read(code: str, text: str) -> TaskList:
    """A list from YAML, compared with the check-sums that stand in it.

    Raises:
        As :func:`task_lists`.
    """
    file = _File.model_validate(read_yaml(text))
    numbers = [entry.number for entry in file.tasks]
    if numbers != list(range(1, len(numbers) + 1)):
        raise TaskListWrong("number the tasks from 1 without a gap")
    tasks = tuple(
        Task(
            entry.number,
            entry.title,
            _group_of(file, entry.number),
            assign(entry.mode, entry.departments, entry.participants, more=entry.more),
            entry.note,
            entry.paper,
        )
        for entry in file.tasks
    )
    modes = Counter(task.responsible.mode for task in tasks)
    leads = Counter(task.responsible.leads[0] for task in tasks)
    if len(tasks) != file.sums.tasks:
        raise TaskListWrong(f"{len(tasks)} tasks, the check-sum says {file.sums.tasks}")
    if file.sums.modes and modes != file.sums.modes:
        raise TaskListWrong(f"modes are {dict(modes)}, the check-sum says {file.sums.modes}")
    if file.sums.leads and leads != file.sums.leads:
        raise TaskListWrong(f"leads are {dict(leads)}, the check-sum says {file.sums.leads}")
    return TaskList(code, file.title, file.issued_on, file.deadline, file.citation, tasks)


def _group_of(file: _File, number: int) -> str:
    for group in file.groups:
        if group.tasks[0] <= number <= group.tasks[1]:
            return group.title
    raise TaskListWrong(f"task {number} stands in no group")
