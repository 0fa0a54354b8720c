"""What a program may write in place of the harness: the codec either reads plain data or says that it is none, soon."""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegym.sandbox.guest.codec import Codec
from codegym.sandbox.guest.instance import Instance
from codegym.sandbox.guest.refusal import CodecError, TooLarge

_PRIME = 2**61 - 1  # every multiple of it hashes to 0
_SAME_HASH = [number * _PRIME for number in range(1, 40_000)]

NO_DATA = {
    "nothing": b"",
    "open bracket": b"[",
    "deep lists": b"[" * 100_000,
    "deep sets": b'{"s":' * 20_000,
    "a number of 5000 digits": b"9" * 5000,
    "unknown tag": b'{"no such tag":1}',
    "two tags": b'{"t":[],"s":[]}',
    "unknown type": b'{"T":"Popen"}',
    "range with step 0": b'{"r":[0,0,0]}',
    "tuple of no list": b'{"t":5}',
    "no number": b'{"c":["x"]}',
    "no fraction": b'{"frac":["0x1","0x0"]}',
    "too long a fraction": b'{"frac":["0x' + b"f" * 500_000 + b'","0x' + b"7" * 500_000 + b'"]}',
    "too long an integer": b'{"i":"0x' + b"f" * 1_000_000 + b'"}',
    "no decimal": b'{"dec":"x"}',
    "too large a decimal": b'{"dec":"1E+99999999999999999999"}',
    "no bytes": b'{"b":"zz"}',
    "set of lists": b'{"s":[[1]]}',
    "dict of lists": b'{"d":[[[1],2]]}',
    "no pairs": b'{"d":[1]}',
    "handle": b'{"h":[1]}',
    "instance that is not there": b'{"@":99}',
    "negative length": b'{"q":[[1],-1]}',
    "no text": b"\xff\xfe",
    "names that are none": b"@[1]\n[[],1]",
    "set with equal hashes": json.dumps({"s": _SAME_HASH}).encode(),
    "frozen set with equal hashes": json.dumps({"f": _SAME_HASH}).encode(),
    "dict with equal hashes": json.dumps({"d": [[number, 1] for number in _SAME_HASH]}).encode(),
    "set of tuples with equal hashes": json.dumps({"s": [{"t": [number]} for number in _SAME_HASH]}).encode(),
}


@pytest.mark.parametrize("data", NO_DATA.values(), ids=NO_DATA)
def test_what_is_no_data_is_refused(data: bytes) -> None:
    start = time.process_time()
    with pytest.raises(CodecError):
        Codec().decode(data)
    assert time.process_time() - start < 10  # the square of the number of keys would take a minute


@pytest.mark.parametrize("most", [0, 10**6])
def test_digits_are_bounded_where_the_caller_has_lifted_the_interpreters_own_bound(most: int) -> None:
    before = sys.get_int_max_str_digits()
    codec = Codec()
    assert codec.decode(b"[1]") == [1]
    sys.set_int_max_str_digits(most)
    try:
        with pytest.raises(CodecError):
            codec.decode(b"[-" + b"9" * 5000 + b"]")
        assert codec.decode(b'[12,{"b":"00"}]') == [12, b"\0"]
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize(
    "number",
    [1 << 500_000, -(1 << 500_000), Decimal("9" * 30_000), Fraction(1, 3**60_000), [0, 1 << 500_000]],
    ids=["int", "negative", "decimal", "fraction", "int_in_a_list"],
)
def test_numbers_that_would_be_refused_are_not_sent(number: Any) -> None:
    """An honest program meets a limit of what it may return; it is not said to have forged something."""
    with pytest.raises(TooLarge):
        Codec().encode(number)


def test_a_large_honest_set_is_read() -> None:
    numbers = {number << 40 for number in range(50_000)}
    assert Codec().decode(Codec().encode(numbers)) == numbers


_TAGS = ("i", "t", "d", "s", "f", "b", "B", "c", "r", "q", "C", "O", "D", "e", "T", "dec", "frac", "h", "@", "x")
_TAGGED = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | st.just("0x1f"),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.sampled_from(_TAGS), part, min_size=1, max_size=2),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(_TAGGED)
def test_any_json_is_data_or_refused(message: Any) -> None:
    try:
        value = Codec().decode(json.dumps(message).encode())
    except CodecError:
        return
    repr(value)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_data_or_refused(data: bytes) -> None:
    try:
        Codec().decode(data)
    except CodecError:
        return


@pytest.mark.parametrize(
    "text",
    [
        "[" + ",".join(['{"q":[[],null]}'] * 70_000) + "]",
        '{"r":[0,1000000000000,1]}',
        '{"dec":"1E+999999999"}',
    ],
    ids=["deques", "range", "exponent"],
)
def test_what_is_small_on_the_wire_is_not_large_in_memory(text: str) -> None:
    with pytest.raises(CodecError):
        Codec().decode(text.encode())


def test_fields_of_instances_are_guarded_against_equal_hashes() -> None:
    fields = ",".join(f"[{number},0]" for number in range(0, 300 * (2**61 - 1), 2**61 - 1))
    with pytest.raises(CodecError, match="same hash"):
        Codec().decode(f'@["Node"]\n[[[{fields}]],{{"@":0}}]'.encode())


def test_chains_of_shared_nodes_are_compared_in_the_time_of_their_length() -> None:
    def chain() -> Instance:
        node = Instance("Node", {"value": 0})
        for value in range(200):
            node = Instance("Node", {"value": value, "left": node, "right": [node]})
        return node

    one, other = chain(), chain()
    assert one == other
    other.fields["value"] = -1
    assert one != other
    one.fields["left"] = one
    assert one == one.fields["left"]
