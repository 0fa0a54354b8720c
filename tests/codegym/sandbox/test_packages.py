"""Packages that programs may import: loaded before the program, with what they need and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codegym.errors import InfrastructureError
from codegym.sandbox.execution import Observation
from codegym.sandbox.job import CallAction, Job
from codegym.sandbox.pool import Sandbox


@pytest.fixture(scope="module")
def with_numpy() -> Iterator[Sandbox]:
    with Sandbox(workers=1, packages=("numpy", "numpy.polynomial.chebyshev")) as sandbox:
        yield sandbox


def answer(sandbox: Sandbox, source: str) -> Observation:
    return sandbox.run(Job(source=source, entry_point="f", actions=(CallAction(),))).observations[0]


def test_a_package_and_its_modules_are_loaded_before_the_program(with_numpy: Sandbox, sandbox: Sandbox) -> None:
    source = "import sys\nloaded = 'numpy.polynomial.chebyshev' in sys.modules\ndef f():\n    return loaded\n"
    assert answer(with_numpy, source).value is True
    assert answer(sandbox, source).value is False


def test_random_bytes_can_be_read_where_libraries_are(with_numpy: Sandbox) -> None:
    """torch cannot be imported without."""
    read = answer(
        with_numpy, "def f():\n    with open('/dev/urandom', 'rb') as file:\n        return len(file.read(4))\n"
    )
    assert read.value == 4
    if with_numpy.isolation["landlock"].active:
        written = answer(with_numpy, "def f():\n    open('/dev/urandom', 'wb')\n")
        assert written.failure is not None
        assert written.failure.exception == "PermissionError"


def test_other_packages_of_the_host_are_not_there(with_numpy: Sandbox) -> None:
    if not with_numpy.isolation["root"].active:
        pytest.skip("this machine grants no root of one's own")
    seen = answer(with_numpy, "def f():\n    import gymnasium\n")
    assert seen.failure is not None
    assert seen.failure.exception == "ModuleNotFoundError"


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(
        InfrastructureError, match=r"Not installed for .*: nothing_of_this_name\. Run: .* -m pip install"
    ):
        Sandbox(workers=1, packages=("numpy", "nothing_of_this_name.part"))
