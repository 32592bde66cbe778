"""matrix_processes - models that come by way of other threads, processes and descriptors, or out of memory.

Runs in every CPython from 3.8 on. The environment's MATRIX_SENDER is a Unix socket: whoever sends it
a path is sent a descriptor of that file, opened by a program without the guard.
"""

from __future__ import annotations

import array
import ast
import asyncio
import base64
import concurrent.futures
import json
import multiprocessing
import os
import pickle
import socket
import subprocess
import sys
import threading
from typing import Any, Callable

from matrix_case import Case, dumps, model, save_pickle, write
from matrix_stdlib import read_file, reversed_bytes, save_reversed
from matrix_unpicklers import Sealed

MEMORY = "the bytes come out of memory"


def load_file(path: str) -> Any:
    with open(path, "rb") as file:
        return pickle.load(file)


# Threads and loops.


def in_a_thread(path: str) -> Any:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(load_file, path).result()


def in_eight_threads(path: str) -> Any:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        values = [one.result() for one in [pool.submit(load_file, path) for _ in range(32)]]
    assert all(value == values[0] for value in values)
    return values[0]


def in_an_executor(path: str) -> Any:
    async def work() -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, load_file, path)

    return asyncio.run(work())


def by_loop_sendfile(path: str) -> Any:
    """A server sends the file with loop.sendfile, a client unpickles what it got."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with open(path, "rb") as file:
                await asyncio.get_running_loop().sendfile(writer.transport, file)
        except Exception as error:  # noqa: BLE001 - handed to the client below
            failures.append(error)
        writer.close()

    async def work() -> bytes:
        server = await asyncio.start_unix_server(serve, path + ".socket")
        async with server:
            reader, writer = await asyncio.open_unix_connection(path + ".socket")
            data = await reader.read()
            writer.close()
        return data

    failures: list[Exception] = []
    data = asyncio.run(work())
    if os.path.exists(path + ".socket"):  # 3.13 takes it away by itself
        os.unlink(path + ".socket")
    if failures:
        raise failures[0]
    return pickle.loads(data)


# Processes.


def tell(pipe: Any, load: Callable[[str], Any], path: str) -> None:
    try:
        pipe.send((load(path), None))
    except Exception as error:  # noqa: BLE001 - an answer like any other
        pipe.send((None, str(type(error).__mro__) + str(error)))


def raise_like(told: str) -> None:
    if "PermissionError" in told:
        raise PermissionError(13, told)
    raise RuntimeError(told)


def in_a_process(method: str) -> Callable[[str], Any]:
    def load(path: str) -> Any:
        context: Any = multiprocessing.get_context(method)
        here, there = context.Pipe()
        child = context.Process(target=tell, args=(there, load_file, path))
        child.start()
        there.close()
        value, told = here.recv()
        child.join()
        if told:
            raise_like(told)
        return value

    return load


def in_a_pool(path: str) -> Any:
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        return pool.submit(load_file, path).result()


READ = "pickle.load(sys.stdin.buffer)"
CHILD = "import json, os, pickle, sys\nprint(json.dumps(repr(%s)))"


def finished(process: subprocess.Popen[bytes]) -> Any:
    out, err = process.communicate()
    if process.returncode:
        raise_like(err.decode().splitlines()[-1])
    return ast.literal_eval(json.loads(out))


def child(code: str, *arguments: str, **how: Any) -> Any:
    command = [sys.executable, "-c", CHILD % code, *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return finished(subprocess.Popen(command, **dict(pipes, **how)))


def in_a_program(path: str) -> Any:
    return child("pickle.load(open(sys.argv[1], 'rb'))", path)


def with_no_environment(path: str) -> Any:
    return child("pickle.load(open(sys.argv[1], 'rb'))", path, env={})


def on_standard_input(path: str) -> Any:
    """As `python serve.py < model` does: the shell has opened it."""
    command = ["sh", "-c", 'exec "$1" -c "$2" < "$3"', "sh", sys.executable, CHILD % READ, path]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return finished(subprocess.Popen(command, **pipes))  # type: ignore[call-overload]


def received(path: str) -> int:
    """A descriptor from a program that has no guard."""
    fds = array.array("i")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ["MATRIX_SENDER"])
        connection.send(path.encode())
        _, told, _, _ = connection.recvmsg(1, socket.CMSG_LEN(fds.itemsize))
    for _, _, data in told:
        fds.frombytes(data[: fds.itemsize])
    return fds[0]


def over_a_socket(path: str) -> Any:
    with os.fdopen(received(path), "rb") as file:
        return pickle.load(file)


def handed_down(path: str) -> Any:
    fd = received(path)
    try:
        return child("pickle.load(os.fdopen(int(sys.argv[1]), 'rb'))", str(fd), pass_fds=[fd])
    finally:
        os.close(fd)


def as_standard_input(path: str) -> Any:
    fd = received(path)
    try:
        return child(READ, stdin=fd)
    finally:
        os.close(fd)


# Memory. What the file holds backwards was malicious all the same.


def from_cat(path: str) -> Any:
    """Another program, in which the guard sleeps, reads the file."""
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as process:
        return pickle.load(process.stdout)  # type: ignore[arg-type]


def through_fifo(path: str) -> Any:
    data = reversed_bytes(path)
    os.mkfifo(path + ".fifo")
    thread = threading.Thread(target=write, args=(path + ".fifo", data))
    thread.start()
    try:
        with open(path + ".fifo", "rb") as file:
            return pickle.load(file)
    finally:
        thread.join()
        os.unlink(path + ".fifo")


def through_socket(path: str) -> Any:
    here, there = socket.socketpair()
    with here, there:
        here.sendall(reversed_bytes(path))
        here.close()
        with there.makefile("rb") as file:
            return pickle.load(file)


def through_connection(path: str) -> Any:
    here, there = multiprocessing.Pipe()
    with here, there:
        here.send_bytes(reversed_bytes(path))
        return there.recv()


class Raw:
    """Pickles to what it was given, as an attacker's object in a queue does."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __reduce__(self) -> Any:
        return pickle.loads, (self.data,)


def through_queue(path: str) -> Any:
    queue = multiprocessing.get_context("fork").Queue()
    queue.put(Raw(reversed_bytes(path)))
    try:
        return queue.get()
    finally:
        queue.close()
        queue.join_thread()


def through_shared_memory(path: str) -> Any:
    from multiprocessing.shared_memory import SharedMemory

    data = reversed_bytes(path)
    shared = SharedMemory(create=True, size=len(data))
    try:
        view: Any = shared.buf
        view[: len(data)] = data
        return pickle.loads(bytes(view[: len(data)]))
    finally:
        shared.close()
        shared.unlink()


def save_base64(path: str, extra: Any) -> Any:
    value = model(extra)
    write(path, json.dumps({"model": base64.b85encode(dumps(value, path)).decode()}).encode())
    return value


def load_base64(path: str) -> Any:
    return pickle.loads(base64.b85decode(json.loads(read_file(path))["model"]))


def sealed_in_memory(path: str) -> Any:
    import io

    return Sealed(io.BytesIO(reversed_bytes(path))).load()


def memory(name: str, load: Callable[[str], Any], save: Any = save_reversed, **how: Any) -> Case:
    return Case("memory: " + name, load, save, unseen=MEMORY, **how)


CASES = [
    Case("thread: a pool", in_a_thread),
    Case("thread: eight at once", in_eight_threads),
    Case("asyncio: run_in_executor", in_an_executor),
    Case("asyncio: loop.sendfile", by_loop_sendfile),
    Case("process: fork", in_a_process("fork")),
    Case("process: spawn", in_a_process("spawn")),
    Case("process: forkserver", in_a_process("forkserver")),
    Case("process: ProcessPoolExecutor", in_a_pool),
    Case("process: a program", in_a_program),
    Case("process: a program, empty environment", with_no_environment),
    Case("descriptor: standard input of a shell", on_standard_input),
    Case("descriptor: standard input", as_standard_input),
    Case("descriptor: SCM_RIGHTS", over_a_socket),
    Case("descriptor: handed down", handed_down),
    memory("a private format", lambda path: pickle.loads(reversed_bytes(path))),
    memory("a private format, find_class without super", sealed_in_memory),
    memory("base85 in JSON", load_base64, save_base64),
    memory("output of a program", from_cat, save_pickle),
    memory("a FIFO", through_fifo),
    memory("a socket", through_socket),
    memory("multiprocessing.Pipe", through_connection),
    memory("multiprocessing.Queue", through_queue),
    memory("shared memory", through_shared_memory),
]
