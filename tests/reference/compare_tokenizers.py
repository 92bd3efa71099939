"""Compares our tokenizers with the `tokenizers` package, token by token: ids, type ids and offsets.

    python compare_tokenizers.py PROGRAM [--texts N] [--seed S] [--only NAME] [--sweep] [TOKENIZER_DIR..]

PROGRAM is seqguard_encode_texts. Every tokenizer of tokenizer_zoo.py, and each directory given (a real checkpoint), encodes N
random texts (default 1,100,000 over all of them): alone, and a part in pairs with truncation and with special tokens taken for
text; small Unigram models whose words have several best ways. With --sweep every code point goes through the tokenizers that between them read every property of a character. Ends
with 1 if there is a difference, after showing some.
"""

import argparse
import os
import random
import struct
import subprocess
import sys
import tempfile

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from tokenizers import Tokenizer, models

import tokenizer_zoo


def encode_here(program, path, texts, *flags):
    """[(id, type, begin, end)..] or None for an error, for each text or pair."""
    payload = b"".join(struct.pack("<I", len(data)) + data
                       for text in texts for data in ([p.encode() for p in text] if isinstance(text, tuple) else [text.encode()]))
    result = subprocess.run([program, path, *flags], input=payload, capture_output=True)
    if result.returncode:
        sys.exit(f"{program} {path}: {result.stderr.decode()}")
    values, position, rows = memoryview(result.stdout).cast("i"), 0, []
    for _ in texts:
        n = values[position]
        position += 1
        if n < 0:
            rows.append(None)
            continue
        row = values[position:position + 4 * n]
        rows.append((list(row[0::4]), list(row[1::4]), list(zip(row[2::4], row[3::4]))))
        position += 4 * n
    return rows, result.stderr.decode()


def encode_there(tokenizer, texts):
    return [(e.ids, e.type_ids, e.offsets) for e in tokenizer.encode_batch(texts)]


def compare(program, path, name, texts, tokenizer, kind, *flags):
    """Number of texts that differ; some are shown."""
    ours, errors = encode_here(program, path, texts, *flags)
    theirs = encode_there(tokenizer, texts)
    wrong = [i for i in range(len(texts)) if ours[i] != theirs[i]]
    for i in wrong[:5]:
        print(f"{name} ({kind}): {texts[i]!r} {[hex(ord(c)) for c in texts[i]][:12] if isinstance(texts[i], str) else ''}\n"
              f"  here  {ours[i]}\n  there {theirs[i]}\n  {[tokenizer.id_to_token(t) for t in theirs[i][0]]} {errors[:200]}")
    return len(wrong)


def has_special(tokenizer, encoding):
    return any(t.special for i, t in tokenizer.get_added_tokens_decoder().items() if i in encoding)


def check(program, path, name, count, seed):
    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    rng = random.Random(f"{seed} {name}")
    wrong = done = 0
    texts = list(tokenizer_zoo.block_texts(seed=seed)) if count > 10000 else []
    while done < count:
        texts += [tokenizer_zoo.random_text(rng) for _ in range(min(count - done, 20000))]
        wrong += compare(program, path, name, texts, tokenizer, "alone")
        done += len(texts)
        part = texts[:len(texts) // 10]
        limit = rng.randint(5, 20)
        tokenizer.enable_truncation(limit)
        pairs = list(zip(part, reversed(part)))
        wrong += compare(program, path, name, pairs, tokenizer, f"pairs, {limit}", "--pairs", "--max-length", str(limit))
        wrong += compare(program, path, name, part, tokenizer, f"truncated to {limit}", "--max-length", str(limit))
        tokenizer.no_truncation()
        # Special tokens as text: here their ids never come out; there a model that knows them as pieces still gives them.
        tokenizer.encode_special_tokens = True
        specials = [t.content for t in tokenizer.get_added_tokens_decoder().values() if t.special]
        plain = [t for t in texts if not any(s.lower() in t.lower() for s in specials)] if name in MODELS_THAT_LEAK else texts
        wrong += compare(program, path, name, plain[:len(plain) // 5], tokenizer, "specials are text", "--specials-are-text")
        tokenizer.encode_special_tokens = False
        done += 2 * len(part) + len(plain) // 5
        texts = []
        if wrong:
            break
    print(f"{name}: {done} texts, {wrong} differences", flush=True)
    return done, wrong


# Their models give the ids of special tokens for text that spells them.
MODELS_THAT_LEAK = {"xlm_roberta", "albert", "camembert", "word_level", "splits", "llama_like", "qwen_like"}


def sweep(program, path, name):
    tokenizer = Tokenizer.from_file(path)
    points = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    wrong = 0
    for first in range(0, len(points), 50000):
        # XLM-R's rules turn \u03d2 into another letter, with all of a short cluster that begins with it.
        wrong += compare(program, path, name, [f"a{c}b {c} \u03d2{c}" for c in points[first:first + 50000]], tokenizer, "sweep")
    print(f"{name}: all {len(points)} code points, {wrong} differences", flush=True)
    return len(points), wrong


def ties(program, work, seed):
    """Unigram models of few letters: words that are cut into the same pieces in several orders, of which the last bits of
    the scores, as they were read from the file, decide."""
    wrong = done = 0
    for number in range(5):
        rng = random.Random(f"{seed} ties {number}")
        pieces = ["a", "b", "c", "aa", "bb", "cc", "ab", "ba", "abc", "aaa", "bcb"]
        scores = [("<unk>", 0.0)] + [(piece, -rng.uniform(1, 20) * len(piece)) for piece in pieces]
        path = os.path.join(work, f"ties{number}.json")
        Tokenizer(models.Unigram(scores, unk_id=0)).save(path)
        texts = ["".join(rng.choice("abc") * rng.randint(1, 6) for _ in range(rng.randint(1, 8))) for _ in range(4000)]
        wrong += compare(program, path, "ties", texts, Tokenizer.from_file(path), "alone")
        done += len(texts)
    print(f"ties: {done} texts, {wrong} differences", flush=True)
    return done, wrong


SWEPT = ("bert_uncased", "bert_cased", "modernbert", "qwen_like", "xlm_roberta", "albert", "word_level")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("directories", nargs="*")
    parser.add_argument("--texts", type=int, default=1_100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--sweep", action="store_true")
    arguments = parser.parse_intermixed_args()
    names = [n for n in tokenizer_zoo.ZOO if arguments.only in (None, n)]
    total = differences = 0
    each = arguments.texts // (len(names) + len(arguments.directories)) + 1
    with tempfile.TemporaryDirectory() as work:
        paths = {directory: os.path.join(directory, "tokenizer.json") for directory in arguments.directories}
        for name in names:
            paths[name] = os.path.join(work, name + ".json")
            tokenizer_zoo.ZOO[name]().save(paths[name])
        for name, path in paths.items():
            done, wrong = check(arguments.program, path, name, each, arguments.seed)
            total += done
            differences += wrong
            if arguments.sweep and name in SWEPT:
                done, wrong = sweep(arguments.program, path, name)
                total += done
                differences += wrong
        done, wrong = ties(arguments.program, work, arguments.seed)
        total += done
        differences += wrong
    print(f"compare_tokenizers: {total} texts, {differences} differences")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
