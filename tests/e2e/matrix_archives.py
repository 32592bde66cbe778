"""matrix_archives - pickles inside of what the standard library opens: archives, compressed streams, databases.

Runs in every CPython from 3.8 on.
"""

from __future__ import annotations

import bz2
import copyreg
import gzip
import io
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
import zlib
from typing import Any, Callable

from matrix_case import Case, dumps, model, write
from matrix_stdlib import opened, read_file

DATABASE = "no reader knows the pages of a database"
NUMBER = "only the process knows which name the number stands for"


def packed(pack: Callable[[bytes], bytes]) -> Callable[[str, Any], Any]:
    def save(path: str, extra: Any) -> Any:
        value = model(extra)
        write(path, pack(dumps(value, path)))
        return value

    return save


def unpacked(unpack: Callable[[bytes], bytes]) -> Callable[[str], Any]:
    return lambda path: pickle.loads(unpack(read_file(path)))


def zip_of(method: int) -> Callable[[bytes], bytes]:
    def pack(data: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("notes.txt", "Only text.\n")
            archive.writestr("model.bin", data)
        return buffer.getvalue()

    return pack


def tar_of(mode: str) -> Callable[[bytes], bytes]:
    def pack(data: bytes) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
            member = tarfile.TarInfo("model.bin")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        return buffer.getvalue()

    return pack


def load_member(path: str) -> Any:
    with zipfile.ZipFile(path) as archive, archive.open("model.bin") as file:
        return pickle.load(file)


def load_through_zipimport(path: str) -> Any:
    """What a zipapp does for a model that it carries."""
    import zipimport

    return pickle.loads(zipimport.zipimporter(path).get_data("model.bin"))


def load_extracted(path: str) -> Any:
    with zipfile.ZipFile(path) as archive:
        name = archive.extract("model.bin", path + ".folder")
    with open(name, "rb") as file:
        return pickle.load(file)


def load_from_tar(mode: str) -> Callable[[str], Any]:
    def load(path: str) -> Any:
        with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
            for member in archive:
                return pickle.load(archive.extractfile(member))
        return None

    return load


def save_shelf(open_database: Callable[[str, str], Any]) -> Callable[[str, Any], Any]:
    """Some write beside the name that they are given; there has to be a file of that name, too."""

    def save(path: str, extra: Any) -> Any:
        import shelve

        value = model(extra)
        kept: Any
        with shelve.Shelf(open_database(path, "n")) as kept:
            kept["other"] = list(range(100))
            kept["key"] = value
        return value

    return save


def load_shelf(open_database: Callable[[str, str], Any]) -> Callable[[str], Any]:
    def load(path: str) -> Any:
        import shelve

        kept: Any
        with shelve.Shelf(open_database(path, "r")) as kept:
            return kept["key"]

    return load


def database(kind: str) -> Callable[[str, str], Any]:
    return lambda path, flag: __import__("dbm." + kind, fromlist=["open"]).open(path, flag)


def shelf(kind: str, module: str) -> Case:
    opener = database(kind)
    return Case(
        "shelve: dbm." + kind,
        load_shelf(opener),
        save_shelf(opener),
        needs=(module,),
        unseen=DATABASE,
    )


def save_sqlite(path: str, extra: Any) -> Any:
    value = model(extra)
    base = sqlite3.connect(path)
    with base:
        base.execute("create table models (name text, data blob)")
        base.execute("insert into models values (?, ?)", ("key", dumps(value, path)))
    base.close()
    return value


def load_sqlite(path: str) -> Any:
    base = sqlite3.connect(path)
    try:
        return pickle.loads(base.execute("select data from models").fetchone()[0])
    finally:
        base.close()


def use_sqlite(path: str) -> Any:
    """A database without pickles: read, written, read."""
    base = sqlite3.connect(path)
    with base:
        base.execute("create table if not exists numbers (n integer)")
        base.execute("delete from numbers")
        base.executemany("insert into numbers values (?)", [(n,) for n in range(2000)])
    with base:
        base.execute("pragma journal_mode = wal")
        base.execute("update numbers set n = n + 1")
    try:
        return base.execute("select sum(n), count(*) from numbers").fetchall()
    finally:
        base.close()


def save_extension(path: str, extra: Any) -> Any:
    """A name that stands as a number in the pickle: copyreg has it."""
    canary = getattr(extra, "canary", None)
    if canary is None:
        write(path, b"\x80\x02\x82\xf1]K\x01a\x85R.")  # EXT1 241: tuple([1]) as (1,)
        return (1,)
    text = ("touch " + canary).encode()
    write(path, b"\x80\x02\x82\xf0X" + len(text).to_bytes(4, "little") + text + b"\x85R.")
    return None


def load_extension(path: str) -> Any:
    names = {240: ("posix", "system"), 241: ("builtins", "tuple")}
    for number, name in names.items():
        copyreg.add_extension(*name, number)
    try:
        return opened(lambda name: open(name, "rb"))(path)
    finally:
        for number, name in names.items():
            copyreg.remove_extension(*name, number)


CASES = [
    Case("zlib: decompress", unpacked(zlib.decompress), packed(zlib.compress)),
    Case("gzip: open", opened(gzip.open), packed(gzip.compress)),
    Case("gzip: decompress", unpacked(gzip.decompress), packed(gzip.compress)),
    Case("bz2: open", opened(bz2.open), packed(bz2.compress)),
    Case("lzma: open xz", opened(lzma.open), packed(lzma.compress)),
    Case(
        "lzma: open lzma",
        opened(lzma.open),
        packed(lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
    ),
    Case("zipfile: stored", load_member, packed(zip_of(zipfile.ZIP_STORED))),
    Case("zipfile: deflated", load_member, packed(zip_of(zipfile.ZIP_DEFLATED))),
    Case("zipfile: bzip2", load_member, packed(zip_of(zipfile.ZIP_BZIP2))),
    Case("zipfile: lzma", load_member, packed(zip_of(zipfile.ZIP_LZMA))),
    Case("zipfile: extracted", load_extracted, packed(zip_of(zipfile.ZIP_DEFLATED))),
    Case(
        "zipfile: behind a script",
        load_member,
        packed(lambda data: b"#!/bin/sh\nexit\n" + zip_of(zipfile.ZIP_STORED)(data)),
    ),
    Case(
        "zipfile: zipimport get_data", load_through_zipimport, packed(zip_of(zipfile.ZIP_DEFLATED))
    ),
    Case("tarfile: plain", load_from_tar("r:"), packed(tar_of("w"))),
    Case("tarfile: gz", load_from_tar("r:*"), packed(tar_of("w:gz"))),
    Case("tarfile: a stream of xz", load_from_tar("r|*"), packed(tar_of("w:xz"))),
    shelf("dumb", "dbm.dumb"),
    shelf("gnu", "_gdbm"),
    shelf("ndbm", "_dbm"),
    shelf("sqlite3", "dbm.sqlite3"),
    Case("sqlite3: a pickle in a column", load_sqlite, save_sqlite, unseen=DATABASE),
    Case("sqlite3: beside", use_sqlite, lambda path, extra: use_sqlite(path), twin=False),
    Case("copyreg: an extension code", load_extension, save_extension, unseen=NUMBER, silent=False),
]
