"""The policy: a language model that writes completions and knows how probable they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from agents.engines.cached_forward import make_cached_forward
from agents.engines.engine import Engine, Sample
from agents.engines.local import LocalEngine
from agents.engines.sampling import Sampling
from agents.policy.builtin import builtin_model
from agents.policy.completion import Completion
from agents.policy.fingerprint import WeightsDigest, architecture, tokenizer_state
from agents.policy.pretrained import find_device, find_dtype, load_model, load_tokenizer
from agents.policy.prompt_encoder import PromptEncoder
from agents.policy.prompt_template import CHAT, PLAIN, PromptTemplate, Task
from agents.policy.token_batch import TokenBatch, TokenScores
from agents.policy.token_offsets import TokenText
from agents.policy.tuning import Tuning, recomputes, tuned
from codegym.atomic_file import atomic_folder
from codegym.errors import InvalidSettingError


class LMPolicy:
    """A Hugging Face causal or encoder-decoder language model with its tokenizer and its prompt template.

    The model stays in evaluation mode, also while it is trained: with dropout, the probabilities that are trained
    would not be those that were sampled from. A model with gradient checkpointing has no dropout and stays in training
    mode.

    Args:
        model: Model that writes.
        tokenizer: Tokenizer of the model.
        template: The prompt text for each task.
        max_new_tokens: Default length limit of a completion.
        seed: Random seed of the policy's own generator, which draws when a call brings none.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        template: PromptTemplate,
        max_new_tokens: int = 256,
        seed: int = 0,
    ) -> None:
        if max_new_tokens < 1:
            raise InvalidSettingError(f"max_new_tokens must be at least 1, got {max_new_tokens!r}.")
        self.model = model.train(recomputes(model))
        self.tokenizer = tokenizer
        self.template = template
        self.max_new_tokens = max_new_tokens
        # On the CPU whatever the model's device is, so that one seed gives one stream of numbers everywhere.
        self.generator = torch.Generator().manual_seed(seed)
        self.network = make_cached_forward(model)
        self._encoder = PromptEncoder(self.model, tokenizer, self.network.context)
        self.end_ids = self._encoder.end_ids
        self.engine: Engine = LocalEngine(self.network, self.end_ids)
        self._token_text = TokenText(tokenizer)
        self._weights_digest = WeightsDigest()

    @classmethod
    def load(
        cls,
        model: str | Path | nn.Module,
        *,
        tokenizer: PreTrainedTokenizerBase | str | Path | None = None,
        device: str = "auto",
        dtype: str = "auto",
        max_new_tokens: int = 256,
        template: PromptTemplate | None = None,
        seed: int = 0,
        tuning: Tuning | None = None,
    ) -> LMPolicy:
        """Returns the policy of a built-in name, a name on the hub, a folder in the hub's layout, or a module.

        Args:
            model: ``"tiny"``, ``"Qwen/Qwen2.5-Coder-0.5B"``, a folder, or a Hugging Face model.
            tokenizer: A tokenizer, or its name; the model's own by default. A module needs one.
            device: ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda:1"``, ...
            dtype: ``"float32"``, ``"bfloat16"``, ...; ``"auto"`` is bfloat16 on a GPU and float32 elsewhere.
            max_new_tokens: Default length limit of a completion.
            template: The prompt template; by default the one saved with the model, else ``CHAT`` for a tokenizer with
                a chat template and ``PLAIN`` for others.
            seed: Random seed of the policy's own generator, and of new adapters.
            tuning: Which weights are tuned: all by default; ``Tuning(lora_rank=16)`` tunes adapters. Adapters in the
                folder are loaded with the model.

        Raises:
            ValueError: If a module comes without a tokenizer.
            InvalidSettingError: If there is no such device or dtype, or the length limit is below 1.
            UnknownNameError: If the name is a misspelt name of a built-in model.
            DataError: If there is no such model; the message says what was expected.
        """
        target = find_device(device)
        kind = find_dtype(dtype, target)
        network: Any  # because transformers declares the arguments of `to` wrongly
        if isinstance(model, nn.Module):
            if tokenizer is None:
                raise ValueError("LMPolicy.load(module) needs tokenizer=, a tokenizer or the name of one.")
            network, source = model.to(dtype=kind), None
        else:
            network, source = load_model(model, kind), model
        if tokenizer is None or isinstance(tokenizer, (str, Path)):
            named = tokenizer or source
            assert named is not None
            tokenizer = load_tokenizer(named)
        if template is None and source is not None:
            template = PromptTemplate.load(builtin_model(source) or Path(source))
        if template is None:
            template = CHAT if getattr(tokenizer, "chat_template", None) else PLAIN
        network = tuned(network, tuning or Tuning(), seed)
        # Moved last: the same seed then gives the same new adapters on every device.
        return cls(network.to(target), tokenizer, template, max_new_tokens, seed)

    @property
    def device(self) -> torch.device:
        """The device of the model."""
        device: torch.device = self.model.device
        return device

    def fingerprint(self) -> str:
        """Returns the digest of all that decides what the policy writes: weights, tokenizer and template.

        A cache of completions is keyed by it, the sampling settings and the seed. The engine, the device and the length
        limit are not part of it. The weights are hashed once after each change of them.
        """
        settings = (architecture(self.model), tokenizer_state(self.tokenizer), self.template, self.end_ids)
        text = f"{settings} {self._weights_digest.of(self.model)}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def prompt_text(self, observation: Mapping[str, Any]) -> str:
        """Returns the prompt for an observation: to write a program, or to repair the last one if there is feedback."""
        feedback = str(observation.get("feedback", ""))
        task = Task.REPAIR if feedback else Task.PROGRAM
        return self.task_text(task, str(observation["prompt"]), feedback)

    def task_text(self, task: Task, prompt: str, feedback: str = "") -> str:
        """Returns the prompt for a task, in the tokenizer's chat template if it has one."""
        text = self.template.text(task, prompt, feedback)
        if not getattr(self.tokenizer, "chat_template", None):
            return text
        turns = [{"role": "user", "content": text}]
        return cast(str, self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

    def generate(
        self,
        prompts: Sequence[str],
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        greedy: bool = False,
        max_new_tokens: int | None = None,
        generator: torch.Generator | None = None,
        prefixes: Sequence[NDArray[np.int64]] | None = None,
    ) -> list[Completion]:
        """Returns one completion for each prompt, in order.

        Args:
            prompts: Texts, as ``prompt_text`` makes them; equal ones go through the model only once.
            temperature: Logits are divided by it.
            top_p: Draw among the most probable tokens that together have this probability.
            greedy: Take the most probable token.
            max_new_tokens: Length limit; the policy's own by default.
            generator: Random generator: the same state gives the same completions. The policy's own by default.
            prefixes: Ids that each completion begins with, see ``stream``.

        Raises:
            InvalidSettingError: If a prefix cannot be continued.
        """
        sampling = Sampling(
            temperature=temperature,
            top_p=top_p,
            greedy=greedy,
            max_new_tokens=self.max_new_tokens if max_new_tokens is None else max_new_tokens,
        )
        completions = dict(self.stream(prompts, sampling, generator, prefixes))
        return [completions[i] for i in range(len(prompts))]

    def stream(
        self,
        prompts: Sequence[str],
        sampling: Sampling,
        generator: torch.Generator | None = None,
        prefixes: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[tuple[int, Completion]]:
        """Yields ``(index of the prompt, completion)`` as each ends, so that it can be judged while others go on.

        Args:
            prompts: Texts, as ``prompt_text`` makes them.
            sampling: How tokens are drawn; its length limit counts the tokens of a prefix too.
            generator: Random generator; the policy's own by default.
            prefixes: For each prompt the ids that its completion begins with, int64 [F], for instance the first ids of
                an earlier completion; a prefix may be empty. The completion's ids are the prefix and the ids drawn
                after it, and its text is what all of them decode to. The log-probabilities of a prefix are 0, because
                its ids were not drawn. With an encoder-decoder model the decoder continues the prefix.

        Raises:
            InvalidSettingError: If a prefix has an end token in it, or leaves no room for another token.
        """
        ids = [self.encode(prompt, sampling.max_new_tokens) for prompt in prompts]
        # Left out where there is none, so that an engine that knows no prefixes serves every other call.
        optional = () if prefixes is None else (self._checked(prefixes, len(prompts), sampling.max_new_tokens),)
        with _evaluating(self.model):
            for index, sample in self.engine.stream(ids, sampling, generator or self.generator, *optional):
                yield index, self._completion(prompts[index], ids[index], sample)

    def encode(self, prompt: str, max_new_tokens: int | None = None) -> NDArray[np.int64]:
        """Returns the prompt's ids as they go into the model, int64 [P].

        A prompt that leaves no room for ``max_new_tokens`` in the model's context loses its beginning, with a warning.
        """
        return self._encoder.encode(prompt, max_new_tokens or self.max_new_tokens)

    def batch(self, completions: Sequence[Completion]) -> TokenBatch:
        """Returns the completions side by side, on the model's device."""
        batch = TokenBatch.of([c.prompt_ids for c in completions], [c.token_ids for c in completions])
        logprobs = np.zeros(batch.completion_ids.shape, dtype=np.float32)
        for i, completion in enumerate(completions):
            logprobs[i, : len(completion)] = completion.logprobs
        return replace(batch, logprobs=torch.from_numpy(logprobs)).to(self.device)

    def token_logprobs(self, batch: TokenBatch, *, temperature: float = 1.0) -> Tensor:
        """Returns the log-probability of every token, float32 [B, T], with gradient, zero where there is no token."""
        return self.score(batch, temperature=temperature).logprobs

    def score(self, batch: TokenBatch, *, temperature: float = 1.0, entropy: bool = False) -> TokenScores:
        """Returns log-probabilities of a batch's tokens under the model as it is now.

        Prompts that several completions share are computed once, and gradients flow back into that one computation.

        Args:
            batch: Completions as ``batch`` returns them.
            temperature: Temperature of the sampling, so that the results compare with the kept log-probabilities.
            entropy: Compute the entropy at every token as well.
        """
        # In bfloat16 a log-probability is off by about as much as an update changes it.
        logits = self._logits(batch).float()
        logits = logits if temperature == 1 else logits / temperature
        ids = batch.completion_ids
        # Two dimensions are several times as fast as a cross-entropy over the middle one of three.
        logprobs = -functional.cross_entropy(logits.flatten(0, 1), ids.flatten(), reduction="none").view_as(ids)
        spread = None
        if entropy:
            all_logprobs = torch.log_softmax(logits, dim=-1)
            spread = -(all_logprobs.exp() * all_logprobs).sum(dim=-1) * batch.completion_mask
        return TokenScores(logprobs=logprobs * batch.completion_mask, entropy=spread)

    def supervised_completion(self, prompt: str, text: str) -> Completion:
        """Returns a reference text as a completion to learn from: its ids, then the end token.

        The text is tokenized here once. These ids are what is trained, and their decoded text is the completion's text.
        What does not fit into the model's context is cut off, and the completion is then not finished.
        """
        prompt_ids = self.encode(prompt)
        token_ids = self.text_ids(text)
        room = self.room_after(prompt_ids)
        finished = room is None or len(token_ids) <= room
        # Cut at the end, where prompts lose their beginning: a completion is continued from its prompt.
        token_ids = token_ids[:room]
        sample = Sample(token_ids=token_ids, logprobs=np.zeros(len(token_ids), dtype=np.float32), finished=finished)
        return self._completion(prompt, prompt_ids, sample)

    def text_ids(self, text: str) -> NDArray[np.int64]:
        """Returns a completion's ids, the end token included, int64 [T], however long it is."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return np.array([*ids, self.end_ids[0]], dtype=np.int64)

    def room_after(self, prompt_ids: NDArray[np.int64], max_length: int | None = None) -> int | None:
        """Returns how many tokens may follow a prompt [P], see ``PromptEncoder.room_after``; None without a limit."""
        return self._encoder.room_after(prompt_ids, max_length)

    def save(self, folder: str | Path) -> None:
        """Writes model, tokenizer and template in the hub's layout.

        The folder appears whole, in place of an older one of that name; if saving fails, the older one stays.

        Raises:
            OSError: If it cannot be written.
        """
        with atomic_folder(folder) as new:
            self.model.save_pretrained(new)
            self.tokenizer.save_pretrained(new)
            self.template.save(new)

    def _logits(self, batch: TokenBatch) -> Tensor:
        """Logits [B, T, V] before each token of the batch."""
        ids = batch.completion_ids
        # Without a shared prompt a cache saves nothing, and gradient checkpointing allows none.
        if len(batch.prompts) == len(batch) or recomputes(self.model):
            return self.network.score([batch.prompts[i] for i in batch.prompt_index.tolist()], ids)
        state = self.network.prefill(batch.prompts)
        state.select(batch.prompt_index)
        first = state.logits[:, None]
        return torch.cat([first, state.decode(ids[:, :-1])], dim=1) if ids.shape[1] > 1 else first

    def _completion(self, prompt: str, prompt_ids: NDArray[np.int64], sample: Sample) -> Completion:
        text, offsets = self._token_text.spans(sample.token_ids.tolist())
        return Completion(
            prompt=prompt,
            text=text,
            prompt_ids=prompt_ids,
            token_ids=sample.token_ids,
            offsets=offsets,
            logprobs=sample.logprobs,
            finished=sample.finished,
        )

    def _checked(
        self, prefixes: Sequence[NDArray[np.int64]], number: int, max_new_tokens: int
    ) -> Sequence[NDArray[np.int64]]:
        if len(prefixes) != number:
            raise InvalidSettingError(f"expected a prefix for each of {number} prompts, got {len(prefixes)} of them.")
        longest = max(map(len, prefixes), default=0)
        if longest >= max_new_tokens:
            raise InvalidSettingError(
                f"a prefix of {longest} tokens leaves no room to go on: max_new_tokens={max_new_tokens} counts its "
                "tokens too. Cut the prefix, or raise max_new_tokens."
            )
        if any(np.isin(prefix, self.end_ids).any() for prefix in prefixes):
            raise InvalidSettingError("a prefix has an end token in it, after which nothing can be written: cut it.")
        return prefixes


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Puts a model into evaluation mode, in which it has a cache, and back into the one it was in."""
    was = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was)
