"""One small masked-LM checkpoint in every file format that is read: tests/golden/weight_files.

    make_weight_files.py DIR

    DIR/single            config.json, model.safetensors, as transformers writes them
    DIR/sharded           config.json, model.safetensors.index.json and its shards, as transformers writes them
    DIR/torch             config.json, pytorch_model.bin: torch.save(state_dict), whose decoder is tied to the embeddings
    DIR/torch_protocol_4  the same with pickle protocol 4
    DIR/torch_sharded     config.json, pytorch_model.bin.index.json and two shards
    DIR/windows.bin       tensors of every dtype, and windows on shared storages; windows.safetensors: what they show
    DIR/legacy.bin        the format before torch 1.6
"""
import json
import pathlib
import shutil
import sys

import numpy
import safetensors.torch
import torch
from transformers import BertConfig, BertForMaskedLM

CONFIG = BertConfig(vocab_size=20, hidden_size=8, num_attention_heads=2, num_hidden_layers=1, intermediate_size=12,
                    max_position_embeddings=10, initializer_range=0.02, hidden_act="gelu")


def make_model():
    random = numpy.random.RandomState(7)
    model = BertForMaskedLM(CONFIG).eval()
    for _, parameter in sorted(model.named_parameters()):
        parameter.data.copy_(torch.from_numpy(random.standard_normal(parameter.shape).astype(numpy.float32)))
    return model


def torch_directory(directory, single, save):
    directory.mkdir(parents=True)
    shutil.copy(single / "config.json", directory)
    save(directory)


def save_torch_shards(directory, state):
    names, first = list(state), len(state) // 2
    shards = {"pytorch_model-00001-of-00002.bin": names[:first], "pytorch_model-00002-of-00002.bin": names[first:]}
    for file, part in shards.items():
        torch.save({name: state[name] for name in part}, directory / file)
    index = {"metadata": {"total_size": 1}, "weight_map": {name: file for file, part in shards.items() for name in part}}
    (directory / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=2))


def windows():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8
    tensors = {"base": base, "tied": base, "transposed": base.t(), "rows": base[1:3], "column": base[:, 2],
               "steps": base[::2, ::3], "permuted": base.reshape(2, 3, 4).permute(2, 0, 1), "scalar": base[3, 5],
               "empty": torch.zeros(0, 5), "parameter": torch.nn.Parameter(torch.full((2, 2), 0.1)),
               "half": (base[0] * 1000).half(), "bfloat": (base[0] * 1e30).bfloat16(), "double": base[0].double() * 1e-9,
               "half_transposed": base.half().t()}
    for name in ("int64", "int32", "int16", "int8", "uint8"):
        tensors[name] = torch.tensor([1, 2, 100], dtype=getattr(torch, name))
    tensors["bool"] = torch.tensor([True, False])
    return tensors


def main():
    target = pathlib.Path(sys.argv[1])
    model = make_model()
    model.save_pretrained(target / "single")
    model.save_pretrained(target / "sharded", max_shard_size="2KB")
    state = model.state_dict()  # an OrderedDict with _metadata
    torch_directory(target / "torch", target / "single", lambda d: torch.save(state, d / "pytorch_model.bin"))
    torch_directory(target / "torch_protocol_4", target / "single",
                    lambda d: torch.save(state, d / "pytorch_model.bin", pickle_protocol=4))
    torch_directory(target / "torch_sharded", target / "single", lambda d: save_torch_shards(d, state))
    torch.save(windows(), target / "windows.bin")
    copies = {name: tensor.detach().clone().contiguous() for name, tensor in windows().items()}
    safetensors.torch.save_file(copies, target / "windows.safetensors")
    torch.save({"w": torch.ones(2)}, target / "legacy.bin", _use_new_zipfile_serialization=False)
    for generated in target.glob("*/generation_config.json"):
        generated.unlink()


if __name__ == "__main__":
    main()
