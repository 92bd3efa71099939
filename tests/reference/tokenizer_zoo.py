"""Small tokenizers of every kind, trained on generated text, and texts to try them on. Everything follows from seeds."""

import io
import json
import random
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ENGLISH = """the a of and to in is was for that it on with as be at by this had not are but from or have an they which one
you were all her she there would their we him been has when who will no more if out so up said what its about than into
them can only other time new some could these two may first then do any like my now over such our man me even most made
after also did many off before must well back through years much where your way down should because long each just state
don't can't it's i'm you're they've he'd we'll running runner walked walking unbelievable internationalization tokenizer
sequence anomaly behaviour purchase comment spam service customer refund delivery price great terrible excellent""".split()

# Letters of many scripts, and what is next to them: marks, digits, signs.
SCRIPTS = [(0x61, 0x7A), (0xDF, 0xF6), (0x100, 0x17F), (0x1EA0, 0x1EF9), (0x3B1, 0x3C9), (0x430, 0x44F), (0x561, 0x586),
           (0x5D0, 0x5EA), (0x621, 0x64A), (0x905, 0x939), (0x985, 0x9B9), (0xB85, 0xBB9), (0xE01, 0xE2E), (0x10D0, 0x10F0),
           (0x1100, 0x1112), (0x3041, 0x3093), (0x30A1, 0x30F6), (0x4E00, 0x4F00), (0xAC00, 0xAD00), (0x1F600, 0x1F640)]
MARKS = [*range(0x300, 0x315), 0x323, 0x327, 0x328, 0x345, 0x591, 0x5B0, 0x64B, 0x93C, 0x94D, 0xE38, 0xE49, 0x1161, 0x11A8,
         0x302E, 0x3099, 0x309A, 0xFE0F, 0x200D, 0x1D165, 0x1D16E, 0x16FF0]
SPACES = [" ", " ", " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\x0b", "\x85", ""]
SIGNS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["``", "''", "...", "€", "©", "№", "“", "”", "’", "—", "…", "。", "、",
         "①", "²", "½", "ﬁ", "Ⅷ", "ﷺ", "İ", "ß", "Σ", "ς", "ſ", "K", "Å", "\u0000", "\ufffd", "\ufeff", "\u200b", "\u00ad",
         "▁", "Ġ", "▁▁", "'s", "'t", "'re", "'ve", "'LL", "'D", "'ſ"]
SPECIALS = ["[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "<s>", "</s>", "<mask>", "<unk>", "<pad>", " <mask> ", "<extra>", "Day",
            "day", "<0x0A>", "##ing", "two words"]


def generated_word(rng):
    low, high = rng.choice(SCRIPTS)
    return "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 8)))


def corpus(seed=7, lines=6000):
    rng = random.Random(seed)
    words = ENGLISH * 4 + [generated_word(rng) for _ in range(1500)]
    weights = [1.0 / (i + 1) ** 0.5 for i in range(len(words))]
    for _ in range(lines):
        line = " ".join(rng.choices(words, weights, k=rng.randint(3, 12)))
        if rng.random() < 0.3:
            line = line.capitalize() + rng.choice([".", "!", "?", "...", ", 12 34.5", " (2024)"])
        yield line


def assigned_blocks():
    """Groups of 128 characters in which something is assigned; of the long uniform ones every 16th."""
    groups = []
    for first in range(0, 0x110000, 128):
        if 0xD800 <= first <= 0xDFFF or not any(unicodedata.category(chr(c)) != "Cn" for c in range(first, first + 128)):
            continue
        uniform = 0x3400 <= first < 0xA000 or 0xAC00 <= first < 0xD800 or first >= 0x17000 and not 0x1B000 <= first < 0x20000
        uniform = uniform or 0xE000 <= first < 0xF900 or 0x12000 <= first < 0x16A00
        if not uniform or first // 128 % 16 == 0:
            groups.append(first)
    return groups


def block_texts(per_block=5, seed=11):
    """Texts over every block: its characters in a row, between letters, with marks, with spaces, in a sentence."""
    rng = random.Random(seed)
    for first in assigned_blocks():
        for kind in range(per_block):
            pick = lambda: chr(rng.randint(first, first + 127))
            if kind == 0:
                yield "".join(pick() for _ in range(6))
            elif kind == 1:
                yield "".join(rng.choice("aZ1 ") + pick() for _ in range(4)) + "b"
            elif kind == 2:
                yield "".join(pick() + chr(rng.choice(MARKS)) for _ in range(3))
            elif kind == 3:
                yield rng.choice(SPACES) + pick() + rng.choice(SPACES) + pick() + rng.choice(SIGNS) + pick() + rng.choice(SPACES)
            else:
                yield rng.choice(ENGLISH) + " " + pick() + pick() + " " + rng.choice(SPECIALS)


def random_text(rng, with_specials=True):
    """One of: a sentence, characters of all kinds, marks and composition, spaces and signs, special tokens, emoji."""
    kind = rng.randrange(9 if with_specials else 8)
    n = rng.randint(1, 12)
    if kind == 0:
        return " ".join(rng.choice(ENGLISH) for _ in range(n)).capitalize() + rng.choice(SIGNS)
    if kind == 1:
        return rng.choice(SPACES).join(generated_word(rng) for _ in range(n))
    if kind == 2:
        text = "".join(chr(rng.choice((rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x3000), rng.randrange(0x10000),
                                       rng.randrange(0x20000), rng.randrange(0x110000)))) for _ in range(n))
        return "".join(c for c in text if not 0xD800 <= ord(c) <= 0xDFFF)
    if kind == 3:
        return "".join(chr(rng.randint(*rng.choice(SCRIPTS))) + "".join(chr(rng.choice(MARKS)) for _ in range(rng.randrange(4)))
                       for _ in range(n))
    if kind == 4:
        return "".join(rng.choice((rng.choice(SPACES), rng.choice(SIGNS), rng.choice(ENGLISH))) for _ in range(n))
    if kind == 5:
        return "".join(rng.choice((chr(rng.randrange(0x1100, 0x1200)), chr(rng.randrange(0xAC00, 0xD7A4)), chr(rng.choice(MARKS)),
                                   chr(rng.randrange(0xF900, 0xFB50)), chr(rng.randrange(0xFB50, 0xFF00)),
                                   chr(rng.randrange(0x900, 0xE00)))) for _ in range(n))
    if kind == 6:
        return "".join(rng.choice((chr(rng.randrange(0x1F1E6, 0x1F200)), chr(rng.randrange(0x1F300, 0x1F6FF)), "\u200d", "\ufe0f",
                                   chr(rng.randrange(0x1F3FB, 0x1F400)), "©", "a", "\u0301")) for _ in range(n))
    if kind == 7:
        return rng.choice(("x" * rng.randrange(90, 110), str(rng.randrange(10 ** rng.randint(1, 12))), "é" * rng.randrange(1, 40),
                           "abc" * rng.randrange(1, 40), " " * rng.randrange(1, 9), "Ǆŉ"))
    return "".join(rng.choice((rng.choice(SPECIALS), rng.choice(ENGLISH), rng.choice(SPACES), generated_word(rng)))
                   for _ in range(n))


def sentencepiece_charsmap(rule):
    """The compiled rules that sentencepiece ships with, e.g. those of XLM-R (nmt_nfkc)."""
    import sentencepiece
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b c d e f g h"] * 10), model_writer=model, vocab_size=14,
                                             normalization_rule_name=rule, minloglevel=2, hard_vocab_limit=False)
    return field(field(model.getvalue(), 3), 2)  # ModelProto.normalizer_spec.precompiled_charsmap


def field(message, number):
    """The bytes of a length-delimited protobuf field."""
    position = 0

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while position < len(message):
        key = varint()
        if key & 7 == 2:
            size = varint()
            if key >> 3 == number:
                return message[position:position + size]
            position += size
        elif key & 7 == 0:
            varint()
        else:
            position += 4 if key & 7 == 5 else 8
    raise ValueError(number)


BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def train(model, trainer, normalizer, pre_tokenizer):
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def framed(tokenizer, cls, sep, doubled=False):
    a, b = tokenizer.token_to_id(cls), tokenizer.token_to_id(sep)
    pair = f"{cls} $A {sep} {sep} $B {sep}" if doubled else f"{cls} $A {sep} $B:1 {sep}:1"
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{cls} $A {sep}", pair=pair, special_tokens=[(cls, a), (sep, b)])
    return tokenizer


def word_piece(size, specials=BERT_SPECIALS):
    return models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(vocab_size=size, special_tokens=specials,
                                                                          show_progress=False)


def bpe(size, specials, **model):
    return models.BPE(**model), trainers.BpeTrainer(vocab_size=size, special_tokens=specials, show_progress=False,
                                                    initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def unigram(size, specials, unk="<unk>"):
    return models.Unigram(), trainers.UnigramTrainer(vocab_size=size, special_tokens=specials, unk_token=unk, show_progress=False)


def bert_uncased():
    tokenizer = train(*word_piece(2000), normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    return framed(tokenizer, "[CLS]", "[SEP]")


def bert_cased():
    normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=False)
    tokenizer = train(*word_piece(2000), normalizer, pre_tokenizers.BertPreTokenizer())
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", tokenizer.token_to_id("[SEP]")),
                                                         ("[CLS]", tokenizer.token_to_id("[CLS]")))
    tokenizer.add_tokens([AddedToken("Day", single_word=True), AddedToken("two words", rstrip=True, normalized=False)])
    return tokenizer


def roberta(add_prefix_space=False):
    model, trainer = bpe(1500, ROBERTA_SPECIALS)
    tokenizer = train(model, trainer, None, pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space))
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, add_prefix_space)
    return tokenizer


def modernbert():
    model, trainer = bpe(1500, ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"])
    tokenizer = train(model, trainer, normalizers.NFC(), pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in (8, 4, 2)])
    tokenizer.add_special_tokens([AddedToken("[MASK]", lstrip=True, special=True)])
    return framed(tokenizer, "[CLS]", "[SEP]")


def qwen_like():
    """The successors of GPT-2's pattern, whole words before merges, offsets trimmed and then framed."""
    expression = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
                  r"\s+(?!\S)|\s+")
    split = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(expression), "isolated"),
                                     pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    model, trainer = bpe(1200, ["<s>", "</s>"], ignore_merges=True)
    tokenizer = framed(train(model, trainer, normalizers.NFKC(), split), "<s>", "</s>", doubled=True)
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), tokenizer.post_processor])
    return tokenizer


def xlm_roberta():
    normalizer = normalizers.Sequence([normalizers.Precompiled(sentencepiece_charsmap("nmt_nfkc")),
                                       normalizers.Replace(Regex(" {2,}"), " ")])
    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer = train(*unigram(1500, ROBERTA_SPECIALS), normalizer, split)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    return framed(tokenizer, "<s>", "</s>", doubled=True)


def albert():
    normalizer = normalizers.Sequence([normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(),
                                       normalizers.StripAccents(), normalizers.Lowercase(),
                                       normalizers.Replace(Regex(" {2,}"), " ")])
    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    tokenizer = train(*unigram(1500, ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]), normalizer, split)
    return framed(tokenizer, "[CLS]", "[SEP]")


def camembert():
    """Metaspace before the first word only, without cutting there, and bytes for what is unknown."""
    normalizer = normalizers.Sequence([normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")])
    tokenizer = train(*unigram(1800, ROBERTA_SPECIALS + [f"<0x{i:02X}>" for i in range(256)]), normalizer,
                      pre_tokenizers.Metaspace(prepend_scheme="first"))
    pieces = [tuple(entry) for entry in json.loads(tokenizer.to_str())["model"]["vocab"]]
    tokenizer.model = models.Unigram(pieces, unk_id=3, byte_fallback=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.add_tokens([AddedToken("day", single_word=True, lstrip=True, rstrip=True, normalized=True)])
    return framed(tokenizer, "<s>", "</s>", doubled=True)


def llama_like():
    normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    model, trainer = models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True), trainers.BpeTrainer(
        vocab_size=1500, special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(0, 256, 2)], show_progress=False,
        limit_alphabet=200)
    tokenizer = train(model, trainer, None, pre_tokenizers.Metaspace())
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, None
    return framed(tokenizer, "<s>", "</s>")


def word_level():
    split = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)])
    tokenizer = train(models.WordLevel(unk_token="[UNK]"),
                      trainers.WordLevelTrainer(vocab_size=800, special_tokens=BERT_SPECIALS, show_progress=False),
                      normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(),
                                            normalizers.Strip()]), split)
    tokenizer.add_tokens([AddedToken("Day", normalized=True), AddedToken("<extra>", normalized=False)])
    return tokenizer


def splits():
    """Every behaviour of a split, on WordPiece with another prefix."""
    split = pre_tokenizers.Sequence([
        pre_tokenizers.Split("th", "merged_with_previous"), pre_tokenizers.Split(Regex(r"\s+"), "merged_with_next"),
        pre_tokenizers.Split(Regex("[aeiou]{2,3}"), "contiguous"), pre_tokenizers.Punctuation("contiguous"),
        pre_tokenizers.Digits(False), pre_tokenizers.Split(Regex("[^-a-z]"), "isolated", invert=True),
        pre_tokenizers.Split(" ", "removed")])
    model, trainer = models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=7), trainers.WordPieceTrainer(
        vocab_size=700, special_tokens=BERT_SPECIALS, continuing_subword_prefix="@@", show_progress=False)
    tokenizer = train(model, trainer, normalizers.NFD(), split)
    description = json.loads(tokenizer.to_str())
    description["model"]["continuing_subword_prefix"], description["model"]["max_input_chars_per_word"] = "@@", 7
    return Tokenizer.from_str(json.dumps(description))


def suffix_bpe():
    """Merges with a prefix and a suffix, and unknown characters that are not fused."""
    model = models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", continuing_subword_prefix="~")
    trainer = trainers.BpeTrainer(vocab_size=900, special_tokens=["<unk>"], end_of_word_suffix="</w>", show_progress=False,
                                  continuing_subword_prefix="~", limit_alphabet=60)
    return train(model, trainer, normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer())


ZOO = {maker.__name__: maker for maker in (bert_uncased, bert_cased, roberta, modernbert, qwen_like, xlm_roberta, albert, camembert,
                                           llama_like, word_level, splits, suffix_bpe)}
