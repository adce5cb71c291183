"""Writes logistic.json: scikit-learn's LogisticRegression on small random problems.

    pip install numpy scikit-learn && python logistic.py
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

random = np.random.default_rng(7)
problems = []
for rows, columns, classes, c in [(40, 6, 3, 1.0), (30, 12, 4, 0.05), (50, 4, 5, 20.0), (24, 9, 3, 1e-3)]:
    centres = random.normal(size=(classes, columns))
    # Classes of very different sizes, so that balancing them shows.
    labels = np.concatenate([np.arange(classes), np.minimum(random.geometric(0.5, rows - classes) - 1, classes - 1)])
    features = (centres[labels] + random.normal(size=(rows, columns)) * 1.5).astype(np.float32)
    model = LogisticRegression(C=c, class_weight="balanced", tol=1e-10, max_iter=10000).fit(features.astype(float), labels)
    problems.append(
        {
            "rows": rows,
            "columns": columns,
            "classes": classes,
            "inverseRegularisation": c,
            "labels": labels.tolist(),
            "features": [round(float(x), 9) for x in features.ravel()],
            "weights": [round(float(x), 9) for x in model.coef_.ravel()],
            "probabilities": [round(float(x), 9) for x in model.predict_proba(features.astype(float)).ravel()],
        }
    )
file = pathlib.Path(__file__).with_name("logistic.json")
file.write_text(json.dumps({"scikit-learn": sklearn.__version__, "problems": problems}) + "\n")
