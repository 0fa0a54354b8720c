"""TRL's trainers on a small random model: the peer that our losses are held against.

Run: python tests/agents/codedpo/trl_peer.py tests/agents/codedpo/trl_losses.json      (needs trl and datasets)
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

STEPS, BATCH, LEARNING_RATE, BETA = 10, 4, 3e-3, 0.1
KTO_SEED = 8

PROGRAMS = [
    ("Add one.\n", "def f(x):\n    return x + 1\n", "def f(x):\n    return x - 1\n"),
    ("Sum of a list.\n", "def f(xs):\n    return sum(xs)\n", "def f(xs):\n    return len(xs)\n"),
    ("The larger of two.\n", "def f(a, b):\n    return max(a, b)\n", "def f(a, b):\n    if a > b:\n        return a\n"),
    ("Reverse a text.\n", "def f(s):\n    return s[::-1]\n", "def f(s):\n    return s[::1]\n"),
    ("Is it even?\n", "def f(n):\n    return n % 2 == 0\n", "def f(n):\n    return n % 2\n"),
    ("Last item.\n", "def f(xs):\n    return xs[-1]\n", "def f(xs):\n    return xs[0]\n"),
    ("Double.\n", "def f(x):\n    return x * 2\n", "def f(x):\n    y = x\n    return y ** 2\n"),
    ("First word.\n", "def f(s):\n    return s.split()[0]\n", "def f(s):\n    return s[0]\n"),
]
"""Prompt, chosen, rejected; eight of them, so that ten steps of four go through them more than once."""


def save_model(folder: Path, seed: int = 7) -> None:
    """A random Qwen2 over bytes: without merges, nobody's tokenisation can differ from another's."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate(["<pad>", "<eos>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")
    config = Qwen2Config(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
    )
    model = Qwen2ForCausalLM(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)


def losses(folder: Path, kind: str) -> list[float]:
    """The losses of the first steps of TRL's trainer: ``dpo``, ``dpo_nll``, ``dpo_length``, ``kto`` or ``sft``.

    KTO trains a model of another seed against it: at home its reference point would be zero all the time.
    """
    from datasets import Dataset
    from transformers import AutoTokenizer

    model = Qwen2ForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    trainer_class, config_class, settings, rows = _recipe(kind)
    with tempfile.TemporaryDirectory() as out:
        if kind == "kto":
            settings["ref_model"] = model
            save_model(Path(out), KTO_SEED)
            model = Qwen2ForCausalLM.from_pretrained(out, dtype=torch.float32)
        given = {name: settings.pop(name) for name in ("ref_model",) if name in settings}
        config = config_class(
            output_dir=out,
            max_steps=STEPS,
            learning_rate=LEARNING_RATE,
            lr_scheduler_type="constant",
            logging_steps=1,
            report_to="none",
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            train_sampling_strategy="sequential",
            max_length=None,
            disable_tqdm=True,
            save_strategy="no",
            **settings,
        )
        trainer = trainer_class(
            model=model, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer, **given
        )
        trainer.train()
        return [row["loss"] for row in trainer.state.log_history if "loss" in row]


def _recipe(kind: str) -> tuple[Any, Any, dict[str, Any], list[dict[str, Any]]]:
    import trl

    pairs = [{"prompt": prompt, "chosen": good, "rejected": bad} for prompt, good, bad in PROGRAMS]
    one_batch = {"per_device_train_batch_size": BATCH, "beta": BETA}
    match kind:
        case "dpo":
            return trl.DPOTrainer, trl.DPOConfig, one_batch, pairs
        case "dpo_nll":
            return trl.DPOTrainer, trl.DPOConfig, {**one_batch, "loss_type": ["sigmoid", "sft"]}, pairs
        case "dpo_length":
            return trl.DPOTrainer, trl.DPOConfig, {**one_batch, "loss_type": ["sigmoid_norm"]}, pairs
        case "kto":
            rows = [
                {"prompt": prompt, "completion": good if label else bad, "label": label}
                for label in (True, False)
                for prompt, good, bad in PROGRAMS[:BATCH]
            ]
            return trl.KTOTrainer, trl.KTOConfig, {"per_device_train_batch_size": 2 * BATCH, "beta": BETA}, rows
        case "sft":
            rows = [{"prompt": prompt, "completion": good} for prompt, good, _ in PROGRAMS]
            return trl.SFTTrainer, trl.SFTConfig, {"per_device_train_batch_size": BATCH}, rows
    raise KeyError(kind)


KINDS = ("dpo", "dpo_nll", "dpo_length", "kto", "sft")

if __name__ == "__main__":
    import trl

    with tempfile.TemporaryDirectory() as place:
        save_model(Path(place))
        found = {kind: losses(Path(place), kind) for kind in KINDS}
    made = {"made_with": f"trl {trl.__version__}, torch {torch.__version__}", **found}
    Path(sys.argv[1]).write_text(json.dumps(made, indent=1) + "\n", "utf-8")
