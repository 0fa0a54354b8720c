"""Tasks from source code: documented functions that stand on their own, each once, none of them a benchmark's."""

from __future__ import annotations

import ast
import builtins
import hashlib
import symtable
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from agents.codedpo.data.source_files import EXCLUDED_FOLDERS, SourceFiles
from codegym.problem import Problem
from codegym.store import Store, content_key
from envs_registry.contamination import overlaps
from envs_registry.near_duplicates import near_duplicates
from envs_registry.suite import Suite

# Modules of the standard library whose functions have no effects on the machine.
_MODULES = frozenset(
    """__future__ abc array base64 binascii bisect calendar cmath collections copy dataclasses datetime decimal difflib
    enum fractions functools hashlib heapq html itertools json keyword math numbers operator re statistics string struct
    textwrap types typing unicodedata zlib""".split()  # noqa: SIM905  # a list of texts would take a line for each word
)
_EFFECTS = frozenset(
    """__import__ breakpoint compile delattr eval exec exit globals help input locals open print quit setattr
    vars""".split()  # noqa: SIM905  # a list of texts would take a line for each word
)
_BUILTINS = frozenset(dir(builtins)) - _EFFECTS
_LARGEST_FILE = 2 * 2**20
_EXTRACTION = 1  # raise it when other functions are taken: files are then read anew


class FunctionRejectReason(StrEnum):
    """Why a function is no task."""

    UNREADABLE = "unreadable"
    """Its file is no Python of this version."""
    NOT_PLAIN = "not_plain"
    """Decorated, asynchronous, a generator, a test, without parameters, or it returns nothing."""
    UNDOCUMENTED = "undocumented"
    """No docstring, or a short one."""
    SIZE = "size"
    """Too short to be a task, or too long."""
    DEPENDENT = "dependent"
    """Needs names that its own file, or a package, defines."""
    EFFECTS = "effects"
    """Prints, reads, writes, or reaches for the interpreter."""
    DUPLICATE = "duplicate"
    """Nearly the same as another one."""
    CONTAMINATED = "contaminated"
    """Shares runs of words with a problem of a protected suite."""


@dataclass(frozen=True, kw_only=True)
class CorpusRules:
    """Which functions become tasks."""

    least_words: int = 6
    """Fewest words of the docstring."""
    least_statements: int = 2
    """Fewest statements of the body, the docstring aside."""
    most_lines: int = 60
    """Most lines of the function."""
    similarity: float = 0.7
    """Functions that share so many of their runs of five words are duplicates."""
    overlap: float = 0.2
    """The share of runs of ten words in common with a problem of a protected suite that is too much."""


@dataclass(frozen=True, kw_only=True)
class CorpusTask:
    """A function that can be a task."""

    name: str
    head: str
    """From ``def`` to the colon."""
    docstring: str
    source: str
    """The whole function, as it was written."""
    imports: str
    """The import statements that it needs, one a line."""
    location: str
    """File and line."""

    @property
    def key(self) -> str:
        """Names it by its content."""
        return hashlib.sha256(f"{self.imports}\n{self.source}".encode(errors="surrogatepass")).hexdigest()[:16]

    def starter_code(self, description: str = "") -> str:
        """Returns imports, head, and a docstring: its own, or this description."""
        text = (description or self.docstring).replace("\\", "\\\\").replace('"""', "'''").strip()
        lines = [f"    {line}".rstrip() for line in text.splitlines()]
        end = '"""' if len(lines) == 1 else '\n    """'
        head = f'{self.head}\n    """' + "\n".join(lines).strip() + end + "\n"
        return f"{self.imports}\n\n\n{head}" if self.imports else head

    def problem(self, description: str = "") -> Problem:
        """Returns the task: to write the function anew from what its docstring, or the description, says."""
        starter = self.starter_code(description)
        return Problem(
            task_id=f"corpus/{self.key}",
            prompt=starter,
            tests=(),
            entry_point=self.name,
            starter_code=starter,
            tags=(self.location,),
        )


@dataclass
class CorpusTasks:
    """The tasks that a folder of code gave."""

    tasks: list[CorpusTask] = field(default_factory=list)
    skipped: Counter[FunctionRejectReason] = field(default_factory=Counter)
    files: int = 0
    """Files that were read."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Files that were not read, by the excluded folder that holds them."""


def read_corpus(
    folder: Path,
    rules: CorpusRules | None = None,
    *,
    excluded: Sequence[str] = EXCLUDED_FOLDERS,
    store: Store | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CorpusTasks:
    """Reads the Python files under a folder and returns the functions that can be tasks, each once.

    Args:
        folder: A repository, a package, or one file.
        rules: Which functions become tasks.
        excluded: Names of folders below it that are not walked into: installed packages, builds, hidden ones.
        store: Keeps what each file gave, by content; a run that was killed does not read it again.
        progress: Called with the number of files that are done, and of all files.
    """
    rules, store = rules or CorpusRules(), store or Store()
    sources = SourceFiles.below(folder, excluded)
    found = CorpusTasks(files=len(sources.files), left_out=sources.left_out)
    for done, file in enumerate(sources.files, start=1):
        key = content_key("corpus", _EXTRACTION, str(file), _digest(file), sorted(asdict(rules).items()))
        tasks, skipped = store.get_or_make(key, partial(_plain_of_file, file, rules))
        found.tasks += [CorpusTask(**row) for row in tasks]
        found.skipped.update({FunctionRejectReason(why): number for why, number in skipped.items()})
        progress(done, len(sources.files))
    # After all files: vendored copies of a function lie in different ones.
    copies = set(near_duplicates([task.source for task in found.tasks], rules.similarity))
    found.skipped[FunctionRejectReason.DUPLICATE] += len(copies)
    found.tasks = [task for index, task in enumerate(found.tasks) if index not in copies]
    return found


def _plain_of_file(file: Path, rules: CorpusRules) -> list[Any]:
    tasks, skipped = _of_file(file, rules)
    return [[asdict(task) for task in tasks], {str(why): number for why, number in skipped.items()}]


def decontaminated(found: CorpusTasks, protected: Iterable[Suite], rules: CorpusRules | None = None) -> CorpusTasks:
    """Leaves out every task that shares text with a problem of the protected suites: prompt or reference solution."""
    rules = rules or CorpusRules()
    problems = [
        Problem(task_id=str(index), prompt=task.docstring, tests=(), solutions=(task.source,))
        for index, task in enumerate(found.tasks)
    ]
    suite = Suite("corpus", "all", problems)
    bad: set[str] = set()
    for other in protected:
        # Both directions: a short text inside a long one is a large share of the short one only.
        bad |= {hit.task_id for hit in overlaps(suite, other, threshold=rules.overlap, solutions=True)}
        bad |= {hit.other_id for hit in overlaps(other, suite, threshold=rules.overlap, solutions=True)}
    kept = [task for index, task in enumerate(found.tasks) if str(index) not in bad]
    skipped = found.skipped + Counter({FunctionRejectReason.CONTAMINATED: len(bad)})
    return replace(found, tasks=kept, skipped=skipped)


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()[:24]
    except OSError:
        return "unreadable"


def _of_file(file: Path, rules: CorpusRules) -> tuple[list[CorpusTask], Counter[FunctionRejectReason]]:
    skipped: Counter[FunctionRejectReason] = Counter()
    try:
        # Larger files are generated tables, which take long to parse and hold few functions.
        text = file.read_text(encoding="utf-8") if file.stat().st_size <= _LARGEST_FILE else ""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's invalid escapes
            tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return [], Counter({FunctionRejectReason.UNREADABLE: 1})
    imports = dict(_imports(tree.body))
    tasks = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            task = _task(node, text, imports, rules, f"{file}:{node.lineno}")
            if isinstance(task, CorpusTask):
                tasks.append(task)
            else:
                skipped[task] += 1
    return tasks, skipped


def _imports(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    """The names that a file imports from harmless modules, with the statement that brings each."""
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in _MODULES:
                    yield (alias.asname or alias.name).partition(".")[0], ast.unparse(ast.Import([alias]))
        elif isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").partition(".")[0] in _MODULES:
            for alias in node.names:
                if alias.name != "*":
                    yield alias.asname or alias.name, ast.unparse(ast.ImportFrom(node.module, [alias], 0))


def _task(
    node: ast.FunctionDef | ast.AsyncFunctionDef, text: str, imports: dict[str, str], rules: CorpusRules, location: str
) -> CorpusTask | FunctionRejectReason:
    docstring = ast.get_docstring(node)
    if not _is_plain(node):
        return FunctionRejectReason.NOT_PLAIN
    if docstring is None or len(docstring.split()) < rules.least_words:
        return FunctionRejectReason.UNDOCUMENTED
    statements = sum(isinstance(part, ast.stmt) for child in node.body[1:] for part in ast.walk(child))
    if statements < rules.least_statements or (node.end_lineno or 0) - node.lineno >= rules.most_lines:
        return FunctionRejectReason.SIZE
    source = ast.get_source_segment(text, node) or ""
    needed = _needed_names(source)
    if needed is None:
        return FunctionRejectReason.UNREADABLE
    # A recursive function needs itself, which is no dependency.
    needed -= {node.name}
    if needed & _EFFECTS:
        return FunctionRejectReason.EFFECTS
    if needed - _BUILTINS - set(imports):
        return FunctionRejectReason.DEPENDENT
    # Without it annotations are evaluated, and names in them that were never imported raise.
    future = [imports["annotations"]] if "__future__" in imports.get("annotations", "") else []
    lines = dict.fromkeys([*future, *sorted(imports[name] for name in needed & set(imports))])
    # Unparsed, not cut out: a head may stretch over lines and hold comments.
    bare = ast.FunctionDef(node.name, node.args, [ast.Pass()], [], node.returns, None, lineno=1, col_offset=0)
    head = ast.unparse(ast.fix_missing_locations(bare)).rpartition("\n")[0]
    return CorpusTask(
        name=node.name,
        head=head,
        docstring=docstring,
        source=source,
        imports="\n".join(lines),
        location=location,
    )


def _is_plain(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if isinstance(node, ast.AsyncFunctionDef) or node.decorator_list or node.name.startswith(("_", "test")):
        return False
    inside = list(ast.walk(node))
    if any(isinstance(part, ast.Yield | ast.YieldFrom | ast.Await | ast.Global | ast.Nonlocal) for part in inside):
        return False
    returns = any(isinstance(part, ast.Return) and part.value is not None for part in inside)
    return returns and bool(node.args.args or node.args.posonlyargs) and node.args.kwarg is None


def _needed_names(source: str) -> set[str] | None:
    """The names that a function takes from outside itself."""
    try:
        tables: list[Any] = [symtable.symtable(source, "task", "exec")]
    except (SyntaxError, ValueError, RecursionError):
        return None
    top, needed = tables[0], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or table is top):
                needed.add(symbol.get_name())
    return needed
