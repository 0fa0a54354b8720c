from __future__ import annotations

import ast
from pathlib import Path

import pytest

from agents.policy.builtin import BUILTIN_MODELS, FOLDER, builtin_model
from agents.policy.policy import LMPolicy
from agents.policy.prompt_template import PromptTemplate, Task
from agents.policy.tuning import Tuning
from codegym.errors import UnknownNameError
from envs_registry import load_suite


@pytest.mark.parametrize("name", BUILTIN_MODELS)
def test_a_shipped_model_writes_at_once(name: str) -> None:
    policy = LMPolicy.load(name, device="cpu", max_new_tokens=32)
    prompt = policy.task_text(Task.PROGRAM, load_suite("core", split="validation")[0].prompt)
    (completion,) = policy.generate([prompt], greedy=True)
    assert completion.finished
    ast.parse(completion.text)
    assert policy.template == PromptTemplate.load(FOLDER / name)


def test_the_shipped_models_stay_small() -> None:
    assert sorted(folder.name for folder in FOLDER.iterdir()) == sorted(BUILTIN_MODELS)
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 4 * 2**20


def test_other_names_are_left_to_the_hub() -> None:
    assert builtin_model("Qwen/Qwen2.5-Coder-0.5B") is None
    assert builtin_model(FOLDER / "tiny") is None


def test_a_misspelt_name_is_not_looked_for_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for load in (builtin_model, LMPolicy.load):
        with pytest.raises(UnknownNameError, match="Did you mean 'tiny'"):
            load("tinny")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tinny").mkdir()
    assert builtin_model("tinny") is None  # a folder of that name is meant


def test_adapters_of_a_built_in_model_survive_another_place_of_installation(tmp_path: Path) -> None:
    pytest.importorskip("peft")
    LMPolicy.load("nano", device="cpu", tuning=Tuning(lora_rank=2)).save(tmp_path)
    file = tmp_path / "adapter_config.json"
    recorded = file.read_text("utf-8")
    assert str(FOLDER) in recorded
    file.write_text(recorded.replace(str(FOLDER), "/gone/site-packages/agents/policy/models"), "utf-8")
    assert LMPolicy.load(tmp_path, device="cpu").model.peft_config
