"""Opens in PEFT what seqguard wrote: adapters, and models they were merged into.

    compare_adapters.py PROGRAM SAVE_AGAIN GOLDEN_DIR

For each directory GOLDEN_DIR/<name> of make_adapter_goldens.py: SAVE_AGAIN (seqguard_save_again of the same build) loads and saves the
trained adapter, PEFT opens it on the base, and PROGRAM convert --merge-adapters merges the one that PEFT wrote; the
logits of both are those that PEFT had. The same for a random model of every family with an adapter in each of its
linear layers.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import peft
import safetensors.torch
import torch
import transformers

BOUND = 2e-5  # of the largest logit, as for all goldens


def logits_of(model, golden):
    ids, offsets = golden["input_ids"], golden["offsets"]
    with torch.no_grad():
        return torch.cat([model(input_ids=ids[None, a:b]).logits.reshape(-1, 3) for a, b in zip(offsets, offsets[1:])])


def check(what, found, expected):
    worst = float((found - expected).abs().max() / expected.abs().max())
    print(f"{what}: {worst:.1e} of the largest logit")
    if not worst < BOUND:
        sys.exit(f"{what}: more than {BOUND}")


SMALL = dict(vocab_size=31, hidden_size=16, num_attention_heads=2, num_hidden_layers=2, intermediate_size=12,
             max_position_embeddings=20, num_labels=3)
FAMILIES = {
    "Bert": (transformers.BertConfig, SMALL),
    "Roberta": (transformers.RobertaConfig, SMALL),
    "XLMRoberta": (transformers.XLMRobertaConfig, SMALL),
    "Camembert": (transformers.CamembertConfig, SMALL),
    "DistilBert": (transformers.DistilBertConfig, dict(vocab_size=31, dim=16, n_heads=2, n_layers=2, hidden_dim=12,
                                                       max_position_embeddings=20, num_labels=3)),
    "Electra": (transformers.ElectraConfig, SMALL | dict(embedding_size=8)),
    "Albert": (transformers.AlbertConfig, SMALL | dict(embedding_size=8, num_hidden_layers=3)),
    "MPNet": (transformers.MPNetConfig, SMALL),
    "ModernBert": (transformers.ModernBertConfig, SMALL | dict(pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                                                               sep_token_id=2)),
}


def make_random(family, task, place):
    """base/, trained/ and expected.safetensors as make_adapter_goldens.py leaves them."""
    torch.manual_seed(1)
    config, fields = FAMILIES[family]
    kind = getattr(transformers, f"{family}For{task}Classification")
    base = kind(config(**fields)).eval()
    base.save_pretrained(place / "base")
    lora = peft.LoraConfig(task_type="SEQ_CLS" if task == "Sequence" else "TOKEN_CLS", r=3, lora_alpha=5,
                           target_modules=[name for name, module in base.named_modules()
                                           if isinstance(module, torch.nn.Linear) and
                                           (name.startswith(base.base_model_prefix + "."))])
    model = peft.get_peft_model(base, lora).eval()
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(place / "trained")
    ids = torch.randint(5, 31, (12,))
    golden = {"input_ids": ids, "offsets": torch.tensor([0, 5, 12])}
    golden["trained.logits"] = logits_of(model, golden)
    safetensors.torch.save_file(golden, place / "expected.safetensors")


def main():
    program, save_again, goldens = sys.argv[1:]
    transformers.logging.set_verbosity_error()
    warnings.simplefilter("error", UserWarning)  # PEFT warns of keys that are missing or left over
    with tempfile.TemporaryDirectory() as temporary:
        random = pathlib.Path(temporary)
        for family in FAMILIES:
            for task in ("Sequence", "Token"):
                make_random(family, task, random / f"{family}_{task}")
        compare(program, save_again, random)
    compare(program, save_again, goldens)


def compare(program, save_again, goldens):
    for place in sorted(pathlib.Path(goldens).iterdir()):
        golden = safetensors.torch.load_file(place / "expected.safetensors")
        kind = getattr(transformers, json.loads((place / "base/config.json").read_text())["architectures"][0])
        with tempfile.TemporaryDirectory() as temporary:
            written, merged = f"{temporary}/adapter", f"{temporary}/merged"
            subprocess.run([save_again, place / "base", place / "trained", written], check=True)
            model = peft.PeftModel.from_pretrained(kind.from_pretrained(place / "base"), written)
            check(f"{place.name}, saved", logits_of(model.eval(), golden), golden["trained.logits"])
            subprocess.run([program, "convert", "--from", place / "base", "--merge-adapters", place / "trained", "--to", merged,
                            "--quiet"], check=True)
            check(f"{place.name}, merged", logits_of(kind.from_pretrained(merged).eval(), golden), golden["trained.logits"])


main()
