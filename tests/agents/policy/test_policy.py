from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.engines.sampling import Sampling
from agents.policy.completion import Completion
from agents.policy.policy import LMPolicy
from agents.policy.prompt_template import CHAT, PLAIN, Task

KINDS = ["llama", "qwen2", "gpt2", "codegen", "t5"]
PROMPTS = [
    "def add(a, b):",
    "sum",
    "def total(xs):\n    s = 0\n",
    "def add(a, b):",
    "Write a function",
    "def add(a, b):",
]
Folder = Callable[[str], Path]


@pytest.fixture(params=KINDS)
def policy(request: pytest.FixtureRequest, model_folder: Folder) -> LMPolicy:
    return LMPolicy.load(model_folder(request.param), device="cpu", max_new_tokens=24)


def plain_logprobs(policy: LMPolicy, completion: Completion) -> Tensor:
    """The textbook way: one sequence, no padding, no cache, no help of ours. [T]"""
    prompt, ids = torch.from_numpy(completion.prompt_ids)[None], torch.from_numpy(completion.token_ids)[None]
    if policy.model.config.is_encoder_decoder:
        start = torch.full((1, 1), policy.model.config.decoder_start_token_id)
        decoded = torch.cat([start, ids[:, :-1]], dim=1)
        logits = policy.model(input_ids=prompt, decoder_input_ids=decoded).logits
    else:
        logits = policy.model(input_ids=torch.cat([prompt, ids], dim=1)).logits[:, prompt.shape[1] - 1 : -1]
    return torch.log_softmax(logits.float(), dim=-1)[0].gather(1, ids[0, :, None])[:, 0].detach()


def test_behaviour_logprobs_are_the_models(policy: LMPolicy) -> None:
    """Sampled in one padded batch with a shared cache; held against each sequence alone."""
    for completion in policy.generate(PROMPTS):
        expected = plain_logprobs(policy, completion)
        assert np.abs(completion.logprobs - expected.numpy()).max() < 1e-4


@pytest.mark.parametrize("prompts", [PROMPTS, PROMPTS[:3]], ids=["shared prompts", "distinct prompts"])
def test_token_logprobs_recompute_the_behaviour(policy: LMPolicy, prompts: list[str]) -> None:
    completions = policy.generate(prompts)
    batch = policy.batch(completions)
    logprobs = policy.token_logprobs(batch)
    assert logprobs.dtype == torch.float32
    assert logprobs.shape == batch.completion_mask.shape
    assert torch.allclose(logprobs, batch.logprobs, atol=1e-4)
    assert (logprobs[~batch.completion_mask] == 0).all()
    for row, completion in enumerate(completions):
        assert batch.completion_mask[row].sum() == len(completion)
        assert np.array_equal(batch.completion_ids[row, : len(completion)].numpy(), completion.token_ids)


@pytest.mark.parametrize("policy", [kind for kind in KINDS if kind != "t5"], indirect=True)
def test_right_padded_batches_of_the_model_agree(policy: LMPolicy) -> None:
    """An outside trainer that pads prompt + completion on the right sees the same probabilities."""
    completions = policy.generate(PROMPTS)
    rows = [np.concatenate([c.prompt_ids, c.token_ids]) for c in completions]
    width = max(map(len, rows))
    ids = torch.tensor(np.stack([np.pad(row, (0, width - len(row))) for row in rows]))
    mask = torch.tensor(np.stack([np.arange(width) < len(row) for row in rows])).long()
    logprobs = torch.log_softmax(policy.model(input_ids=ids, attention_mask=mask).logits, dim=-1)
    for i, completion in enumerate(completions):
        first, last = len(completion.prompt_ids) - 1, len(rows[i]) - 1
        picked = logprobs[i, first:last].gather(1, torch.from_numpy(completion.token_ids)[:, None])[:, 0]
        assert np.abs(picked.detach().numpy() - completion.logprobs).max() < 1e-4


def test_gradients_do_not_depend_on_sharing_prompts(policy: LMPolicy) -> None:
    completions = policy.generate(PROMPTS)

    def gradient(groups: list[list[Completion]]) -> Tensor:
        policy.model.zero_grad()
        for group in groups:
            policy.token_logprobs(policy.batch(group)).sum().backward()
        return torch.cat([p.grad.flatten() for p in policy.model.parameters() if p.grad is not None])

    together, alone = gradient([completions]), gradient([[c] for c in completions])
    assert together.isfinite().all()
    assert (together - alone).norm() / alone.norm() < 1e-4


def test_entropy(policy: LMPolicy) -> None:
    batch = policy.batch(policy.generate(PROMPTS[:2]))
    scores = policy.score(batch, entropy=True)
    assert scores.entropy is not None
    assert (scores.entropy[batch.completion_mask] > 0).all()
    assert scores.entropy.max() <= np.log(policy.model.config.vocab_size) + 1e-4
    assert (scores.entropy[~batch.completion_mask] == 0).all()


def test_offsets_lead_from_text_to_tokens(policy: LMPolicy) -> None:
    for completion in policy.generate(PROMPTS):
        decoded = policy.tokenizer.decode(
            completion.token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        assert completion.text == decoded
        assert completion.offsets.shape == (len(completion), 2)
        assert completion.tokens_between(0, len(completion.text)).sum() >= len(completion) * 0.5


def test_same_generator_same_completions(policy: LMPolicy) -> None:
    first, second, other = (
        policy.generate(PROMPTS, generator=torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)
    )
    assert all(np.array_equal(a.token_ids, b.token_ids) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a.token_ids, b.token_ids) for a, b in zip(first, other, strict=True))


def test_greedy_takes_the_most_probable_token(policy: LMPolicy) -> None:
    batch = policy.batch(policy.generate(PROMPTS[:3], greedy=True))
    logits = policy._logits(batch)
    assert (logits.argmax(-1) == batch.completion_ids)[batch.completion_mask].all()


def test_completions_end_at_the_end_token_or_at_the_limit(policy: LMPolicy) -> None:
    completions = policy.generate(PROMPTS * 12, max_new_tokens=40)
    assert any(c.finished for c in completions)
    for completion in completions:
        ends = np.isin(completion.token_ids, policy.end_ids)
        assert not ends[:-1].any()
        assert ends[-1] == completion.finished
        assert completion.finished or len(completion) == 40


def test_dropping_ended_rows_changes_no_other_row(policy: LMPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    def sampled() -> list[list[int]]:
        generator = torch.Generator().manual_seed(5)
        return [c.token_ids.tolist() for c in policy.generate(PROMPTS * 4, max_new_tokens=40, generator=generator)]

    dropping = sampled()
    monkeypatch.setattr("agents.engines.local._Batch._MAX_ALIVE_TO_DROP", -1.0)
    assert dropping == sampled()


def test_stream_yields_each_completion_once_and_the_early_ones_first(policy: LMPolicy) -> None:
    seen = list(policy.stream(PROMPTS * 6, Sampling(max_new_tokens=40)))
    assert sorted(index for index, _ in seen) == list(range(len(PROMPTS) * 6))
    lengths = [len(completion) for _, completion in seen]
    assert lengths == sorted(lengths)


def test_a_prefix_is_kept_token_for_token_and_gone_on_from(policy: LMPolicy) -> None:
    """Also by a decoder whose encoder has read the prompt, and beside rows that begin with nothing."""
    prefixes = [completion.token_ids[: 3 * i] for i, completion in enumerate(policy.generate(PROMPTS))]
    prefixes = [prefix[~np.isin(prefix, policy.end_ids)] for prefix in prefixes]
    assert max(map(len, prefixes)) > 3
    for prefix, completion in zip(prefixes, policy.generate(PROMPTS, prefixes=prefixes), strict=True):
        number = len(prefix)
        assert completion.token_ids[:number].tolist() == prefix.tolist()
        assert number < len(completion) <= 24
        assert completion.text == policy.tokenizer.decode(
            completion.token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        assert completion.logprobs[:number].tolist() == [0.0] * number  # nobody drew them
        expected = plain_logprobs(policy, completion)[number:]
        assert np.abs(completion.logprobs[number:] - expected.numpy()).max() < 1e-4


def test_empty_prefixes_change_nothing(policy: LMPolicy) -> None:
    plain, empty = (
        policy.generate(PROMPTS, generator=torch.Generator().manual_seed(3), prefixes=prefixes)
        for prefixes in (None, [np.zeros(0, np.int64)] * len(PROMPTS))
    )
    assert [c.token_ids.tolist() for c in plain] == [c.token_ids.tolist() for c in empty]


def test_a_prefix_that_cannot_be_gone_on_from_is_refused(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu", max_new_tokens=4)
    for prefixes, complaint in (
        ([[5, 6, 7, 8]], "leaves no room to go on"),
        ([[5, policy.end_ids[0]]], "end token"),
        ([[5], [6]], "a prefix for each of 1 prompts, got 2"),
    ):
        with pytest.raises(ValueError, match=complaint):
            policy.generate(["x"], prefixes=[np.array(prefix) for prefix in prefixes])


def test_an_engine_without_prefixes_serves_all_that_need_none(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu", max_new_tokens=4)
    local = policy.engine

    class Old:
        def stream(self, prompts: Any, sampling: Sampling, generator: torch.Generator) -> Any:
            return local.stream(prompts, sampling, generator)

    policy.engine = Old()  # type: ignore[assignment]
    assert len(policy.generate(["x"])) == 1


def test_supervised_completion(policy: LMPolicy) -> None:
    completion = policy.supervised_completion("sum", "return s + x")
    assert completion.text == "return s + x"
    assert completion.finished
    assert completion.token_ids[-1] == policy.tokenizer.eos_token_id
    assert completion.text[slice(*completion.offsets[0])] in completion.text
    assert policy.token_logprobs(policy.batch([completion])).sum() < 0


def test_save_and_load(policy: LMPolicy, tmp_path: Path) -> None:
    for _ in range(2):  # the second time it replaces the first
        policy.save(tmp_path / "saved")
    again = LMPolicy.load(tmp_path / "saved", device="cpu", max_new_tokens=24)
    a, b = (p.generate(PROMPTS, generator=torch.Generator().manual_seed(1)) for p in (policy, again))
    assert [c.text for c in a] == [c.text for c in b]
    assert again.template == policy.template
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_a_failed_save_keeps_what_was_there(
    model_folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu")
    policy.save(tmp_path / "saved")

    def fails(folder: Path) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(policy.tokenizer, "save_pretrained", fails)
    with pytest.raises(OSError, match="No space"):
        policy.save(tmp_path / "saved")
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]
    LMPolicy.load(tmp_path / "saved", device="cpu")


def test_a_module_needs_a_tokenizer(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu")
    with pytest.raises(ValueError, match="tokenizer"):
        LMPolicy.load(policy.model)
    assert LMPolicy.load(policy.model, tokenizer=policy.tokenizer, device="cpu").template == PLAIN


def test_a_long_prompt_is_cut_with_a_warning(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu", max_new_tokens=16)
    with pytest.warns(UserWarning, match="context is 256"):
        (completion,) = policy.generate(["x = 1\n" * 200])
    assert len(completion.prompt_ids) == 240
    with pytest.raises(ValueError, match="leaves no room"):
        policy.generate(["x"], max_new_tokens=256)


def test_a_long_reference_is_cut_at_the_context(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu", max_new_tokens=16)
    long, short = policy.supervised_completion("sum", "s = 1\n" * 200), policy.supervised_completion("x" * 150, "y")
    assert not long.finished
    assert len(long.prompt_ids) + len(long) == 256
    assert policy.token_logprobs(policy.batch([long, short])).isfinite().all()


def test_empty_prompt(policy: LMPolicy) -> None:
    (completion,) = policy.generate([""])
    assert len(completion.prompt_ids) == 1


def test_a_tokenizer_without_end_is_refused(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu")
    policy.tokenizer.eos_token = None
    policy.model.generation_config.eos_token_id = None
    with pytest.raises(ValueError, match="end-of-sequence"):
        LMPolicy.load(policy.model, tokenizer=policy.tokenizer, device="cpu")


def test_chat_models_are_told_in_their_template(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("chat"), device="cpu", max_new_tokens=8)
    assert policy.template == CHAT
    told = policy.prompt_text({"prompt": "Add two numbers.", "feedback": "", "turn": 0})
    assert told.startswith("<|user|>Solve this task")
    assert told.endswith("Add two numbers.<eos><|assistant|>")
    (completion,) = policy.generate([told])
    assert completion.prompt_ids[-1] != policy.tokenizer.eos_token_id
    assert policy.tokenizer.eos_token_id in completion.prompt_ids


def test_feedback_asks_for_a_repair(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("gpt2"), device="cpu")
    first = policy.prompt_text({"prompt": "P", "feedback": "", "turn": 0})
    second = policy.prompt_text({"prompt": "P", "feedback": "line 2: NameError", "turn": 1})
    assert first == policy.task_text(Task.PROGRAM, "P") == "P"
    assert second == policy.task_text(Task.REPAIR, "P", "line 2: NameError")
    assert "line 2: NameError" in second


def test_bfloat16_scores_in_float32(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("qwen2"), device="cpu", dtype="bfloat16", max_new_tokens=8)
    batch = policy.batch(policy.generate(PROMPTS[:2]))
    assert next(policy.model.parameters()).dtype == torch.bfloat16
    logprobs = policy.token_logprobs(batch)
    assert logprobs.dtype == torch.float32
    assert torch.allclose(logprobs, batch.logprobs, atol=0.2)


def test_gradient_checkpointing_gives_the_same_logprobs(model_folder: Folder) -> None:
    policy = LMPolicy.load(model_folder("qwen2"), device="cpu", max_new_tokens=8)
    batch = policy.batch(policy.generate(PROMPTS))
    before = policy.token_logprobs(batch)
    enable = (
        getattr(policy.model, "activation_checkpointing_enable", None) or policy.model.gradient_checkpointing_enable
    )
    enable()
    policy.model.train()
    after = policy.token_logprobs(batch)
    after.sum().backward()
    assert torch.allclose(before, after, atol=1e-5)


def test_an_unknown_dtype_is_refused(model_folder: Folder) -> None:
    with pytest.raises(ValueError, match="'bfloat'"):
        LMPolicy.load(model_folder("gpt2"), dtype="bfloat")
