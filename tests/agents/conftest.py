"""Small random models of every kind that policies support, saved as local folders in the hub's layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    CodeGenConfig,
    CodeGenForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

CORPUS = [
    "def add(a, b):\n    return a + b\n",
    "def total(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s\n",
    "Write a function that returns the sum of a list of numbers.",
    "café, naïve, 日本語, 😀 and the price in €",
] * 8
CHAT_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<eos>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def byte_level(vocab_size: int = 380) -> Any:
    """A byte-level BPE as of GPT-2 and Qwen, with GPT-2's habit of no special tokens around a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<pad>", "<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")


def sentence_piece(vocab_size: int = 400) -> Any:
    """A BPE with byte fallback as of Llama 2: ``▁`` for spaces, a start token before every text."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[*special, *(f"<0x{byte:02X}>" for byte in range(256))],
        limit_alphabet=60,
        max_token_length=8,
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    plain = Tokenizer.from_str(_without_special_bytes(tokenizer))
    return PreTrainedTokenizerFast(tokenizer_object=plain, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def _without_special_bytes(tokenizer: Tokenizer) -> str:
    """The byte tokens are special only for the trainer, which would drop them otherwise."""
    import json

    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [t for t in state["added_tokens"] if not t["content"].startswith("<0x")]
    return json.dumps(state)


def unigram(vocab_size: int = 120) -> Any:
    """T5's kind: a unigram model with ``▁``, which adds an end token to every text."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=vocab_size, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


TOKENIZERS: dict[str, Callable[[], Any]] = {
    "byte_level": byte_level,
    "sentence_piece": sentence_piece,
    "unigram": unigram,
}


def _model(kind: str, tokenizer: Any) -> Any:
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    small: dict[str, Any] = {"vocab_size": len(tokenizer), **ids}
    wide = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    old = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}
    match kind:
        case "llama" | "chat":
            config = LlamaConfig(**small, **wide, num_key_value_heads=2, max_position_embeddings=256)
            return LlamaForCausalLM(config)
        case "qwen2":
            config = Qwen2Config(**small, **wide, num_key_value_heads=2, max_position_embeddings=256)
            return Qwen2ForCausalLM(config)
        case "gpt2":
            return GPT2LMHeadModel(GPT2Config(**small, **old))
        case "codegen":
            return CodeGenForCausalLM(CodeGenConfig(**small, **old, rotary_dim=8))
        case "t5":
            config = T5Config(
                **small,
                d_model=32,
                d_kv=8,
                d_ff=48,
                num_layers=2,
                num_heads=4,
                decoder_start_token_id=0,
                pad_token_id=0,
            )
            return T5ForConditionalGeneration(config)
    raise KeyError(kind)


MODELS = {
    "llama": sentence_piece,
    "qwen2": byte_level,
    "gpt2": byte_level,
    "codegen": byte_level,
    "t5": unigram,
    "chat": byte_level,
}


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Returns a function from a kind (``llama``, ``qwen2``, ``gpt2``, ``codegen``, ``t5``, ``chat``) to a folder."""
    root, made = tmp_path_factory.mktemp("models"), set()

    def folder(kind: str) -> Path:
        place: Path = root / kind
        if kind not in made:
            tokenizer = MODELS[kind]()
            if kind == "chat":
                tokenizer.chat_template = CHAT_TEMPLATE
            torch.manual_seed(7)
            model = _model(kind, tokenizer)
            for parameter in model.parameters():  # the usual initialisation is so flat that mistakes would not show
                torch.nn.init.normal_(parameter, std=0.25)
            model.save_pretrained(place)
            tokenizer.save_pretrained(place)
            made.add(kind)
        return place

    return folder


@pytest.fixture(scope="session")
def make_tokenizer() -> Callable[[str], Any]:
    """Returns a function from a kind (``byte_level``, ``sentence_piece``, ``unigram``) to a tokenizer."""
    made: dict[str, Any] = {}

    def tokenizer(kind: str) -> Any:
        if kind not in made:
            made[kind] = TOKENIZERS[kind]()
        return made[kind]

    return tokenizer
