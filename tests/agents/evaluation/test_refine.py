from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Generator

from agents.engines.sampling import Sampling
from agents.evaluation import evaluate
from agents.evaluation.refine import RatedProgram, cuts, parents, refined_samples, survivors
from agents.evaluation.samples import ProgramSample
from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from codegym import CallTest, Judge, Problem
from codegym.feedback.feedback import Feedback, TestResult
from codegym.feedback.kind import Kind, Scope
from codegym.feedback.verdict import Verdict
from codegym.program import Program

GOOD = "def f(x):\n    y = x\n    return y + 1\n"
LUCKY = "def f(x):\n    y = x\n    return 2\n"
WRONG = "def f(x):\n    y = x\n    return y\n"


def problem(name: str, public: int = 1) -> Problem:
    tests = (CallTest(args=(1,), expected=2), CallTest(args=(0,), expected=1), CallTest(args=(5,), expected=6))
    tests = tuple(CallTest(args=t.args, expected=t.expected, public=index < public) for index, t in enumerate(tests))
    return Problem(task_id=name, prompt=name, entry_point="f", tests=tests)


def spelled(text: str, prompt: str = "p") -> Completion:
    """A completion whose tokens are its characters."""
    ids = np.array([ord(character) for character in text], np.int64)
    ends = np.arange(1, len(ids) + 1)
    return Completion(
        prompt=prompt,
        text=text,
        prompt_ids=np.zeros(0, np.int64),
        token_ids=ids,
        offsets=np.stack([ends - 1, ends], axis=1),
        logprobs=np.zeros(len(ids), np.float32),
        finished=True,
    )


def rated(text: str, statuses: str, number: int = 0) -> RatedProgram:
    """A program whose public tests ended like this: ``.`` passed, ``F`` failed, ``I`` the machine failed."""
    of = {".": Verdict.PASS, "F": Verdict.FAIL, "I": Verdict.INFRA_ERROR}
    tests = tuple(
        TestResult(index=index, status=of[s], public=True, kind=Kind.NONE) for index, s in enumerate(statuses)
    )
    worst = next((of[s] for s in "IF" if s in statuses), Verdict.PASS)
    program = Program.from_completion(text, problem("a"))
    kind, scope = (Kind.NONE if worst is Verdict.PASS else Kind.WRONG_ANSWER), Scope.NONE
    feedback = Feedback(task_id="a", program=program, verdict=worst, kind=kind, scope=scope, tests=tests)
    return RatedProgram(spelled(text), feedback, number)


class Scripted:
    """Writes what a script says: for a problem round by round, and for a prefix what shall follow it."""

    max_new_tokens = 99

    def __init__(self, script: Mapping[str, Sequence[str]], ending: str = "    return y + 1\n") -> None:
        self.script, self.ending = script, ending
        self.told: list[str] = []
        self.prefixes: list[str] = []

    def prompt_text(self, observation: Mapping[str, Any]) -> str:
        self.told.append(str(observation["feedback"]))
        return f"{observation['prompt']}|{observation['turn']}"

    def stream(
        self, prompts: Sequence[str], sampling: Any, generator: Any, prefixes: Sequence[Any] = ()
    ) -> Iterator[tuple[int, Completion]]:
        for index, prompt in enumerate(prompts):
            name, turn = prompt.split("|")
            begun = "".join(map(chr, prefixes[index])) if len(prefixes) else ""
            if begun:
                self.prefixes.append(begun)
            middle = "    y = x\n" if begun and "y = x" not in begun else ""
            yield index, spelled(begun + middle + self.ending if begun else self.script[name][int(turn)], prompt)


def refined(
    policy: Any, problems: Sequence[Problem], rounds: int, n: int = 1, sampling: Sampling | None = None
) -> list[ProgramSample]:
    with Judge(workers=1) as judge:
        return refined_samples(
            policy,
            problems,
            judge,
            n=n,
            rounds=rounds,
            sampling=sampling or Sampling(),
            generator=Generator().manual_seed(0),
        )


def final(samples: Sequence[ProgramSample]) -> dict[str, str]:
    return {sample.task_id: sample.completion for sample in samples if sample.is_final}


def test_public_tests_decide_what_is_gone_on_from_and_what_is_repaired() -> None:
    policy = Scripted({"a": [WRONG, GOOD, WRONG], "b": [LUCKY, WRONG, WRONG], "c": [WRONG, GOOD, GOOD]})
    samples = refined(policy, [problem("a"), problem("b"), problem("c", public=0)], rounds=2)
    # a is repaired; b passes its public test: what begins like it is right; nothing can be said about c
    assert final(samples) == {"a": GOOD, "b": GOOD, "c": WRONG}
    assert policy.prefixes
    assert all(LUCKY.startswith(prefix) for prefix in policy.prefixes)
    told = [text for text in policy.told if text]
    assert len(told) == 1
    assert WRONG.strip() in told[0]
    assert all("6" not in text for text in told)  # the private test's expected value
    assert [(s.task_id, s.turn, s.is_final) for s in samples] == [
        ("a", 0, False), ("a", 1, True), ("b", 0, False), ("b", 1, True), ("c", 0, True),
    ]  # fmt: skip


def test_one_that_gets_furthest_is_gone_on_from_and_repaired() -> None:
    policy = Scripted({"a": [LUCKY, WRONG, WRONG]})
    samples = refined(policy, [problem("a", public=2)], rounds=2)  # it passes one of two public tests
    assert len(policy.prefixes) == 1
    assert any(LUCKY.strip() in text for text in policy.told)
    assert final(samples) == {"a": GOOD}


def test_what_passes_fewer_public_tests_never_replaces_another() -> None:
    policy = Scripted({"a": [GOOD, WRONG, WRONG]}, ending="    return y\n")
    samples = refined(policy, [problem("a")], rounds=3)
    assert len(policy.prefixes) == 2
    assert [(s.completion, s.turn, s.is_final) for s in samples] == [(GOOD, 0, True)]


def test_one_round_is_plain_sampling_and_nothing_greedy_is_gone_on_from() -> None:
    policy = Scripted({"a": [GOOD]})
    assert final(refined(policy, [problem("a")], rounds=1)) == {"a": GOOD}
    assert final(refined(policy, [problem("a")], rounds=3, sampling=Sampling(greedy=True))) == {"a": GOOD}
    assert policy.prefixes == []


def test_pass_at_1_after_each_round() -> None:
    problems = [problem("a"), problem("b")]
    policy = Scripted({"a": [WRONG, WRONG.replace("y\n", "y - 1\n"), GOOD], "b": [LUCKY]})
    samples = refined(policy, problems, rounds=3)
    with Judge(workers=1) as judge:
        result = evaluate(samples, problems, (1,), judge=judge)
    assert [interval.estimate for interval in result.after_turn] == [0.0, 0.5, 1.0]
    assert [problem.judged for problem in result.problems] == [1, 1]


def test_parents_are_those_that_pass_the_most_and_one_test_at_least() -> None:
    best, next_best, none, unknown = rated("a", ".."), rated("b", ".F"), rated("c", "FF"), rated("d", "II")
    assert parents([best, next_best, none]) == [best]
    assert parents([none, next_best, next_best]) == [next_best, next_best]
    assert parents([none, unknown]) == []


def test_survivors_pass_the_most_and_keep_their_indices() -> None:
    right, wrong, unknown = rated("a", ".."), rated("b", "F."), rated("c", "I.")
    other, worse, copy, lost = rated("d", "..", 1), rated("e", "FF", 1), rated("a", "..", 1), rated("f", "I.", 1)
    assert survivors([wrong, right], [worse, other]) == [other, right]
    assert survivors([wrong, right], [worse]) == [wrong, right]
    assert survivors([right], [other]) == [other]  # public tests see no difference: it is the newer one's turn
    assert survivors([right, wrong], [copy]) == [right, copy]
    assert survivors([right], [copy]) == [right]
    assert survivors([unknown, wrong], [other, lost]) == [unknown, other]  # a machine's failure is no verdict


@pytest.mark.parametrize(
    ("text", "prefixes"),
    [
        (GOOD, ["def f(x):\n", "def f(x):\n    y = x\n"]),
        ("def f(x): return x", []),
        ("", []),
        ("Here.\n```python\n" + GOOD + "```\nThat was it.\n", ["def f(x):\n", "def f(x):\n    y = x\n"]),
        ("\n\ndef f(x):\n    return x\n\n\n", ["def f(x):\n"]),
    ],
)
def test_cuts_are_at_the_ends_of_the_programs_lines_but_the_last(text: str, prefixes: list[str]) -> None:
    start = text.index("def") if prefixes else 0
    assert [text[start:cut] for cut in cuts(rated(text, "."))] == prefixes


def test_a_token_that_reaches_into_the_next_line_is_not_kept() -> None:
    one = rated(GOOD, ".")
    pieces = ["def f(x):", "\n    y", " = x\n", "    return y + 1\n"]
    ends = np.cumsum([len(piece) for piece in pieces])
    offsets = np.stack([ends - [len(piece) for piece in pieces], ends], axis=1)
    completion = Completion(**{**vars(one.completion), "token_ids": np.arange(4), "offsets": offsets})
    assert cuts(RatedProgram(completion, one.feedback)) == [1, 3]


def test_a_first_token_of_several_lines_leaves_nothing_to_go_on_from() -> None:
    one = rated(GOOD, ".")
    first = len("def f(x):\n    y = x\n    ret")
    offsets = np.array([[0, first], [first, len(GOOD)]])
    completion = Completion(**{**vars(one.completion), "token_ids": np.arange(2), "offsets": offsets})
    assert cuts(RatedProgram(completion, one.feedback)) == []


def test_where_the_machine_failed_there_is_nothing_to_repair() -> None:
    policy = Scripted({"a": [WRONG, GOOD]})

    class Broken:
        def judge_many(self, pairs: Sequence[tuple[Problem, str]]) -> list[Feedback]:
            return [rated(text, "I").feedback for _, text in pairs]

    arguments: dict[str, Any] = {"sampling": Sampling(), "generator": Generator().manual_seed(0)}
    samples = refined_samples(policy, [problem("a")], Broken(), n=1, rounds=3, **arguments)  # type: ignore[arg-type]
    assert final(samples) == {"a": WRONG}
    assert policy.told == [""]


@pytest.mark.parametrize("kind", ["qwen2", "llama", "codegen", "t5"])
def test_what_goes_on_from_a_prefix_is_made_of_the_sampled_tokens(
    kind: str, model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every program counts as passing, so that all are gone on from."""
    policy = LMPolicy.load(model_folder(kind), device="cpu", max_new_tokens=24)
    judged: list[str] = []

    class Yes:
        def judge_many(self, pairs: Sequence[tuple[Problem, str]]) -> list[Feedback]:
            judged.extend(text for _, text in pairs)
            return [rated(text, ".").feedback for _, text in pairs]

    monkeypatch.setattr("agents.evaluation.refine.cuts", lambda one: [len(one.completion) // 2])
    written: list[Completion] = []
    begun: list[list[int]] = []
    stream = policy.stream

    def watched(prompts: Any, sampling: Any, generator: Any, prefixes: Any = None) -> Any:
        begun.extend([] if prefixes is None else [prefix.tolist() for prefix in prefixes])
        for index, completion in stream(prompts, sampling, generator, prefixes):
            written.append(completion)
            yield index, completion

    monkeypatch.setattr(policy, "stream", watched)
    arguments: dict[str, Any] = {"sampling": Sampling(max_new_tokens=24), "generator": Generator().manual_seed(1)}
    samples = refined_samples(policy, [problem("a"), problem("b")], Yes(), n=3, rounds=3, **arguments)  # type: ignore[arg-type]
    assert len(written) == len(judged) == 18
    assert len(begun) == 12
    assert sum(map(len, begun)) > 12
    for completion in written:
        ids = completion.token_ids.tolist()
        text = policy.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        assert completion.text == text
        assert len(ids) <= 24
    for prefix in begun:  # of a parent that was written before, and of what was written after it
        assert sum(completion.token_ids.tolist()[: len(prefix)] == prefix for completion in written) >= 2
    assert {sample.completion for sample in samples} <= {completion.text for completion in written}
