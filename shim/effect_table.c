/* effect_table.c - one row for each audit event that a load has no business causing.
 *
 * https://docs.python.org/3/library/audit_events.html; what has no event is left to libc's
 * entries (hook_exec.c, hook_net.c).
 */
#include "shim/effect_table.h"

#define SPAWN(event, ...) {event, SG_EFFECT_SPAWN, SG_E_RARE __VA_ARGS__, {0, 0}, {0, 0}},
#define CONNECT(event, ...) {event, SG_EFFECT_CONNECT, SG_E_RARE __VA_ARGS__, {0, 0}, {0, 0}},
#define NATIVE(event, ...) {event, SG_EFFECT_NATIVE, SG_E_RARE __VA_ARGS__, {0, 0}, {0, 0}},
#define CODE(event, flags) {event, SG_EFFECT_CODE, flags, {0, 0}, {0, 0}},
#define FILES(event, flags, p, q, f, g) {event, SG_EFFECT_FILE, SG_E_RARE | (flags), {p, q}, {f, g}},

static const struct sg_effect_row rows[] = {
    SPAWN("os.system")
    SPAWN("os.exec", | SG_E_NEVER)
    SPAWN("os.posix_spawn")
    SPAWN("os.spawn")
    SPAWN("os.fork", | SG_E_LOG)
    SPAWN("os.forkpty")
    SPAWN("os.kill")
    SPAWN("os.killpg")
    SPAWN("os.startfile")
    SPAWN("signal.pthread_kill")
    SPAWN("subprocess.Popen")
    SPAWN("pty.spawn", | SG_E_NEVER)
    SPAWN("webbrowser.open", | SG_E_NEVER)
    SPAWN("cpython.PyInterpreterState_New")
    CONNECT("socket.connect", | SG_E_ADDRESS)
    CONNECT("socket.bind", | SG_E_ADDRESS)
    CONNECT("socket.sendto", | SG_E_ADDRESS)
    CONNECT("socket.sendmsg", | SG_E_ADDRESS)
    CONNECT("socket.getaddrinfo")
    CONNECT("socket.gethostbyname")
    CONNECT("socket.gethostbyaddr")
    CONNECT("socket.getnameinfo")
    CONNECT("socket.sethostname")
    CONNECT("urllib.Request")
    CONNECT("http.client.connect")
    CONNECT("ftplib.connect")
    CONNECT("smtplib.connect")
    CONNECT("poplib.connect")
    CONNECT("imaplib.open")
    CONNECT("nntplib.connect")
    CONNECT("telnetlib.Telnet.open")
    NATIVE("ctypes.dlopen")
    NATIVE("ctypes.dlsym")
    NATIVE("ctypes.dlsym/handle")
    NATIVE("ctypes.call_function")
    NATIVE("ctypes.string_at")
    NATIVE("ctypes.wstring_at")
    NATIVE("sqlite3.enable_load_extension")
    NATIVE("sqlite3.load_extension")
    CODE("exec", 0)
    CODE("marshal.loads", 0)
    CODE("marshal.load", 0)
    CODE("builtins.breakpoint", SG_E_RARE)
    CODE("cpython.run_file", SG_E_RARE)
    FILES("open", SG_E_OPEN, 1, 0, 0, 0)
    FILES("os.remove", SG_E_LINK, 1, 0, 2, 0)
    FILES("os.rename", SG_E_LINK, 1, 2, 3, 4)
    FILES("os.rmdir", SG_E_LINK, 1, 0, 2, 0)
    FILES("os.mkdir", 0, 1, 0, 3, 0)
    FILES("os.link", SG_E_LINK, 1, 2, 3, 4)
    FILES("os.symlink", SG_E_LINK, 2, 0, 3, 0)
    FILES("os.truncate", 0, 1, 0, 0, 0)
    FILES("os.chmod", 0, 1, 0, 3, 0)
    FILES("os.lchmod", SG_E_LINK, 1, 0, 0, 0)
    FILES("os.chown", 0, 1, 0, 4, 0)
    FILES("os.setxattr", 0, 1, 0, 0, 0)
    FILES("os.removexattr", 0, 1, 0, 0, 0)
    FILES("shutil.copyfile", 0, 2, 0, 0, 0)
    FILES("shutil.copymode", 0, 2, 0, 0, 0)
    FILES("shutil.copystat", 0, 2, 0, 0, 0)
    FILES("shutil.copytree", 0, 2, 0, 0, 0)
    FILES("shutil.move", SG_E_LINK, 1, 2, 0, 0)
    FILES("shutil.rmtree", SG_E_LINK, 1, 0, 0, 0)
    FILES("shutil.chown", 0, 1, 0, 0, 0)
    FILES("shutil.make_archive", 0, 1, 0, 0, 0)
    FILES("shutil.unpack_archive", 0, 2, 0, 0, 0)
    FILES("sqlite3.connect", 0, 1, 0, 0, 0)
};

const struct sg_effect_row sg_effect_module = {
    "import", SG_EFFECT_NATIVE, 0, {0, 0}, {0, 0}};

#define COUNT (sizeof(rows) / sizeof(rows[0]))
#define SLOTS 256u

static uint8_t slots[SLOTS]; /* a row's number + 1 */

static unsigned slot_of(const char *event)
{
    unsigned hash = 5381;

    for (; *event; event++)
        hash = hash * 33 ^ (unsigned char)*event;
    return (hash ^ hash >> 9) % SLOTS;
}

void sg_effect_table_start(void)
{
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned at = slot_of(rows[i].event);
        while (slots[at])
            at = (at + 1) % SLOTS;
        slots[at] = (uint8_t)(i + 1);
    }
}

const struct sg_effect_row *sg_effect_find(const char *event)
{
    for (unsigned at = slot_of(event); slots[at]; at = (at + 1) % SLOTS)
        if (!strcmp(rows[slots[at] - 1].event, event))
            return &rows[slots[at] - 1];
    return NULL;
}

const char *sg_effect_words(enum sg_effect effect)
{
    static const char *const words[] = {
        [SG_EFFECT_SPAWN] = "starts or ends a process",
        [SG_EFFECT_CONNECT] = "uses the network",
        [SG_EFFECT_NATIVE] = "loads native code",
        [SG_EFFECT_CODE] = "runs program text",
        [SG_EFFECT_FILE] = "changes files",
    };

    return words[effect];
}

const char *sg_effect_rule(enum sg_effect effect)
{
    static const char *const names[] = {
        [SG_EFFECT_SPAWN] = "effect-spawn",   [SG_EFFECT_CONNECT] = "effect-connect",
        [SG_EFFECT_NATIVE] = "effect-native", [SG_EFFECT_CODE] = "effect-code",
        [SG_EFFECT_FILE] = "effect-file",
    };

    return names[effect];
}
