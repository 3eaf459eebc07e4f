#!/usr/bin/env python3
"""PyTorch's side of a measurement beside clusca: plain PyTorch as a careful user would write it, on the CPU or a GPU. Needs torch only; peers.sh calls it.

    peers.py kernels MODEL [OPTIONS]    single operations at a model's shapes: linear, attention, layer norm + modulate, one iteration of L1 k-means
    peers.py model MODEL [OPTIONS]      a full step, a ClusCa cached step and 20 iterations of k-means, with random weights

MODEL is a published size (dit-s/2, dit-b/2, dit-l/2, dit-xl/2, each with other patches) or a folder with a config.json. Prints one JSON line a measurement.

Method: calls warm up (and compile); then each call is timed on its own until the time limit, at least `--least` of them; median and least are printed. Operands of single operations are made
as often as it takes to fill twice the last-level cache, and take turns, so that they come from memory. On a GPU events time the calls, in batches, so that launches hide behind work.
Forms: eager; compiled (torch.compile); frozen (Inductor's weight freezing, CPU); hoisted leaves the adaLN modulations out, which clusca computes once a run. Float32 stays float32: no TF32.
"""
import argparse
import glob
import itertools
import json
import math
import os
import re
import statistics
import sys
import time

import torch
import torch.nn.functional as F

SIZES = {"s": (384, 12, 6), "b": (768, 12, 12), "l": (1024, 24, 16), "xl": (1152, 28, 16)}  # width, layers, heads
ORDER, GAMMA = 2, 0.005

parser = argparse.ArgumentParser(description="PyTorch's side of a measurement beside clusca; see the head of this file")
parser.add_argument("what", choices=["kernels", "model"])
parser.add_argument("model")
parser.add_argument("--rows", type=int, default=2, help="batch rows, guidance counted")
parser.add_argument("--dtype", default="f32", choices=["f32", "bf16"])
parser.add_argument("--device", default="cpu", help="cpu or cuda")
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
parser.add_argument("--clusters", type=int, default=16)
parser.add_argument("--limit", type=float, default=2, help="seconds to measure each form for")
parser.add_argument("--least", type=int, default=5, help="samples to take beyond the limit if need be")
parser.add_argument("--compile", action="store_true", help="also compiled forms")
parser.add_argument("--freeze", action="store_true", help="also compiled forms, weights frozen (CPU, whole models)")
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(0)
torch.set_grad_enabled(False)
device, R, K = options.device, options.rows, options.clusters
dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[options.dtype]


def shape(model):
    """Width, layers, heads, tokens and outputs a token."""
    if os.path.isdir(model):
        with open(os.path.join(model, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        config = config.get("constructor", config)
        patch = config["patch_size"]
        return (config["hidden_size"], config["depth"], config["num_heads"], (config["input_size"] // patch) ** 2, patch * patch * 2 * config["in_channels"])
    name = re.fullmatch(r"dit-(s|b|l|xl)/(\d+)", model)
    if not name:
        parser.error(f"there is no model {model}; there are dit-s/2, dit-b/2, dit-l/2, dit-xl/2, and folders")
    patch = int(name[2])
    return (*SIZES[name[1]], (256 // 8 // patch) ** 2, patch * patch * 8)


C, L, H, N, OUTPUTS = shape(options.model)


def last_level_cache():
    if device != "cpu":
        return torch.cuda.get_device_properties(0).L2_cache_size
    sizes = [32 << 20]
    for path in glob.glob("/sys/devices/system/cpu/cpu0/cache/index*/size"):
        with open(path, encoding="ascii") as file:
            text = file.read().strip()
        sizes.append(int(text[:-1]) << {"K": 10, "M": 20}[text[-1]])
    return max(sizes[1:] or sizes)


def cold(make):
    """Operands, as many as fill twice the last-level cache."""
    first = make()
    copies = math.ceil(2 * last_level_cache() / sum(t.nbytes for t in first))
    return [first] + [make() for _ in range(max(1, copies - 1))]


def clock(function, operands):
    """Seconds of each of a batch of calls."""
    if device == "cpu":
        start = time.perf_counter()
        function(*next(operands))
        return [time.perf_counter() - start]
    events = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(20)]
    for start, end in events:
        start.record()
        function(*next(operands))
        end.record()
    torch.cuda.synchronize()
    return [start.elapsed_time(end) / 1e3 for start, end in events]


def measure(what, case, form, function, sets=((),)):
    """Times a function and prints the line; a form that does not run here is said on the error output."""
    operands, seconds = itertools.cycle(sets), []
    try:
        for _ in range(max(2, min(len(sets), 20))):
            clock(function, operands)
        end = time.perf_counter() + options.limit
        while len(seconds) < options.least or (time.perf_counter() < end and len(seconds) < 100_000):
            seconds += clock(function, operands)
    except Exception as e:  # torch.compile raises whatever its backends do
        print(f"peers.py: {what}, {form}, does not run here: {str(e).splitlines()[0]}", file=sys.stderr)
        return
    line = {"peer": "pytorch " + torch.__version__.split("+")[0], "what": what, "case": case, "dtype": options.dtype, "form": form}
    line["device"] = "cpu" if device == "cpu" else torch.cuda.get_device_name()
    line["threads"] = torch.get_num_threads()
    line |= {"median_us": round(statistics.median(seconds) * 1e6, 3), "min_us": round(min(seconds) * 1e6, 3), "samples": len(seconds)}
    print(json.dumps(line), flush=True)


def random(*extents):
    return torch.randn(*extents, device=device, dtype=dtype)


def norm(x):
    return F.layer_norm(x, (x.shape[-1],), eps=1e-6)


def modulate(x, shift, scale):
    return x * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)


def attend(qkv):
    q, k, v = qkv.view(R, N, 3, H, C // H).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(R, N, C)


def kmeans(x, centroids, iterations):
    for _ in range(iterations):
        member = F.one_hot(torch.cdist(x, centroids, p=1).argmin(-1), K).float()
        centroids = member.transpose(1, 2) @ x / (member.sum(1).unsqueeze(-1) + 1e-8)
    return centroids


def kernels():
    def both(what, case, function, make):
        sets = cold(make)
        measure(what, case, "eager", function, sets)
        if options.compile:
            measure(what, case, "compiled", torch.compile(function), sets)

    def linear(x, w, b):
        return F.linear(x, w, b)

    def linear_gelu(x, w, b):
        return F.gelu(F.linear(x, w, b), approximate="tanh")

    for function, outputs, activation in [(linear, 3 * C, "none"), (linear_gelu, 4 * C, "gelu_tanh")]:
        case = {"rows": R * N, "inputs": C, "outputs": outputs, "activation": activation}
        both("linear", case, function, lambda o=outputs: (random(R * N, C), random(o, C), random(o)))
    case = {"rows": R, "tokens": N, "width": C}
    both("attention", case | {"heads": H}, attend, lambda: (random(R, N, 3 * C),))
    both("layer_norm_modulate", case, lambda x, shift, scale: modulate(norm(x), shift, scale), lambda: (random(R, N, C), random(R, C), random(R, C)))
    # Distances in float32 whatever the type, as clusca's are.
    both("kmeans", case | {"clusters": K, "iterations": 1}, lambda x, c: kmeans(x.float(), c.float(), 1), lambda: (random(R, N, C), random(R, K, C)))


def model():
    def layer(outputs, inputs):
        return torch.nn.Linear(inputs, outputs, device=device, dtype=dtype)

    blocks = [{"ada": layer(6 * C, C), "qkv": layer(3 * C, C), "proj": layer(C, C), "fc1": layer(4 * C, C), "fc2": layer(C, 4 * C)} for _ in range(L)]
    last = {"ada": layer(2 * C, C), "out": layer(OUTPUTS, C)}
    x0, c = random(R, N, C), random(R, C)
    ladders = [(random(ORDER + 1, R, N, C), random(ORDER + 1, R, N, C)) for _ in range(L)]
    labels = torch.randint(0, K, (R, N), device=device)

    def modulations(c):
        s = F.silu(c)
        return [b["ada"](s).chunk(6, 1) for b in blocks], last["ada"](s).chunk(2, 1)

    def mlp(b, h):
        return b["fc2"](F.gelu(b["fc1"](h), approximate="tanh"))

    def forecast(ladder, d):
        return sum(ladder[i] * (d**i / math.factorial(i)) for i in range(ORDER + 1))

    def full(x, c, ready=None):
        each, (shift, scale) = ready or modulations(c)
        for b, (sa, ca, ga, sm, cm, gm) in zip(blocks, each):
            x = x + ga.unsqueeze(1) * b["proj"](attend(b["qkv"](modulate(norm(x), sa, ca))))
            x = x + gm.unsqueeze(1) * mlp(b, modulate(norm(x), sm, cm))
        return last["out"](modulate(norm(x), shift, scale))

    def cached(x, c, ready=None, d=-2.0):
        each, (shift, scale) = ready or modulations(c)
        clusters = torch.arange(K, device=device)[None, :, None]
        of_tokens = labels.unsqueeze(-1).expand(-1, -1, C)
        for b, (attention, ladder), (_, _, ga, sm, cm, gm) in zip(blocks, ladders, each):
            x = x + ga.unsqueeze(1) * forecast(attention, d)
            draws = torch.rand(R, N, device=device)
            drawn = torch.where(labels.unsqueeze(1) == clusters, draws.unsqueeze(1), -1.0).argmax(2).unsqueeze(-1).expand(-1, -1, C)
            fresh = mlp(b, modulate(norm(x.gather(1, drawn)), sm, cm))
            ladder[0].scatter_(1, drawn, fresh)
            ladder[0].mul_(1 - GAMMA).add_(fresh.gather(1, of_tokens), alpha=GAMMA)
            x = x + gm.unsqueeze(1) * forecast(ladder, d)
        return last["out"](modulate(norm(x), shift, scale))

    case = {"model": options.model, "rows": R, "tokens": N, "order": ORDER, "clusters": K}
    ready = modulations(c)
    for what, step in [("full step", full), ("cached step", cached)]:
        measure(what, case, "eager", lambda s=step: s(x0, c))
        measure(what, case, "eager, hoisted", lambda s=step: s(x0, c, ready))
    x32 = x0.float()
    measure("kmeans", case | {"iterations": 20}, "eager", lambda: kmeans(x32, x32[:, :K].clone(), 20))
    if options.compile or options.freeze:
        if options.freeze:
            from torch._inductor import config as inductor

            inductor.freezing = True
        for what, step, mode in [("full step", full, "max-autotune"), ("cached step", cached, "max-autotune-no-cudagraphs")]:
            compiled = torch.compile(step, mode=None if device == "cpu" else mode)
            measure(what, case, ("frozen" if options.freeze else "compiled") + ", hoisted", lambda f=compiled: f(x0, c, ready))


{"kernels": kernels, "model": model}[options.what]()
