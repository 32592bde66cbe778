/* globals.c - the table of names that a stream resolves, each once. */
#include "machine/compat.h"
#include "machine/state.h"

static uint32_t hash_text(uint32_t hash, struct sg_text text)
{
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (uint8_t)text.at[i]) * 16777619u;
    return (hash ^ 0xFF) * 16777619u;
}

/* What a name is mapped to follows from how it is written, and from the flag that says it is. */
static bool same(const struct sg_global *a, const struct sg_global *b)
{
    return a->flags == b->flags && sg_text_equal(a->written_name, b->written_name) &&
           sg_text_equal(a->written_module, b->written_module);
}

static bool identifier_like(struct sg_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '.' && c != '<' && c != '>')
            return false;
    }
    return true;
}

static size_t free_slot(const struct sg_globals *g, uint32_t hash)
{
    size_t slot = hash & (g->slot_room - 1);

    while (g->slots[slot])
        slot = (slot + 1) & (g->slot_room - 1);
    return slot;
}

static bool grow(struct sg_machine *m)
{
    struct sg_globals *g = &m->globals;
    size_t room = g->room ? g->room * 2 : 64;
    size_t size = room * sizeof(struct sg_global_entry *);
    struct sg_global_entry **entries =
        sg_arena_grow(sg_machine_room(m, size), g->entries, g->room * sizeof(*entries), size);

    if (!entries)
        return false;
    g->entries = entries;
    size = 2 * room * sizeof(uint32_t);
    uint32_t *slots = sg_arena_zero(sg_machine_room(m, size), size);
    if (!slots)
        return false;
    g->slots = slots;
    g->slot_room = 2 * room;
    for (size_t i = 0; i < g->count; i++)
        slots[free_slot(g, entries[i]->hash)] = (uint32_t)i + 1;
    g->room = room;
    return true;
}

static bool keep(struct sg_machine *m, struct sg_text *text)
{
    text->at = sg_arena_copy(sg_machine_room(m, text->len + 1), text->at, text->len);
    return text->at != NULL;
}

static struct sg_global_entry *add(struct sg_machine *m, const struct sg_global *global,
                                   uint32_t hash, size_t slot)
{
    struct sg_globals *g = &m->globals;
    struct sg_global_entry *entry =
        sg_arena_zero(sg_machine_room(m, sizeof(*entry)), sizeof(*entry));

    if (!entry)
        return NULL;
    entry->shown = *global;
    struct sg_global *shown = &entry->shown;
    bool mapped = shown->flags & SG_G_PYTHON2;
    if (!keep(m, &shown->written_module) || !keep(m, &shown->written_name))
        return NULL;
    if (!mapped) {
        shown->module = shown->written_module;
        shown->qualname = shown->written_name;
    } else if (!keep(m, &shown->module) || !keep(m, &shown->qualname)) {
        return NULL;
    }
    entry->hash = hash;
    entry->fold = sg_fold_row(shown->module, shown->qualname);
    shown->index = (uint32_t)g->count;
    g->slots[slot] = (uint32_t)g->count + 1;
    g->entries[g->count++] = entry;
    return entry;
}

/* Nothing is taken of the arena for a name that is known: callers put their scratch back. */
static struct sg_global_entry *find_or_add(struct sg_machine *m, const struct sg_global *global)
{
    struct sg_globals *g = &m->globals;
    uint32_t hash = hash_text(hash_text(2166136261u, global->written_module), global->written_name);

    for (size_t slot = hash; g->slot_room; slot++) {
        uint32_t found = g->slots[slot & (g->slot_room - 1)];
        if (!found)
            break;
        struct sg_global_entry *entry = g->entries[found - 1];
        if (entry->hash == hash && same(&entry->shown, global))
            return entry;
    }
    if (g->count == g->room && !grow(m))
        return NULL;
    return add(m, global, hash, free_slot(g, hash));
}

static sg_value enter(struct sg_machine *m, struct sg_global *global)
{
    global->offset = m->opcode_offset;
    m->work += global->written_module.len + global->written_name.len;
    if (!identifier_like(global->module) || !identifier_like(global->qualname))
        global->flags |= SG_G_ODD_CHARS;
    struct sg_global_entry *entry = find_or_add(m, global);
    if (!entry)
        return SG_ABSENT;
    entry->shown.count++;
    m->outcome->globals++;
    if (m->events.global)
        m->events.global(m->events.ctx, m, &entry->shown);
    return sg_make(SG_V_GLOBAL, entry->shown.index);
}

sg_value sg_global_resolve(struct sg_machine *m, const struct sg_naming *naming)
{
    struct sg_global global = {.module = naming->module,
                               .qualname = naming->name,
                               .written_module = naming->module,
                               .written_name = naming->name,
                               .opcode = naming->opcode,
                               .flags = naming->flags};

    if (naming->name.len && memchr(naming->name.at, '.', naming->name.len))
        global.flags |= SG_G_DOTTED;
    if (m->load->proto < 3 && sg_compat_name(&global.module, &global.qualname))
        global.flags |= SG_G_PYTHON2;
    return enter(m, &global);
}

sg_value sg_global_attribute(struct sg_machine *m, const struct sg_global *of, struct sg_text name,
                             uint8_t flags)
{
    size_t len = of->qualname.len + (of->qualname.len != 0) + name.len;
    size_t known = m->globals.count, used = m->arena->used;
    char *path = sg_arena_take(m->arena, len + 1);

    if (!path)
        return SG_ABSENT;
    memcpy(path, of->qualname.at, of->qualname.len);
    if (of->qualname.len)
        path[of->qualname.len] = '.';
    memcpy(path + len - name.len, name.at, name.len);
    struct sg_global global = {.module = of->module,
                               .qualname = {path, len},
                               .written_module = of->module,
                               .written_name = {path, len},
                               .flags = (uint8_t)(flags | SG_G_COMPUTED)};
    sg_value value = enter(m, &global);
    if (m->globals.count == known)
        m->arena->used = used;
    return value;
}
