"""Values as bytes, by a closed list of tags: what crosses between processes that do not trust each other.

Plain JSON carries None, bool, int, float, str and list as themselves; every other type is an object with one key, its
tag. Decoding builds exact built-in types and nothing else: no name from the wire is ever imported, called or looked
up outside the tables below, and depth, size and length of numbers are bounded. Instances of classes that the
*problem* gives cross as a flat table of fields, so that linked lists of any length, shared nodes and cycles survive.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import library_values
from .instance import Instance, fields_of, is_plain_field
from .library_values import pack_library
from .long_number import MAX_INT_BITS, pack_exact, unpack_decimal, unpack_fraction, unpack_long
from .refusal import CannotCross, CodecError, TooLarge, checked

_TEXT = ("utf-8", "surrogatepass")
_SCALARS = frozenset({int, str, float, bool, type(None)})
_BIG_INT_BITS = 2000
_MAX_DEPTH = 120
_MAX_PLAIN_DIGITS = 4300  # the interpreter's own bound, unless somebody lifts it
_MAX_SAME_HASH = 100
_MAX_RANGE = 2**20
"""A range is short on the wire, whatever it spans; somebody's checker may make a list of it."""
_ROOM, _ROOM_FOR_BYTE = 2**23, 24
_SIZES = {"q": 800, "O": 400, "C": 300, "D": 300, "d": 232, "s": 232, "f": 232}
_SIZE = 64
"""Bytes in memory of what a tag makes, about; small ones of some hundred bytes stand in ten bytes on the wire."""
_BUILTIN_TYPES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (int, str, float, bool, list, tuple, dict, set, frozenset, bytes, complex, range, object, type)
}
_BUILTIN_NAMES = {id(kind): name for name, kind in _BUILTIN_TYPES.items()}


def _writer() -> Callable[[Any], str]:
    """Returns what ``json.dumps`` is in the end, without the functions around it that every call goes through."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return json.JSONEncoder(check_circular=False, ensure_ascii=False).encode
    # No table of containers seen, and nothing for other types: what comes here has been packed.
    encode = make(None, None, json.encoder.encode_basestring, None, ":", ",", False, False, True)
    return lambda value: "".join(encode(value, 0))


_dumps = _writer()


class Codec:
    """Encodes and decodes messages.

    Args:
        classes: The problem's own classes by name: their instances cross as fields and are rebuilt with these.
        export: Turns what cannot cross into JSON-safe data for a handle; None refuses it.
        resolve: Turns such data back into an object.
        max_parts: How many parts a value may have, all nested ones counted.
        max_int_bits: How long an integer may be.
    """

    __slots__ = ("classes", "export", "max_int_bits", "max_parts", "names", "reader", "resolve")

    def __init__(
        self,
        classes: Mapping[str, type] | None = None,
        export: Callable[[Any], Any] | None = None,
        resolve: Callable[[Any], Any] | None = None,
        max_parts: int = 20_000_000,
        max_int_bits: int = MAX_INT_BITS,
    ) -> None:
        self.classes = classes or {}
        self.export, self.resolve = export, resolve
        self.max_parts, self.max_int_bits = max_parts, max_int_bits
        self.names = {kind: name for name, kind in classes.items() if _is_of_fields(kind)} if classes else {}
        self.reader: _Decoder | None = None

    def encode(self, value: Any, known: list[Any] | None = None) -> bytes:
        """Returns a value as bytes.

        Args:
            value: What is to cross.
            known: Instances that both sides hold already, in an order they share: they are sent by their number, with
                their fields as they are now. What is new is appended.

        Raises:
            CannotCross: If some part is not data and there is no ``export``.
            TooLarge: If it has too many parts.
        """
        return _Encoder(self, [] if known is None else known).encode(value)

    def decode(self, data: bytes, known: list[Any] | None = None) -> Any:
        """Returns the value that :meth:`encode` was given, of exact built-in types.

        Args:
            data: The bytes that came.
            known: Instances that both sides hold, as in :meth:`encode`; they are updated in place.

        Raises:
            CodecError: If the bytes are not of this codec.
        """
        try:
            if not known and data[:1] != b"@":
                if self.reader is None:
                    self.reader = _Decoder(self, [])  # for all messages without instances
                return self.reader.parse(data)
            return _Decoder(self, [] if known is None else known).decode(data)
        except CodecError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, ArithmeticError) as error:
            raise CodecError(f"{type(error).__name__}: {error}") from None


class _Encoder:
    def __init__(self, codec: Codec, known: list[Any]) -> None:
        self.codec = codec
        self.nodes = 0
        self.instances = known
        self.index_of = {id(instance): index for index, instance in enumerate(known)} if known else {}
        self.kinds = codec.names

    def encode(self, value: Any) -> bytes:
        root = self.pack(value, 0)
        if not self.instances:
            return _dumps(root).encode(*_TEXT)
        # The list grows while it is walked: breadth first, so that depth does not matter.
        fields = [self.pairs(fields_of(instance), 0) for instance in self.instances]
        names = [self.name_of(instance) for instance in self.instances]
        return b"@" + _dumps(names).encode(*_TEXT) + b"\n" + _dumps([fields, root]).encode(*_TEXT)

    def name_of(self, instance: Any) -> str:
        return instance.class_name if type(instance) is Instance else self.kinds[type(instance)]

    def pack(self, value: Any, depth: int) -> Any:
        kind = type(value)
        self.nodes += 1
        # Deeper values would exhaust the reader's stack.
        if depth > _MAX_DEPTH:
            raise CannotCross(kind.__name__)
        if self.nodes > self.codec.max_parts:
            raise TooLarge("a value of too many parts")
        if kind in _SCALARS:
            # JSON's decimal digits take the square of their number.
            if kind is int and value.bit_length() > _BIG_INT_BITS:
                return self.long(value)
            return value
        if kind is list:
            return self.items(value, depth)
        packer = _PACKERS.get(kind)
        if packer is not None:
            return packer(self, value, depth + 1)
        if kind in self.kinds or kind is Instance:
            return {"@": self.reference(value)}
        return self.other(value, depth)

    def items(self, value: Any, depth: int) -> list[Any]:
        kinds = set(map(type, value))
        if kinds <= _SCALARS:
            self.nodes += len(value)
            if int not in kinds:
                return list(value)
            return [v if type(v) is not int or v.bit_length() <= _BIG_INT_BITS else self.long(v) for v in value]
        return [self.pack(item, depth + 1) for item in value]

    def long(self, value: int) -> Any:
        if value.bit_length() > self.codec.max_int_bits:
            raise TooLarge("an integer of too many digits")
        return {"i": hex(value)}

    def pairs(self, value: Mapping[Any, Any], depth: int) -> list[Any]:
        items: Iterable[tuple[Any, Any]] = dict.items(value)  # type: ignore[arg-type]
        return [[self.pack(key, depth + 1), self.pack(item, depth + 1)] for key, item in items]

    def reference(self, instance: Any) -> int:
        index = self.index_of.get(id(instance))
        if index is None:
            index = self.index_of[id(instance)] = len(self.instances)
            self.instances.append(instance)
        return index

    def other(self, value: Any, depth: int) -> Any:
        """Subclasses of data are rebuilt from their built-in layout; the rest becomes a handle."""
        kind: type = type(value)
        if (special := pack_library(value)) is not None:  # first: numpy's float64 is a float, too
            return special
        for base, rebuild in _REBUILD:
            if isinstance(value, base) and issubclass(type(value), base):
                return self.pack(rebuild(value), depth + 1)
        if value is Ellipsis:
            return {"e": 0}
        if kind is type and id(value) in _BUILTIN_NAMES:
            return {"T": _BUILTIN_NAMES[id(value)]}
        if (special := pack_exact(value)) is not None:
            return special
        if self.codec.export is None:
            raise CannotCross(type(value).__name__)
        return {"h": self.codec.export(value)}


_PACKERS: dict[type, Callable[[_Encoder, Any, int], Any]] = {
    tuple: lambda e, v, d: {"t": e.items(v, d)},
    dict: lambda e, v, d: {"d": e.pairs(v, d)},
    set: lambda e, v, d: {"s": e.items(list(v), d)},
    frozenset: lambda e, v, d: {"f": e.items(list(v), d)},
    bytes: lambda e, v, d: {"b": v.hex()},
    bytearray: lambda e, v, d: {"B": v.hex()},
    complex: lambda e, v, d: {"c": [v.real, v.imag]},
    range: lambda e, v, d: {"r": e.items(_bounds(v), d)},
    deque: lambda e, v, d: {"q": [e.items(list(v), d), v.maxlen]},
    Counter: lambda e, v, d: {"C": e.pairs(v, d)},
    OrderedDict: lambda e, v, d: {"O": e.pairs(v, d)},
    defaultdict: lambda e, v, d: {"D": e.pairs(v, d)},
}
# Layout of the built-in type, without asking the subclass: an overridden __iter__, __eq__ or __int__ is never called.
_REBUILD: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (bool, bool),
    (int, lambda v: int.__add__(v, 0)),
    (float, lambda v: float.__add__(v, 0.0) if v == v else math.nan),
    (str, lambda v: str.__str__(v)[:] if type(str.__str__(v)) is str else "".join(str.__iter__(v))),
    (bytes, lambda v: bytes.__add__(v, b"")),
    (complex, lambda v: complex.__add__(v, 0j)),
    (list, lambda v: list.__getitem__(v, slice(None))),
    (tuple, lambda v: tuple(tuple.__iter__(v))),
    (dict, lambda v: dict(dict.items(v))),
    (set, lambda v: set(set.__iter__(v))),
    (frozenset, lambda v: frozenset(frozenset.__iter__(v))),
)


def _is_of_fields(kind: type) -> bool:
    """Whether fields are all that instances of a class of the problem consist of; else they cross as what they are."""
    return not issubclass(kind, (BaseException, deque, *(base for base, _ in _REBUILD)))


class _Decoder:
    def __init__(self, codec: Codec, known: list[Any]) -> None:
        self.codec = codec
        self.instances = known
        self.room = 0
        self.scan = json.JSONDecoder(object_hook=self.unpack).scan_once  # type: ignore[attr-defined]

    def decode(self, data: bytes) -> Any:
        if not data.startswith(b"@"):
            return self.parse(data)
        names, _, body = data[1:].partition(b"\n")
        new = checked(json.loads(names), list)[len(self.instances) :]
        self.instances.extend(map(self.new, new))
        fields, root = self.parse(body)
        for instance, pairs in zip(self.instances, fields, strict=True):
            self.fill(instance, dict(_keyed(pairs)))
        return root

    def parse(self, data: bytes) -> Any:
        self.room = _ROOM + _ROOM_FOR_BYTE * len(data)
        text = data.decode(*_TEXT)
        scan = self.scan
        if not 0 < sys.get_int_max_str_digits() <= _MAX_PLAIN_DIGITS:
            scan = json.JSONDecoder(object_hook=self.unpack, parse_int=_plain_int).scan_once  # type: ignore[attr-defined]
        try:
            value, end = scan(text, 0)
        except StopIteration:
            raise CodecError("not a value") from None
        if end != len(text):
            raise CodecError("more than one value")
        return value

    def new(self, name: Any) -> Any:
        kind = self.codec.classes.get(checked(name, str))
        return Instance(name) if kind is None else object.__new__(kind)

    def fill(self, instance: Any, fields: dict[str, Any]) -> None:
        if not all(type(name) is str for name in fields):
            raise CodecError("a field's name is a text")
        if type(instance) is Instance:
            instance.fields.update(fields)
            return
        for name, value in fields.items():
            if not is_plain_field(type(instance), name):
                raise CodecError("a field with the name of a method")
            object.__setattr__(instance, name, value)

    def unpack(self, tagged: dict[str, Any]) -> Any:
        if len(tagged) != 1:
            raise CodecError("an object of the codec has one key, its tag")
        ((tag, content),) = tagged.items()
        self.room -= _SIZES.get(tag, _SIZE)
        if self.room < 0:
            raise CodecError("a value that is far larger than what was sent")
        if tag == "@":
            return self.instances[checked(content, int)]
        if tag == "h":
            if self.codec.resolve is None:
                raise CodecError("a handle where there can be none")
            return self.codec.resolve(content)
        if tag == "i":
            return unpack_long(content, self.codec.max_int_bits)
        return _UNPACKERS[tag](content)


def _bounds(value: range) -> list[int]:
    if value[_MAX_RANGE:]:
        raise TooLarge("a range of too many numbers")
    return [value.start, value.stop, value.step]


def _range(*bounds: int) -> range:
    value = range(*bounds)
    if value[_MAX_RANGE:]:
        raise CodecError("a range of too many numbers")
    return value


def _plain_int(text: str) -> int:
    if len(text) > _MAX_PLAIN_DIGITS:
        raise CodecError("an integer too long")
    return int(text)


def _hashed(items: Any) -> list[Any]:
    """Items of a set: refused where many share a hash, which would take the square of their number to tell apart."""
    if len(checked(items, list)) > _MAX_SAME_HASH:
        different = {id(item): item for item in items}.values()  # the decoder has one NaN for all
        if max(Counter(map(hash, different)).values()) > _MAX_SAME_HASH:
            raise CodecError("too many keys with the same hash")
    return list(items)


def _keyed(pairs: Any) -> list[Any]:
    """Items of a mapping: refused where many keys share a hash."""
    _hashed([key for key, _ in checked(pairs, list)])
    return list(pairs)


_UNPACKERS: dict[str, Callable[[Any], Any]] = {
    "t": lambda c: tuple(checked(c, list)),
    "d": lambda c: dict(_keyed(c)),
    "s": lambda c: set(_hashed(c)),
    "f": lambda c: frozenset(_hashed(c)),
    "b": lambda c: bytes.fromhex(c),
    "B": lambda c: bytearray.fromhex(c),
    "c": lambda c: complex(*map(float, c)),
    "r": lambda c: _range(*c),
    "q": lambda c: deque(checked(c[0], list), c[1]),
    "C": lambda c: Counter(dict(_keyed(c))),
    "O": lambda c: OrderedDict(_keyed(c)),
    "D": lambda c: defaultdict(None, _keyed(c)),
    "e": lambda c: Ellipsis,
    "T": lambda c: _BUILTIN_TYPES[c],
    "dec": unpack_decimal,
    "frac": unpack_fraction,
    **library_values.UNPACKERS,
}
