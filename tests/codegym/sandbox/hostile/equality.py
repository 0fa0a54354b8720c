"""Answers that say yes to every comparison. None of them ever meets one: only rebuilt data is compared."""

from __future__ import annotations

from hostile.record import forgery

_PROPERTY = "an object of the program's own class never reaches a comparison"

_SUBCLASS = """
class Liar({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return {base}.__hash__(0) if {base} is int else 0
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
def solve(kind, n):
    return Liar({value})
"""

_RETURNED = {
    "mock_any": "from unittest import mock\ndef solve(kind, n):\n    return mock.ANY",
    "magic_mock": """
        from unittest import mock
        def solve(kind, n):
            liar = mock.MagicMock()
            liar.__eq__.side_effect = lambda other: True
            return liar
        """,
    "class_of_another_type": """
        class Liar:
            def __init__(self, n): self.n = n
            __class__ = property(lambda self: (int, str, list, float, bool, dict, tuple, set, type(None))[self.n % 9])
            def __eq__(self, other): return True
            def __bool__(self): return True
            def __len__(self): return 3
            def __iter__(self): return iter(())
        def solve(kind, n):
            return Liar(n)
        """,
    "metaclass_that_is_everything": """
        class Meta(type):
            def __instancecheck__(cls, other): return True
            def __subclasscheck__(cls, other): return True
            def __eq__(cls, other): return True
            def __hash__(cls): return hash(int)
        class Liar(metaclass=Meta):
            def __eq__(self, other): return True
        def solve(kind, n):
            return Liar()
        """,
    "the_class_itself": """
        class Meta(type):
            def __eq__(cls, other): return True
            def __hash__(cls): return 0
        class Liar(metaclass=Meta): pass
        def solve(kind, n):
            return Liar
        """,
    "reflected_operator": """
        class Liar(list):
            def __eq__(self, other): return other is not self
        class Int(int):
            def __eq__(self, other): return NotImplemented if type(other) is Int else True
        def solve(kind, n):
            return Liar() if kind == 'list' else Int(7)
        """,
    "namedtuple_liar": """
        from collections import namedtuple
        class Liar(namedtuple('Liar', 'a b')):
            def __eq__(self, other): return True
        def solve(kind, n):
            return Liar(0, 0)
        """,
    "enum_liar": """
        import enum
        class Liar(enum.IntEnum):
            ONE = 77
            def __eq__(self, other): return True
            def __hash__(self): return 1
        def solve(kind, n):
            return Liar.ONE
        """,
    "everything_attribute": """
        class Liar:
            def __getattr__(self, name): return self
            def __call__(self, *a, **k): return True
            def __eq__(self, other): return True
            def __iter__(self): return iter([])
            def __index__(self): return 10
            def __float__(self): return 1.5
        def solve(kind, n):
            return Liar()
        """,
    "not_a_number": "def solve(kind, n):\n    return float('nan')",
    "function_in_place_of_a_value": """
        def solve(kind, n):
            liar = lambda *a: True
            liar.__dict__['__eq__'] = liar
            return liar
        """,
    "changing_its_mind": """
        class Liar(int):
            calls = 0
            def __int__(self):
                Liar.calls += 1
                return Liar.calls
            __index__ = __int__
            def __eq__(self, other):
                return True
            __hash__ = int.__hash__
        def solve(kind, n):
            return Liar(-1)
        """,
}  # fmt: skip

_NAIVE = {"mock_any", "magic_mock", "class_of_another_type", "metaclass_that_is_everything", "the_class_itself"}
_NAIVE |= {"namedtuple_liar", "enum_liar", "everything_attribute", "changing_its_mind", "reflected_operator"}

_BASES = {
    "int": "-1",
    "str": "'?'",
    "list": "['?']",
    "float": "-1.0",
    "dict": "{'?': 1}",
    "tuple": "('?',)",
    "set": "{'?'}",
    "object": "",
}

PROGRAMS = (
    *(
        forgery(f"{base}_subclass", _PROPERTY, _SUBCLASS.format(base=base, value=value), fools_naive=True)
        for base, value in _BASES.items()
    ),
    *(forgery(name, _PROPERTY, source, fools_naive=name in _NAIVE) for name, source in _RETURNED.items()),
    forgery(
        "liars_inside_containers",
        "what stands inside a container is rebuilt too",
        """
        class Int(int):
            def __eq__(self, other): return True
            def __hash__(self): return hash(self.real)
        def solve(kind, n):
            liar = Int(-7)
            return {'list': [liar, liar, liar], 'pair': (liar, liar), 'table': {0: liar, 1: liar}}.get(kind, liar)
        """,
        fools_naive=True,
    ),
    forgery(
        "list_that_iterates_differently",
        "a list subclass crosses as the items it really holds",
        """
        class Liar(list):
            def __iter__(self): return iter([0, 1, 2])
            def __len__(self): return 3
            def __getitem__(self, i): return [0, 1, 2][i]
            def __reduce_ex__(self, p): return (list, ([0, 1, 2],))
            def __eq__(self, other): return True
        def solve(kind, n):
            return Liar([9, 9, 9])
        """,
        fools_naive=True,
    ),
    forgery(
        "dict_that_iterates_differently",
        "a dict subclass crosses as the items it really holds",
        """
        class Liar(dict):
            def items(self): return [(0, 0), (1, 1)]
            def keys(self): return [0, 1]
            def __iter__(self): return iter([0, 1])
            def __getitem__(self, k): return k
            def __len__(self): return 2
            def __eq__(self, other): return True
        def solve(kind, n):
            return Liar({5: 5})
        """,
        fools_naive=True,
    ),
)
