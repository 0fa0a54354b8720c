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
    def pairs(out, exp):
        out_many, exp_many = isinstance(out, (list, tuple)), isinstance(exp, (list, tuple))
        if out_many and exp_many:
            if len(out) != len(exp) and 1 not in (len(out), len(exp)):
                raise np.Mismatch("shapes differ")
            count = max(len(out), len(exp)) if out and exp else 0
            for i in range(count):
                yield from np.pairs(out[i if len(out) > 1 else 0], exp[i if len(exp) > 1 else 0])
        elif out_many:
            for item in out:
                yield from np.pairs(item, exp)
        elif exp_many:
            for item in exp:
                yield from np.pairs(out, item)
        else:
            yield out, exp

    @staticmethod
    def allclose(out, exp, rtol=1e-05, atol=1e-08):
        for a, b in np.pairs(out, exp):
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
    return _NUMPY.sub(lambda _: _STAND_IN, script, count=1)
