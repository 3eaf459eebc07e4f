#!/usr/bin/env python3
"""PyTorch's side of a measurement beside clusca: plain PyTorch as a careful user would write it, on the CPU or a GPU. Needs torch only; peers.sh calls it.

    peers.py kernels MODEL [OPTIONS]    single operations at a model's shapes: linear, attention, layer norm + modulate, one iteration of L1 k-means
    peers.py model MODEL [OPTIONS]      a full step, a ClusCa cached step and 20 iterations of k-means, or the decoding of a picture, with random weights

MODEL is a published size (dit-s/2, dit-b/2, dit-l/2, dit-xl/2, each with other patches) or a folder with a config.json; of whole models also a slice of FLUX.1 by its double and single blocks and
the side of its picture in pixels, flux-dev/1+2/512, with 512 text tokens, and the decoder of Stable Diffusion's autoencoder by the same, sd-vae/256. Prints one JSON line a measurement.

Method: calls warm up (and compile); then each call is timed on its own until the time limit, at least `--least` of them; median and least are printed. Operands of single operations are made
as often as it takes to fill four times the last-level cache, and take turns, so that they come from memory. On a GPU events time the calls, in batches, so that launches hide behind work.
Forms: eager; compiled (torch.compile); frozen (Inductor's weight freezing, CPU); hoisted leaves out what clusca computes once a run, the adaLN modulations and FLUX's embedded text, and of FLUX's cached
step the text, which reaches no picture. Float32 stays float32: no TF32.
"""
import argparse
import ctypes
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

# PyTorch's temporaries keep their pages: by default glibc gives large ones back, and the kernel clears them anew. As mallopt's names are in C: M_MMAP_THRESHOLD, M_TRIM_THRESHOLD.
for parameter, size in ((-3, 1 << 25), (-1, 1 << 30)):
    assert ctypes.CDLL(None).mallopt(parameter, size) == 1

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


FLUX = re.fullmatch(r"flux-(dev|schnell)/(\d+)\+(\d+)/(\d+)", options.model)
VAE = re.fullmatch(r"sd-vae/(\d+)", options.model)
if options.what == "kernels" or not (FLUX or VAE):
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
    """Operands, as many as fill four times the last-level cache, as clusca's."""
    first = make()
    copies = math.ceil(4 * last_level_cache() / sum(t.nbytes for t in first))
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


def forecast(ladder, d):
    """Its Taylor series at d, with one temporary."""
    total = torch.add(ladder[0], ladder[1], alpha=d)
    for i in range(2, len(ladder)):
        total.add_(ladder[i], alpha=d**i / math.factorial(i))
    return total


def numbered(index, among):
    """Rows [R, n] of [R, among, C] as rows of [R * among, C]: an expanded index of every element takes two to three times as long."""
    return (index + torch.arange(index.shape[0], device=device).unsqueeze(1) * among).flatten()


def drawn_members(of):
    """A random member of every cluster, [R, K]."""
    clusters = torch.arange(K, device=device)[None, :, None]
    draws = torch.rand(of.shape, device=device)
    return torch.where(of.unsqueeze(1) == clusters, draws.unsqueeze(1), -1.0).argmax(2)


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
    of_tokens = numbered(labels, K)  # known since the full step

    def modulations(c):
        s = F.silu(c)
        return [b["ada"](s).chunk(6, 1) for b in blocks], last["ada"](s).chunk(2, 1)

    def mlp(b, h):
        return b["fc2"](F.gelu(b["fc1"](h), approximate="tanh"))

    def full(x, c, ready=None):
        each, (shift, scale) = ready or modulations(c)
        for b, (sa, ca, ga, sm, cm, gm) in zip(blocks, each):
            x = x + ga.unsqueeze(1) * b["proj"](attend(b["qkv"](modulate(norm(x), sa, ca))))
            x = x + gm.unsqueeze(1) * mlp(b, modulate(norm(x), sm, cm))
        return last["out"](modulate(norm(x), shift, scale))

    def cached(x, c, ready=None, d=-2.0):
        each, (shift, scale) = ready or modulations(c)
        for b, (attention, ladder), (_, _, ga, sm, cm, gm) in zip(blocks, ladders, each):
            x = torch.addcmul(x, ga.unsqueeze(1), forecast(attention, d))
            drawn = numbered(drawn_members(labels), N)
            fresh = mlp(b, modulate(norm(x.view(R * N, C).index_select(0, drawn).view(R, K, C)), sm, cm)).view(R * K, C)
            base = ladder[0].view(R * N, C)
            base.index_copy_(0, drawn, fresh)
            base.mul_(1 - GAMMA).add_(fresh.index_select(0, of_tokens), alpha=GAMMA)
            x = torch.addcmul(x, gm.unsqueeze(1), forecast(ladder, d))
        return last["out"](modulate(norm(x), shift, scale))

    case = {"model": options.model, "rows": R, "tokens": N, "order": ORDER, "clusters": K}
    x32 = x0.float()
    steps(case, full, cached, (x0, c), modulations(c))
    measure("kmeans", case | {"iterations": 20}, "eager", lambda: kmeans(x32, x32[:, :K].clone(), 20))


def steps(case, full, cached, inputs, ready):
    """Both kinds of step in every form."""
    for what, step in [("full step", full), ("cached step", cached)]:
        measure(what, case, "eager", lambda s=step: s(*inputs))
        measure(what, case, "eager, hoisted", lambda s=step: s(*inputs, ready))
    if options.compile or options.freeze:
        for what, step, mode in [("full step", full, "max-autotune"), ("cached step", cached, "max-autotune-no-cudagraphs")]:
            function, form = compiled(step, mode)
            measure(what, case, form + ", hoisted", lambda f=function: f(*inputs, ready))


def compiled(function, mode):
    """A function in the compiled form that is asked for, and what that form is called."""
    if options.freeze:
        from torch._inductor import config as inductor

        inductor.freezing = True
    return torch.compile(function, mode=None if device == "cpu" else mode), "frozen" if options.freeze else "compiled"


def flux():
    """A slice of FLUX.1 at its published widths: one picture, order 1, text before image in one sequence."""
    width, heads, context, vector, text, order = 3072, 24, 4096, 768, 512, 1
    head, pixels = width // heads, int(FLUX[4])
    side = pixels // 16
    n = side * side

    def layer(outputs, inputs):
        return torch.nn.Linear(inputs, outputs, device=device, dtype=dtype)

    def scales():
        return random(head), random(head)

    def stream():
        w = {"mod": layer(6 * width, width), "qkv": layer(3 * width, width), "scales": scales(), "proj": layer(width, width)}
        return w | {"fc1": layer(4 * width, width), "fc2": layer(width, 4 * width)}

    doubles = [(stream(), stream()) for _ in range(int(FLUX[2]))]
    singles = [{"mod": layer(3 * width, width), "in": layer(7 * width, width), "scales": scales(), "out": layer(width, 5 * width)} for _ in range(int(FLUX[3]))]
    image_in, text_in, last_mod, last = layer(width, 64), layer(width, context), layer(2 * width, width), layer(64, width)
    image0, text0, c = random(1, n, 64), random(1, text, context), random(1, width)
    ladders = [[random(order + 1, 1, tokens, width) for tokens in (n, n, text, text)] for _ in doubles]
    totals = [random(order + 1, 1, text + n, width) for _ in singles]
    labels = [torch.randint(0, K, (1, tokens), device=device) for tokens in (n, text)]

    def positions():
        rows = torch.arange(side, device=device).repeat_interleave(side)
        columns = torch.arange(side, device=device).repeat(side)
        points = torch.cat([torch.zeros(text, 3, device=device), torch.stack([torch.zeros_like(rows), rows, columns], 1).float()])
        angles = [points[:, axis, None] / 10000 ** (torch.arange(0, d, 2, device=device) / d) for axis, d in enumerate((16, 56, 56))]
        angles = torch.cat(angles, 1)
        return angles.cos(), angles.sin()

    cos, sin = positions()

    def split(qkv):
        return qkv.view(1, -1, 3, heads, head).permute(2, 0, 3, 1, 4)

    def joined(q, k, v):
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(1, -1, width)

    def normed(x, scale):
        """[1, heads, tokens, head]"""
        return F.rms_norm(x, (head,), eps=1e-6) * scale

    def rotated(x):
        a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
        return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2).to(dtype)

    def prepare(c, text0):
        s = F.silu(c)
        return [(i["mod"](s).chunk(6, 1), t["mod"](s).chunk(6, 1)) for i, t in doubles], [b["mod"](s).chunk(3, 1) for b in singles], last_mod(s).chunk(2, 1), text_in(text0)

    def mlp(w, h):
        return w["fc2"](F.gelu(w["fc1"](h), approximate="tanh"))

    def rest(w, x, m, attended):
        x = x + m[2].unsqueeze(1) * w["proj"](attended)
        return x + m[5].unsqueeze(1) * mlp(w, modulate(norm(x), m[3], m[4]))

    def full(image, text_given, c, ready=None):
        of_doubles, of_singles, (shift, scale), t = ready or prepare(c, text_given)
        x = image_in(image)
        for (wi, wt), (mi, mt) in zip(doubles, of_doubles):
            qi, ki, vi = split(wi["qkv"](modulate(norm(x), mi[0], mi[1])))
            qt, kt, vt = split(wt["qkv"](modulate(norm(t), mt[0], mt[1])))
            q = torch.cat([normed(qt, wt["scales"][0]), normed(qi, wi["scales"][0])], 2)
            k = torch.cat([normed(kt, wt["scales"][1]), normed(ki, wi["scales"][1])], 2)
            a = joined(rotated(q), rotated(k), torch.cat([vt, vi], 2))
            x, t = rest(wi, x, mi, a[:, text:]), rest(wt, t, mt, a[:, :text])
        y = torch.cat([t, x], 1)
        for w, m in zip(singles, of_singles):
            qkv, hidden = w["in"](modulate(norm(y), m[0], m[1])).split([3 * width, 4 * width], -1)
            q, k, v = split(qkv)
            a = joined(rotated(normed(q, w["scales"][0])), rotated(normed(k, w["scales"][1])), v)
            y = y + m[2].unsqueeze(1) * w["out"](torch.cat([a, F.gelu(hidden, approximate="tanh")], -1))
        return last(modulate(norm(y[:, text:]), shift, scale))

    def stream_cached(w, x, m, attention, ladder, of, gamma, d):
        x = torch.addcmul(x, m[2].unsqueeze(1), forecast(attention, d))
        drawn = drawn_members(of)[0]
        fresh = mlp(w, modulate(norm(x[0].index_select(0, drawn).unsqueeze(0)), m[3], m[4]))[0]
        base = ladder[0][0]
        base.index_copy_(0, drawn, fresh)
        if gamma > 0:
            base.mul_(1 - gamma).add_(fresh.index_select(0, of[0]), alpha=gamma)
        return torch.addcmul(x, m[5].unsqueeze(1), forecast(ladder, d))

    def cached(image, text_given, c, ready=None, d=-2.0):
        of_doubles, of_singles, (shift, scale), t = ready or prepare(c, text_given)
        x = image_in(image)
        for (wi, wt), (mi, mt), (ai, li, at, lt) in zip(doubles, of_doubles, ladders):
            x = stream_cached(wi, x, mi, ai, li, labels[0], GAMMA, d)
            if not ready:
                t = stream_cached(wt, t, mt, at, lt, labels[1], 0, d)
        first = text if ready else 0
        y = x if ready else torch.cat([t, x], 1)
        for m, total in zip(of_singles, totals):
            y = torch.addcmul(y, m[2].unsqueeze(1), forecast(total[:, :, first:], d))
        return last(modulate(norm(y[:, text - first:]), shift, scale))

    case = {"model": options.model, "rows": 1, "tokens": text + n, "order": order, "clusters": K}
    steps(case, full, cached, (image0, text0, c), prepare(c, text0))


def decoder():
    """The decoder of Stable Diffusion's autoencoder at its published size, one picture. Channels lie innermost, which PyTorch is faster with."""
    widths, side = (512, 512, 256, 128), int(VAE[1]) // 8

    def convolution(outputs, inputs, size=3):
        return torch.nn.Conv2d(inputs, outputs, size, padding=size // 2, device=device, dtype=dtype).to(memory_format=torch.channels_last)

    def group_norm(channels):
        return torch.nn.GroupNorm(32, channels, eps=1e-6, device=device, dtype=dtype)

    def residual(outputs, inputs):
        w = {"norm1": group_norm(inputs), "conv1": convolution(outputs, inputs), "norm2": group_norm(outputs), "conv2": convolution(outputs, outputs)}
        return w | ({"shortcut": convolution(outputs, inputs, 1)} if inputs != outputs else {})

    first, last, last_norm, after = convolution(512, 4), convolution(3, 128), group_norm(128), convolution(4, 4, 1)
    middle = residual(512, 512), residual(512, 512)
    attention = [torch.nn.Linear(512, 512, device=device, dtype=dtype) for _ in range(4)]
    attention_norm = group_norm(512)
    ups = [([residual(width, before if i == 0 else width) for i in range(3)], convolution(width, width)) for before, width in zip((512, *widths), widths)]

    def add_residual(w, x):
        h = w["conv1"](F.silu(w["norm1"](x)))
        h = w["conv2"](F.silu(w["norm2"](h)))
        return (w["shortcut"](x) if "shortcut" in w else x) + h

    def add_attention(x):
        tokens = attention_norm(x).flatten(2).transpose(1, 2).unsqueeze(1)
        q, k, v = (layer(tokens) for layer in attention[:3])
        out = attention[3](F.scaled_dot_product_attention(q, k, v))
        return x + out.squeeze(1).transpose(1, 2).view(x.shape)

    def decode(latents):
        x = first(after(latents))
        x = add_residual(middle[1], add_attention(add_residual(middle[0], x)))
        for i, (blocks, enlarged) in enumerate(ups):
            for block in blocks:
                x = add_residual(block, x)
            if i < 3:
                x = enlarged(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return last(F.silu(last_norm(x)))

    latents = random(1, 4, side, side).to(memory_format=torch.channels_last)
    assert decode(latents).shape == (1, 3, 8 * side, 8 * side)
    case = {"model": options.model, "rows": 1}
    measure("decode", case, "eager", lambda: decode(latents))
    if options.compile or options.freeze:
        function, form = compiled(decode, "max-autotune")
        measure("decode", case, form, lambda: function(latents))


{"kernels": kernels, "model": flux if FLUX else decoder if VAE else model}[options.what]()
