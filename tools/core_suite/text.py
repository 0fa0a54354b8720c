"""Parts that work on the characters of a text and on words."""

from __future__ import annotations

from functools import partial

from tools.core_suite.part import ItemKind, Loop, Part, Role, part

_VOWELS = frozenset("aeiou")
_keep = partial(part, Role.KEEP, ItemKind.CHARS)
_each = partial(part, Role.EACH, ItemKind.CHARS)
_end = partial(part, Role.END, ItemKind.CHARS)
_keep_word = partial(part, Role.KEEP, ItemKind.WORDS)
_each_word = partial(part, Role.EACH, ItemKind.WORDS)
_end_word = partial(part, Role.END, ItemKind.WORDS)

CHAR_KEEP: tuple[Part, ...] = (
    _keep(
        "vowel",
        ('c in "aeiou"', 'c in set("aeiou")'),
        lambda c, k: c in _VOWELS,
        ("keep the small vowels", "the small vowels among {}"),
        kin="one_of",
    ),
    _keep(
        "no_vowel",
        'c not in "aeiou"',
        lambda c, k: c not in _VOWELS,
        ("drop the small vowels", "all but the small vowels of {}"),
    ),
    _keep(
        "letter",
        "c.isalpha()",
        lambda c, k: "a" <= c.lower() <= "z",
        ("keep the letters", "the letters among {}"),
    ),
)

CHAR_EACH: tuple[Part, ...] = (
    _each(
        "upper",
        "c.upper()",
        lambda c, k: c.upper(),
        ("make all upper case", "the upper case of {}"),
    ),
    _each(
        "lower",
        "c.lower()",
        lambda c, k: c.lower(),
        ("make all lower case", "the lower case of {}"),
    ),
    _each(
        "swap_case",
        "c.swapcase()",
        lambda c, k: c.upper() if c.islower() else c.lower(),
        ("swap the case of each", "the swapped case of {}"),
    ),
    _each(
        "twice",
        ("c * 2", "c + c"),
        lambda c, k: c + c,
        ("write each twice", "the twice-written characters of {}"),
    ),
)

CHAR_END: tuple[Part, ...] = (
    _end(
        "text",
        '"".join({s})',
        lambda s, k: "".join(s),
        ("the text they make", "the string made of {}"),
        loop=Loop('out = ""', "out += {x}", "out"),
        kin="joined",
    ),
    _end(
        "dashed",
        '"-".join({s})',
        lambda s, k: "".join(c if i == 0 else "-" + c for i, c in enumerate(s)),
        ("them joined by '-'", "the string, '-' between, of {}"),
        kin="joined",
    ),
)

WORD_KEEP: tuple[Part, ...] = (
    _keep_word(
        "longer",
        "len(w) > {k}",
        lambda w, k: len(w) > k,
        ("keep words longer than {k}", "the words longer than {k} among {}"),
        (2, 3, 4),
    ),
    _keep_word(
        "shorter",
        "len(w) < {k}",
        lambda w, k: len(w) < k,
        ("keep words shorter than {k}", "the words shorter than {k} among {}"),
        (4, 5, 6),
    ),
    _keep_word(
        "vowel_first",
        'w[0] in "aeiou"',
        lambda w, k: w[0] in _VOWELS,
        (
            "keep words that begin with a vowel",
            "the words beginning with a vowel among {}",
        ),
    ),
    _keep_word(
        "no_vowel_first",
        'w[0] not in "aeiou"',
        lambda w, k: w[0] not in _VOWELS,
        (
            "drop words that begin with a vowel",
            "the words not beginning with a vowel among {}",
        ),
    ),
)

WORD_EACH: tuple[Part, ...] = (
    _each_word(
        "spell_back",
        "w[::-1]",
        lambda w, k: "".join(reversed(w)),
        ("reverse each word", "the reversed words of {}"),
    ),
    _each_word(
        "upper",
        "w.upper()",
        lambda w, k: w.upper(),
        ("put each in upper case", "the upper-case words of {}"),
    ),
    _each_word(
        "capital",
        ("w[0].upper() + w[1:]", "w[:1].upper() + w[1:]"),
        lambda w, k: "".join(c.upper() if i == 0 else c for i, c in enumerate(w)) if w else w[0],
        ("capitalise the first letter of each", "the words, first letter capital, of {}"),
    ),
    _each_word(
        "twice",
        ("w + w", "w * 2"),
        lambda w, k: "".join((w, w)),
        ("write each word twice in a row", "the doubled words of {}"),
    ),
)


WORD_END: tuple[Part, ...] = (
    _end_word(
        "spaced",
        '" ".join({s})',
        lambda s, k: "".join(w if i == 0 else " " + w for i, w in enumerate(s)),
        ("them joined by blanks", "the string, blanks between, of {}"),
        kin="joined",
    ),
    _end_word(
        "glued",
        '"".join({s})',
        lambda s, k: "".join(s),
        ("them joined without blanks", "the string, nothing between, of {}"),
        loop=Loop('out = ""', "out += {x}", "out"),
        kin="joined",
    ),
    _end_word(
        "commas",
        '",".join({s})',
        lambda s, k: "".join(w if i == 0 else "," + w for i, w in enumerate(s)),
        ("them joined by ','", "the string, ',' between, of {}"),
        kin="joined",
    ),
    _end_word(
        "longest",
        'max({s}, key=len, default="")',
        lambda s, k: next((w for w in s if len(w) == max(map(len, s))), ""),
        (
            "the first longest, '' if none",
            "the first longest (else '') of {}",
        ),
        loop=Loop('best = ""', "if len({x}) > len(best):\n    best = {x}", "best"),
    ),
)
