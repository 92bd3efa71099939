"""Writes src/text/unicode_overrides.cpp: where the `tokenizers` package and utf8proc know different characters.

Each property is measured on the package itself, for every code point, and compared with utf8proc (loaded with ctypes).
The package mixes tables of several Unicode versions; ours is utf8proc's. What differs becomes data, so that the code
needs one source of properties. The result covers the stages of ../shared/reference/tokenizer_unicode_differences.tsv
(clean, strip accents, lower case, punctuation, NFKC, \\p{L}) and the rest that the components here read.

    python make_unicode_overrides.py OUTPUT.cpp && clang-format -i OUTPUT.cpp

Needs tokenizers 0.23.3, regex and libutf8proc 2.8; takes some minutes.
"""

import ctypes
import ctypes.util
import struct
import sys

import regex
import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
UTF8PROC = ctypes.CDLL(ctypes.util.find_library("utf8proc"))
UTF8PROC.utf8proc_version.restype = ctypes.c_char_p
DECOMPOSE, COMPAT = 1 << 4, 1 << 2


UTF8PROC.utf8proc_get_property.restype = ctypes.POINTER(ctypes.c_uint8 * 24)  # utf8proc_property_t


def raw_property(c):
    return bytes(UTF8PROC.utf8proc_get_property(c).contents)


def category(c):
    return UTF8PROC.utf8proc_category(c)


def combining_class(c):
    return int.from_bytes(raw_property(c)[2:4], "little")


def decompose(c, compat):
    buffer = (ctypes.c_int32 * 64)()
    last = ctypes.c_int(0)
    n = UTF8PROC.utf8proc_decompose_char(c, buffer, 64, DECOMPOSE | (COMPAT if compat else 0), ctypes.byref(last))
    return "".join(map(chr, buffer[:n]))


LETTER, MARK, NUMBER, PUNCTUATION, SEPARATOR, OTHER = (
    range(1, 6), range(6, 9), range(9, 12), range(12, 19), range(23, 26), (26, 27, 29))
CIRCLED = [*range(0x24B6, 0x24EA), *range(0x1F130, 0x1F14A), *range(0x1F150, 0x1F16A), *range(0x1F170, 0x1F18A)]
ASCII_PUNCTUATION = [*range(33, 48), *range(58, 65), *range(91, 97), *range(123, 127)]


def pieces(pre_tokenizer, text):
    return [piece for piece, _ in pre_tokenizer.pre_tokenize_str(text)]


def measured_flags():
    """name, what the package says of a character, what src/text/unicode.cpp derives from utf8proc."""
    bert_clean = normalizers.BertNormalizer(True, False, False, False)
    nonspacing = normalizers.BertNormalizer(False, False, True, False)
    nfd = normalizers.NFD()
    marks = normalizers.StripAccents()
    space = pre_tokenizers.WhitespaceSplit()
    punctuation = pre_tokenizers.Punctuation()
    digits = pre_tokenizers.Digits(True)
    words = pre_tokenizers.Whitespace()
    regexes = {name: pre_tokenizers.Split(Regex(pattern), "isolated")
               for name, pattern in (("letter", r"\p{L}"), ("number", r"\p{N}"), ("regex_space", r"\s"))}
    is_space = lambda c: category(c) in SEPARATOR or 9 <= c <= 13 or c == 0x85
    dropped = lambda c: bert_clean.normalize_str("a" + chr(c) + "b") == "ab" and c not in (0, 0xFFFD)
    # Of a character that decomposes only the parts are ever judged: taken as agreed.
    is_nonspacing = lambda c: (nonspacing.normalize_str(chr(c)) == "" if nfd.normalize_str(chr(c)) == chr(c)
                               else category(c) == 6)
    yield "space", lambda c: len(pieces(space, "a" + chr(c) + "b")) == 2, is_space
    yield "punctuation", lambda c: len(pieces(punctuation, "a" + chr(c) + "b")) == 3, (
        lambda c: category(c) in PUNCTUATION or c in ASCII_PUNCTUATION)
    yield "other", dropped, lambda c: category(c) in OTHER and c not in (0, 9, 10, 13)
    yield "nonspacing", is_nonspacing, lambda c: category(c) == 6
    yield "mark", lambda c: marks.normalize_str("a" + chr(c)) == "a", lambda c: category(c) in MARK
    yield "numeric", lambda c: len(pieces(digits, "a" + chr(c) + "b")) == 3, lambda c: category(c) in NUMBER
    yield "word", lambda c: len(pieces(words, "a" + chr(c) + "b")) == 1, (
        lambda c: category(c) in LETTER or category(c) in MARK or category(c) in (9, 10, 12) or c in CIRCLED
        or c in (0x200C, 0x200D))
    yield "letter", lambda c: len(pieces(regexes["letter"], " " + chr(c) + " ")) == 3, lambda c: category(c) in LETTER
    yield "number", lambda c: len(pieces(regexes["number"], " " + chr(c) + " ")) == 3, lambda c: category(c) in NUMBER
    yield "regex_space", lambda c: len(pieces(regexes["regex_space"], "a" + chr(c) + "b")) == 3, is_space


def flag_ranges():
    wrong = {}
    for name, theirs, ours in measured_flags():
        count = 0
        for c in CODE_POINTS:
            if theirs(c) != ours(c):
                wrong.setdefault(c, []).append(name)
                count += 1
        print(f"{name}: {count} code points differ", file=sys.stderr)
    ranges = []
    for c in sorted(wrong):
        names = "|".join(wrong[c])
        if ranges and ranges[-1][1] == c - 1 and ranges[-1][2] == names:
            ranges[-1][1] = c
        else:
            ranges.append([c, c, names])
    return ranges


def lower_cases():
    lower = normalizers.Lowercase()
    table = []
    for c in CODE_POINTS:
        theirs, ours = lower.normalize_str(chr(c)), chr(UTF8PROC.utf8proc_tolower(c))
        if theirs != ours and c != 0x130:  # the one that becomes two characters: in the code
            assert len(theirs) == 1, hex(c)
            table.append((c, ord(theirs)))
    print(f"lower: {len(table)} code points differ", file=sys.stderr)
    return table


def decompositions():
    table = []
    for kind, normalizer, compat in (("canonical", normalizers.NFD(), False), ("compatible", normalizers.NFKD(), True)):
        count = 0
        for c in CODE_POINTS:
            theirs = normalizer.normalize_str(chr(c))
            if theirs != decompose(c, compat):
                table.append((c, kind, theirs))
                count += 1
        print(f"{kind} decomposition: {count} code points differ", file=sys.stderr)
    return table


def combining_classes():
    """The class by which the package sorts: between two marks of known class it stays or moves."""
    nfd = normalizers.NFD()
    sorts = lambda a, b: a != b and nfd.normalize_str("a" + a + b) == "a" + b + a  # class(a) > class(b) > 0
    examples = {240: "\u0345"}  # one mark of each class that the package knows
    for c in CODE_POINTS:
        k = combining_class(c)
        if k and k not in examples and sorts(examples[240], chr(c)):
            examples[k] = chr(c)
    known = sorted(examples)
    table = []
    for c in CODE_POINTS:
        ours = combining_class(c)
        if category(c) not in MARK and not ours and category(c) != 0:
            continue
        if nfd.normalize_str(chr(c)) != chr(c):
            continue
        if not sorts(chr(c), examples[known[0]]) and not sorts(examples[known[-1]], chr(c)):
            theirs = 0
        else:
            # The classes above c move behind it, those below it before it.
            above = [k for k in known if sorts(examples[k], chr(c))]
            below = [k for k in known if sorts(chr(c), examples[k])]
            equal = [k for k in known if k not in above and k not in below]
            assert len(equal) == 1, (hex(c), equal)
            theirs = equal[0]
        if theirs != ours:
            table.append((c, theirs))
    print(f"combining class: {len(table)} code points differ", file=sys.stderr)
    return table


GRAPHEME = ["Other", "CR", "LF", "Control", "Extend", "L", "V", "T", "LV", "LVT", "Regional_Indicator", "SpacingMark",
            "Prepend", "ZWJ"]
BOUND = {1: "Other", 2: "CR", 3: "LF", 4: "Control", 5: "Extend", 6: "L", 7: "V", 8: "T", 9: "LV", 10: "LVT",
         11: "Regional_Indicator", 12: "SpacingMark", 13: "Prepend", 14: "ZWJ", 19: "Pictographic"}
CLASS_NAMES = {"SpacingMark": "spacing_mark"}  # in src/text/unicode.hpp, where they are not the lower-case ones


def joins():
    """Whether the package takes "h" and a character for one cluster: then compiled rules that turn h into ! swallow it."""
    units = [0] * 1024  # sentencepiece's double array with one entry
    units[ord("h")] = ord("h") | 1 << 8 | 1 << 10  # its letter, a leaf, which the unit beside it continues
    units[ord("h") ^ 1] = 1 << 31  # the value: place 0 of the texts
    trie = struct.pack(f"<{1 + len(units)}I", 4 * len(units), *units)
    rules = normalizers.Precompiled(trie + b"!\0")
    return [rules.normalize_str("h" + chr(c)) == "!" for c in CODE_POINTS]


def graphemes():
    """The grapheme classes against utf8proc's: those of the regex module, as far as the package has its characters (which
    of them join the one before is measured; what else a class means is not seen in texts of fewer than 6 bytes)."""
    patterns = [(name, regex.compile(rf"\p{{GCB={name}}}")) for name in GRAPHEME]
    pictographic = regex.compile(r"\p{Extended_Pictographic}")
    consonant, linker = regex.compile(r"\p{InCB=Consonant}"), regex.compile(r"\p{InCB=Linker}")
    ranges, indic = [], []

    def add(table, c, name):
        if table and table[-1][1] == c - 1 and table[-1][2] == name:
            table[-1][1] = c
        else:
            table.append([c, c, name])

    for c, is_joined in zip(CODE_POINTS, joins()):
        theirs = next(name for name, pattern in patterns if pattern.match(chr(c)))
        if (theirs in ("Extend", "SpacingMark", "ZWJ")) != is_joined:
            theirs = "Extend" if is_joined else "Other"
        if theirs == "Other" and pictographic.match(chr(c)):
            theirs = "Pictographic"
        if theirs != BOUND[raw_property(c)[21]]:
            add(ranges, c, theirs)
        if consonant.match(chr(c)):
            add(indic, c, "consonant")
        elif linker.match(chr(c)):
            add(indic, c, "linker")
    print(f"grapheme class: {len(ranges)} ranges differ; {len(indic)} ranges of Indic conjuncts", file=sys.stderr)
    return ranges, indic


HEADER = """// Written by tests/reference/make_unicode_overrides.py; do not edit.
//
// Where the Hugging Face tokenizers crate ({crate}) and utf8proc ({utf8proc}) know different characters. Each entry was
// measured on the Python package; grapheme classes are those of the module regex, where they agree with it.
#include "text/unicode.hpp"

namespace seqguard {{
namespace {{
"""


def code(c):
    return f"0x{c:X}"


def table(kind, name, rows):
    lines, line = [f"\nconstexpr {kind} {name}[] = {{"], "   "
    for row in rows:
        if len(line) + len(row) + 2 > 120:
            lines.append(line)
            line = "   "
        line += f" {row},"
    return "\n".join([*lines, line, "};", ""])


def literal(text):
    return 'U"' + "".join(f"\\U{ord(c):08X}" for c in text) + '"'


def write(path):
    ranges, indic = graphemes()
    flags = ["{%s, %s, %s}" % (code(a), code(b), " | ".join("k_" + n for n in names.split("|")))
             for a, b, names in flag_ranges()]
    parts = sorted(decompositions())
    out = HEADER.format(crate=tokenizers.__version__, utf8proc=UTF8PROC.utf8proc_version().decode())
    out += table("FlagOverride", "k_flags", flags)
    out += table("CharacterOverride", "k_lower_cases", [f"{{{code(c)}, {code(v)}}}" for c, v in lower_cases()])
    out += table("CharacterOverride", "k_classes", [f"{{{code(c)}, {v}}}" for c, v in combining_classes()])
    out += table("DecompositionOverride", "k_decompositions", [
        f"{{{code(c)}, {'true' if kind == 'compatible' else 'false'}, {literal(text)}}}" for c, kind, text in parts])
    out += table("GraphemeOverride", "k_graphemes", [
        f"{{{code(a)}, {code(b)}, GraphemeClass::{CLASS_NAMES.get(name, name.lower())}}}" for a, b, name in ranges])
    out += table("IndicRange", "k_indic", [
        f"{{{code(a)}, {code(b)}, IndicClass::{name}}}" for a, b, name in indic])
    out += "\n}  // namespace\n\n"
    for kind, name, array in (("FlagOverride", "flag_overrides", "k_flags"),
                              ("CharacterOverride", "lower_case_overrides", "k_lower_cases"),
                              ("CharacterOverride", "combining_class_overrides", "k_classes"),
                              ("DecompositionOverride", "decomposition_overrides", "k_decompositions"),
                              ("GraphemeOverride", "grapheme_overrides", "k_graphemes"),
                              ("IndicRange", "indic_ranges", "k_indic")):
        out += f"std::span<const {kind}> {name}() noexcept {{ return {array}; }}\n"
    out += "\n}  // namespace seqguard\n"
    open(path, "w", encoding="ascii").write(out)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(sys.argv[1])
