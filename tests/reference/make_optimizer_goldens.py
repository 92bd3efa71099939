"""Steps of torch.optim and rates of the schedulers of torch and transformers.

    make_optimizer_goldens.py DIR                 writes DIR/optimizers and DIR/schedules
    make_optimizer_goldens.py DIR --compare OLD

optimizers/expected.safetensors, computed in float64:
    initial [72], gradients [10, 72]   a matrix of 8 x 8, then a vector of 8, and their gradients in ten steps
    <case> [10, 72]                    both after each step; rate 0.05, weight decay on the matrix alone
schedules/expected.safetensors:
    <case> [steps]                     rate of each step. Those of transformers begin with its step 1: the rate of its step 0 is 0
    plateau.metrics [steps]            what ReduceLROnPlateau judged after each step
"""
import argparse
import pathlib

import numpy
import torch
import transformers

from make_goldens import compare, write

RATE, STEPS = 0.05, 10
SCHEDULE_STEPS, WARM_UP = 40, 8


def run(initial, gradients, make, clip_norm=None):
    matrix = torch.nn.Parameter(initial[:64].reshape(8, 8).clone())
    vector = torch.nn.Parameter(initial[64:].clone())
    optimiser = make(matrix, vector)
    values = []
    for gradient in gradients:
        matrix.grad, vector.grad = gradient[:64].reshape(8, 8).clone(), gradient[64:].clone()
        if clip_norm:
            torch.nn.utils.clip_grad_norm_([matrix, vector], clip_norm)
        optimiser.step()
        values.append(torch.cat([matrix.detach().reshape(-1), vector.detach()]).clone())
    return torch.stack(values)


def decaying_matrix(kind, weight_decay=0.1, **options):
    return lambda matrix, vector: kind([{"params": [matrix], "weight_decay": weight_decay},
                                        {"params": [vector], "weight_decay": 0}], lr=RATE, **options)


def make_optimizers(directory):
    random = numpy.random.RandomState(7)
    initial = torch.from_numpy(random.standard_normal(72).astype(numpy.float32)).double()
    gradients = torch.from_numpy(random.standard_normal((STEPS, 72)).astype(numpy.float32)).double()
    betas = dict(betas=(0.9, 0.98), eps=1e-8)
    optim = torch.optim
    cases = {
        "adamw": decaying_matrix(optim.AdamW, **betas),
        "adam": decaying_matrix(optim.Adam, **betas),
        "adam_decoupled": decaying_matrix(optim.Adam, decoupled_weight_decay=True, **betas),
        "sgd": decaying_matrix(optim.SGD, weight_decay=0),
        "sgd_momentum": decaying_matrix(optim.SGD, momentum=0.9),
        "sgd_nesterov": decaying_matrix(optim.SGD, momentum=0.9, nesterov=True),
        "rmsprop": decaying_matrix(optim.RMSprop, alpha=0.99, eps=1e-8),
        "rmsprop_momentum": decaying_matrix(optim.RMSprop, alpha=0.9, eps=1e-3, momentum=0.5),
        "groups": lambda matrix, vector: optim.AdamW([{"params": [matrix], "weight_decay": 0.3, "lr": RATE / 2},
                                                      {"params": [vector], "weight_decay": 0.05, "lr": 2 * RATE}], **betas),
    }
    result = {"initial": initial, "gradients": gradients}
    for name, make in cases.items():
        result[name] = run(initial, gradients, make)
    result["clipped"] = run(initial, gradients, cases["sgd_momentum"], clip_norm=1.0)
    write(directory, result)


def rates(make, steps, skip=0, metrics=None):
    """Rates of the steps `skip`, .. under a scheduler of an optimiser with the rate 1."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimiser)
    result = []
    for step in range(steps + skip):
        result.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if metrics is None:
            if step + 1 < steps + skip:
                scheduler.step()
        else:
            scheduler.step(metrics[step])
    return torch.tensor(result[skip:], dtype=torch.float64)


def make_schedules(directory):
    warm = dict(num_warmup_steps=WARM_UP)
    whole = dict(num_training_steps=SCHEDULE_STEPS, **warm)
    schedulers = torch.optim.lr_scheduler
    transformers_cases = {
        "constant": lambda o: transformers.get_constant_schedule_with_warmup(o, **warm),
        "linear": lambda o: transformers.get_linear_schedule_with_warmup(o, **whole),
        "cosine": lambda o: transformers.get_cosine_schedule_with_warmup(o, **whole),
        "cosine_with_restarts":
            lambda o: transformers.get_cosine_with_hard_restarts_schedule_with_warmup(o, **whole, num_cycles=3),
        "polynomial":
            lambda o: transformers.get_polynomial_decay_schedule_with_warmup(o, **whole, lr_end=0.05, power=3.0),
        "inverse_sqrt": lambda o: transformers.get_inverse_sqrt_schedule(o, **warm),
    }
    result = {name: rates(make, SCHEDULE_STEPS, skip=1) for name, make in transformers_cases.items()}
    result["exponential"] = rates(lambda o: schedulers.ExponentialLR(o, gamma=0.02**(1 / (SCHEDULE_STEPS - 1))), SCHEDULE_STEPS)
    result["one_cycle"] = rates(lambda o: schedulers.OneCycleLR(o, max_lr=1.0, total_steps=SCHEDULE_STEPS, pct_start=0.3,
                                                                div_factor=25, final_div_factor=2, cycle_momentum=False),
                                SCHEDULE_STEPS)
    metrics = [3, 2, 1.9999, 2.1, 2, 1.5, 1.6, 1.6, 1.6, 1.6, 1.2, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3]
    result["plateau.metrics"] = torch.tensor(metrics, dtype=torch.float64)
    result["plateau"] = rates(lambda o: schedulers.ReduceLROnPlateau(o, factor=0.5, patience=2, threshold=1e-3, cooldown=1,
                                                                     min_lr=0.1), len(metrics), metrics=metrics)
    write(directory, result)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--compare", type=pathlib.Path)
    arguments = parser.parse_args()
    for name, make in {"optimizers": make_optimizers, "schedules": make_schedules}.items():
        (arguments.directory / name).mkdir(parents=True, exist_ok=True)
        make(arguments.directory / name)
    if arguments.compare:
        compare(arguments.directory, arguments.compare)


if __name__ == "__main__":
    main()
