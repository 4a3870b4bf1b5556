"""Golden file of the linear probe: scikit-learn's LogisticRegression on small problems.

    python3 tools/oracles/linear_probe.py packages/flageval/goldens/probe/logistic.json

Vectors are drawn by mulberry32, so that both sides have the same: class centres in R^8, then samples around them.
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression


def mulberry32(seed):
    state = seed & 0xFFFFFFFF
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        t ^= (t + ((t ^ (t >> 7)) * (t | 61))) & 0xFFFFFFFF
        yield ((t ^ (t >> 14)) & 0xFFFFFFFF) / 4294967296


cases = []
for seed, classes, samples, width, c in [(1, 3, 60, 8, 1.0), (2, 10, 200, 8, 0.316), (3, 2, 40, 5, 100.0), (4, 5, 100, 8, 0.01)]:
    draw = mulberry32(seed)
    signed = lambda n: np.array([2 * next(draw) - 1 for _ in range(n)])
    centres = [signed(width) for _ in range(classes)]
    y = np.array([i % classes for i in range(samples)])
    x = np.stack([centres[k] + 0.8 * signed(width) for k in y]).astype(np.float32)
    test = np.stack([centres[i % classes] + 0.8 * signed(width) for i in range(samples)]).astype(np.float32)
    model = LogisticRegression(C=c, tol=1e-10, max_iter=10000).fit(x.astype(np.float64), y)
    weights, intercepts = model.coef_, model.intercept_
    if classes == 2:
        # scikit-learn keeps one row for two classes; softmax with a penalty on two rows has a different optimum.
        continue
    cases.append(
        {
            "seed": seed,
            "classes": classes,
            "samples": samples,
            "width": width,
            "c": c,
            "weights": [round(float(w), 7) for w in weights.ravel()],
            "intercepts": [round(float(b), 7) for b in intercepts],
            "accuracy": float((model.predict(test.astype(np.float64)) == y).mean()),
        }
    )
with open(sys.argv[1], "w") as file:
    json.dump({"made_by": "tools/oracles/linear_probe.py", "sklearn": sklearn.__version__, "cases": cases}, file)
