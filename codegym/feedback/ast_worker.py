"""Compiles programs in a process of its own, because a parser can be made to hang or to eat all memory.

Started as a file with ``python -I`` and the sandbox's folder, by the interpreter that is to run the programs; standard
library only. Reads one JSON list of sources, writes one JSON line for each: the compiler's ``error``, null where it
cannot even say one, else the program's numbers and the spans of statements that are never reached.
"""

import ast
import importlib
import json
import resource
import sys
import warnings

MEMORY_BYTES = 2**30
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
BRANCHES = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.Assert, ast.comprehension,
    ast.match_case,
)  # fmt: skip
ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def main() -> None:
    """Answers the sources on standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    sys.path.append(sys.argv[1])
    failure = importlib.import_module("guest.failure")  # a failure has the same span here as in the sandbox
    for source in json.load(sys.stdin):
        try:
            compile(source, failure.PROGRAM, "exec", dont_inherit=True)
        except SyntaxError as error:
            answer = {"error": failure.describe(error, source, loading=True)}
        except (ValueError, RecursionError, MemoryError):
            answer = None
        else:
            answer = summary(source)
        # Flushed, so that a source that kills this process takes no answer with it that came before.
        print(json.dumps(answer), flush=True)


def summary(source: str) -> "dict[str, object] | None":
    """Returns the numbers of one program, None if it is too complex."""
    try:
        tree = ast.parse(source)
        nodes = list(ast.walk(tree))
        functions = [node for node in nodes if isinstance(node, FUNCTIONS)]
        return {
            "nodes": len(nodes),
            "functions": len(functions),
            "depth": depth(tree),
            "complexity": max(map(complexity, [tree, *functions])),
            "unreachable": [span for node in nodes for span in unreachable(node, source.encode())],
        }
    except (RecursionError, MemoryError):
        return None


def depth(tree: ast.AST) -> int:
    """Returns how deeply statements are nested; 1 for a flat program, 0 for an empty one."""
    deepest, todo = 0, [(tree, 0)]
    while todo:
        node, level = todo.pop()
        deepest = max(deepest, level)
        for name in BLOCKS:
            children = getattr(node, name, None)
            todo.extend((child, level + isinstance(child, ast.stmt)) for child in children or () if children is not None
                        and isinstance(children, list))  # fmt: skip
    return deepest


def complexity(function: ast.AST) -> int:
    """Returns McCabe's number of a function: one and its branches, those of functions inside it not counted."""
    count, todo = 1, list(ast.iter_child_nodes(function))
    while todo:
        node = todo.pop()
        if isinstance(node, FUNCTIONS):
            continue
        count += isinstance(node, BRANCHES)
        count += len(node.values) - 1 if isinstance(node, ast.BoolOp) else 0
        todo.extend(ast.iter_child_nodes(node))
    return count


def unreachable(node: ast.AST, source: bytes) -> "list[list[int]]":
    """Returns the range from the first statement behind a return, raise, break or continue to its block's end."""
    spans = []
    for name in BLOCKS:
        block = getattr(node, name, None)
        if not isinstance(block, list):
            continue
        end = next((index for index, child in enumerate(block[:-1]) if isinstance(child, ENDS)), None)
        if end is not None:
            first, last = block[end + 1], block[-1]
            spans.append([first.lineno, first.col_offset, last.end_lineno, last.end_col_offset])
    return spans


if __name__ == "__main__":
    main()
