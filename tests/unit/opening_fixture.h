/* opening_fixture.h - a folder, a policy, and a supervisor that answers the opens of a child. */
#ifndef SG_OPENING_FIXTURE_H
#define SG_OPENING_FIXTURE_H

#include "supervised_child.h"

#include "shim/supervise/opening.h"
#include "shim/supervise/place.h"
#include "shim/supervise/rights.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define NOBODY 65534
#define BAD "cos\nsystem\n(S'touch canary'\ntR." /* what the policy refuses */

static char top[] = "/tmp/openingXXXXXX";
static uint8_t memory[1 << 20] __attribute__((aligned(16)));
static struct sg_policy policy;
static struct sg_request request;

static inline int set_up(void **state)
{
    static struct sg_arena arena = {.base = memory, .size = sizeof(memory)};

    (void)state;
    sg_policy_defaults(&policy, &arena);
    alarm(100);
    return !mkdtemp(top) || chmod(top, 0777) || chdir(top) || !sg_rights_start() ||
           !sg_place_start();
}

static inline int tear_down(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", top);
    return system(command);
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* Opens what the child asks for, and answers it. */
static inline int answer_open(const struct child *child)
{
    assert_int_equal(child_opens(child, &request), 0);
    int fd = sg_opening(&request, &policy);
    assert_int_equal(fd < 0 ? sg_request_fail(&request, fd) : 0, 0);
    return fd < 0 ? fd : sg_request_give(&request, fd);
}

#endif
