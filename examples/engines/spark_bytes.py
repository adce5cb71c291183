"""spark-submit --py-files mobilenet_frames.py spark_bytes.py IMAGES PARQUET [PARTITIONS]

Images from any storage that Spark reads (`binaryFile`), through one `mobilenet` process for each Python worker, which stays
for its later tasks; results as Parquet. A `mobilenet` process that is killed is replaced; a task that fails is repeated by
Spark.
"""

import itertools
import sys

import pyarrow
from pyspark import SparkConf
from pyspark.sql import SparkSession

from mobilenet_frames import kept_classifier

images, parquet = sys.argv[1], sys.argv[2]
partitions = int(sys.argv[3]) if len(sys.argv) > 3 else 64

prediction = pyarrow.struct(
    {"index": pyarrow.int32(), "id": pyarrow.string(), "label": pyarrow.string(), "probability": pyarrow.float64()}
)
error = pyarrow.struct({"code": pyarrow.string(), "message": pyarrow.string()})
columns = pyarrow.schema({"file": pyarrow.string(), "predictions": pyarrow.list_(prediction), "error": error})
schema = """file string,
    predictions array<struct<index: int, id: string, label: string, probability: double>>,
    error struct<code: string, message: string>"""


def classify(batches):
    """Rows of one partition."""
    files = (pair for batch in batches for pair in zip(batch["path"], batch["content"]))
    images = ((path.as_py(), content.as_buffer()) for path, content in files)
    rows = kept_classifier("--jobs", "1").classify(images)
    while some := list(itertools.islice(rows, 64)):
        yield pyarrow.RecordBatch.from_pylist(some, columns)


conf = SparkConf()
# Images at a time from the executor to Python: a few megabytes.
conf.setIfMissing("spark.sql.execution.arrow.maxRecordsPerBatch", "32")
# Executors only pass bytes on: the second compiler of the JVM would cost more than it gains.
conf.setIfMissing("spark.executor.extraJavaOptions", "-XX:TieredStopAtLevel=1")
spark = SparkSession.builder.appName("mobilenet").config(conf=conf).getOrCreate()
files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(images)
# Not `repartition`, which would send all images from executor to executor.
files.select("path", "content").coalesce(partitions).mapInArrow(classify, schema).write.parquet(parquet)
spark.stop()
