"""Accuracy of scikit-learn's LogisticRegression on features that `mobilenet embed` computes, for test/learning/accuracy.test.ts.

    mobilenet embed flowers/train --raw --output FOLDER/flowers_train.npy    (and so on for val, ants_bees)
    python accuracy.py FOLDER > accuracy.json

Features are standardised per channel; C is the one with the least log loss in five folds, as in src/learning/fit-head.ts.
"""
import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

GRID = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1, 10]


def read(folder, name):
    rows = map(json.loads, (folder / f"{name}.names.jsonl").read_text().splitlines())
    labels = [row["file"].split("/")[-2] for row in rows if "file" in row and "error" not in row]
    return np.load(folder / f"{name}.npy"), np.array(labels)


def classifier(c):
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, class_weight="balanced", max_iter=10_000))


def accuracy(folder, name):
    train, labels = read(folder, f"{name}_train")
    test, truth = read(folder, f"{name}_val")
    folds = StratifiedKFold(5, shuffle=True, random_state=1)
    losses = [
        log_loss(labels, cross_val_predict(classifier(c), train, labels, cv=folds, method="predict_proba")) for c in GRID
    ]
    c = GRID[int(np.argmin(losses))]
    right = classifier(c).fit(train, labels).predict(test) == truth
    return {"C": c, "right": int(right.sum()), "tested": len(right), "accuracy": round(float(right.mean()), 6)}


folder = Path(sys.argv[1])
results = {name: accuracy(folder, name) for name in ("flowers", "ants_bees")}
print(json.dumps({"scikit-learn": sklearn.__version__, "model": "mobilenet_v2", **results}, indent=2))
