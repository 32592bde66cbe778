/* effect_table.c - one row for each audit event that a load has no business causing.
 *
 * https://docs.python.org/3/library/audit_events.html; what has no event is left to libc's
 * entries (hook_exec.c, hook_net.c).
 */
#include "shim/effect_table.h"

static const struct sg_effect_row rows[] = {
    {"os.system", SG_EFFECT_SPAWN, SG_E_RARE},
    {"os.exec", SG_EFFECT_SPAWN, SG_E_RARE | SG_E_NEVER},
    {"os.posix_spawn", SG_EFFECT_SPAWN, SG_E_RARE},
    {"os.spawn", SG_EFFECT_SPAWN, SG_E_RARE},
    {"os.fork", SG_EFFECT_SPAWN, SG_E_RARE | SG_E_LOG},
    {"os.forkpty", SG_EFFECT_SPAWN, SG_E_RARE},
    {"os.kill", SG_EFFECT_SPAWN, SG_E_RARE},
    {"os.killpg", SG_EFFECT_SPAWN, SG_E_RARE},
    {"os.startfile", SG_EFFECT_SPAWN, SG_E_RARE},
    {"signal.pthread_kill", SG_EFFECT_SPAWN, SG_E_RARE},
    {"subprocess.Popen", SG_EFFECT_SPAWN, SG_E_RARE},
    {"pty.spawn", SG_EFFECT_SPAWN, SG_E_RARE | SG_E_NEVER},
    {"webbrowser.open", SG_EFFECT_SPAWN, SG_E_RARE | SG_E_NEVER},
    {"cpython.PyInterpreterState_New", SG_EFFECT_SPAWN, SG_E_RARE},
    {"socket.connect", SG_EFFECT_CONNECT, SG_E_RARE | SG_E_ADDRESS},
    {"socket.bind", SG_EFFECT_CONNECT, SG_E_RARE | SG_E_ADDRESS},
    {"socket.sendto", SG_EFFECT_CONNECT, SG_E_RARE | SG_E_ADDRESS},
    {"socket.sendmsg", SG_EFFECT_CONNECT, SG_E_RARE | SG_E_ADDRESS},
    {"socket.getaddrinfo", SG_EFFECT_CONNECT, SG_E_RARE},
    {"socket.gethostbyname", SG_EFFECT_CONNECT, SG_E_RARE},
    {"socket.gethostbyaddr", SG_EFFECT_CONNECT, SG_E_RARE},
    {"socket.getnameinfo", SG_EFFECT_CONNECT, SG_E_RARE},
    {"socket.sethostname", SG_EFFECT_CONNECT, SG_E_RARE},
    {"urllib.Request", SG_EFFECT_CONNECT, SG_E_RARE},
    {"http.client.connect", SG_EFFECT_CONNECT, SG_E_RARE},
    {"ftplib.connect", SG_EFFECT_CONNECT, SG_E_RARE},
    {"smtplib.connect", SG_EFFECT_CONNECT, SG_E_RARE},
    {"poplib.connect", SG_EFFECT_CONNECT, SG_E_RARE},
    {"imaplib.open", SG_EFFECT_CONNECT, SG_E_RARE},
    {"nntplib.connect", SG_EFFECT_CONNECT, SG_E_RARE},
    {"telnetlib.Telnet.open", SG_EFFECT_CONNECT, SG_E_RARE},
    {"ctypes.dlopen", SG_EFFECT_NATIVE, SG_E_RARE},
    {"ctypes.dlsym", SG_EFFECT_NATIVE, SG_E_RARE},
    {"ctypes.dlsym/handle", SG_EFFECT_NATIVE, SG_E_RARE},
    {"ctypes.call_function", SG_EFFECT_NATIVE, SG_E_RARE},
    {"ctypes.string_at", SG_EFFECT_NATIVE, SG_E_RARE},
    {"ctypes.wstring_at", SG_EFFECT_NATIVE, SG_E_RARE},
    {"sqlite3.enable_load_extension", SG_EFFECT_NATIVE, SG_E_RARE},
    {"sqlite3.load_extension", SG_EFFECT_NATIVE, SG_E_RARE},
    {"exec", SG_EFFECT_CODE, 0},
    {"marshal.loads", SG_EFFECT_CODE, 0},
    {"marshal.load", SG_EFFECT_CODE, 0},
    {"builtins.breakpoint", SG_EFFECT_CODE, SG_E_RARE},
    {"cpython.run_file", SG_EFFECT_CODE, SG_E_RARE},
    {"open", SG_EFFECT_FILE, SG_E_RARE | SG_E_OPEN, {1}},
    {"os.remove", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1}, {2}},
    {"os.rename", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1, 2}, {3, 4}},
    {"os.rmdir", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1}, {2}},
    {"os.mkdir", SG_EFFECT_FILE, SG_E_RARE, {1}, {3}},
    {"os.link", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1, 2}, {3, 4}},
    {"os.symlink", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {2}, {3}},
    {"os.truncate", SG_EFFECT_FILE, SG_E_RARE, {1}},
    {"os.chmod", SG_EFFECT_FILE, SG_E_RARE, {1}, {3}},
    {"os.lchmod", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1}},
    {"os.chown", SG_EFFECT_FILE, SG_E_RARE, {1}, {4}},
    {"os.setxattr", SG_EFFECT_FILE, SG_E_RARE, {1}},
    {"os.removexattr", SG_EFFECT_FILE, SG_E_RARE, {1}},
    {"shutil.copyfile", SG_EFFECT_FILE, SG_E_RARE, {2}},
    {"shutil.copymode", SG_EFFECT_FILE, SG_E_RARE, {2}},
    {"shutil.copystat", SG_EFFECT_FILE, SG_E_RARE, {2}},
    {"shutil."
     "copytree",
     SG_EFFECT_FILE,
     SG_E_RARE,
     {2}},
    {"shutil.move", SG_EFFECT_FILE, SG_E_RARE | SG_E_LINK, {1, 2}},
    {"shutil."
     "rmtree",
     SG_EFFECT_FILE,
     SG_E_RARE | SG_E_LINK,
     {1}},
    {"shutil.chown", SG_EFFECT_FILE, SG_E_RARE, {1}},
    {"shutil."
     "make_"
     "archive",
     SG_EFFECT_FILE,
     SG_E_RARE,
     {1}},
    {"shutil"
     ".unpac"
     "k_"
     "archiv"
     "e",
     SG_EFFECT_FILE,
     SG_E_RARE,
     {2}},
    {"sq"
     "li"
     "te"
     "3."
     "co"
     "nn"
     "ec"
     "t",
     SG_EFFECT_FILE,
     SG_E_RARE,
     {1}},
};

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
