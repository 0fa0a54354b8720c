"""DS-1000: data science snippets, pasted into a template that makes the inputs and compares the results."""

from __future__ import annotations

from codegym.problem import Problem, ScriptTest
from codegym.sandbox.limits import Limits
from envs_registry.assertions import joined, parsed
from envs_registry.building import LazyProblems, build_lazily
from envs_registry.catalogue import ALL
from envs_registry.options import choice
from envs_registry.rows import Row
from envs_registry.sources import SuiteSource

# What the problems of each library import.
_PACKAGES = {
    "Matplotlib": ("numpy", "pandas", "matplotlib", "seaborn"),
    "Numpy": ("numpy", "pandas", "scipy", "sklearn", "torch", "tensorflow"),
    "Pandas": ("numpy", "pandas"),
    "Pytorch": ("numpy", "pandas", "torch"),
    "Scipy": ("numpy", "pandas", "scipy"),
    "Sklearn": ("numpy", "pandas", "scipy", "sklearn"),
    "Tensorflow": ("numpy", "pandas", "tensorflow"),
}
# Loading tensorflow or torch takes seconds and gigabytes of address space.
_LIMITS = Limits(cpu_seconds=60.0, wall_seconds=120.0, memory_bytes=16 * 2**30, program_cpu_seconds=180.0)
_RUN = "test_execution(program_source)\n"
# The judge runs test functions that a script does not call itself, so that each script keeps only its own.
_RUN_ALONE = f"del test_string\n{_RUN}"
_RUN_TEXT = "del test_execution\ntest_string(program_source)\n"


def load(source: SuiteSource, split: str, *, library: str = ALL, perturbation: str = ALL) -> LazyProblems:
    """Loads DS-1000 from its published rows (``test.jsonl`` from the hub, ``ds1000.jsonl.gz`` from the repository).

    The template runs the snippet and compares data frames, arrays and figures in the snippet's own process: feedback
    says ``trust = "in_process"``. A test script gets the program's text as ``program_source``.

    Args:
        source: Where the file is.
        split: ``"test"``, the only one.
        library: One of the seven libraries, or ``"all"``.
        perturbation: ``"Origin"``, ``"Surface"``, ``"Semantic"``, ``"Difficult-Rewrite"`` or ``"all"``.
    """
    choice("library", library, (ALL, *_PACKAGES))
    choice("perturbation", perturbation, (ALL, "Origin", "Surface", "Semantic", "Difficult-Rewrite"))
    path = source.file("ds1000.jsonl.gz", "ds1000.jsonl", "test.jsonl", "*.jsonl*", "*.parquet")

    def keep(row: Row) -> bool:
        return (library == ALL or row.get("metadata.library", str) == library) and (
            perturbation == ALL or row.get("metadata.perturbation_type", str) == perturbation
        )

    return build_lazily([path], _task_id, _problem, keep)


def packages_for(library: str = ALL, perturbation: str = ALL) -> tuple[str, ...]:
    """Returns what programs may import: with one library chosen, the others need not be installed."""
    chosen = _PACKAGES.values() if library == ALL else (_PACKAGES[library],)
    return tuple(dict.fromkeys(package for packages in chosen for package in packages))


def _task_id(row: Row) -> str:
    return f"ds1000/{row.get('metadata.problem_id', int)}"


def _problem(row: Row) -> Problem:
    code = row.code("code_context")
    tree = parsed(code)
    functions = {getattr(node, "name", "") for node in tree.body} if tree else set()
    if "test_execution" not in functions:
        row.fail("field 'code_context' must define test_execution(solution).")
    runs = (_RUN_ALONE, _RUN_TEXT) if "test_string" in functions else (_RUN,)
    return Problem(
        task_id=_task_id(row),
        prompt=row.get("prompt", str),
        tests=tuple(ScriptTest(source=joined(code, run)) for run in runs),
        solutions=(row.get("reference_code", str),),
        tags=("ds1000", row.get("metadata.library", str).lower(), row.get("metadata.perturbation_type", str, "Origin")),
        limits=_LIMITS,
        one_process=True,
    )
