/* effect_table.c - one row for each audit event that a load has no business causing.
 *
 * https://docs.python.org/3/library/audit_events.html; what has no event is left to libc's
 * entries (hook_exec.c, hook_net.c).
 */
#include "shim/effect_table.h"

/* clang-format off */
static const struct sg_effect_row rows[] = {
    {"os.system", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"os.exec", SG_EFFECT_SPAWN, SG_E_RARE | SG_E_NEVER, {0, 0}, {0, 0}},
    {"os.posix_spawn", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"os.spawn", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"os.fork", SG_EFFECT_SPAWN, SG_E_RARE | SG_E_LOG, {0, 0}, {0, 0}},
    {"os.forkpty", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"os.kill", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"os.killpg", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"os.startfile", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"signal.pthread_kill", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"subprocess.Popen", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"pty.spawn", SG_EFFECT_SPAWN, SG_E_RARE | SG_E_NEVER, {0, 0}, {0, 0}},
    {"webbrowser.open", SG_EFFECT_SPAWN, SG_E_RARE | SG_E_NEVER, {0, 0}, {0, 0}},
    {"sys.remote_exec", SG_EFFECT_SPAWN, SG_E_RARE | SG_E_NEVER, {0, 0}, {0, 0}},
    {"cpython.PyInterpreterState_New", SG_EFFECT_SPAWN, SG_E_RARE, {0, 0}, {0, 0}},
    {"socket.connect", SG_EFFECT_CONNECT, SG_E_RARE | SG_E_ADDRESS, {0, 0}, {0, 0}},
    {"socket.bind", SG_EFFECT_CONNECT, SG_E_RARE | SG_E_ADDRESS, {0, 0}, {0, 0}},
    {"socket.sendto", SG_EFFECT_CONNECT, SG_E_RARE | SG_E_ADDRESS, {0, 0}, {0, 0}},
    {"socket.sendmsg", SG_EFFECT_CONNECT, SG_E_RARE | SG_E_ADDRESS, {0, 0}, {0, 0}},
    {"socket.getaddrinfo", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"socket.gethostbyname", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"socket.gethostbyaddr", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"socket.getnameinfo", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"socket.sethostname", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"urllib.Request", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"http.client.connect", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"ftplib.connect", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"smtplib.connect", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"poplib.connect", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"imaplib.open", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"nntplib.connect", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"telnetlib.Telnet.open", SG_EFFECT_CONNECT, SG_E_RARE, {0, 0}, {0, 0}},
    {"ctypes.dlopen", SG_EFFECT_NATIVE, SG_E_RARE, {0, 0}, {0, 0}},
    {"ctypes.dlsym", SG_EFFECT_NATIVE, SG_E_RARE | SG_E_SYMBOL, {0, 0}, {0, 0}},
    {"ctypes.dlsym/handle", SG_EFFECT_NATIVE, SG_E_RARE, {0, 0}, {0, 0}},
    {"ctypes.call_function", SG_EFFECT_NATIVE, SG_E_RARE, {0, 0}, {0, 0}},
    {"ctypes.string_at", SG_EFFECT_NATIVE, SG_E_RARE, {0, 0}, {0, 0}},
    {"ctypes.wstring_at", SG_EFFECT_NATIVE, SG_E_RARE, {0, 0}, {0, 0}},
    {"sqlite3.enable_load_extension", SG_EFFECT_NATIVE, SG_E_RARE, {0, 0}, {0, 0}},
    {"sqlite3.load_extension", SG_EFFECT_NATIVE, SG_E_RARE, {0, 0}, {0, 0}},
    {"exec", SG_EFFECT_CODE, 0, {0, 0}, {0, 0}},
    {"marshal.loads", SG_EFFECT_CODE, 0, {0, 0}, {0, 0}},
    {"marshal.load", SG_EFFECT_CODE, 0, {0, 0}, {0, 0}},
    {"builtins.breakpoint", SG_EFFECT_CODE, SG_E_RARE, {0, 0}, {0, 0}},
    {"cpython.run_file", SG_EFFECT_CODE, SG_E_RARE, {0, 0}, {0, 0}},
    {"open", SG_EFFECT_FILE, SG_E_RARE | SG_E_OPEN, {1, 0}, {0, 0}},
    {"os.remove", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1, 0}, {2, 0}},
    {"os.rename", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1, 2}, {3, 4}},
    {"os.rmdir", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1, 0}, {2, 0}},
    {"os.mkdir", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {3, 0}},
    {"os.link", SG_EFFECT_FILE, SG_E_RARE, {1, 2}, {3, 4}},
    {"os.symlink", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {2, 0}, {3, 0}},
    {"os.truncate", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {0, 0}},
    {"os.chmod", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {3, 0}},
    {"os.lchmod", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1, 0}, {0, 0}},
    {"os.chown", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {4, 0}},
    {"os.utime", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {4, 0}},
    {"os.setxattr", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {0, 0}},
    {"os.removexattr", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {0, 0}},
    {"shutil.copyfile", SG_EFFECT_FILE, SG_E_RARE, {2, 0}, {0, 0}},
    {"shutil.copymode", SG_EFFECT_FILE, SG_E_RARE, {2, 0}, {0, 0}},
    {"shutil.copystat", SG_EFFECT_FILE, SG_E_RARE, {2, 0}, {0, 0}},
    {"shutil.copytree", SG_EFFECT_FILE, SG_E_RARE, {2, 0}, {0, 0}},
    {"shutil.move", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1, 2}, {0, 0}},
    {"shutil.rmtree", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1, 0}, {0, 0}},
    {"shutil.chown", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {0, 0}},
    {"shutil.make_archive", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {0, 0}},
    {"shutil.unpack_archive", SG_EFFECT_FILE, SG_E_RARE, {2, 0}, {0, 0}},
    {"sqlite3.connect", SG_EFFECT_FILE, SG_E_RARE, {1, 0}, {0, 0}},
};
/* clang-format on */

const struct sg_effect_row sg_effect_module = {"import", SG_EFFECT_NATIVE, 0, {0, 0}, {0, 0}};

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
