/* guard_scenes.h - a file that the guard is asked for, in a program that is one to guard. */
#ifndef SG_GUARD_SCENES_H
#define SG_GUARD_SCENES_H

#include "failing_calls.h"

#include "shim/guard.h"
#include "shim/log.h"
#include "shim/still.h"

#include <stdio.h>
#include <stdlib.h>

static const char evil[] = "cposix\nsystem\n(S'x'\ntR.", clean[] = "\x80\x02](K\x01K\x02"
                                                                   "e.";
static const char text[] = "A line of text that is no model.\n";

/* What start.c is in the library: this program is one to guard. */
static uint8_t memory[1 << 20];
static struct sg_arena arena = {.base = memory, .size = sizeof(memory)};
static struct sg_policy policy;
_Atomic int sg_phase = SG_PHASE_AWAKE;

const struct sg_policy *sg_start_policy(void)
{
    return &policy;
}

const char *sg_start_exe(void)
{
    return "/usr/bin/python3";
}

void sg_start(void) {}

void sg_start_peek(const char *path)
{
    (void)path;
}

struct scene {
    const char *folder;
    const char *before, *after; /* what the file holds when it is first vetted, and then */
    size_t size;                /* padded with zeros up to it */
    int flags;
    enum sg_event event;      /* by which way */
    enum sg_snapshot weakest; /* what is promised from there on */
    char path[64];
    int fd, was; /* `was`: descriptors that were open */
    ssize_t got; /* what the guard answered: -1 is a refusal */
    int error;
};

static int count_open(void)
{
    int count = 0;

    for (int fd = 0; fd < 48; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void fill(const struct scene *scene, const char *content, size_t len)
{
    int fd = open(scene->path, O_WRONLY);

    assert_int_equal(write(fd, content, len), len);
    assert_int_equal(ftruncate(fd, (off_t)(len < scene->size ? scene->size : len)), 0);
    close(fd);
}

static size_t length(const char *content)
{
    return content == clean ? sizeof(clean) - 1 : strlen(content);
}

static void open_file(void *context)
{
    struct scene *scene = context;

    fill(scene, scene->before, length(scene->before));
    scene->was = count_open();
    scene->fd = open(scene->path, scene->flags);
    assert_true(scene->fd >= 0);
    sg_fd_forget(scene->fd);
    scene->got = -2;
    errno = 0;
}

/* What was cleared changes before it is looked at again. */
static void open_vet_and_change(void *context)
{
    struct scene *scene = context;

    open_file(context);
    assert_int_equal(sg_guard_opened(scene->fd, scene->flags, scene->path), scene->fd);
    (void)sg_guard_use(scene->fd,
                       SG_EVENT_READ); /* in strict mode not of what is open for writing */
    fill(scene, scene->after, length(scene->after));
}

static int begin_group(void **state)
{
    (void)state;
    sg_policy_defaults(&policy, &arena);
    policy.log = (struct sg_policy_log){SG_LOG_FILE, "/tmp/guard-scenes.log"};
    policy.limits.max_memory = 4 << 20;
    sg_log_open(&policy.log);
    sg_fd_start();
    return 0;
}

static int end_group(void **state)
{
    (void)state;
    unlink("/tmp/guard-scenes.log");
    return 0;
}

#endif
