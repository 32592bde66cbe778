/* carry.c - puts LD_PRELOAD and SAFEGUARD_* back into environments that lost them. */
#include "shim/carry.h"

#include "shim/raw.h"

#include <limits.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>

#define PRELOAD "LD_PRELOAD"
#define PREFIX "SAFEGUARD_"
#define KEPT_MOST 16u
#define KEPT_BYTES 16384u

static char library[PATH_MAX]; /* as LD_PRELOAD is to name us; "": we were not loaded that way */
static char given[PATH_MAX];   /* as it did name us, when that was a relative path */
static const char *kept[KEPT_MOST]; /* NAME=VALUE */
static size_t kept_count;
static char kept_text[KEPT_BYTES];

/* The value of an entry of that name; NULL: it is another's. */
static const char *value_of(const char *entry, const char *name, size_t len)
{
    return strncmp(entry, name, len) == 0 && entry[len] == '=' ? entry + len + 1 : NULL;
}

static const char *preload_of(const char *entry)
{
    return value_of(entry, PRELOAD, strlen(PRELOAD));
}

/* LD_PRELOAD is a list between colons or spaces. */
static bool next_object(const char **rest, const char **at, size_t *len)
{
    *at = *rest + strspn(*rest, ": ");
    *len = strcspn(*at, ": ");
    *rest = *at + *len;
    return *len > 0;
}

static bool is_object(const char *at, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(at, name, len) == 0;
}

static bool names_library(const char *list)
{
    const char *at;
    size_t len;

    while (next_object(&list, &at, &len))
        if (is_object(at, len, library))
            return true;
    return false;
}

/* "LD_PRELOAD=" with us before what `list` says; the length with the NUL. Only counts without
 * `into`. */
static size_t build_preload(char *into, const char *list)
{
    size_t used = 0, len;
    const char *at;

#define PUT(text, size)                                                                            \
    do {                                                                                           \
        if (into)                                                                                  \
            memcpy(into + used, (text), (size));                                                   \
        used += (size);                                                                            \
    } while (0)
    PUT(PRELOAD "=", strlen(PRELOAD "="));
    PUT(library, strlen(library));
    while (next_object(&list, &at, &len)) {
        if (given[0] && is_object(at, len, given))
            continue;
        PUT(":", 1);
        PUT(at, len);
    }
    PUT("", 1);
#undef PUT
    return used;
}

/* SAFEGUARD_*, where it is a variable at all. */
static bool is_setting(const char *entry)
{
    return strncmp(entry, PREFIX, strlen(PREFIX)) == 0 && strchr(entry, '=');
}

static bool has_kept(char *const env[], const char *entry)
{
    size_t len = strcspn(entry, "=");

    for (; env && *env; env++)
        if (value_of(*env, entry, len))
            return true;
    return false;
}

size_t sg_carry_room(char *const env[])
{
    size_t entries = 1, text = 0, lacking = 0;

    sg_carry_start();
    bool named = library[0] == '\0';

    for (char *const *at = env; at && *at; at++, entries++) {
        const char *list = library[0] ? preload_of(*at) : NULL;
        if (list && !names_library(list)) {
            text += build_preload(NULL, list);
            lacking++;
        }
        named = named || list;
    }
    if (!named) {
        text += build_preload(NULL, "");
        lacking++;
    }
    for (size_t i = 0; i < kept_count; i++)
        lacking += !has_kept(env, kept[i]);
    return lacking ? (entries + lacking) * sizeof(char *) + text : 0;
}

/* An environment that is put together: pointers from the room's beginning, text from its end. */
struct filling {
    char **entries;
    char *text;
    size_t count;
};

/* Whether another entry and the NULL fit, with so much text. */
static bool fits(const struct filling *filling, size_t text)
{
    size_t left = (size_t)(filling->text - (char *)(filling->entries + filling->count));

    return left >= 2 * sizeof(char *) && left - 2 * sizeof(char *) >= text;
}

static void add_entry(struct filling *filling, const char *entry)
{
    if (fits(filling, 0))
        filling->entries[filling->count++] = (char *)entry;
}

static void add_preload(struct filling *filling, const char *list)
{
    size_t size = build_preload(NULL, list);

    if (!fits(filling, size))
        return;
    filling->text -= size;
    build_preload(filling->text, list);
    add_entry(filling, filling->text);
}

/* Ours first: another thread may have made the environment larger than it was measured. */
char *const *sg_carry_fill(char *const env[], void *room, size_t size)
{
    struct filling filling = {.entries = room, .text = (char *)room + size};
    bool named = library[0] == '\0';

    if (size == 0)
        return env;
    for (size_t i = 0; i < kept_count; i++)
        if (!has_kept(env, kept[i]))
            add_entry(&filling, kept[i]);
    for (char *const *at = env; at && *at && !named; at++)
        named = preload_of(*at);
    if (!named)
        add_preload(&filling, "");
    for (char *const *at = env; at && *at; at++) {
        const char *list = library[0] ? preload_of(*at) : NULL;
        if (list && !names_library(list))
            add_preload(&filling, list);
        else
            add_entry(&filling, *at);
    }
    filling.entries[filling.count] = NULL;
    return filling.entries;
}

/* Worst case of quoting: every byte a quote, four bytes each. */
#define EXPORT_ROOM(entry) (strlen("export =''; ") + 4 * strlen(entry))

static bool is_exported(const char *entry)
{
    return preload_of(entry) || is_setting(entry);
}

size_t sg_carry_command_room(const char *command)
{
    size_t room = command ? strlen(command) + 1 : 0;

    if (room == 0 || sg_carry_room(environ) == 0)
        return 0;
    for (char *const *at = SG_CARRIED(environ); *at; at++)
        if (is_exported(*at))
            room += EXPORT_ROOM(*at);
    return room;
}

static char *put_text(char *into, const char *text)
{
    size_t len = strlen(text);

    memcpy(into, text, len + 1);
    return into + len;
}

/* export NAME='VALUE'; with the quotes in VALUE led out of the quotes. */
static char *put_export(char *into, const char *entry)
{
    const char *at = strchr(entry, '=');

    into = put_text(into, "export ");
    memcpy(into, entry, (size_t)(at - entry));
    into = put_text(into + (at - entry), "='");
    for (at++; *at; at++) {
        if (*at == '\'')
            into = put_text(into, "'\\''");
        else
            *into++ = *at;
    }
    return put_text(into, "'; ");
}

const char *sg_carry_command_fill(const char *command, char *room, size_t size)
{
    char *into = room;

    if (size == 0)
        return command;
    size_t left = size - strlen(command) - 1;
    for (char *const *at = SG_CARRIED(environ); *at; at++) {
        if (!is_exported(*at) || EXPORT_ROOM(*at) > left)
            continue;
        left -= EXPORT_ROOM(*at);
        into = put_export(into, *at);
    }
    put_text(into, command);
    return room;
}

struct search {
    uintptr_t address;
    const char *name;
};

static int find_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct search *search = ctx;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD || search->address - start >= segment->p_memsz)
            continue;
        search->name = info->dlpi_name;
        return 1;
    }
    return 0;
}

static const char *base_of(const char *path, size_t len)
{
    const char *slash = memrchr(path, '/', len);

    return slash ? slash + 1 : path;
}

/* Which entry of LD_PRELOAD we are; a relative path is made whole while it still holds. */
static void note_library(const char *list, const char *own)
{
    const char *own_base = base_of(own, strlen(own)), *at, *base;
    size_t len;

    while (next_object(&list, &at, &len)) {
        base = base_of(at, len);
        if (!is_object(base, len - (size_t)(base - at), own_base) || len >= sizeof(given))
            continue;
        size_t used = 0;
        if (*at != '/' && base != at) {
            long cwd = SG_RAW(SYS_getcwd, library, sizeof(library));
            if (cwd < 0 || (size_t)cwd + len >= sizeof(library))
                break;
            used = (size_t)cwd;
            library[used - 1] = '/';
            memcpy(given, at, len);
        }
        memcpy(library + used, at, len);
        library[used + len] = '\0';
        return;
    }
    library[0] = '\0';
}

static void keep_variable(const char *entry)
{
    static size_t used;
    size_t size = strlen(entry) + 1;

    if (kept_count == KEPT_MOST || size > sizeof(kept_text) - used)
        return;
    memcpy(kept_text + used, entry, size);
    kept[kept_count++] = kept_text + used;
    used += size;
}

void sg_carry_start(void)
{
    static atomic_flag started = ATOMIC_FLAG_INIT;
    struct search search = {.address = (uintptr_t)&kept_count};

    if (atomic_flag_test_and_set_explicit(&started, memory_order_acquire))
        return;
    dl_iterate_phdr(find_object, &search);
    for (char *const *at = environ; search.name && at && *at; at++) {
        if (preload_of(*at) && !library[0])
            note_library(preload_of(*at), search.name);
        if (is_setting(*at))
            keep_variable(*at);
    }
}
