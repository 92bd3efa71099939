"""Golden adapters: small models of transformers, adapters of PEFT for them, and 20 steps of their training.

    make_adapter_goldens.py DIR      writes DIR/<name>/{base,start,trained}/ and DIR/<name>/expected.safetensors

base/ is a directory of transformers, start/ and trained/ are what PEFT saved before and after the training. Everything is
computed in float64 from weights that float32 holds, one sequence at a time; stored in float32.

expected.safetensors (N tokens of all B sequences one after another):
    input_ids, token_type_ids [N], offsets [B + 1], labels [B] or [N]    int64
    start.logits, trained.logits                                         of the base with these adapters
    losses [20]              softmax cross-entropy of each step, the mean over all labels, before the step
    last_hidden_state        with the trained adapters
The steps: AdamW with betas 0.9 and 0.98, eps 1e-8, weight decay 0.1 on matrices (those of adapters too), none on biases and
LayerNorms; gradients clipped to norm 0.5; the learning rate rises to 0.02 in 5 steps and falls linearly to 0.002 after 20:
step s (0 .. 19) has 0.02 (s + 1) / 5 for s < 5, else 0.02 - 0.018 (s - 4) / 15.
"""
import pathlib
import sys
import tempfile

import numpy
import peft
import safetensors.torch
import torch
import transformers

SMALL = dict(vocab_size=29, hidden_size=16, num_attention_heads=2, num_hidden_layers=2, intermediate_size=12,
             max_position_embeddings=16, num_labels=3)
LENGTHS = [1, 4, 7, 12]
STEPS = 20


def bert():
    config = transformers.BertConfig(**SMALL, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
    return transformers.BertForSequenceClassification, config, peft.LoraConfig(
        task_type="SEQ_CLS", r=2, lora_alpha=6, target_modules=["query", "value"])


def distilbert():
    config = transformers.DistilBertConfig(
        vocab_size=29, dim=16, n_heads=2, n_layers=2, hidden_dim=12, max_position_embeddings=16, num_labels=3, dropout=0,
        attention_dropout=0, seq_classif_dropout=0)
    return transformers.DistilBertForSequenceClassification, config, peft.LoraConfig(
        task_type="SEQ_CLS", r=3, lora_alpha=4, use_rslora=True, target_modules=["q_lin", "out_lin", "lin1", "lin2"],
        modules_to_save=["pre_classifier", "classifier"], bias="all")


def modernbert():
    config = transformers.ModernBertConfig(
        **SMALL, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2, local_attention=4,
        global_attn_every_n_layers=2)
    return transformers.ModernBertForTokenClassification, config, peft.LoraConfig(
        task_type="TOKEN_CLS", r=2, lora_alpha=3, target_modules=["Wqkv", "mlp.Wo", "Wi"],
        modules_to_save=["head", "classifier"])


def randomise(model, generator):
    """Weights that float32 and float16 hold."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            scale, mean = (0.2, 1) if "norm" in name.lower() and name.endswith("weight") else (0.3, 0)
            parameter.copy_((mean + scale * noise).half())


def learning_rate(step):
    return 0.02 * (step + 1) / 5 if step < 5 else 0.02 - 0.018 * (step - 4) / 15


def logits_of(model, sequences):
    """[B, labels], or [N, labels]."""
    return torch.cat([model(input_ids=ids[None]).logits.reshape(-1, 3) for ids in sequences])


def make(directory, name, make_model, seed):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    kind, config, lora = make_model()
    config._attn_implementation = "eager"
    base = kind(config).double()
    randomise(base, generator)
    place = directory / name
    kind.from_pretrained(None, config=config, state_dict={k: v.float() for k, v in base.state_dict().items()}).float(
    ).save_pretrained(place / "base")
    model = peft.get_peft_model(base, lora)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "lora_" in parameter_name:
                parameter.copy_(parameter.float())  # what the file holds

    def save(to):
        with tempfile.TemporaryDirectory() as temporary:
            model.save_pretrained(temporary)
            source = pathlib.Path(temporary)
            (place / to).mkdir(parents=True, exist_ok=True)
            (place / to / "adapter_config.json").write_bytes((source / "adapter_config.json").read_bytes())
            tensors = safetensors.torch.load_file(source / "adapter_model.safetensors")
            safetensors.torch.save_file({k: v.float() for k, v in tensors.items()},
                                        place / to / "adapter_model.safetensors", metadata={"format": "pt"})

    save("start")
    random = numpy.random.default_rng(seed)
    sequences = [torch.tensor(random.integers(3, 29, length)) for length in LENGTHS]
    count = sum(LENGTHS) if lora.task_type == "TOKEN_CLS" else len(LENGTHS)
    labels = torch.tensor(random.integers(0, 3, count))
    expected = {"start.logits": logits_of(model, sequences)}
    decayed, others = [], []
    for parameter_name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_other = parameter_name.endswith("bias") or "norm" in parameter_name.lower()
            (others if is_other else decayed).append(parameter)
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0}],
                                  betas=(0.9, 0.98), eps=1e-8)
    losses = []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits_of(model, sequences), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decayed + others, 0.5)
        optimizer.step()
        losses.append(loss.detach())
    save("trained")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.float())
    expected["trained.logits"] = logits_of(model, sequences)
    expected["losses"] = torch.stack(losses)
    encoder = getattr(model.base_model.model, base.base_model_prefix)
    expected["last_hidden_state"] = torch.cat([encoder(input_ids=ids[None]).last_hidden_state[0] for ids in sequences])
    stored = {k: v.detach().float().contiguous() for k, v in expected.items()}
    stored |= {"input_ids": torch.cat(sequences), "token_type_ids": torch.zeros(sum(LENGTHS), dtype=torch.int64),
               "offsets": torch.tensor([0, *numpy.cumsum(LENGTHS)]), "labels": labels}
    safetensors.torch.save_file(stored, place / "expected.safetensors")
    print(name, "losses", [round(float(loss), 4) for loss in (losses[0], losses[-1])])


def main():
    transformers.logging.set_verbosity_error()
    directory = pathlib.Path(sys.argv[1])
    for seed, make_model in enumerate([bert, distilbert, modernbert]):
        make(directory, make_model.__name__, make_model, seed + 1)


main()
