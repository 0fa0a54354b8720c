"""Processes that compute the gradients of parts of a batch side by side: a small model gains little from more threads.

Weights and gradients are in files that all processes map, so that nothing is copied; a byte through a pipe starts each
step. The sum is taken in a fixed order: the same parts give the same weights on any machine's schedule.
"""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from tools.tiny_model.example import Example, answer_loss

_GO = b"."


class SharedModel:
    """A model whose weights, and whose gradients if asked for, lie in files.

    Args:
        model: It keeps its values; all processes but the first give one of the same shape, and see the first's.
        folder: Of the files.
        number: Of the process: each has gradients of its own.
    """

    def __init__(self, model: Any, folder: Path, number: int) -> None:
        self.model = model
        self.gradient = _mapped(folder / f"gradient{number}", _size(model))
        weights = _mapped(folder / "weights", _size(model))
        for parameter, values, gradient in zip(
            model.parameters(), _views(model, weights), _views(model, self.gradient), strict=True
        ):
            if number == 0:
                values.copy_(parameter.data)
            parameter.data, parameter.grad = values, gradient

    def learn(self, batch: Sequence[Example], answered: float) -> float:
        """Puts the gradient of a batch where all see it; returns the batch's loss, a sum over tokens."""
        self.gradient.zero_()
        loss = answer_loss(self.model, batch)
        (loss / answered).backward()  # type: ignore[no-untyped-call]
        return loss.item()


class Partners:
    """All processes of a training: this one, and those that it starts.

    Args:
        model: Its weights and gradients are in shared memory from now on, until :func:`partners` ends.
        folder: For the shared files.
        shares: For each process the batches that it will be asked for, in order.
        answered: What gradients are divided by.
    """

    def __init__(
        self, model: Any, folder: Path, shares: Sequence[Sequence[Sequence[Example]]], answered: float
    ) -> None:
        self._own, self._answered = SharedModel(model, folder, 0), answered
        self._batches = iter(shares[0])
        self._gradients = [_mapped(folder / f"gradient{number}", _size(model)) for number in range(1, len(shares))]
        self._processes = []
        for number, batches in enumerate(shares[1:], start=1):
            (folder / f"work{number}").write_bytes(pickle.dumps((model.config, batches, answered)))
            command = [sys.executable, "-m", __name__, str(folder), str(number)]
            self._processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0))

    def step(self) -> float:
        """Computes the gradient of the next batch of each process, and leaves the sum in the model's ``grad``.

        Returns:
            The loss, a sum over tokens.

        Raises:
            RuntimeError: If a partner died.
        """
        for process in self._processes:
            with suppress(BrokenPipeError):  # it died, which the missing answer shows below
                process.stdin.write(_GO)  # type: ignore[union-attr]
        loss = self._own.learn(next(self._batches), self._answered)
        for process, gradient in zip(self._processes, self._gradients, strict=True):
            said = process.stdout.read(8)  # type: ignore[union-attr]
            if len(said) != 8:
                raise RuntimeError(f"a process that helps to train ended with exit code {process.wait()}; try again.")
            loss += struct.unpack("d", said)[0]
            self._own.gradient += gradient
        return loss

    def close(self) -> None:
        """Ends the processes."""
        for process in self._processes:
            process.stdin.close()  # type: ignore[union-attr]
            process.stdout.close()  # type: ignore[union-attr]
            process.kill()
            process.wait()


@contextmanager
def partners(model: Any, shares: Sequence[Sequence[Sequence[Example]]], answered: float) -> Iterator[Partners]:
    """Trains in several processes while the context is open; afterwards the model's weights are its own again."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="codegym-")))
        together = Partners(model, folder, shares, answered)
        stack.callback(together.close)
        yield together
        for parameter in model.parameters():
            parameter.data, parameter.grad = parameter.data.clone(), None


def _size(model: Any) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _mapped(file: Path, size: int) -> Tensor:
    return torch.from_file(str(file), shared=True, size=size, dtype=torch.float32)


def _views(model: Any, flat: Tensor) -> Iterator[Tensor]:
    """Cuts a flat tensor into the shapes of the model's parameters."""
    start = 0
    for parameter in model.parameters():
        yield flat[start : start + parameter.numel()].view_as(parameter)
        start += parameter.numel()


def main(folder: str, number: str) -> None:
    """A partner's life: a gradient for each byte that comes in, until no more come."""
    torch.set_num_threads(1)
    config, batches, answered = pickle.loads((Path(folder) / f"work{number}").read_bytes())
    shared = SharedModel(LlamaForCausalLM(config).train(), Path(folder), int(number))
    for batch in batches:
        if sys.stdin.buffer.read(1) != _GO:
            return
        sys.stdout.buffer.write(struct.pack("d", shared.learn(batch, answered)))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
