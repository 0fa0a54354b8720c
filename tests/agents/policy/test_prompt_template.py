from __future__ import annotations

from pathlib import Path

import pytest

from agents.policy.prompt_template import CHAT, PLAIN, PromptTemplate, Task
from codegym.errors import DataError


@pytest.mark.parametrize("template", [PLAIN, CHAT])
def test_every_task_has_its_own_words(template: PromptTemplate) -> None:
    texts = [template.text(task, "TASK {x}", "WRONG {y}") for task in Task]
    assert all("TASK {x}" in text for text in texts)
    assert ["WRONG {y}" in text for text in texts] == [False, False, True]
    assert len(set(texts)) == 3


def test_save_and_load(tmp_path: Path) -> None:
    assert PromptTemplate.load(tmp_path) is None
    CHAT.save(tmp_path)
    assert PromptTemplate.load(tmp_path) == CHAT


def test_a_template_without_the_prompt_is_refused() -> None:
    with pytest.raises(DataError, match=r"program: the field \{prompt\} is missing"):
        PromptTemplate(program="write", tests="{prompt}", repair="{prompt}")


def test_a_template_with_another_field_is_refused() -> None:
    with pytest.raises(DataError, match="repair: expected no fields but"):
        PromptTemplate(program="{prompt}", tests="{prompt}", repair="{prompt} {program}")


@pytest.mark.parametrize("content", ["{", "[]", '{"program": "{prompt}"}'])
def test_a_malformed_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "prompt_template.json").write_text(content)
    with pytest.raises(DataError, match=r"prompt_template\.json"):
        PromptTemplate.load(tmp_path)
