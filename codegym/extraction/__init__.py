"""From a completion to the program in it."""

from codegym.extraction.answer import answer
from codegym.extraction.cut import LINE_BREAK, Cut, Extract
from codegym.extraction.extraction import extract
from codegym.extraction.names import defined_names, parsed, root_name
from codegym.extraction.tail import tail_start

__all__ = ["LINE_BREAK", "Cut", "Extract", "answer", "defined_names", "extract", "parsed", "root_name", "tail_start"]
