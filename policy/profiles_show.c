/* profiles_show.c - a profile as a table for people, and as JSON for container runtimes. */
#include "policy/profiles.h"

#include "policy/phrase.h"

#include <string.h>

static void add(struct sg_phrase *phrase, const char *text)
{
    sg_phrase_string(phrase, text);
}

/* `text`, filled up with blanks to `width`. */
static void add_column(struct sg_phrase *phrase, const char *text, size_t width)
{
    add(phrase, text);
    for (size_t len = strlen(text); len < width; len++)
        add(phrase, " ");
}

static void add_condition(struct sg_phrase *phrase, const struct sg_denied *row)
{
    if (row->when == SG_DENIED_ALWAYS)
        return;
    add(phrase, " (where argument ");
    sg_phrase_number(phrase, row->arg + 1);
    add(phrase, row->when == SG_DENIED_EQUAL ? " is " : " is at least ");
    sg_phrase_number(phrase, row->value);
    add(phrase, ")");
}

size_t sg_profile_show(enum sg_profile profile, char *into, size_t cap)
{
    struct sg_phrase phrase = sg_phrase_open(into, cap);

    add(&phrase, "System calls that the profile ");
    add(&phrase, sg_profile_name(profile));
    add(&phrase, " refuses, on x86-64 and 64-bit Arm:\n\n");
    for (size_t i = 0; i < sg_denied_count; i++) {
        const struct sg_denied *row = &sg_denied_calls[i];
        if (!sg_profile_denies(profile, row))
            continue;
        add_column(&phrase, row->call, 19);
        add_column(&phrase, row->error_name, 10);
        add(&phrase, row->why);
        add_condition(&phrase, row);
        add(&phrase, "\n");
    }
    add(&phrase,
        "\nCalls of x32, i386 and 32-bit Arm programs fail with ENOSYS. setuid programs gain\n"
        "nothing (no_new_privs). Threads and children are under it too, for good.\n");
    return phrase.len;
}

static void add_oci_row(struct sg_phrase *phrase, const struct sg_denied *row)
{
    add(phrase, "    {\"names\": [\"");
    add(phrase, row->call);
    add(phrase, "\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": ");
    sg_phrase_number(phrase, (uint64_t)row->error);
    if (row->when != SG_DENIED_ALWAYS) {
        add(phrase, ",\n     \"args\": [{\"index\": ");
        sg_phrase_number(phrase, row->arg);
        add(phrase, ", \"value\": ");
        sg_phrase_number(phrase, row->value);
        add(phrase, ", \"op\": \"");
        add(phrase, row->when == SG_DENIED_EQUAL ? "SCMP_CMP_EQ" : "SCMP_CMP_GE");
        add(phrase, "\"}]");
    }
    add(phrase, "}");
}

size_t sg_profile_oci(enum sg_profile profile, char *into, size_t cap)
{
    struct sg_phrase phrase = sg_phrase_open(into, cap);
    const char *between = "\n";

    add(&phrase, "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\",\n"
                 "  \"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_AARCH64\"],\n"
                 "  \"syscalls\": [");
    for (size_t i = 0; i < sg_denied_count; i++) {
        const struct sg_denied *row = &sg_denied_calls[i];
        if (!sg_profile_denies(profile, row) || row->only_started)
            continue;
        add(&phrase, between);
        add_oci_row(&phrase, row);
        between = ",\n";
    }
    add(&phrase, "\n  ]\n}\n");
    return phrase.len;
}
