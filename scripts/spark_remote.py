"""spark_remote.py - files that Hadoop reaches: which there are, and their contents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyspark.errors import AnalysisException
from spark_files import File

MISSING = "No such file or directory"
OPTIONS = {
    "ignoreCorruptFiles": True,  # what cannot be read is no row: it is missed, and stated, later
    "ignoreMissingFiles": True,
    "recursiveFileLookup": True,
    "ignoredPathSegmentRegex": "(?!)",  # Spark 4.3; older ones pass over names in . and _
    "__globPaths__": False,  # these are names, whatever is in them
}


def hadoop(spark: Any, path: str) -> tuple[Any, Any]:
    """Hadoop's name for the path, and the file system it is on."""
    target = spark._jvm.org.apache.hadoop.fs.Path(path)
    return target, target.getFileSystem(spark._jsc.hadoopConfiguration())


def exists(spark: Any, path: str) -> bool:
    target, system = hadoop(spark, path)
    return bool(system.exists(target))


def list_remote(spark: Any, path: str, *, exact: bool = False) -> Iterator[File]:
    """The files below a folder or pattern; with `exact`, no character of it is a pattern."""
    try:
        target, system = hadoop(spark, path)
        roots = [system.getFileStatus(target)] if exact else system.globStatus(target)
        for root in roots or ():
            listing = system.listFiles(root.getPath(), True)
            while listing.hasNext():
                found = listing.next()
                changed = found.getModificationTime() * 10**6
                yield File((found.getPath().toString(),), found.getLen(), changed)
        if not roots:
            yield File((path,), 0, 0, MISSING)
    except Exception as error:  # noqa: BLE001 - Java's exceptions have no common class in Python
        yield File((path,), 0, 0, f"cannot be listed: {str(error).splitlines()[0]}")


def contents(spark: Any, names: list[str], limit: int) -> Any:
    """A frame of path and content. What is longer than `limit` or cannot be read has no row in it."""
    source = spark.read.format("binaryFile").options(**OPTIONS)
    try:
        frame = source.load(names)
    except AnalysisException:  # one name that is gone by now fails them all
        frame = source.load([name for name in names if exists(spark, name)])
    return frame.where(f"length <= {limit}").select("path", "content")
