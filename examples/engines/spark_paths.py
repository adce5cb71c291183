"""spark-submit spark_paths.py NAMES ROWS [PARTITIONS]

Names of images, one in a line of the text files NAMES, go through `mobilenet` on the executors; its rows, in JSON, are
written to the folder ROWS. All executors see the images under these names. A process that is killed fails its task, which
Spark tries again.
"""

import os
import sys

from pyspark.sql import SparkSession

names, rows = sys.argv[1], sys.argv[2]
partitions = int(sys.argv[3]) if len(sys.argv) > 3 else 64

spark = SparkSession.builder.appName("mobilenet").getOrCreate()

# 3 means that there was no name at all, as in an empty partition: failed images are rows.
command = """sh -c 'mobilenet classify --files-from - --format jsonl --allow-failures --quiet --jobs 1
    code=$?; [ $code -eq 3 ] || exit $code'"""
# `pipe` starts the command with an empty environment.
environment = {name: os.environ[name] for name in ("PATH", "HOME", "MOBILENET_HOME") if name in os.environ}
# With these settings of the C library, memory does not grow and mobilenet needs no second process.
environment.update(MALLOC_MMAP_THRESHOLD_="32768", MALLOC_ARENA_MAX="2")

lines = spark.sparkContext.textFile(names).repartition(partitions)
lines.pipe(command, env=environment, checkCode=True).saveAsTextFile(rows)
spark.stop()
