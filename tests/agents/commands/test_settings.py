"""What options go on top of: an option counts because it was typed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from agents import cli
from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.data.pairing import PairRules
from agents.codedpo.data.pairs import PairKind
from agents.codedpo.data.sampling_settings import SamplingSettings
from agents.codedpo.focus import Focus
from agents.commands.settings import read_settings, write_settings
from agents.commands.train_codedpo import TrainCodeDPO
from agents.commands.train_rltf import TrainRLTF
from agents.policy.tuning import Tuning
from agents.rltf import RLTFConfig
from agents.scoring.ranking import Ranking
from codegym.errors import DataError, InvalidSettingError, UnknownNameError

FILE = {
    "model": "nano",
    "seed": 5,
    "max_turns": 3,
    "dtype": "bfloat16",
    "config": {"top_p": 0.9, "mask_truncated": True},
    "tuning": {"lora_rank": 4},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(FILE))
    return path


def rltf(*arguments: object) -> TrainRLTF:
    return cast(TrainRLTF, cli.parse("train rltf", [str(part) for part in arguments]))


def codedpo(*arguments: object) -> TrainCodeDPO:
    return cast(TrainCodeDPO, cli.parse("train codedpo", [str(part) for part in arguments]))


def test_what_is_typed_goes_on_top_of_a_file(file: Path) -> None:
    asked = rltf("--settings", file, "--seed", 7, "--temperature", 0.8)
    assert (asked.model, asked.seed, asked.tuning) == ("nano", 7, Tuning(lora_rank=4))
    assert asked.config == RLTFConfig.of({"top_p": 0.9, "mask_truncated": True, "temperature": 0.8})


def test_what_is_typed_counts_where_it_equals_a_default(file: Path) -> None:
    asked = rltf("--settings", file, "--max-turns", 1, "--no-mask-truncated", "--dtype", "auto", "--top-p", 1)
    assert (asked.max_turns, asked.dtype, asked.seed) == (1, "auto", 5)
    assert asked.config == RLTFConfig()


def test_every_default_can_be_typed_on_top_of_the_paper() -> None:
    default = RLTFConfig()
    assert rltf("--paper").config == RLTFConfig.paper()
    for name in ("supervised_share", "advantage", "policy_loss", "normalization", "refresh_every", "learning_rate"):
        value = default.value(name)
        assert rltf("--paper", f"--{name.replace('_', '-')}", value).config == RLTFConfig.paper(**{name: value})


def test_what_only_goes_with_the_paper_can_be_typed_with_it() -> None:
    assert rltf("--paper", "--batch-size", 128).config.batch == 128  # more than the default's buffer holds


def test_a_file_goes_on_top_of_the_paper_and_can_be_told_without_it(tmp_path: Path) -> None:
    file = tmp_path / "paper.json"
    file.write_text(json.dumps({"paper": True, "config": {"micro_batch_size": 4}}))
    assert rltf("--settings", file).config == RLTFConfig.paper(micro_batch_size=4)
    assert rltf("--settings", file, "--no-paper").config == RLTFConfig(micro_batch_size=4)
    again = tmp_path / "again.json"
    write_settings(again, rltf("--settings", file, "--top-p", 1))  # as a run records what it was started with
    assert rltf("--settings", again).config == RLTFConfig.paper(micro_batch_size=4, top_p=1.0)


def test_a_run_goes_on_with_all_its_settings_but_those_typed(tmp_path: Path) -> None:
    run = tmp_path / "moved"
    begun = rltf("--run-dir", tmp_path / "run", "--completions", 999, "--save-every", 3, "--workers", 2, "--top-p", 0.5)
    write_settings(run / "settings.json", begun)
    assert rltf("--run-dir", run, "--resume", "--json") == TrainRLTF(
        run_dir=run, resume=True, json=True, completions=999, save_every=3, workers=2, config=RLTFConfig(top_p=0.5)
    )
    assert rltf("--run-dir", run, "--resume", "--completions", 5120, "--save-every", 10).completions == 5120
    with pytest.raises(DataError, match="no run to resume"):
        rltf("--run-dir", tmp_path / "none", "--resume")


def test_codedpo_begins_alike(tmp_path: Path) -> None:
    assert codedpo("--paper").config == CodeDPOConfig.paper()
    assert codedpo("--paper").sampling.temperature == 1.5
    default = CodeDPOConfig()
    typed = ["--learning-rate", default.learning_rate, "--temperature", SamplingSettings().temperature]
    asked = codedpo("--paper", *typed)
    assert asked.config == CodeDPOConfig.paper(learning_rate=default.learning_rate)
    assert asked.sampling == SamplingSettings()
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"paper": True, "rules": {"kinds": ["efficiency"]}}))
    assert codedpo("--settings", file, "--no-paper").config == default
    write_settings(tmp_path / "run" / "settings.json", codedpo("--settings", file, "--until", "pairs"))
    assert codedpo("--resume", "--run-dir", tmp_path / "run").until == "training"  # which is about one call


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("{", DataError, "cannot read"),
        ("[]", DataError, "JSON object"),
        ('{"sute": "mbpp"}', UnknownNameError, "suite"),
        ('{"config": {"top_q": 1}}', UnknownNameError, "top_p"),
        ('{"config": {"top_p": 2}}', InvalidSettingError, "top_p"),
        ('{"completions": "many"}', InvalidSettingError, "completions must be of type int, got 'many'"),
        ('{"completions": true}', InvalidSettingError, "completions must be of type int, got True"),
        ('{"paper": 1}', InvalidSettingError, "paper must be of type bool"),
        ('{"split": 3}', InvalidSettingError, "split must be of type str"),
        ('{"run_dir": null}', InvalidSettingError, "run_dir must be of type Path"),
    ],
)
def test_mistakes_in_a_file_are_named(text: str, error: type[Exception], words: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(error, match=words):
        rltf("--settings", file)


@pytest.mark.parametrize("parts", [{}, {"config": {}}])
def test_a_file_may_leave_all_out(parts: dict[str, Any], file: Path) -> None:
    file.write_text(json.dumps(parts))
    assert rltf("--settings", file) == TrainRLTF(settings=file)


CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "data_dir": Path("data"),
            "workers": 3,
            "config": CodeDPOConfig(focus=Focus.TARGET, beta=0.3),
            "rules": PairRules(ranking=Ranking.COUNT, kinds=(PairKind.EFFICIENCY,)),
            "sampling": SamplingSettings(programs=4),
            "tuning": Tuning(lora_rank=2, lora_targets=("q_proj",)),
        },
    ],
)
def test_a_command_comes_back_as_it_was(tmp_path: Path, changes: dict[str, object]) -> None:
    command = replace(TrainCodeDPO(), **changes)  # type: ignore[arg-type]
    write_settings(tmp_path / "run" / "settings.json", command)
    assert TrainCodeDPO.of(read_settings(tmp_path / "run" / "settings.json")) == command


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read the settings"):
        read_settings(tmp_path / "settings.json")
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(DataError, match="cannot read the settings"):
        read_settings(tmp_path / "settings.json")


def test_what_is_not_named_stays_as_it_is() -> None:
    before = TrainCodeDPO(seed=9, config=CodeDPOConfig(epochs=1.0))
    values = {"model": "nano", "config": {"beta": 0.3}}
    assert before.changed(values) == TrainCodeDPO(model="nano", seed=9, config=CodeDPOConfig(beta=0.3, epochs=1.0))


def test_what_is_about_one_call_is_not_written(tmp_path: Path) -> None:
    write_settings(tmp_path / "settings.json", TrainCodeDPO(resume=True, json=True, until="pairs"))
    assert TrainCodeDPO.of(read_settings(tmp_path / "settings.json")) == TrainCodeDPO()


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ('{"modle": "tiny"}', UnknownNameError, "model"),
        ('{"config": {"beat": 1}}', UnknownNameError, "beta"),
        ('{"config": {"beta": 0}}', InvalidSettingError, "above 0"),
    ],
)
def test_a_misspelt_setting_is_named(text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        TrainCodeDPO.of(json.loads(text))


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("codedpo_*.json")), ids=lambda file: file.stem)
def test_the_files_in_configs_are_good(file: Path) -> None:
    assert TrainCodeDPO.of(read_settings(file)).config != CodeDPOConfig()


@pytest.mark.parametrize(
    ("command", "typed", "new"),
    [
        ("evaluate", ["--n", "3"], "--programs"),
        ("evaluate", ["--tests_of_its_own=3"], "--test-texts"),
        ("train codedpo", ["--rules.ranking", "count"], "--ranking"),
        ("train codedpo", ["--sampling.tests", "3"], "--test-texts"),
        ("train codedpo", ["--rules.seed", "3"], "--tie-seed"),
        ("sample", ["--tests", "3"], "--test-texts"),
        ("rank", ["--seed", "3"], "--tie-seed"),
        ("report", ["--samples", "3"], "--max-programs"),
        ("suites stats", ["--n", "3"], "--words"),
    ],
)
def test_an_old_name_is_answered_with_the_new_one(command: str, typed: list[str], new: str) -> None:
    with pytest.raises(InvalidSettingError, match=f"was renamed to {new}\\.$"):
        cli.parse(command, typed)


def test_a_name_that_another_setting_has_now_is_no_old_name(tmp_path: Path) -> None:
    assert codedpo("--tests", tmp_path, "--seed", "3").tests == tmp_path  # a file, where it was a number in `sampling`


def test_old_names_in_a_file_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text(json.dumps({"sampling": {"tests": 3, "max_new_tokens": 0}, "rules": {"seed": 4}}))
    found = codedpo("--settings", file)
    assert (found.sampling.test_texts, found.rules.tie_seed) == (3, 4)


class Unwritable:
    def __str__(self) -> str:
        raise ValueError("in the middle of the file")


def test_settings_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    write_settings(file, TrainCodeDPO(seed=1))
    before = file.read_bytes()
    with pytest.raises(ValueError, match="in the middle"):
        write_settings(file, replace(TrainCodeDPO(seed=2), data_dir=Unwritable()))  # type: ignore[arg-type]
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]
