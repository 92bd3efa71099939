"""Golden checkpoints: small Hugging Face directories with random weights, and what transformers computes from them.

    make_goldens.py DIR                 writes DIR/<name>/{config.json,model.safetensors,expected.safetensors}
    make_goldens.py DIR --compare OLD   and compares them with the ones in OLD

The weights are stored in float32 and are numbers that float16 and bfloat16 hold as well, so that one expectation holds for
every way to store them. Every expected number is computed from them in float64 with eager attention, one sequence at a
time, and stored in float32. LayerNorm parameters and biases are as random as the matrices.

expected.safetensors (N tokens of all B sequences one after another):
    input_ids, token_type_ids [N], offsets [B + 1]                           int64
    last_hidden_state [N, H], pooler_output [B, H], logits                   under the full mask
    causal.last_hidden_state, causal.pooler_output, causal.logits            the same with is_decoder=True (BERT only)
The other families have one directory for each head, <model_type>_<head>, without the causal mask.
gradients/expected.safetensors, for a masked-LM step (full mask) and a next-event step (causal mask):
    labels, causal.labels [N]              target ids, -100 where nothing is predicted
    loss, causal.loss [1]                  mean cross-entropy over all targets of the batch
    grad.<parameter>, causal.grad.<parameter>
    adamw.losses [6]                       masked-LM loss before and after each of 5 AdamW steps: lr 0.01, betas 0.9 and
                                           0.999, eps 1e-8, weight decay 0.1 on matrices and tables, none on biases and LayerNorm
"""
import argparse
import pathlib
import sys

import numpy
import safetensors.torch
import torch
import transformers
from transformers import (AlbertConfig, BertConfig, BertForMaskedLM, BertForSequenceClassification, BertForTokenClassification,
                          BertModel, CamembertConfig, DistilBertConfig, ElectraConfig, ModernBertConfig, MPNetConfig, RobertaConfig, XLMRobertaConfig)

LENGTHS = [1, 2, 3, 5, 8, 13]  # and the longest possible


def config(**fields):
    return BertConfig(**fields, attn_implementation="eager")


GOLDENS = {
    "model_d12": (BertModel, config(vocab_size=50, hidden_size=24, num_attention_heads=2, num_hidden_layers=3,
                                    intermediate_size=40, max_position_embeddings=24, hidden_act="gelu")),
    "model_d32_long": (BertModel, config(vocab_size=40, hidden_size=32, num_attention_heads=1, num_hidden_layers=1,
                                         intermediate_size=48, max_position_embeddings=150, type_vocab_size=3,
                                         layer_norm_eps=1e-5, hidden_act="gelu_new")),
    "masked_lm_d20": (BertForMaskedLM, config(vocab_size=61, hidden_size=40, num_attention_heads=2, num_hidden_layers=1,
                                              intermediate_size=96, max_position_embeddings=33, type_vocab_size=1,
                                              hidden_act="gelu_new")),
    "sequence_classification_d64": (BertForSequenceClassification,
                                    config(vocab_size=70, hidden_size=64, num_attention_heads=1, num_hidden_layers=1,
                                           intermediate_size=128, max_position_embeddings=20, hidden_act="gelu",
                                           id2label={0: "normal", 1: "odd", 2: "bad"},
                                           label2id={"normal": 0, "odd": 1, "bad": 2})),
    "token_classification_d12": (BertForTokenClassification,
                                 config(vocab_size=45, hidden_size=36, num_attention_heads=3, num_hidden_layers=3,
                                        intermediate_size=70, max_position_embeddings=19, hidden_act="gelu_new")),
}

SMALL = dict(vocab_size=41, hidden_size=24, num_attention_heads=2, num_hidden_layers=3, intermediate_size=20,
             max_position_embeddings=19)
LABELS = dict(id2label={0: "normal", 1: "odd", 2: "bad"}, label2id={"normal": 0, "odd": 1, "bad": 2})
FAMILIES = {  # odd numbers of layers, heads of width 12 and 20, every further activation. No deeper: ten layers of such weights
    # multiply a rounding of float32 by a hundred.
    "Roberta": RobertaConfig(**{**SMALL, "hidden_size": 40}, type_vocab_size=1, layer_norm_eps=1e-5, hidden_act="quick_gelu"),
    "XLMRoberta": XLMRobertaConfig(**SMALL, type_vocab_size=1, hidden_act="gelu_fast"),
    "Camembert": CamembertConfig(**SMALL, type_vocab_size=1, hidden_act="silu"),
    "DistilBert": DistilBertConfig(vocab_size=41, dim=24, n_heads=2, n_layers=3, hidden_dim=20, max_position_embeddings=19,
                                   activation="relu"),
    "Electra": ElectraConfig(**SMALL, embedding_size=10, hidden_act="gelu"),
    "Albert": AlbertConfig(**SMALL, embedding_size=10, num_hidden_groups=2, inner_group_num=2,
                           hidden_act="tanh"),
    "MPNet": MPNetConfig(**{**SMALL, "max_position_embeddings": 203}, relative_attention_num_buckets=40, hidden_act="gelu"),
    "ModernBert": ModernBertConfig(**{**SMALL, "hidden_size": 40, "max_position_embeddings": 150}, pad_token_id=0,
                                   bos_token_id=1, cls_token_id=1, eos_token_id=2, sep_token_id=2,
                                   local_attention=8, classifier_pooling="mean", classifier_activation="silu",
                                   hidden_activation="gelu"),
}
HEADS = ["Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification"]
GRADIENTS = config(vocab_size=37, hidden_size=24, num_attention_heads=2, num_hidden_layers=1, intermediate_size=36,
                   max_position_embeddings=12, hidden_act="gelu")


def storable(values):
    """Rounded to 8 significant bits, as bfloat16 has them; zero below the normal range of float16, which has 11."""
    rounded = torch.from_numpy(values.astype(numpy.float32)).bfloat16().float()
    rounded[rounded.abs() < 2.0**-14] = 0
    assert torch.equal(rounded.half().float(), rounded)
    return rounded


def randomise(model, random):
    """Weights of a size that keeps attention far from uniform and activations far from linear."""
    for name, parameter in sorted(model.named_parameters()):
        values = random.standard_normal(parameter.shape)
        if "norm" in name.lower() and name.endswith("weight"):
            values = 1 + 0.3 * values
        elif parameter.dim() == 1:
            values = 0.3 * values
        elif "embeddings" not in name:
            values = 1.5 / numpy.sqrt(parameter.shape[1]) * values
        parameter.data.copy_(storable(values))


def make_batch(configuration, lengths, random, lowest_id=0):
    ids = [random.randint(lowest_id, configuration.vocab_size, length) for length in lengths]
    types = [random.randint(0, getattr(configuration, "type_vocab_size", 1), length) for length in lengths]
    return [(torch.from_numpy(i).unsqueeze(0), torch.from_numpy(t).unsqueeze(0)) for i, t in zip(ids, types)]


def in_double(model, causal):
    """The same weights in float64; under the causal mask if asked for."""
    configuration = type(model.config)(**{**model.config.to_dict(), "is_decoder": causal, "use_cache": False})
    configuration._attn_implementation = "eager"
    double = type(model)(configuration).double().eval()
    double.load_state_dict({name: value.double() for name, value in model.state_dict().items()})
    return double


def outputs_of(model, batch, causal):
    double = in_double(model, causal)
    result = {"last_hidden_state": [], "pooler_output": [], "logits": []}
    with torch.no_grad():
        for ids, types in batch:
            encoded = (double if isinstance(double, BertModel) else double.bert)(input_ids=ids, token_type_ids=types)
            result["last_hidden_state"].append(encoded.last_hidden_state[0])
            if encoded.pooler_output is not None:
                result["pooler_output"].append(encoded.pooler_output)
            if not isinstance(double, BertModel):
                logits = double(input_ids=ids, token_type_ids=types).logits
                result["logits"].append(logits[0] if logits.dim() == 3 else logits)
    prefix = "causal." if causal else ""
    return {prefix + name: torch.cat(parts) for name, parts in result.items() if parts}


def inputs_of(batch):
    offsets = numpy.cumsum([0] + [ids.shape[1] for ids, _ in batch])
    return {"input_ids": torch.cat([ids[0] for ids, _ in batch]), "token_type_ids": torch.cat([t[0] for _, t in batch]),
            "offsets": torch.from_numpy(offsets)}


def write(directory, tensors):
    tensors = {name: (t.float() if t.is_floating_point() else t.long()).contiguous() for name, t in tensors.items()}
    versions = f"torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}"
    safetensors.torch.save_file(tensors, directory / "expected.safetensors", metadata={"versions": versions})


def make_golden(directory, model_class, configuration, seed):
    random = numpy.random.RandomState(seed)
    model = model_class(configuration).eval()
    randomise(model, random)
    model.save_pretrained(directory)
    longest = configuration.max_position_embeddings
    lengths = LENGTHS + [longest] if longest < 100 else [63, 64, 65, 128, longest]
    batch = make_batch(configuration, lengths, random)
    write(directory, {**inputs_of(batch), **outputs_of(model, batch, False), **outputs_of(model, batch, True)})


def family_outputs(model, batch):
    """Of any family, in float64; token types where it has them, and no padding mask: every id is attended."""
    double = model.double().eval()
    typed = hasattr(model.config, "type_vocab_size")
    result = {"last_hidden_state": [], "pooler_output": [], "logits": []}
    with torch.no_grad():
        for ids, types in batch:
            inputs = dict(input_ids=ids, attention_mask=torch.ones_like(ids), **(dict(token_type_ids=types) if typed else {}))
            encoded = double.base_model(**inputs)
            result["last_hidden_state"].append(encoded.last_hidden_state[0])
            if getattr(encoded, "pooler_output", None) is not None:
                result["pooler_output"].append(encoded.pooler_output)
            if double.base_model is double:
                continue
            logits = double(**inputs).logits
            if type(model).__name__.endswith("ForPreTraining"):
                logits = logits.unsqueeze(-1)
            result["logits"].append(logits[0] if logits.dim() == 3 else logits)
    return {name: torch.cat(parts) for name, parts in result.items() if parts}


def make_family(directory, family, seed):
    heads = HEADS + (["ForPreTraining"] if family == "Electra" else [])
    for number, head in enumerate(heads):
        random = numpy.random.RandomState(seed + number)
        configuration = type(FAMILIES[family])(**{**FAMILIES[family].to_dict(), **LABELS}, attn_implementation="eager")
        model = getattr(transformers, family + head)(configuration).eval()
        randomise(model, random)
        target = directory / f"{configuration.model_type}_{head}"
        model.save_pretrained(target)
        positions = configuration.max_position_embeddings
        longest = positions - 2 if family in ("Roberta", "XLMRoberta", "Camembert", "MPNet") else positions
        batch = make_batch(configuration, [1, 2, 5, longest], random)
        write(target, {**inputs_of(batch), **family_outputs(model, batch)})


def loss_of(model, batch, labels):
    total = sum(torch.nn.functional.cross_entropy(model(input_ids=ids, token_type_ids=types).logits[0], target,
                                                  ignore_index=-100, reduction="sum")
                for (ids, types), target in zip(batch, labels))
    return total / sum((target != -100).sum() for target in labels)


def gradients_of(model, batch, labels, causal):
    double = in_double(model, causal)
    loss = loss_of(double, batch, labels)
    loss.backward()
    prefix = "causal." if causal else ""
    result = {prefix + "loss": loss.detach().reshape(1), prefix + "labels": torch.cat(labels)}
    for name, parameter in double.named_parameters():
        result[prefix + "grad." + name] = parameter.grad
    return result


def adamw_losses(model, batch, labels):
    double = in_double(model, False)
    matrices = [p for p in double.parameters() if p.dim() > 1]
    vectors = [p for p in double.parameters() if p.dim() == 1]
    optimiser = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0}],
                                  lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    losses = [loss_of(double, batch, labels)]
    for _ in range(5):
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
        losses.append(loss_of(double, batch, labels))
    return torch.stack([loss.detach() for loss in losses])


def make_gradients(directory, seed):
    random = numpy.random.RandomState(seed)
    model = BertForMaskedLM(GRADIENTS).eval()
    randomise(model, random)
    model.save_pretrained(directory)
    # Ids from 1: transformers stops the gradient of the padding row, id 0.
    batch = make_batch(GRADIENTS, [1, 4, 7, 12], random, lowest_id=1)
    masked, following = [], []
    for ids, _ in batch:
        chosen = torch.from_numpy(random.random_sample(ids.shape[1]) < 0.5)
        chosen[0] = True
        masked.append(torch.where(chosen, ids[0], -100))
        following.append(torch.cat([ids[0, 1:], torch.tensor([-100])]))
        ids[0, chosen] = 4
    causal_batch = [(torch.where(target == -100, ids[0], target).unsqueeze(0), types)
                    for (ids, types), target in zip(batch, masked)]
    assert all((following[i][:-1] == causal_batch[i][0][0, 1:]).all() for i in range(len(batch)))
    write(directory, {**inputs_of(batch), "causal.input_ids": torch.cat([ids[0] for ids, _ in causal_batch]),
                      **gradients_of(model, batch, masked, False), **gradients_of(model, causal_batch, following, True),
                      "adamw.losses": adamw_losses(model, batch, masked)})


def compare(new, old):
    """Weights and inputs must be equal; outputs may differ by the rounding of another machine."""
    worst = 0.0
    for made in sorted(new.glob("*/*.safetensors")):
        path = old / made.relative_to(new)
        a, b = safetensors.torch.load_file(path), safetensors.torch.load_file(made)
        if a.keys() != b.keys():
            sys.exit(f"{path}: other tensors: {sorted(a.keys() ^ b.keys())}")
        for name in a:
            exact = path.name == "model.safetensors" or not a[name].is_floating_point()
            difference = ((a[name] - b[name]).abs().max() / a[name].abs().max().clamp(min=1e-6)).item()
            if exact and not torch.equal(a[name], b[name]):
                sys.exit(f"{path}: {name} differs")
            if difference > 1e-6:  # float32 rounding of float64 results, 6e-8, with room for another libm
                sys.exit(f"{path}: {name} differs by {difference:.1e} of its largest value, allowed 1e-6")
            worst = max(worst, difference)
    print(f"goldens agree, largest difference {worst:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--compare", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for seed, (name, (model_class, configuration)) in enumerate(GOLDENS.items()):
        make_golden(arguments.directory / name, model_class, configuration, seed)
    for number, family in enumerate(FAMILIES):
        make_family(arguments.directory, family, 1000 + 10 * number)
    make_gradients(arguments.directory / "gradients", 100)
    if arguments.compare:
        compare(arguments.directory, arguments.compare)


if __name__ == "__main__":
    main()
