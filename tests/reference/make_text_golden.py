"""A small sentence-transformers directory and small classifiers of text pairs and of tokens, and what transformers computes.

    make_text_golden.py DIR             writes DIR/text_sentence, DIR/text_pairs and DIR/text_tokens
    make_text_golden.py DIR --compare OLD

Each holds a Hugging Face checkpoint with tokenizer.json, texts.json ([text, pair or ""], ..) and expected.safetensors: `embedding`
[T, E] or `probabilities` [T, C] (text_tokens: [N, C], a row for each token of all texts), computed in float64. The modules of text_sentence are: Transformer; Pooling cls + mean + weighted
mean; Dense with tanh; Normalize.
"""
import argparse
import json
import pathlib

import numpy
import safetensors.torch
import tokenizers
import torch
import transformers

from make_goldens import compare, randomise

TEXTS = ["hello world", "a", "", "the quick brown fox jumps over the lazy dog", "Caf\u00e9 CR\u00c8ME, na\u00efve!", "spam spam spam " * 20,
         "[SEP] inside", "\u4f60\u597d world"]
PAIRS = [["a question", "an answer"], ["hello", ""], ["spam " * 30, "eggs " * 5], ["the fox", "the dog jumps"]]
LONGEST = 24


def make_tokenizer(directory):
    words = sorted({c for t in TEXTS for c in t.lower() if not c.isspace()} | set("abcdefghijklmnopqrstuvwxyz") |
                   {"hello", "world", "the", "fox", "dog", "spam", "eggs", "##s", "##er", "an", "answer", "quick"})
    words = sorted(set(words) | {"##" + c for c in "abcdefghijklmnopqrstuvwxyz"})
    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + words)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.save(str(directory / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    return tokenizer, len(vocabulary)


def encode(tokenizer, text, pair):
    tokenizer.enable_truncation(LONGEST)
    encoding = tokenizer.encode(text, pair) if pair else tokenizer.encode(text)
    return dict(input_ids=torch.tensor([encoding.ids]), token_type_ids=torch.tensor([encoding.type_ids]))


def configuration(vocabulary, **more):
    return transformers.BertConfig(vocab_size=vocabulary, hidden_size=24, num_attention_heads=2, num_hidden_layers=2,
                                   intermediate_size=30, max_position_embeddings=40, attn_implementation="eager", **more)


def write(directory, texts, tensors):
    (directory / "texts.json").write_text(json.dumps(texts))
    safetensors.torch.save_file({name: t.float().contiguous() for name, t in tensors.items()}, directory / "expected.safetensors")


def make_sentence(directory):
    directory.mkdir(parents=True, exist_ok=True)
    random = numpy.random.RandomState(7)
    tokenizer, vocabulary = make_tokenizer(directory)
    model = transformers.BertModel(configuration(vocabulary)).eval()
    randomise(model, random)
    model.save_pretrained(directory)
    dense = torch.nn.Linear(3 * 24, 10)
    randomise(dense, random)
    names = ["Transformer", "Pooling", "Dense", "Normalize"]
    (directory / "modules.json").write_text(json.dumps(
        [{"idx": i, "name": str(i), "path": f"{i}_{n}" if i else "", "type": f"sentence_transformers.models.{n}"}
         for i, n in enumerate(names)]))
    (directory / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": LONGEST, "do_lower_case": False}))
    (directory / "1_Pooling").mkdir(exist_ok=True)
    (directory / "1_Pooling/config.json").write_text(json.dumps(
        {"word_embedding_dimension": 24, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True,
         "pooling_mode_max_tokens": False, "pooling_mode_weightedmean_tokens": True}))
    (directory / "2_Dense").mkdir(exist_ok=True)
    (directory / "2_Dense/config.json").write_text(json.dumps(
        {"in_features": 72, "out_features": 10, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"}))
    safetensors.torch.save_file({"linear." + n: p.detach() for n, p in dense.named_parameters()}, directory / "2_Dense/model.safetensors")
    model, dense, rows = model.double(), dense.double(), []
    with torch.no_grad():
        for text in TEXTS:
            hidden = model(**encode(tokenizer, text, "")).last_hidden_state[0]
            weights = torch.arange(1, len(hidden) + 1, dtype=torch.float64).unsqueeze(1)
            pooled = torch.cat([hidden[0], hidden.mean(0), (hidden * weights).sum(0) / weights.sum()])
            rows.append(torch.nn.functional.normalize(torch.tanh(dense(pooled)), dim=0))
    write(directory, [[t, ""] for t in TEXTS], {"embedding": torch.stack(rows)})


def make_classifier(directory, kind, labels, seed, texts):
    """A checkpoint of this class, and the probabilities of its labels: a row for each text, or for each token of all texts."""
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer, vocabulary = make_tokenizer(directory)
    names = dict(id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)})
    model = kind(configuration(vocabulary, **names)).eval()
    randomise(model, numpy.random.RandomState(seed))
    model.save_pretrained(directory)
    (directory / "tokenizer_config.json").write_text(json.dumps({"model_max_length": LONGEST}))
    model = model.double()
    with torch.no_grad():
        rows = [torch.softmax(model(**encode(tokenizer, text, pair)).logits[0], -1) for text, pair in texts]
    write(directory, texts, {"probabilities": torch.cat([row.reshape(-1, len(labels)) for row in rows])})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--compare", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    make_sentence(arguments.directory / "text_sentence")
    make_classifier(arguments.directory / "text_pairs", transformers.BertForSequenceClassification, ["no", "yes", "maybe"], 8, PAIRS)
    make_classifier(arguments.directory / "text_tokens", transformers.BertForTokenClassification, ["O", "B-ANIMAL", "I-ANIMAL"], 9,
                    [[text, ""] for text in TEXTS])
    if arguments.compare:
        compare(arguments.directory, arguments.compare)


if __name__ == "__main__":
    main()
