"""What the two EvalPlus suites share."""

from __future__ import annotations

import re

from codegym.sandbox.limits import Limits

MANY_INPUTS = Limits(
    cpu_seconds=20.0, wall_seconds=60.0, program_cpu_seconds=40.0, memory_bytes=2 * 2**30, output_bytes=2**26
)
"""Hundreds of inputs are one test here, so the test gets more of everything than a single call would."""

_NUMPY = re.compile(r"^import numpy as np[ \t]*$", re.MULTILINE)
_STAND_IN = """
class np:
    class ndarray: pass
    class float64: pass
    class float32: pass
    class Mismatch(Exception): pass

    @staticmethod
    def depth(value):
        if not isinstance(value, (list, tuple)):
            return 0
        depths = {np.depth(item) for item in value} or {0}
        if len(depths) > 1:
            raise np.Mismatch("not a rectangle")
        return 1 + depths.pop()

    @staticmethod
    def pairs(out, exp, out_depth, exp_depth):
        if out_depth > exp_depth:
            for item in out:
                yield from np.pairs(item, exp, out_depth - 1, exp_depth)
        elif exp_depth > out_depth:
            for item in exp:
                yield from np.pairs(out, item, out_depth, exp_depth - 1)
        elif out_depth == 0:
            yield out, exp
        elif len(out) != len(exp) and 1 not in (len(out), len(exp)):
            raise np.Mismatch("shapes differ")
        else:
            count = len(out) if len(exp) == 1 else len(exp)
            for i in range(count):
                left, right = out[i if len(out) > 1 else 0], exp[i if len(exp) > 1 else 0]
                yield from np.pairs(left, right, out_depth - 1, exp_depth - 1)

    @staticmethod
    def allclose(out, exp, rtol=1e-05, atol=1e-08):
        for a, b in np.pairs(out, exp, np.depth(out), np.depth(exp)):
            if a == b:
                continue
            if not abs(a - b) <= atol + rtol * abs(b) or abs(b) == float("inf"):
                return False
        return True
"""


def without_numpy(script: str) -> str:
    """Returns an EvalPlus test script that needs no numpy.

    The published scripts import it for ``np.allclose`` alone. A stand-in (lists, tuples and numbers, with numpy's
    broadcasting) judges the same without making every sandbox load numpy, so these suites need no packages.
    """
    # A function, because a backslash in a replacement text would be read as a group.
    return _NUMPY.sub(lambda _: _STAND_IN, script, count=1)
