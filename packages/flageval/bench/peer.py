"""CLIP_benchmark's side of bench:eval: python3 peer.py FOLDER WIDTH CAPTIONS THREADS

The package's own evaluate function, with a model that looks the vectors up.
"""
import json
import sys
import time

import numpy as np
import torch
from clip_benchmark.metrics import zeroshot_retrieval

folder, (width, captions, threads) = sys.argv[1], map(int, sys.argv[2:])
torch.set_num_threads(threads)


def read(name):
    return torch.from_numpy(np.fromfile(f"{folder}/{name}", dtype=np.float32).reshape(-1, width))


def memory(line):
    with open("/proc/self/status") as status:
        return next(int(it.split()[1]) for it in status if it.startswith(line)) / 1024


images, texts = read("images.f32"), read("texts.f32")


class Model:
    encode_image = staticmethod(lambda places: images[places])
    encode_text = staticmethod(lambda places: texts[places])


BATCH = 64
batches = [
    (torch.arange(first, min(first + BATCH, len(images))), [list(range(i * captions, (i + 1) * captions)) for i in range(first, min(first + BATCH, len(images)))])
    for first in range(0, len(images), BATCH)
]
with open("/proc/self/clear_refs", "w") as refs:
    refs.write("5")
before = memory("VmRSS")
start = time.perf_counter()
found = zeroshot_retrieval.evaluate(Model, batches, torch.tensor, "cpu", amp=False, recall_k_list=[1, 5, 10])
seconds = time.perf_counter() - start
peak = memory("VmHWM")
recalls = {}
for k in [1, 5, 10]:
    recalls[f"IR@{k}"] = found[f"image_retrieval_recall@{k}"]
    recalls[f"TR@{k}"] = found[f"text_retrieval_recall@{k}"]
print(json.dumps({"seconds": seconds, "added": peak - before, "peak": peak, "recalls": recalls}))
