"""python ray_images.py IMAGES PARQUET [WORKERS]

A Ray Data pipeline: each worker keeps one `mobilenet` process, and batches of images go through it; results as Parquet.
"""

import os
import sys

import pyarrow
import ray

from mobilenet_frames import Classifier

images, parquet = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
workers = int(sys.argv[3]) if len(sys.argv) > 3 else 2

columns = pyarrow.schema(
    {"file": pyarrow.string(), "label": pyarrow.string(), "probability": pyarrow.float64(), "error": pyarrow.string()}
)


class Images:
    """An actor; Ray starts it again should it die, and repeats its batch. A process that is killed is replaced."""

    def __init__(self):
        self.classifier = Classifier("--jobs", "1", "--top", "1")

    def __call__(self, batch):
        images = ((path.as_py(), content.as_buffer()) for path, content in zip(batch["path"], batch["bytes"]))
        return pyarrow.Table.from_pylist([self.result(row) for row in self.classifier.classify(images)], columns)

    @staticmethod
    def result(row):
        best = (row.get("predictions") or [{}])[0]
        return {**best, "file": row["file"], "error": row["error"]["code"] if "error" in row else None}


ray.init()
# Tasks that read get what fills a block (128 MB) each; not at least 200 of them, which would be tiny.
ray.data.DataContext.get_current().read_op_min_num_blocks = 4 * workers
dataset = ray.data.read_binary_files(images, include_paths=True)
# Reading needs processors too: with one for each actor, it would wait for ever. Arrow's batches are not copied.
results = dataset.map_batches(Images, batch_size=64, batch_format="pyarrow", concurrency=workers, num_cpus=0.5)
# Few files, and few tasks that write them.
results.write_parquet(parquet, min_rows_per_file=100_000)
