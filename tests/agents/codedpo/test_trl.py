"""The losses of our first ten steps are TRL's, on the same model and the same pairs in the same order.

``trl_losses.json`` was written by ``trl_peer.py``; where TRL is installed, it is asked again.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from agents.codedpo.codedpo import CodeDPO
from agents.codedpo.data.pairs import Preference
from agents.codedpo.reference import ask_reference
from agents.policy.policy import LMPolicy

HERE = Path(__file__).parent
KEPT = json.loads((HERE / "trl_losses.json").read_text("utf-8"))
SETTINGS: dict[str, dict[str, Any]] = {
    "dpo": {"nll_weight": 0.0},
    "dpo_nll": {"nll_weight": 1.0, "normalization": "token"},
    "dpo_length": {"nll_weight": 0.0, "length_normalized": True},
    "kto": {"nll_weight": 0.0, "method": "kto"},
    "sft": {"method": "sft", "normalization": "token"},
}
"""Our settings of each kind."""


@pytest.fixture(scope="module")
def peer() -> Any:
    spec = importlib.util.spec_from_file_location("trl_peer", HERE / "trl_peer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(peer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("peer")
    peer.save_model(place)
    return place


@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize("micro_batch_size", [1, 4])
def test_ten_losses_as_trl_has_them(
    peer: Any, folder: Path, tmp_path: Path, step_losses: Any, kind: str, micro_batch_size: int
) -> None:
    found = our_losses(peer, folder, tmp_path, step_losses, kind, micro_batch_size)
    assert found == pytest.approx(KEPT[kind], abs=1e-5)


@pytest.mark.filterwarnings("ignore")  # the peer's own
@pytest.mark.parametrize("kind", SETTINGS)
def test_ten_losses_as_this_trl_has_them(
    peer: Any, folder: Path, tmp_path: Path, step_losses: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trl", reason="trl is not installed: held against the losses that were kept")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = our_losses(peer, folder, tmp_path, step_losses, kind, micro_batch_size=4)
    assert found == pytest.approx(peer.losses(folder, kind), abs=1e-5)


def our_losses(
    peer: Any, folder: Path, tmp_path: Path, step_losses: Any, kind: str, micro_batch_size: int
) -> list[float]:
    rows = peer.PROGRAMS[: peer.BATCH] if kind == "kto" else peer.PROGRAMS
    pairs = [Preference(prompt=prompt, chosen=good, rejected=bad) for prompt, good, bad in rows]
    start = folder
    if kind == "kto":
        start = tmp_path / "start"
        peer.save_model(start, peer.KTO_SEED)
    agent = CodeDPO(
        LMPolicy.load(start, device="cpu", max_new_tokens=8),
        pairs=pairs,
        beta=peer.BETA,
        learning_rate=peer.LEARNING_RATE,
        schedule="constant",
        warmup=0.0,
        batch_size=peer.BATCH,
        micro_batch_size=micro_batch_size,
        shuffle=False,
        seed=0,
        **SETTINGS[kind],
    )
    if kind == "kto":
        assert agent.token_pairs is not None
        agent._reference = ask_reference(
            LMPolicy.load(folder, device="cpu", max_new_tokens=8), agent.token_pairs.pairs, agent.config
        )
    losses: list[float] = step_losses(agent, peer.STEPS * peer.BATCH)
    return losses
