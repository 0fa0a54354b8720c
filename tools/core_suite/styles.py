"""Writing a composition as a program, in several styles of different cost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tools.core_suite.composition import Composition, PartUse
from tools.core_suite.part import ItemKind, Role


@dataclass(frozen=True, kw_only=True)
class Style:
    """How to write.

    Attributes:
        fused: Comprehensions grow over several parts instead of a line for each.
        loop: The last per-item parts and the end become a ``for`` loop where they can.
        slow: Dearer forms where a part has one, lists that grow by copying.
        variant: Which of a part's ways to write it, by number.
    """

    fused: bool = True
    loop: bool = False
    slow: bool = False
    variant: int = 0


STYLES = (
    Style(fused=False),
    Style(),
    Style(loop=True),
    Style(slow=True, loop=True, variant=1),
    Style(slow=True),
)
"""The styles of reference solutions, the plainest first: a line for each step."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What is around the steps of a program.

    Attributes:
        head: The line of the function, empty for a stdin program.
        parameters: Names of the arguments, without ``k``.
        answer: How the answer leaves: ``return {v}`` or ``print({v})``.
    """

    head: str
    parameters: tuple[str, ...]
    answer: str = "return {v}"


def write(composition: Composition, frame: Frame, style: Style) -> str:
    """Returns the program's text, which ends in a newline."""
    return _Writer(frame, style).write(composition)


_PER_ITEM = (Role.KEEP, Role.EACH, Role.SCAN)
_NAMES = {ItemKind.INTS: "ys", ItemKind.CHARS: "cs", ItemKind.WORDS: "ws", ItemKind.TABLE: "d", ItemKind.PAIRS: "ps"}


class _Writer:
    """Writes line by line; between lines it holds a sequence expression and a comprehension that is still open."""

    def __init__(self, frame: Frame, style: Style) -> None:
        self._frame, self._style = frame, style
        self._lines: list[str] = []
        self._kind = ItemKind.VALUE
        self._sequence, self._iterable = "", ""
        self._is_text = False
        self._item, self._conditions, self._value = "", list[str](), ""

    def write(self, composition: Composition) -> str:
        source, *steps = composition.steps
        self._open_source(source)
        tail = self._tail(steps) if self._style.loop else len(steps)
        for step in steps[: min(tail, len(steps) - 1)]:
            self._add(step)
        if tail < len(steps):
            self._close_for_loop()
            self._write_loop(steps[tail:-1], steps[-1])
        else:
            self._write_end(steps[-1])
        body = "\n".join(self._lines)
        modules = [name for name in ("math", "sys") if re.search(rf"\b{name}\.", body)]
        imports = "".join(f"import {name}\n" for name in modules)
        if not self._frame.head:
            return f"{imports}{body}\n"
        return f"{imports}{self._frame.head}\n{_indented(body)}\n"

    def _code(self, step: PartUse) -> str:
        codes = step.part.code
        code = codes[self._style.variant % len(codes)]
        if step.from_argument:
            code = code.replace('"{k}"', "str({k})")
        return code.replace("{k}", str(step.constant))

    def _open_source(self, step: PartUse) -> None:
        names = dict(zip("ab", self._frame.parameters, strict=False))
        codes = step.part.slow if self._style.slow and step.part.slow else step.part.code
        *setup, code = (_fill(codes[0], **names)).split("\n")
        self._lines += setup
        self._kind, self._sequence = step.part.gives, code
        self._iterable = _fill(codes[-1], **names).split("\n")[-1]
        self._is_text = step.part.gives is ItemKind.CHARS
        self._open()

    def _open(self) -> None:
        """Starts a comprehension that changes nothing."""
        self._item = "a" if self._kind is ItemKind.TABLE else self._kind.value
        self._value, self._conditions = self._kind.value, []

    def _is_open(self) -> bool:
        return bool(self._conditions) or self._value != self._kind.value

    def _comprehension(self, brackets: str = "[]") -> str:
        conditions = " if " + " and ".join(self._conditions) if self._conditions else ""
        if self._kind is ItemKind.TABLE:
            return f"{{a: {self._value} for a, v in {self._sequence}.items(){conditions}}}"
        inside = f"{self._value} for {self._item} in {self._iterable or self._sequence}{conditions}"
        return brackets[:1] + inside + brackets[1:]

    def _close(self, kind: ItemKind) -> None:
        """Makes the open comprehension the sequence."""
        if self._is_open():
            self._sequence, self._is_text = self._comprehension(), False
            self._iterable = ""
        self._kind = kind
        self._open()

    def _name(self) -> None:
        """Gives the sequence a name, unless it has one."""
        if not self._sequence.isidentifier():
            name = _NAMES[self._kind]
            self._lines.append(f"{name} = {self._sequence}")
            self._sequence = name
        self._iterable = ""

    def _add(self, step: PartUse) -> None:
        part, code = step.part, self._code(step)
        if part.role is Role.KEEP:
            if self._value != self._kind.value:
                self._settle(part.takes)
            self._conditions.append(code if " or " not in code and " if " not in code else f"({code})")
        elif part.role is Role.EACH:
            self._map(code, part.takes)
            if part.gives is not self._kind or part.gives is not part.takes:
                self._settle(part.gives)
        elif part.role is Role.SCAN:
            self._scan(step, code)
        else:
            self._whole(step, code)
        if not self._style.fused and part.role in (Role.KEEP, Role.EACH):
            self._settle(part.gives)

    def _settle(self, kind: ItemKind) -> None:
        self._close(kind)
        self._name()

    def _map(self, code: str, kind: ItemKind) -> None:
        variable = self._kind.value
        if self._value == variable:
            self._value = code
        elif len(re.findall(rf"\b{variable}\b", code)) == 1:
            self._value = _put(code, variable, self._value)
        else:
            self._settle(kind)
            self._value = code

    def _scan(self, step: PartUse, code: str) -> None:
        variable = step.part.takes.value
        if self._value != variable and len(re.findall(rf"\b{variable}\b", code)) > 1:
            self._settle(step.part.takes)
        update = _put(code, variable, self._value) if self._value != variable else code
        self._lines.append(f"t = {step.part.init}")
        if self._style.fused and not self._style.slow:
            self._value = f"t := {update}"
            self._settle(ItemKind.INTS)
            return
        self._lines.append("ts = []")
        grow = "ts = ts + [t]" if self._style.slow else "ts.append(t)"
        self._loop_lines([f"t = {update}", grow], self._conditions)
        self._kind, self._sequence, self._iterable, self._is_text = ItemKind.INTS, "ts", "", False
        self._open()

    def _loop_lines(self, body: list[str], conditions: list[str]) -> None:
        self._lines.append(f"for {self._item} in {self._iterable or self._sequence}:")
        depth = 1
        if conditions:
            self._lines.append("    if " + " and ".join(conditions) + ":")
            depth = 2
        self._lines += ["    " * depth + line for line in body]

    def _whole(self, step: PartUse, code: str) -> None:
        self._close(step.part.takes)
        slow = step.part.slow if self._style.slow else ()
        if slow:
            code = slow[0].replace("{k}", str(step.constant))
        if "\n" in code or "{y}" in code:
            self._name()
            target = _NAMES[step.part.gives]
            if re.search(rf"\b{target}\b", self._sequence):
                target = target[0] * 2
            self._lines += _fill(code, s=self._sequence, y=target).split("\n")
            self._sequence, self._iterable = target, ""
        else:
            nested = " for " in code and " for " in self._sequence
            if nested or code.count("{s}") > 1 or not _is_atom(self._sequence):
                self._name()
            self._sequence, self._iterable = code.replace("{s}", self._sequence), ""
        self._is_text = self._is_text and step.part.keeps_text and self._sequence[:4] != "list"
        self._kind = step.part.gives
        self._open()
        if not self._style.fused or not _is_atom(self._sequence):
            self._name()

    def _tail(self, steps: list[PartUse]) -> int:
        """Returns where the part that a loop can do begins; the number of steps where there is none."""
        if steps[-1].part.loop is None or steps[-1].part.takes is ItemKind.TABLE:
            return len(steps)
        start = len(steps) - 1
        while (
            start > 0 and steps[start - 1].part.role in _PER_ITEM and steps[start - 1].part.takes is not ItemKind.TABLE
        ):
            start -= 1
        return start

    def _close_for_loop(self) -> None:
        if self._is_open():
            self._settle(self._kind)

    def _write_loop(self, steps: list[PartUse], end: PartUse) -> None:
        assert end.part.loop is not None
        loop = end.part.loop
        init = [f"t = {step.part.init}" for step in steps if step.part.role is Role.SCAN]
        self._lines += init + ([loop.init] if loop.init else [])
        self._lines.append(f"for {self._item} in {self._iterable or self._sequence}:")
        depth, item, value = 1, self._item, self._item
        for step in steps:
            code = self._code(step)
            if step.part.role is Role.KEEP:
                if value != item:
                    self._lines.append("    " * depth + f"{item} = {value}")
                    value = item
                self._lines.append("    " * depth + f"if {code}:")
                depth += 1
                continue
            if value != item:
                self._lines.append("    " * depth + f"{item} = {value}")
            if step.part.role is Role.SCAN:
                self._lines.append("    " * depth + f"t = {code}")
                item, value = "x", "t"
            else:
                item, value = step.part.gives.value, code
        self._lines += ["    " * depth + line for line in self._updates(loop.update, item, value, depth)]
        self._answer(loop.result.replace("{k}", str(end.constant)))

    def _updates(self, update: str, item: str, value: str, depth: int) -> list[str]:
        if self._style.slow and update == "out.append({x})":
            update = "out = out + [{x}]"
        if update.count("{x}") > 1 and value not in (item, "t"):
            return [f"{item} = {value}", *update.replace("{x}", item).split("\n")]
        return update.replace("{x}", value).split("\n")

    def _write_end(self, step: PartUse) -> None:
        part = step.part
        code = self._code(step)
        if self._style.slow and part.slow:
            code = part.slow[0].replace("{k}", str(step.constant))
        if self._is_text and not self._is_open() and code == '"".join({s})':
            self._answer(self._sequence)
            return
        if self._is_open() and _takes_generator(code) and self._kind is not ItemKind.TABLE:
            inside = self._comprehension("" if code.endswith("({s})") else "()")
            self._answer(code.replace("{s}", inside))
            return
        self._close(part.takes)
        if code.count("{s}") > 1 or not _is_atom(self._sequence):
            self._name()
        self._answer(code.replace("{s}", self._sequence))

    def _answer(self, value: str) -> None:
        self._lines += self._frame.answer.replace("{v}", value).split("\n")


def _takes_generator(code: str) -> bool:
    return code.count("{s}") == 1 and re.match(r"(sum|max|min|math\.prod|\"[-, ]*\"\.join)\(\{s\}", code) is not None


def _fill(template: str, **values: str) -> str:
    """Replaces ``{name}`` by its value; other braces stay."""
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


@lru_cache(maxsize=4096)
def _is_atom(code: str) -> bool:
    """Whether an expression binds so tightly that no brackets are needed around it."""
    code, count = re.sub(r'"[^"]*"', "s", code), 1
    while count:
        code, count = re.subn(r"[(\[{][^()\[\]{}]*[)\]}]", "_", code)
    return re.fullmatch(r"[\w.]+", code) is not None


def _put(code: str, variable: str, value: str) -> str:
    """Returns ``code`` with an expression in the place of its variable, in brackets where it needs them."""
    bare = _is_atom(value) or re.search(rf"\({variable}\)|^{variable}$", code)
    return re.sub(rf"\b{variable}\b", lambda _: value if bare else f"({value})", code)


def _indented(text: str) -> str:
    return "\n".join("    " + line if line else line for line in text.split("\n"))
