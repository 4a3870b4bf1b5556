"""Decisions of scikit-learn's RidgeClassifier on rows of ones and zeros, as goldens for the step qa-cleaner of @flag/data.

    python3 tools/oracles/ridge_classifier.py packages/flagdata/goldens/ridge.json.gz

Needs scikit-learn, numpy. Rows are sets of words drawn from two overlapping distributions, seed 7; alpha 150 as in FlagData
and 1, where the penalty hardly matters.
"""

import gzip
import json
import sys
from importlib.metadata import version

import numpy as np
from sklearn.linear_model import RidgeClassifier


def main(output):
    rng = np.random.default_rng(7)
    columns, rows, labels = 400, [], []
    for i in range(160):
        label = int(rng.random() < 0.4)
        shift = 150 if label else 0
        words = (rng.geometric(0.02, 30) + shift * (rng.random(30) < 0.5)) % columns
        rows.append(sorted({int(word) for word in words}))
        labels.append(label)
    matrix = np.zeros((len(rows), columns))
    for i, row in enumerate(rows):
        matrix[i, row] = 1
    train = 120
    decisions = {}
    for alpha in (1, 150):
        model = RidgeClassifier(alpha=alpha).fit(matrix[:train], labels[:train])
        decisions[alpha] = [float(x) for x in model.decision_function(matrix[train:])]
    golden = {
        "made": "tools/oracles/ridge_classifier.py",
        "versions": {name: version(name) for name in ("scikit-learn", "numpy")},
        "columns": columns,
        "train": train,
        "rows": rows,
        "labels": labels,
        "decisions": decisions,
    }
    with gzip.GzipFile(output, "wb", mtime=0) as file:
        file.write(json.dumps(golden).encode())


main(*sys.argv[1:])
