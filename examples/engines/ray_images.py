"""python ray_images.py IMAGES PARQUET [WORKERS]

A Ray Data pipeline: each worker keeps one `mobilenet` process, and batches of images go through it; results as Parquet.
"""

import os
import sys

import ray

from mobilenet_frames import Classifier

images, parquet = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
workers = int(sys.argv[3]) if len(sys.argv) > 3 else 2


class Images:
    """An actor; Ray starts it again should it die, and repeats its batch."""

    def __init__(self):
        self.classifier = None

    def __call__(self, batch):
        pairs = list(zip(batch["path"], batch["bytes"]))
        try:
            rows = self.classify(pairs)
        except (RuntimeError, OSError):
            # The process was killed: another one, once.
            self.classifier = None
            rows = self.classify(pairs)
        return {
            "file": [row["file"] for row in rows],
            "label": [row["predictions"][0]["label"] if row.get("predictions") else None for row in rows],
            "probability": [row["predictions"][0]["probability"] if row.get("predictions") else None for row in rows],
            "error": [row["error"]["code"] if "error" in row else None for row in rows],
        }

    def classify(self, pairs):
        if self.classifier is None:
            self.classifier = Classifier("--jobs", "1")
        return list(self.classifier.classify(pairs))


ray.init()
dataset = ray.data.read_binary_files(images, include_paths=True)
# Reading needs processors too: with one for each actor, it would wait for ever.
dataset.map_batches(Images, batch_size=64, concurrency=workers, num_cpus=0.5).write_parquet(parquet)
