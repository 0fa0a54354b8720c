"""Parts that work on the characters of a text and on words."""

from __future__ import annotations

from functools import partial

from envs_registry.suites.core.part import Kind, Loop, Part, Role, part

_VOWELS = frozenset("aeiou")
_keep = partial(part, Role.KEEP, Kind.CHARS)
_each = partial(part, Role.EACH, Kind.CHARS)
_end = partial(part, Role.END, Kind.CHARS)
_keep_word = partial(part, Role.KEEP, Kind.WORDS)
_each_word = partial(part, Role.EACH, Kind.WORDS)
_whole_word = partial(part, Role.WHOLE, Kind.WORDS)
_end_word = partial(part, Role.END, Kind.WORDS)

CHAR_KEEP: tuple[Part, ...] = (
    _keep(
        "vowel",
        ('c in "aeiou"', 'c in set("aeiou")'),
        lambda c, k: c in _VOWELS,
        ("keep the small vowels", "keep only a, e, i, o and u", "the small vowels among {}"),
        kin="one_of",
    ),
    _keep(
        "no_vowel",
        'c not in "aeiou"',
        lambda c, k: c not in _VOWELS,
        ("drop the small vowels", "leave out a, e, i, o and u", "all but the small vowels of {}"),
    ),
    _keep(
        "letter",
        "c.isalpha()",
        lambda c, k: "a" <= c.lower() <= "z",
        ("keep the letters", "drop what is no letter", "the letters among {}"),
    ),
    _keep(
        "digit",
        "c.isdigit()",
        lambda c, k: "0" <= c <= "9",
        ("keep the digits", "drop what is no digit", "the digits among {}"),
    ),
    _keep(
        "no_digit",
        "not c.isdigit()",
        lambda c, k: not "0" <= c <= "9",
        ("drop the digits", "leave out the digits", "all but the digits of {}"),
    ),
    _keep(
        "is_upper",
        "c.isupper()",
        lambda c, k: "A" <= c <= "Z",
        ("keep the capital letters", "keep only capitals", "the capital letters among {}"),
    ),
    _keep(
        "is_lower",
        "c.islower()",
        lambda c, k: "a" <= c <= "z",
        ("keep the small letters", "keep only lower-case letters", "the small letters among {}"),
    ),
    _keep(
        "no_space",
        'c != " "',
        lambda c, k: not c.isspace(),
        ("drop the blanks", "leave out spaces", "all but the blanks of {}"),
    ),
    _keep(
        "other_than",
        'c != "{k}"',
        lambda c, k: c != k,
        ("drop every '{k}'", "leave out each '{k}'", "all but the '{k}' of {}"),
        ("a", "e", "b", "o", "l"),
    ),
    _keep(
        "one_of",
        'c in "{k}"',
        lambda c, k: k.find(c) >= 0,
        ("keep those in '{k}'", "keep only the characters of '{k}'", "those in '{k}' among {}"),
        ("abc", "lmno", "aB1", "rst", "xyz"),
        kin="one_of",
    ),
    _keep(
        "before",
        'c < "{k}"',
        lambda c, k: ord(c) < ord(k),
        ("keep those less than '{k}'", "drop all from '{k}' on in code order", "those less than '{k}' among {}"),
        ("f", "j", "m", "p"),
    ),
)

CHAR_EACH: tuple[Part, ...] = (
    _each(
        "upper",
        "c.upper()",
        lambda c, k: c.upper(),
        ("make all upper case", "capitalise every letter", "the upper case of {}"),
    ),
    _each(
        "lower",
        "c.lower()",
        lambda c, k: c.lower(),
        ("make all lower case", "turn capitals small", "the lower case of {}"),
    ),
    _each(
        "swap_case",
        "c.swapcase()",
        lambda c, k: c.upper() if c.islower() else c.lower(),
        ("swap the case of each", "swap upper and lower case", "the swapped case of {}"),
    ),
    _each(
        "twice",
        ("c * 2", "c + c"),
        lambda c, k: c + c,
        ("write each twice", "repeat each one once", "the twice-written characters of {}"),
    ),
    _each(
        "star_vowels",
        '"*" if c in "aeiou" else c',
        lambda c, k: "*" if c in _VOWELS else c,
        ("replace small vowels by '*'", "put '*' for a, e, i, o and u", "the text, '*' for small vowels, of {}"),
    ),
    _each(
        "hash_digits",
        '"#" if c.isdigit() else c',
        lambda c, k: "#" if "0" <= c <= "9" else c,
        ("replace digits by '#'", "put '#' for each digit", "the text, '#' for digits, of {}"),
    ),
    _each(
        "swap_one",
        'c.replace("{k}", "?")',
        lambda c, k: c if k not in c else "?" * len(c),
        ("replace each '{k}' by '?'", "put '?' for '{k}'", "the text, '?' for '{k}', of {}"),
        ("a", "e", "o", "n"),
    ),
    _each(
        "successor",
        "chr(ord(c) + 1)",
        lambda c, k: chr(1 + ord(c)),
        ("replace each by the next in code order", "add 1 to each code", "the successors in code order of {}"),
    ),
    _each(
        "code",
        "ord(c)",
        lambda c, k: ord(c),
        ("take the codes (ord)", "replace each by its code (ord)", "the codes (ord) of {}"),
        gives=Kind.INTS,
    ),
)

CHAR_END: tuple[Part, ...] = (
    _end(
        "text",
        '"".join({s})',
        lambda s, k: "".join(s),
        ("the text they make", "them as one string", "the string made of {}"),
        loop=Loop('out = ""', "out += {x}", "out"),
        kin="joined",
    ),
    _end(
        "dashed",
        '"-".join({s})',
        lambda s, k: "".join(c if i == 0 else "-" + c for i, c in enumerate(s)),
        ("them joined by '-'", "one string with '-' between", "the string, '-' between, of {}"),
        kin="joined",
    ),
    _end(
        "most",
        'max({s}, default="")',
        lambda s, k: sorted(s)[-1] if s else "",
        ("the largest, '' if none", "the last in code order ('' if none)", "the largest (else '') of {}"),
        slow=('sorted({s})[-1] if {s} else ""',),
        kin="max",
    ),
    _end(
        "least",
        'min({s}, default="")',
        lambda s, k: sorted(s)[0] if s else "",
        ("the smallest, '' if none", "the first in code order ('' if none)", "the smallest (else '') of {}"),
        slow=('sorted({s})[0] if {s} else ""',),
        kin="min",
    ),
)

WORD_KEEP: tuple[Part, ...] = (
    _keep_word(
        "longer",
        "len(w) > {k}",
        lambda w, k: len(w) > k,
        ("keep words longer than {k}", "drop words of {k} letters or less", "the words longer than {k} among {}"),
        (2, 3, 4),
    ),
    _keep_word(
        "shorter",
        "len(w) < {k}",
        lambda w, k: len(w) < k,
        ("keep words shorter than {k}", "drop words of {k} letters or more", "the words shorter than {k} among {}"),
        (4, 5, 6),
    ),
    _keep_word(
        "vowel_first",
        'w[0] in "aeiou"',
        lambda w, k: w[0] in _VOWELS,
        (
            "keep words that begin with a vowel",
            "drop words that begin with no vowel",
            "the words beginning with a vowel among {}",
        ),
    ),
    _keep_word(
        "no_vowel_first",
        'w[0] not in "aeiou"',
        lambda w, k: w[0] not in _VOWELS,
        (
            "drop words that begin with a vowel",
            "keep words that begin with no vowel",
            "the words not beginning with a vowel among {}",
        ),
    ),
    _keep_word(
        "contains",
        '"{k}" in w',
        lambda w, k: w.count(k) > 0,
        ("keep words with an '{k}'", "drop words without '{k}'", "the words with an '{k}' among {}"),
        ("a", "e", "o", "r", "n"),
    ),
    _keep_word(
        "lacks",
        '"{k}" not in w',
        lambda w, k: w.count(k) == 0,
        ("drop words with an '{k}'", "keep words without '{k}'", "the words without '{k}' among {}"),
        ("a", "e", "o", "r", "n"),
    ),
    _keep_word(
        "ends_in",
        ('w[-1] == "{k}"', 'w.endswith("{k}")'),
        lambda w, k: list(w)[-1] == k,
        ("keep words ending in '{k}'", "keep words whose last letter is '{k}'", "the words ending in '{k}' among {}"),
        ("a", "e", "n", "t", "y"),
    ),
    _keep_word(
        "mirror",
        "w == w[::-1]",
        lambda w, k: list(w) == list(reversed(w)),
        ("keep palindromes", "drop what is no palindrome", "the palindromes among {}"),
    ),
    _keep_word(
        "even_length",
        "len(w) % 2 == 0",
        lambda w, k: len(w) in range(0, 99, 2),
        ("keep words of even length", "drop words of odd length", "the words of even length among {}"),
    ),
)

WORD_EACH: tuple[Part, ...] = (
    _each_word(
        "spell_back",
        "w[::-1]",
        lambda w, k: "".join(reversed(w)),
        ("reverse each word", "spell each backwards", "the reversed words of {}"),
    ),
    _each_word(
        "upper",
        "w.upper()",
        lambda w, k: w.upper(),
        ("put each in upper case", "use capitals only", "the upper-case words of {}"),
    ),
    _each_word(
        "capital",
        ("w[0].upper() + w[1:]", "w[:1].upper() + w[1:]"),
        lambda w, k: "".join(c.upper() if i == 0 else c for i, c in enumerate(w)) if w else w[0],
        ("capitalise the first letter of each", "begin each with a capital", "the words, first letter capital, of {}"),
    ),
    _each_word(
        "twice",
        ("w + w", "w * 2"),
        lambda w, k: "".join((w, w)),
        ("write each word twice in a row", "double each word", "the doubled words of {}"),
    ),
    _each_word(
        "cut",
        "w[:{k}]",
        lambda w, k: "".join(c for i, c in enumerate(w) if i < k),
        ("cut each to {k} letters", "shorten each to its first {k}", "the first {k} letters each of {}"),
        (1, 2, 3),
    ),
    _each_word(
        "tail",
        "w[-{k}:]",
        lambda w, k: "".join(c for i, c in enumerate(w) if i >= len(w) - k),
        ("take the last {k} letters of each", "shorten each to its last {k}", "the last {k} letters each of {}"),
        (1, 2, 3),
    ),
    _each_word(
        "sort_letters",
        '"".join(sorted(w))',
        lambda w, k: "".join(sorted(w)),
        ("sort the letters of each", "put each word's letters in order", "the letter-sorted words of {}"),
    ),
    _each_word(
        "no_letter",
        'w.replace("{k}", "")',
        lambda w, k: "".join(c for c in w if c != k),
        ("remove each '{k}' from the words", "leave out '{k}' in each", "the words, '{k}' removed, of {}"),
        ("a", "e", "o", "n"),
    ),
    _each_word(
        "length",
        "len(w)",
        lambda w, k: sum(1 for _ in w),
        ("take the length of each word", "replace each by its length", "the lengths of {}"),
        gives=Kind.INTS,
    ),
    _each_word(
        "letter_count",
        'w.count("{k}")',
        lambda w, k: sum(c == k for c in w),
        ("count '{k}' in each word", "take the number of '{k}' in each", "the counts of '{k}' in each of {}"),
        ("a", "e", "o", "n"),
        gives=Kind.INTS,
    ),
)

WORD_WHOLE: tuple[Part, ...] = (
    _whole_word(
        "sort_length",
        "sorted({s}, key=len)",
        lambda s, k: [w for n in range(99) for w in s if len(w) == n],
        ("sort by length (ties keep order)", "put short words first (ties keep order)", "the order by length of {}"),
    ),
    _whole_word(
        "sort_last",
        "sorted({s}, key=lambda w: w[-1:])",
        lambda s, k: sorted(s, key=lambda w: w[-1] if w else ""),
        (
            "sort by last letter (ties keep order)",
            "order by final letter (ties keep order)",
            "the order by last letter of {}",
        ),
    ),
)

WORD_END: tuple[Part, ...] = (
    _end_word(
        "spaced",
        '" ".join({s})',
        lambda s, k: "".join(w if i == 0 else " " + w for i, w in enumerate(s)),
        ("them joined by blanks", "one string with single blanks", "the string, blanks between, of {}"),
        kin="joined",
    ),
    _end_word(
        "glued",
        '"".join({s})',
        lambda s, k: "".join(s),
        ("them joined without blanks", "one string with nothing between", "the string, nothing between, of {}"),
        loop=Loop('out = ""', "out += {x}", "out"),
        kin="joined",
    ),
    _end_word(
        "commas",
        '",".join({s})',
        lambda s, k: "".join(w if i == 0 else "," + w for i, w in enumerate(s)),
        ("them joined by ','", "one string with ',' between", "the string, ',' between, of {}"),
        kin="joined",
    ),
    _end_word(
        "longest",
        'max({s}, key=len, default="")',
        lambda s, k: next((w for w in s if len(w) == max(map(len, s))), ""),
        (
            "the first longest, '' if none",
            "the longest (first of ties, '' if none)",
            "the first longest (else '') of {}",
        ),
        loop=Loop('best = ""', "if len({x}) > len(best):\n    best = {x}", "best"),
    ),
    _end_word(
        "shortest",
        'min({s}, key=len, default="")',
        lambda s, k: next((w for w in s if len(w) == min(map(len, s))), ""),
        (
            "the first shortest, '' if none",
            "the shortest (first of ties, '' if none)",
            "the first shortest (else '') of {}",
        ),
    ),
    _end_word(
        "dictionary_first",
        'min({s}, default="")',
        lambda s, k: sorted(s)[0] if s else "",
        (
            "the alphabetically first, '' if none",
            "the smallest in dictionary order ('' if none)",
            "the alphabetically first (else '') of {}",
        ),
        slow=('sorted({s})[0] if {s} else ""',),
        kin="min",
    ),
    _end_word(
        "letters",
        ("sum(len(w) for w in {s})", 'len("".join({s}))'),
        lambda s, k: len("".join(s)),
        ("how many letters they have together", "their total length", "the total length of {}"),
        loop=Loop("total = 0", "total += len({x})", "total"),
    ),
)
