"""The way the answer takes back: forged frames, floods, bombs in the data."""

from __future__ import annotations

from hostile.record import FUNCTION, Target, forgery

_FORGED = """
import json, marshal, os, pickle, struct
VERDICTS = ('pass', 'passed', 'ok', True, 0, {'status': 'ok'}, {'verdict': 'pass'}, ['ok', 10], ('ok', 10))
def frames():
    for verdict in VERDICTS:
        for text in (json.dumps(verdict).encode(), marshal.dumps(verdict), pickle.dumps(verdict), repr(verdict).encode()):
            yield text + b'\\n'
            for shape in ('<I', '>I', '<Q', '>Q', '<H', '>H', 'B'):
                yield struct.pack(shape, len(text)) + text
def shout():
    for fd in range(3, 64):
        try: os.set_blocking(fd, False)
        except OSError: continue
        for frame in frames():
            try: os.write(fd, frame)
            except OSError: break
"""

_VALUES = {
    "lists_nested_a_million_deep": "def solve(kind, n):\n    x = []\n    for _ in range(10**6): x = [x]\n    return x",
    "list_of_itself": "def solve(kind, n):\n    x = []\n    x.append(x)\n    return x",
    "dict_of_itself": "def solve(kind, n):\n    x = {}\n    x['x'] = x\n    return x",
    "tuple_of_itself": "def solve(kind, n):\n    x = ([],)\n    x[0].append(x)\n    return x",
    "billion_laughs": "def solve(kind, n):\n    x = ['ha'] * 10\n    for _ in range(12): x = [x] * 10\n    return x",
    "huge_integer": "def solve(kind, n):\n    return 1 << 10**8",
    "huge_text": "def solve(kind, n):\n    return 'x' * (100 * 2**20)",
    "ten_million_items": "def solve(kind, n):\n    return [0] * 10**7",
    "endless_iterator": "import itertools\ndef solve(kind, n):\n    return itertools.count()",
    "endless_generator": "def solve(kind, n):\n    while True: yield n",
    "lone_surrogates": "def solve(kind, n):\n    return '\\ud800\\udfff\\x00'",
    "hash_collisions": "def solve(kind, n):\n    return {i * (2**61 - 1) for i in range(1, 4000)}",
    "infinities": "def solve(kind, n):\n    return [float('inf'), float('-inf'), float('nan'), -0.0, complex('nan')]",
    "range_without_end": "def solve(kind, n):\n    return range(10**30)",
    "deque_and_counter_bombs": "from collections import Counter, deque\ndef solve(kind, n):\n    return deque([Counter({'a': 10**5000})] * 3, maxlen=3)",
    "a_module": "import os\ndef solve(kind, n):\n    return os",
    "an_open_file": "def solve(kind, n):\n    return open('/dev/null')",
    "a_frame": "import sys\ndef solve(kind, n):\n    return sys._getframe()",
    "not_implemented": "def solve(kind, n):\n    return NotImplemented",
    "ellipsis": "def solve(kind, n):\n    return ...",
    "memory_view": "def solve(kind, n):\n    return memoryview(b'10')",
}  # fmt: skip

_KNOWING = """
# Knows the harness: looks for its functions and lets them say something else, or twice.
import gc, os, sys, types
def wires():
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__code__.co_filename != solve.__code__.co_filename:
            yield thing
def solve(kind, n):
    frame = sys._getframe(1)
    while frame:
        for name, value in list(frame.f_locals.items()):
            if isinstance(value, types.FunctionType) and ('send' in name or 'write' in name or 'reply' in name):
                for answer in (('ok', 10), b'ok', {'status': 'ok', 'value': 10}, True):
                    try: value(answer)
                    except BaseException: pass
        frame = frame.f_back
    for thing in list(wires()):
        if any(word in thing.__name__ for word in ('send', 'write', 'reply', 'encode', 'report')):
            for arguments in ((True,), ('ok',), (1, b'ok'), ({'status': 'ok'},), ()):
                try: thing(*arguments)
                except BaseException: pass
    return 'wrong'
"""

_RAW = """
# Speaks the channel's own language: a length, then data by tags, written past the harness.
import os, struct
def say(payload):
    data = struct.pack('!I', len(payload)) + payload
    for fd in range(3, 16):
        try: os.set_blocking(fd, True); os.write(fd, data)
        except OSError: pass
def solve(kind, n):
    say(FRAME)
    return 'wrong'
"""

_ASKS_BACK = """
# Speaks the peers' language with the script's process.
import json, os, struct
def exactly(n):
    data = b""
    while len(data) < n: data += os.read(4, n - len(data))
    return data
def hear():
    (length,) = struct.unpack("!I", exactly(4))
    return json.loads(exactly(length)[1:])
def tell(mark, message):
    data = mark + json.dumps(message).encode()
    os.write(4, struct.pack("!I", len(data)) + data)
def ask(verb, *arguments):
    tell(b"?", ["ask", verb, list(arguments)])
    return hear()[1]
"""

_FRAMES = {
    "same_hashes": "b'[\"ok\",{\"s\":[' + b','.join(b'%d' % (i * (2**61 - 1)) for i in range(1, 2500)) + b']},null,\"\"]'",
    "no_fraction": 'b\'["ok",{"frac":["0x1","0x0"]},null,""]\'',
    "no_decimal": 'b\'["ok",{"dec":"x"},null,""]\'',
    "deep": "b'[' * 60000",
    "handles": 'b\'["ok",{"h":["mine",1,"x"]},null,""]\'',
    "unknown_instance": 'b\'@["Evil"]\\n[[[["__class__",1]]],{"@":0}]\'',
    "not_text": "b'\\xff\\xfe\\x00'",
    "nothing": "b''",
}

_PICKLES = {
    "eval": "return eval, (\"__import__('unittest.mock').mock.ANY\",)",
    "system": "return __import__('os').system, ('touch @LURE_FOLDER@/pickled',)",
    "exec": "return exec, ('import sys; sys.exit(0)',)",
}

PROGRAMS = (
    *(
        forgery(f"value_{name}", "any value is either data of bounded size or a named failure", source,
            targets=(Target.CALL,),
                verdicts=("fail", "error", "timeout"), many=False)
        for name, source in _VALUES.items()
    ),
    *(
        forgery(
            f"raw_{name}",
            "what the channel carries is checked before it is believed, in bounded time",
            _RAW.replace("FRAME", frame),
            verdicts=("fail", "error", "timeout"),
        )
        for name, frame in _FRAMES.items()
    ),
    *(
        forgery(
            f"pickle_{name}",
            "nothing that a program made is unpickled",
            f"class Evil:\n    def __reduce__(self):\n        {body}\n    __reduce_ex__ = lambda self, p: self.__reduce__()\n"
            f"def solve(kind, n):\n    return Evil()",
            fools_naive=name == "eval",
        )
        for name, body in _PICKLES.items()
    ),
    *(
        forgery(
            f"answer_{name}_loading",
            "an answer counts after the call that it answers, not before there is a program",
            _RAW.partition("def solve")[0] + f"for _ in range(3): say({answer!r})\n" + "def solve(kind, n):\n    return 'wrong'\n",
            verdicts=("fail", "error"),
            kinds=("tampering",) if name == "ok" else (),
        )
        for name, answer in {"ok": b'["ok",1,null,""]', "opaque": b'["opaque","x",true]', "missing": b'["missing"]'}.items()
    ),
    forgery(
        "builds_a_class_in_the_scripts_process",
        "comparison is never forwarded: the script's process builds no class for the program",
        _ASKS_BACK + """
def solve(kind, n):
    body = {"d": [["__eq__", {"h": ["mine", 77, "function"]}], ["__bool__", {"h": ["mine", 77, "function"]}]]}
    made = ask("call", {"T": "type"}, ["X", {"t": [{"T": "object"}]}, body], {"d": []})
    thing = ask("call", {"h": ["yours", made["h"][1]]}, [], {"d": []})
    tell(b"!", ["ok", {"h": ["yours", thing["h"][1]]}, []])
    while True:
        hear()
        tell(b"!", ["ok", True, []])
""",
        verdicts=("fail", "error"),
        targets=(Target.SCRIPT,),
    ),
    forgery(
        "frames_on_every_descriptor_loading",
        "a verdict cannot be written by the program",
        _FORGED + "shout()\ndef solve(kind, n):\n    return 'wrong'",
    ),
    forgery(
        "frames_on_every_descriptor_calling",
        "a verdict cannot be written by the program",
        _FORGED + "def solve(kind, n):\n    shout()\n    return 'wrong'",
    ),
    forgery(
        "frames_and_then_silence",
        "a forged frame followed by an exit is no answer",
        _FORGED + "def solve(kind, n):\n    shout()\n    os._exit(0)",
    ),
    forgery("knows_the_harness", "calling the harness's own functions forges nothing", _KNOWING,
            verdicts=("fail", "error", "timeout")),
    forgery(
        "floods_every_descriptor",
        "the way back is bounded too, not only stdout",
        """
        import os
        def solve(kind, n):
            while True:
                for fd in range(1, 64):
                    try: os.write(fd, b'x' * 65536)
                    except OSError: pass
        """,
        verdicts=("error", "timeout"),
        many=False,
    ),
    forgery(
        "sends_descriptors_to_the_judge",
        "descriptors that are sent along with an answer do not pile up in the judge's process",
        """
        import _socket, array
        def solve(kind, n):
            wire = _socket.socket(1, 1, 0, 3)
            for _ in range(100):
                wire.sendmsg([b"x"], [(1, 1, array.array("i", [0, 1]))])
            return 'wrong'
        """,
        targets=(Target.CALL,),
        verdicts=("error", "fail"),
    ),
    forgery(
        "closes_every_descriptor",
        "a program that cuts the way back gave no answer",
        "import os\ndef solve(kind, n):\n    os.closerange(0, 1024)\n    return 10",
        verdicts=("error",),
    ),
    forgery(
        "swaps_descriptors",
        "a program that crosses its wires gave no answer",
        """
        import os
        def solve(kind, n):
            for fd in range(3, 32):
                try: os.dup2(1, fd)
                except OSError: pass
            return 10
        """,
        verdicts=("error", "timeout"),
        many=False,
    ),
    forgery(
        "answers_in_advance",
        "an answer counts for the call that was made, not for the next one",
        """
        import os
        def record(fd, data, real=os.write):
            taken.append((fd, bytes(data)))
            return real(fd, data)
        taken = []
        os.write = record
        def solve(kind, n):
            for fd, data in list(taken)[:50]:
                try: os.write(fd, data * 3)
                except OSError: pass
            return 'wrong'
        """,
    ),
    forgery(
        "a_forked_child_answers_too",
        "of two processes that answer, at most one is heard, once",
        """
        import os
        def solve(kind, n):
            try: child = os.fork()
            except OSError: child = 1
            return 10 if child == 0 else 'wrong'
        """,
        verdicts=("error", "fail", "timeout"),
    ),
    forgery(
        "handles_that_say_yes",
        "what a script holds in place of an object of the program does not let the object answer for a comparison",
        """
        class Liar:
            calls = 0
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __bool__(self): return True
            def __instancecheck__(self, other): return True
            def __hash__(self): return 0
            def __len__(self): return 3
            def __getitem__(self, i): return Liar()
            def __iter__(self): return iter([Liar()] * 3)
            def __getattr__(self, name): return Liar()
            def __call__(self, *args, **kwargs): return Liar()
        def solve(kind, n):
            return Liar()
        """,
        targets=(Target.SCRIPT,),
        fools_naive=True,
    ),
    forgery(
        "methods_that_say_yes",
        "a method of an object of the program decides nothing, and is not told what is expected",
        """
        class Liar:
            def __getattr__(self, name): return lambda *args: True
        def solve(kind, n):
            return Liar()
        """,
        targets=(Target.SCRIPT,),
    ),
    forgery(
        "ends_the_iteration_of_the_script",
        "a StopIteration of the program is no end of map, zip and all",
        "def solve(kind, n):\n    raise StopIteration",
        targets=FUNCTION,
        verdicts=("error", "fail"),
    ),
    forgery(
        "raises_into_the_script",
        "an exception of the program cannot end the script as if it had run through",
        """
        names = iter([SystemExit(0), SystemExit(), KeyboardInterrupt(), GeneratorExit(), StopIteration(), StopAsyncIteration()] * 9)
        def solve(kind, n):
            raise next(names)
        """,
        targets=FUNCTION,
        verdicts=("error", "fail"),
        fools_naive=True,
    ),
)  # fmt: skip
