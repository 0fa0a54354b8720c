"""From what a user names to a policy: a model, an agent that was saved, or a run."""

from __future__ import annotations

from pathlib import Path

from agents.policy.policy import LMPolicy
from agents.training.checkpoint import open_checkpoint
from codegym.errors import DataError

LATEST, MODEL = "latest.zip", "model"


def load_policy(name: str, *, device: str = "auto", max_new_tokens: int = 256) -> LMPolicy:
    """Returns the policy that a name stands for.

    Args:
        name: A built-in model, a name on the hub, a folder in the hub's layout, a file that ``agent.save`` wrote, or
            the folder of a run: its trained model.
        device: Where it shall be.
        max_new_tokens: Length limit of its programs.

    Raises:
        DataError: If a folder holds neither a model nor a finished run, a file no agent, or there is no such model.
    """
    path = Path(name)
    if path.suffix == ".zip":
        if not path.is_file():
            raise DataError(f"there is no saved agent {path}.")
        with open_checkpoint(path) as checkpoint:
            return LMPolicy.load(checkpoint.policy, device=device, max_new_tokens=max_new_tokens)
    # A name on the hub may look like a relative path: a folder that exists wins.
    source = _model_folder(path) if path.is_dir() else name
    return LMPolicy.load(source, device=device, max_new_tokens=max_new_tokens)


def _model_folder(folder: Path) -> Path:
    if (folder / "config.json").is_file():
        return folder
    if (folder / MODEL / "config.json").is_file():
        return folder / MODEL
    if (folder / LATEST).is_file():
        raise DataError(
            f"the run in {folder} is not finished: it has no trained {MODEL!r} yet. Evaluate its last checkpoint, "
            f"{folder / LATEST}, or finish it first (codegym train ... --run-dir {folder} --resume)."
        )
    raise DataError(
        f"{folder} holds no model (config.json), no trained run ({MODEL}/) and no checkpoint ({LATEST}). "
        "Name a folder in the Hugging Face layout, a run, or a file that agent.save wrote."
    )
