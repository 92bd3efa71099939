"""Opens in PEFT what seqguard wrote: adapters, and models they were merged into.

    compare_adapters.py PROGRAM SAVE_AGAIN GOLDEN_DIR

For each directory GOLDEN_DIR/<name> of make_adapter_goldens.py: SAVE_AGAIN (seqguard_save_again of the same build) loads and saves the
trained adapter, PEFT opens it on the base, and PROGRAM convert --merge-adapters merges the one that PEFT wrote; the
logits of both are those that PEFT had.
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


def main():
    program, save_again, goldens = sys.argv[1:]
    transformers.logging.set_verbosity_error()
    warnings.simplefilter("error", UserWarning)  # PEFT warns of keys that are missing or left over
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
