"""Reading hand-written YAML strictly: every fault is collected, with its place and its cure."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from shared.policy.errors import Fault

MAX_FILE_BYTES = 1_000_000
"""Policy content is written by hand; a larger file is a mistake or an attack."""
_KEPT_BYTES = 100_000


class _NotPlain(yaml.YAMLError):
    """A key stands twice in one mapping, or the text uses aliases."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML: no repeated keys (the later would win silently), no aliases (they can explode)."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            message = "aliases (*name) are not allowed; write the content out"
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise _NotPlain(event.start_mark.line + 1, message)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, Hashable):
                message = "a key must be plain text or a date"
                raise _NotPlain(line, message)
            if key in seen:
                message = f"the key {key} stands twice"
                raise _NotPlain(line, message)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


_BOOLEAN = "tag:yaml.org,2002:bool"
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# Older YAML takes on, off, yes and no for true and false, also where they are keys.
_StrictLoader.add_implicit_resolver(
    _BOOLEAN, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a rule or value comes from: the document and its article."""

    document: str
    article: str

    @property
    def text(self) -> str:
        return f"{self.document} · {self.article}"


def compose(text: str) -> yaml.Node | None:
    """The text's nodes, which know their lines; as strict as reading it.

    Raises:
        yaml.YAMLError: it is no plain YAML.
    """
    loader = _StrictLoader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def read_mapping(path: Traversable, faults: list[Fault]) -> Mapping[str, Any]:
    """The mapping in the YAML file; an empty one, with a fault, when there is none."""

    def nothing(code: str, message: str, message_zh: str, line: int = 0) -> Mapping[str, Any]:
        faults.append(Fault(path.name, "(file)", code, message, message_zh, line))
        return {}

    try:
        with path.open("rb") as file:
            raw: bytes = file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            return nothing(
                "file_too_large",
                f"the file is larger than {MAX_FILE_BYTES} bytes; split the content",
                f"文件超过 {MAX_FILE_BYTES} 字节；请拆分内容",
            )
        content = _content(raw)
    except UnicodeDecodeError:
        return nothing(
            "not_utf8",
            "the file is not UTF-8 text; save it as UTF-8",
            "文件不是 UTF-8 编码；请另存为 UTF-8",
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = _line_of(error)
        told = " ".join(str(error).split()) or type(error).__name__
        return nothing(
            "yaml_malformed",
            f"the file is not valid YAML: {told}",
            f"文件不是有效的 YAML{f'(第 {line} 行)' if line else ''}: {told}",
            line,
        )
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        return nothing(
            "not_a_mapping",
            "the file must hold a mapping with plain text keys",
            "文件内容应为以文字为键的映射",
        )
    return content


def _content(raw: bytes) -> Any:
    """What stands in a file; whoever asks gets a copy of his own.

    One pack is read by every service of a process, its head twice over: parsed once. What is
    larger than a hand writes is not kept.
    """
    return deepcopy(_parsed(raw)) if len(raw) <= _KEPT_BYTES else _parse(raw)


def _parse(raw: bytes) -> Any:
    return yaml.load(raw.decode("utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader


_parsed = lru_cache(maxsize=32)(_parse)


def read_file(
    folder: Traversable, name: str, faults: list[Fault], *, required: bool = True
) -> Mapping[str, Any]:
    """The mapping in a file of the folder; an empty one, with a fault if required, when missing."""
    try:
        return read_mapping(folder.joinpath(name), faults)
    except FileNotFoundError:
        if required:
            faults.append(
                Fault(
                    name,
                    "(file)",
                    "file_missing",
                    "the file is missing; add it",
                    "缺少该文件；请补上",
                )
            )
        return {}


def _line_of(error: Exception) -> int:
    """The line at which YAML ended; 0 when unknown."""
    if isinstance(error, _NotPlain):
        return error.line
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return mark.line + 1 if mark is not None else 0


class Reader:
    """One mapping of a content file; reads typed values and notes what is wrong."""

    def __init__(
        self, file: str, where: str, content: Mapping[Any, Any], faults: list[Fault]
    ) -> None:
        self.file = file
        self.where = where
        self.content = content
        self.faults = faults
        self._asked: set[Any] = set()

    def fault(self, key: str, code: str, message: str, message_zh: str) -> None:
        """Note a fault at ``key`` (empty: at the mapping itself)."""
        place = ".".join(part for part in (self.where, key) if part) or "(file)"
        self.faults.append(Fault(self.file, place, code, message, message_zh))

    def raw(self, key: str) -> Any:
        self._asked.add(key)
        return self.content.get(key)

    def _absent(self, key: str, required: bool) -> None:
        if required:
            self.fault(key, "missing", f"{key} is missing; state it", f"缺少 {key}；请填写")

    def text(self, key: str, *, required: bool = True) -> str:
        """A text of one line or more; empty when absent."""
        value = self.raw(key)
        if value is None or value == "":
            self._absent(key, required)
            return ""
        if not isinstance(value, str):
            self.fault(
                key,
                "not_text",
                f"{key} must be text; put it in quotes",
                f"{key} 应为文字；请加引号",
            )
            return ""
        return value.strip()

    def choice(self, key: str, allowed: frozenset[str], *, required: bool = True) -> str:
        """One of the allowed words; empty when absent or another."""
        value = self.text(key, required=required)
        if value and value not in allowed:
            listed = ", ".join(sorted(allowed))
            self.fault(
                key,
                "unknown_word",
                f"{key} is {value!r}; write one of: {listed}",
                f"{key} 为 {value!r}；应为以下之一: {listed}",
            )
            return ""
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Yes or no."""
        return (
            self.maybe_flag(key)
            if self.content.get(key) is not None
            else self._default(key, default)
        )

    def _default(self, key: str, default: bool) -> bool:
        self._asked.add(key)
        return default

    def maybe_flag(self, key: str) -> bool:
        value = self.raw(key)
        if not isinstance(value, bool):
            self.fault(
                key, "not_yes_no", f"{key} must be true or false", f"{key} 应为 true 或 false"
            )
            return False
        return value

    def whole_number(self, key: str) -> int | None:
        """A whole number; None, with a fault, when absent or another thing."""
        value = self.raw(key)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(
                key,
                "not_a_number",
                f"{key} must be a whole number such as 10",
                f"{key} 应为整数，例如 10",
            )
            return None
        return value

    def day(self, key: str, *, required: bool = True) -> date | None:
        """A calendar day, written 2016-01-01."""
        value = self.raw(key)
        if value is None:
            self._absent(key, required)
            return None
        if isinstance(value, datetime) or not isinstance(value, date):
            self.fault(
                key,
                "not_a_date",
                f"{key} must be a date such as 2016-01-01, without quotes",
                f"{key} 应为日期，例如 2016-01-01(不加引号)",
            )
            return None
        return value

    def texts(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        """A list of texts without repetition."""
        value = self.raw(key)
        if value is None:
            self._absent(key, required)
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fault(
                key,
                "not_a_list",
                f"{key} must be a list of texts, such as [inpatient]",
                f"{key} 应为文字列表，例如 [inpatient]",
            )
            return ()
        if len(set(value)) != len(value):
            self.fault(
                key,
                "repeated",
                f"{key} names something twice; remove one",
                f"{key} 有重复项；请删去一个",
            )
        return tuple(dict.fromkeys(value))

    def words(self, key: str, *, required: bool = True) -> Words:
        """Chinese and English words: ``{zh: …, en: …}``."""
        child = self.child(key, required=required)
        if child is None:
            return Words("", "")
        with child.whole():
            return Words(child.text("zh"), child.text("en"))

    def citation(self, key: str = "citation", *, required: bool = True) -> Citation:
        """Document and article."""
        if self.raw(key) is None:
            if required:
                self.fault(
                    key,
                    "missing_citation",
                    "there is no citation; name the document and the article",
                    "缺少出处；请注明文件和条款",
                )
            return Citation("", "")
        child = self.child(key)
        if child is None:
            return Citation("", "")
        with child.whole():
            found = Citation(
                child.text("document", required=False), child.text("article", required=False)
            )
        if not found.document or not found.article:
            self.fault(
                key,
                "missing_citation",
                "the citation lacks its document or article; name both",
                "出处缺少文件或条款；两者都要写明",
            )
        return found

    def child(self, key: str, *, required: bool = True) -> Reader | None:
        """The mapping under ``key``."""
        value = self.raw(key)
        if value is None:
            self._absent(key, required)
            return None
        if not isinstance(value, dict):
            self.fault(key, "not_a_mapping", f"{key} must be a mapping", f"{key} 应为映射(键: 值)")
            return None
        return Reader(self.file, ".".join(p for p in (self.where, key) if p), value, self.faults)

    def children(self, key: str, *, required: bool = True) -> list[Reader]:
        """The mappings in the list under ``key``."""
        value = self.raw(key)
        if value is None:
            self._absent(key, required)
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(
                key,
                "not_a_list",
                f"{key} must be a list of mappings",
                f"{key} 应为由映射组成的列表",
            )
            return []
        base = ".".join(p for p in (self.where, key) if p)
        return [
            Reader(self.file, f"{base}[{position}]", item, self.faults)
            for position, item in enumerate(value)
        ]

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Everything in the mapping must be asked for inside; a key left over is a typing error."""
        yield
        for key in self.content:
            if key not in self._asked:
                self.fault(
                    str(key),
                    "unknown_key",
                    f"{key} means nothing here; correct the spelling or remove it",
                    f"此处不认识 {key}；请改正拼写或删除",
                )
