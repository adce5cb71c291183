"""spark-submit --py-files mobilenet_frames.py spark_bytes.py IMAGES PARQUET [PARTITIONS]

Images from any storage that Spark reads (`binaryFile`), through one `mobilenet` process for each partition; results as
Parquet. A process that is killed fails its task, which Spark tries again.
"""

import json
import sys

from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, DoubleType, IntegerType, StringType, StructField, StructType

from mobilenet_frames import Classifier

images, parquet = sys.argv[1], sys.argv[2]
partitions = int(sys.argv[3]) if len(sys.argv) > 3 else 64

prediction = StructType(
    [
        StructField("index", IntegerType()),
        StructField("id", StringType()),
        StructField("label", StringType()),
        StructField("probability", DoubleType()),
    ]
)
error = StructType([StructField("code", StringType()), StructField("message", StringType())])
schema = StructType(
    [
        StructField("file", StringType()),
        StructField("predictions", ArrayType(prediction)),
        StructField("error", error),
    ]
)


def classify(rows):
    """Rows of one partition, in JSON."""
    classifier = Classifier("--jobs", "1")
    for row in classifier.classify((row.path, bytes(row.content)) for row in rows):
        yield json.dumps(row)
    classifier.close()


spark = SparkSession.builder.appName("mobilenet").getOrCreate()
files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(images)
# Not `repartition`, which would send all images from executor to executor.
results = files.select("path", "content").coalesce(partitions).rdd.mapPartitions(classify)
spark.read.schema(schema).json(results).write.parquet(parquet)
spark.stop()
