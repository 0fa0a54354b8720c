"""How good programs are: pass@k with intervals, comparisons of two runs, files that others read."""

from agents.evaluation.evaluation import Evaluation, ProblemResult, summarize
from agents.evaluation.evaluator import Evaluator, evaluate
from agents.evaluation.judged_program import JudgedProgram
from codegym.store import Store

__all__ = ["Evaluation", "Evaluator", "JudgedProgram", "ProblemResult", "Store", "evaluate", "summarize"]
