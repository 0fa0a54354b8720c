"""CodeDPO: preferences between programs from self-validation, learned offline (arXiv 2410.05605)."""

from agents.scoring.self_validation import self_validation

__all__ = ["self_validation"]
