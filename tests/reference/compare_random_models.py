"""Random small checkpoints of every family and head, as transformers saves them, in transformers and in `seqguard encode`.

    compare_random_models.py PROGRAM [COUNT] [SEED]      (100 of each family; seed 1)

Random are the sizes, the settings that change the computation, the head, the way the weights are stored (float32, float16, bfloat16,
shards, pytorch_model.bin, LayerNorm's old names), and the ids, pad ids included. Reference: float64 from the stored weights, eager
attention, nothing masked. Bound: 2e-5 of the largest output; or, for the few random models that magnify every rounding, eight times what
their outputs move when each weight is off by 2^-23 of itself (of 250 models the median is once, the largest 6.5 times). Prints the
largest difference of each family and those that needed the second bound.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy
import torch
import transformers

from make_goldens import family_outputs, randomise

BOUND = 2e-5
FAMILIES = ["Bert", "Roberta", "XLMRoberta", "Camembert", "DistilBert", "Electra", "Albert", "MPNet", "ModernBert"]
PADDED = ("Roberta", "XLMRoberta", "Camembert", "MPNet")  # positions begin behind the padding's
ACTIVATIONS = ["gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "quick_gelu", "relu", "silu", "swish", "tanh"]
DTYPES = [torch.float32, torch.float32, torch.float16, torch.bfloat16]


def configuration(family, rng):
    heads, width = rng.randint(1, 4), rng.choice([4, 8, 12, 16, 20, 32, 64])
    if family == "ModernBert":
        width = rng.choice([4, 8, 12, 16, 20, 32, 64])
    fields = dict(vocab_size=rng.randint(6, 300), hidden_size=heads * width, num_attention_heads=heads, num_hidden_layers=rng.randint(1, 5),
                  intermediate_size=rng.randint(1, 100), max_position_embeddings=rng.randint(10, 150), hidden_act=rng.choice(ACTIVATIONS),
                  layer_norm_eps=rng.choice([1e-12, 1e-7, 1e-5, 1e-3, 0.03]), type_vocab_size=rng.randint(1, 3), pad_token_id=rng.randint(0, 3))
    labels = [f"label {i}" for i in range(rng.randint(1, 5))]
    fields |= dict(id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)},
                   tie_word_embeddings=rng.random() < 0.7)
    if family in ("DistilBert", "MPNet", "ModernBert"):
        del fields["type_vocab_size"]
    if family == "DistilBert":
        for ours, theirs in (("hidden_size", "dim"), ("num_attention_heads", "n_heads"), ("num_hidden_layers", "n_layers"),
                             ("intermediate_size", "hidden_dim"), ("hidden_act", "activation")):
            fields[theirs] = fields.pop(ours)
        fields["sinusoidal_pos_embds"] = rng.random() < 0.5
    if family in ("Electra", "Albert"):
        fields["embedding_size"] = rng.choice([fields["hidden_size"], rng.randint(1, 40)])
    if family == "Albert":
        groups = rng.randint(1, 3)
        fields |= dict(num_hidden_groups=groups, num_hidden_layers=groups * rng.randint(1, 2) + rng.randint(0, 1), inner_group_num=rng.randint(1, 2))
    if family == "MPNet":
        fields["relative_attention_num_buckets"] = rng.randint(32, 40)
    if family == "ModernBert":
        del fields["layer_norm_eps"]
        fields["hidden_activation"] = fields.pop("hidden_act")
        fields |= dict(norm_eps=rng.choice([1e-7, 1e-5, 1e-3]), local_attention=2 * rng.randint(1, 20), pad_token_id=0, bos_token_id=1, eos_token_id=2,
                       cls_token_id=1, sep_token_id=2, global_attn_every_n_layers=rng.randint(1, 4), classifier_pooling=rng.choice(["cls", "mean"]),
                       classifier_activation=rng.choice(ACTIVATIONS), **{name: rng.random() < 0.5 for name in (
                           "attention_bias", "mlp_bias", "norm_bias", "decoder_bias", "classifier_bias")})
    return getattr(transformers, family + "Config")(**fields, attn_implementation="eager")


def save(model, directory, rng):
    """In one of the forms that are found on the Hub; returns its name."""
    form = rng.choice(["safetensors", "safetensors", "shards", "bin", "old names"])
    if form in ("safetensors", "shards"):
        model.save_pretrained(directory, max_shard_size="20KB" if form == "shards" else "5GB")
        return form
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(directory)
    state = model.state_dict()
    if form == "old names":
        state = {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): t for name, t in state.items()}
    torch.save(state, directory / "pytorch_model.bin")
    return form


def encode(program, directory, kind, batch):
    lines = [{"input_ids": ids[0].tolist()} | ({"token_type_ids": types[0].tolist()} if types is not None else {}) for ids, types in batch]
    answer = subprocess.run([program, "encode", "--model", str(directory), "--format", "jsonl", "--output-kind", kind],
                            input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"{(directory / 'config.json').read_text()}\nseqguard encode ended with {answer.returncode}: {answer.stderr}")
    return numpy.concatenate([numpy.atleast_2d(json.loads(line)[kind]) for line in answer.stdout.splitlines()])


def compare_one(program, family, rng, seed):
    settings = configuration(family, rng)
    heads = ["Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification"] + ["ForPreTraining"] * (family == "Electra")
    model = getattr(transformers, family + rng.choice(heads))(settings).eval()
    randomise(model, numpy.random.RandomState(seed))
    dtype = rng.choice(DTYPES)
    model = model.to(dtype)
    longest = settings.max_position_embeddings - (settings.pad_token_id + 1 if family in PADDED else 0)
    if family == "MPNet":
        longest = settings.max_position_embeddings - 2
    typed = hasattr(settings, "type_vocab_size")
    batch = [(torch.tensor([[rng.randrange(settings.vocab_size) for _ in range(n)]]),
              torch.tensor([[rng.randrange(settings.type_vocab_size) if typed else 0 for _ in range(n)]])) for n in (1, 3, longest)]
    with tempfile.TemporaryDirectory() as path:
        directory = pathlib.Path(path)
        form = save(model, directory, rng)
        reference = type(model)(settings).eval()  # whose rotary angles were never rounded to the dtype
        reference.load_state_dict(model.float().state_dict())
        results = []
        expected_outputs = family_outputs(reference, batch)
        noise = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in reference.parameters():
                parameter *= 1 + 2**-23 * torch.randn(parameter.shape, generator=noise, dtype=torch.float64)
        moved = family_outputs(reference, batch)
        for kind, expected in expected_outputs.items():
            found = encode(program, directory, kind, [(ids, types if typed else None) for ids, types in batch])
            largest = expected.abs().max().item()
            difference, rounding = (numpy.abs(numpy.asarray(x) - expected.numpy()).max() / largest for x in (found, moved[kind]))
            results.append((difference, rounding))
            if not difference <= max(BOUND, 8 * rounding):
                print(f"{type(model).__name__} {dtype} {form} {kind}: {difference:.1e}, one rounding of the weights {rounding:.1e}\n{settings}")
    return results


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    failed = False
    for family in FAMILIES:
        rng = random.Random(f"{family} {seed}")
        results = [result for i in range(count) for result in compare_one(program, family, rng, i)]
        beyond = [result for result in results if not result[0] <= BOUND]
        print(f"{family}: {count} random checkpoints, largest difference {max(results)[0]:.1e}, bound {BOUND:.0e}, beyond it "
              f"{[f'{ours:.1e} (one rounding {rounding:.1e})' for ours, rounding in beyond]}", flush=True)
        failed |= any(not ours <= 8 * rounding for ours, rounding in beyond)
    sys.exit("too large" if failed else 0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    main()
