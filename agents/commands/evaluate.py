"""``codegym evaluate``: pass@k of a model or of programs that somebody wrote, on any suites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from agents.commands.options import DataDir, Device, Json, MaxNewTokens, Seed, Strict, Workers
from agents.commands.output_paths import make_output_folder
from agents.commands.settings import check_at_least
from agents.commands.suite_name import load_named
from agents.commands.terminal import OUT, say, say_json
from agents.evaluation.baseline import Baseline
from agents.evaluation.efficiency import CostRatios, SideBySide, solved_by_both
from agents.evaluation.evaluation import Evaluation
from agents.evaluation.evaluator import ONE_OF_BOTH, Evaluator, given_samples
from agents.evaluation.folder import EvaluationFolder, part_name, summary, write_program
from agents.evaluation.judged_program import JudgedProgram, Passing
from agents.evaluation.run_comparison import RunComparison, compare
from agents.evaluation.tables import show_comparison, show_evaluation
from agents.progress import ProgressDisplay
from codegym import Judge, Limits
from codegym.errors import InvalidSettingError
from codegym.store import Store, default_store_path
from envs_registry import Suite
from envs_registry.loading import label_of, names_a_file

if TYPE_CHECKING:
    from agents.evaluation.model_tests import ModelTests


@dataclass(frozen=True)
class Writing:
    """How a model writes programs; samples have been written already."""

    RENAMED: ClassVar[Mapping[str, str]] = {"n": "programs", "tests_of_its_own": "test_texts"}

    programs: int = 20
    """Programs that a model writes for each problem."""
    temperature: tuple[float, ...] = (1.0,)
    """Temperature of a model's sampling; several values make a sweep, and 0 is greedy."""
    top_p: float = 1.0
    """Nucleus of a model's sampling."""
    greedy: bool = False
    """Let a model write its most probable program, one for each problem."""
    test_texts: int = 0
    """Texts with tests that a model writes for each problem, to choose one of its programs by."""
    turns: int = 1
    """Programs that a model may write to get the public tests right; above 1 it repairs its programs."""
    rounds: int = 1
    """Rounds of programs: above 1 a model goes on from a prefix of those that pass the public tests and repairs the
    others; those that pass the most count."""
    max_new_tokens: MaxNewTokens = 256
    device: Device = "auto"

    def check(self) -> None:
        """Refuses what makes no sense.

        Raises:
            InvalidSettingError: If a number is out of range; the message names it.
        """
        check_at_least(self, 1, "programs", "turns", "rounds", "max_new_tokens")
        check_at_least(self, 0, "test_texts")
        if self.turns > 1 and self.rounds > 1:
            raise InvalidSettingError(ONE_OF_BOTH.format(turns=self.turns, rounds=self.rounds))
        if not self.temperature or min(self.temperature) < 0:
            raise InvalidSettingError(f"--temperature must be 0 (greedy) or above, got {self.temperature!r}.")

    def settings(self) -> Iterator[Mapping[str, Any]]:
        """Yields what is to be evaluated one after another, as plain data."""
        # Rounds and tests are named only where there are some: settings of older summaries stay comparable.
        always: dict[str, Any] = {"max_new_tokens": self.max_new_tokens, "turns": self.turns}
        if self.rounds > 1:
            always["rounds"] = self.rounds
        if self.test_texts:
            always["test_texts"] = self.test_texts
        for temperature in (0.0,) if self.greedy else self.temperature:
            if temperature:
                yield {"temperature": temperature, "top_p": self.top_p, "n": self.programs, **always}
            else:
                yield {"temperature": 0.0, "greedy": True, "n": 1, **always}


@dataclass(frozen=True)
class _Task:
    """One suite, with one way of writing.

    Attributes:
        suite: The problems of the suite.
        setting: How the programs are written, as plain data.
        part: Name of the programs' file in the folder.
        earlier: The evaluation to compare with, if there is one.
        before: The programs of the earlier evaluation that passed.
    """

    suite: Suite
    setting: Mapping[str, Any]
    part: str
    earlier: Evaluation | None
    before: Passing


@dataclass(frozen=True)
class Evaluate:
    """Judge programs on suites and estimate pass@k, with 95 % bootstrap intervals over problems."""

    suite: tuple[str, ...]
    """Names of suites (see `codegym suites list`), also as NAME:SPLIT, or JSONL files with your own problems."""
    samples: Path | None = None
    """Programs to judge: a JSONL file in HumanEval's or EvalPlus's format, or a folder with one for each problem."""
    tests: Path | None = None
    """JSONL file with tests that a model wrote (task_id and tests), to choose one of many programs by."""
    model: str | None = None
    """Model to evaluate instead of --samples: tiny, nano, a name on the hub, a folder, a saved agent, or a run."""
    split: Annotated[str | None, tyro.conf.arg(help="Split of the suites; without it, the default of each suite.")] = (
        None
    )
    data_dir: DataDir = None
    k: tuple[int, ...] = (1, 10)
    """Values of k for pass@k."""
    writing: tyro.conf.OmitArgPrefixes[Writing] = field(default_factory=Writing)
    """How a model writes programs."""
    out: Path | None = None
    """Folder for every program with its verdict, and a summary."""
    baseline: Path | None = None
    """Folder that an earlier evaluation wrote with --out, to compare with: what was won and lost since."""
    costs: bool = True
    """Measure with --baseline what programs of both evaluations cost, run side by side."""
    cache: Path | None = field(default_factory=default_store_path)
    """File that keeps programs and verdicts by content, so that a killed evaluation goes on; None keeps nothing."""
    workers: Workers = None
    cpu_seconds: float = Limits.cpu_seconds
    """CPU time that a test may take where the suite does not say, in seconds."""
    packages: tuple[str, ...] = ()
    """Packages that programs may import beyond the standard library and those of the suite, such as numpy."""
    seed: Seed = 0
    strict: Strict = False
    all_tests: bool = False
    """Run every test of a program that fails one, so that the files of --out say which others it passes."""
    json: Json = False

    def run(self) -> int:
        """Evaluates; returns 0 if every problem has a verdict and 1 if some are missing.

        Raises:
            DataError: If samples, a model's folder or an earlier evaluation are missing or malformed.
            UnknownNameError: If the suite or the split does not exist, or a sample is for an unknown task.
            InvalidSettingError: If there is not exactly one of samples and model, or no k can be had.
        """
        self._check()
        labels = [label_of(name) for name in self.suite]
        baseline = None if self.baseline is None else Baseline.read(self.baseline, labels)
        splits = {name: None if names_a_file(name) else self.split for name in self.suite}
        suites = {label_of(name): load_named(name, split, self.data_dir) for name, split in splits.items()}
        # Everything is looked up before anything is written or judged: hours later is too late for a misspelt folder.
        tasks = [self._task(suite, setting, baseline) for suite in suites.values() for setting in self._settings()]
        found = list(self._evaluations(tasks))
        results = [result for result, _ in found]
        comparisons = [comparison for _, comparison in found if comparison is not None]
        if self.out is not None:
            EvaluationFolder(self.out).write_summary(results, comparisons)
        self._report(results, comparisons)
        # A script must see that the numbers stand for fewer problems than the suite has.
        return 1 if any(result.missing for result in results) else 0

    def _check(self) -> None:
        """Says what cannot be had before anything is loaded."""
        if (self.samples is None) == (self.model is None):
            raise InvalidSettingError("give either --samples FILE or --model MODEL: what is to be evaluated?")
        if not self.suite:
            raise InvalidSettingError("name at least one suite: --suite humaneval (see `codegym suites list`).")
        labels = [label_of(name) for name in self.suite]
        if len(set(labels)) < len(labels):
            raise InvalidSettingError(f"each suite needs a name of its own, got {', '.join(labels)}: rename a file.")
        if self.samples is None:
            self.writing.check()
        # An option that would change nothing is refused, so that nobody believes that it did.
        elif self.writing != Writing():
            changed = [f.name for f in fields(Writing) if getattr(self.writing, f.name) != getattr(Writing(), f.name)]
            raise InvalidSettingError(
                f"{', '.join('--' + name.replace('_', '-') for name in changed)}: how a model writes means nothing for "
                "--samples, which have been written already."
            )
        if self.out is not None:
            make_output_folder("--out", self.out)
        if self.out is not None and self.baseline is not None and self.out.resolve() == self.baseline.resolve():
            raise InvalidSettingError(
                f"--out and --baseline are both {self.out}: the programs of the one would take the place of the "
                "other's. Name another folder for --out."
            )

    def _settings(self) -> list[Mapping[str, Any]]:
        return [{"samples": str(self.samples)}] if self.samples else list(self.writing.settings())

    def _task(self, suite: Suite, setting: Mapping[str, Any], baseline: Baseline | None) -> _Task:
        """What is wrong with a baseline is found here, before anything is written or judged."""
        earlier = None if baseline is None else baseline.earlier(suite.name, setting)
        before = Passing() if baseline is None or earlier is None or not self.costs else baseline.passing(earlier)
        return _Task(suite, setting, part_name(suite.name, setting, len(self._settings()) > 1), earlier, before)

    def _evaluations(self, tasks: Sequence[_Task]) -> Iterator[tuple[Evaluation, RunComparison | None]]:
        """Yields each evaluation and, where there is a baseline, what changed since."""
        sources = self._sources({task.suite.name: task.suite for task in tasks})
        tests = self._model_tests()
        with ExitStack() as stack:
            store = None if self.cache is None else stack.enter_context(Store(self.cache))
            # A judge for each suite, because packages belong to it; it serves all temperatures of a sweep.
            judges: dict[str, Judge] = {}
            for task in tasks:
                name = task.suite.name
                judge = judges[name] = judges.get(name) or stack.enter_context(self._judge(task.suite))
                evaluator = Evaluator(
                    judge=judge,
                    store=store,
                    k=self.k,
                    seed=self.seed,
                    tests=tests,
                    setting=task.setting if self.samples else {"model": self.model, **task.setting},
                )
                passing = Passing()
                evaluation = self._evaluated(evaluator, sources[name], task, passing)
                if task.earlier is None:
                    yield evaluation, None
                    continue
                costs = self._costs(SideBySide(judge=judge, store=store or Store()), task.suite, task.before, passing)
                yield evaluation, compare(task.earlier, evaluation, self.seed, costs)

    def _judge(self, suite: Suite) -> Judge:
        packages = tuple(dict.fromkeys((*suite.packages, *self.packages)))
        limits = Limits(cpu_seconds=self.cpu_seconds)
        # Repairing and refining go by what each public test says; elsewhere only pass or fail counts.
        is_final = max(self.writing.turns, self.writing.rounds) == 1
        return Judge(
            self.workers,
            packages=packages,
            limits=limits,
            strict_extraction=self.strict,
            stop_early=is_final and not self.all_tests,
        )

    def _costs(self, beside: SideBySide, suite: Suite, before: Passing, after: Passing) -> list[CostRatios]:
        """What programs cost that solve the same problems."""
        both = len(solved_by_both(suite, before, after))
        with ProgressDisplay(self.json) as display:
            measured = display.track(beside.measure(suite, before, after), "costs", both)
            return [found for _, found in measured if isinstance(found, CostRatios)]

    def _evaluated(self, evaluator: Evaluator, source: Any, task: _Task, passing: Passing) -> Evaluation:
        """Evaluates, and notes the programs that pass."""
        suite = task.suite
        # Samples need no torch, which how a model writes does.
        evaluator = evaluator if self.samples else replace(evaluator, **_written_as(evaluator.setting))
        number = len(source) if self.samples else len(suite) * evaluator.n
        with ExitStack() as stack:
            file = None if self.out is None else stack.enter_context(EvaluationFolder(self.out).writing(task.part))
            display = stack.enter_context(ProgressDisplay(self.json))
            counts = Counter[str]()
            # Each prompt is written once, with the first program of its task: it is longer than most programs.
            prompts = {problem.task_id: problem.prompt for problem in suite}

            def on_judged(program: JudgedProgram) -> None:
                if file is not None:
                    write_program(file, replace(program, prompt=prompts.pop(program.task_id, "")))
                passing.note(program)
                counts.update(judged=program.is_final, passed=program.is_final and program.is_success)
                display.follow(task.part, counts["judged"], number, f"passed {counts['passed']}")

            return replace(evaluator, on_judged=on_judged).evaluate(source, suite)

    def _sources(self, suites: Mapping[str, Suite]) -> dict[str, Any]:
        """Who or what is evaluated on each suite; a sample counts on every suite that has its task."""
        if self.samples is None:
            from agents.evaluation.model_source import load_policy

            policy = load_policy(
                str(self.model), device=self.writing.device, max_new_tokens=self.writing.max_new_tokens
            )
            return dict.fromkeys(suites, policy)
        known = [task_id for suite in suites.values() for task_id in suite.task_ids]
        samples = given_samples(self.samples, known) or []
        # Suites may share tasks, as HumanEval and HumanEval+ do: a sample counts on each.
        tasks = {name: set(suite.task_ids) for name, suite in suites.items()}
        # Unknown tasks were refused above, so no sample is lost here.
        return {name: [sample for sample in samples if sample.task_id in tasks[name]] for name in suites}

    def _model_tests(self) -> dict[str, ModelTests]:
        if self.tests is None:
            return {}
        from agents.evaluation.model_tests import read_model_tests

        return read_model_tests(self.tests)

    def _report(self, results: Sequence[Evaluation], comparisons: Sequence[RunComparison]) -> None:
        if self.json:
            document = summary(results, comparisons)
            say_json({**document, **document["evaluations"][0]} if len(results) == 1 else document)
            return
        for result in results:
            show_evaluation(result, OUT)
        for comparison in comparisons:
            show_comparison(comparison, OUT)
        if self.out is not None:
            say(f"written: {self.out}    (codegym report {self.out})")


def _written_as(setting: Mapping[str, Any]) -> dict[str, Any]:
    from agents.engines.sampling import Sampling

    # Greedy sampling has no temperature.
    names = ("top_p", "max_new_tokens") if setting.get("greedy") else ("temperature", "top_p", "max_new_tokens")
    chosen = {name: setting[name] for name in names if name in setting}
    try:
        sampling = Sampling(greedy=bool(setting.get("greedy")), **chosen)
    except ValueError as error:
        raise InvalidSettingError(str(error)) from error
    numbers = {
        "n": setting["n"],
        "turns": setting["turns"],
        "rounds": setting.get("rounds", 1),
        "n_tests": setting.get("test_texts", 0),
    }
    return {"sampling": sampling, **numbers}
