"""Writes metrics.json.gz: scikit-learn's report and log loss, numpy's calibration error, on ten random fixtures.

    pip install numpy scikit-learn && python metrics.py
"""

import gzip
import json
import pathlib

import numpy as np
import sklearn
from sklearn.metrics import classification_report, confusion_matrix, log_loss

random = np.random.default_rng(11)
fixtures = []
for number in range(10):
    classes = int(random.integers(2, 13))
    n = int(random.integers(5, 160))
    truth = random.integers(0, classes, n)
    if number % 3 == 0:
        truth[truth == classes - 1] = 0  # a class that occurs among the predictions at most
    logits = random.normal(size=(n, classes)) * random.uniform(0.5, 4)
    logits[np.arange(n), truth] += random.uniform(0, 4)
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    if number == 7:
        probabilities[:3] = np.eye(classes)[(truth[:3] + 1) % classes]  # sure and wrong
    predicted = probabilities.argmax(1)
    confidence = probabilities.max(1)
    right = predicted == truth
    ece = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            ece += abs(confidence[inside].mean() - right[inside].mean()) * inside.mean()
    shown = np.unique(np.concatenate([truth, predicted]))
    report = classification_report(truth, predicted, labels=shown, output_dict=True, zero_division=0)
    top5 = (np.argsort(-probabilities, axis=1, kind="stable")[:, :5] == truth[:, None]).any(1)
    fixtures.append(
        {
            "classes": classes,
            "truth": truth.tolist(),
            "probabilities": probabilities.tolist(),
            "expected": {
                "accuracy": float(right.mean()),
                "top5": float(top5.mean()),
                "logLoss": log_loss(truth, probabilities, labels=list(range(classes))),
                "ece": ece,
                "macro": report["macro avg"],
                "perClass": [{"label": int(c), **report[str(c)]} for c in shown],
                "confusion": confusion_matrix(truth, predicted, labels=shown).tolist(),
            },
        }
    )
document = {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "fixtures": fixtures}
file = pathlib.Path(__file__).with_name("metrics.json.gz")
file.write_bytes(gzip.compress(json.dumps(document).encode(), mtime=0))
