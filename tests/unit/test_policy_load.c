/* test_policy_load.c - policy files and folders: which are believed, which refused, which hold. */
#include "policy_fixture.h"

#include "policy/site_file.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char root[64]; /* a folder of the test's own, where it also stands */

static int enter_folder(void **state)
{
    strcpy(root, "/tmp/sg-policy-XXXXXX");
    if (!mkdtemp(root) || chdir(root) != 0)
        return -1;
    umask(022);
    return fresh_arena(state);
}

static int leave_folder(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    return chdir("/") != 0 || system(command) != 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static struct sg_policy defaults(void)
{
    struct sg_policy policy;

    sg_policy_defaults(&policy, &arena);
    return policy;
}

/* Neither taken, nor anything changed, nor a descriptor left open. */
static void refuses_file(const char *path, const char *message)
{
    struct sg_policy policy = defaults(), before;
    int next = open("/dev/null", O_RDONLY), after;

    close(next);
    memcpy(&before, &policy, sizeof(policy));
    assert_int_not_equal(sg_policy_read(&policy, path, &error), SG_OK);
    assert_string_equal(error_text(), message);
    assert_memory_equal(&policy, &before, sizeof(policy));
    after = open("/dev/null", O_RDONLY);
    assert_int_equal(after, next);
    close(after);
}

static void a_file_is_read(void **state)
{
    struct sg_policy policy = defaults();

    (void)state;
    write_file("my.ini", "[guard]\nmode = log\n");
    assert_int_equal(sg_policy_read(&policy, "my.ini", &error), SG_OK);
    assert_int_equal(policy.mode, SG_LOG);
    assert_string_equal(policy.file, "my.ini");
    write_file("empty.ini", "");
    assert_int_equal(sg_policy_read(&policy, "empty.ini", &error), SG_OK);
    assert_int_equal(policy.mode, SG_LOG);
}

static void what_cannot_be_believed_is_refused(void **state)
{
    (void)state;
    refuses_file("absent.ini", "absent.ini: cannot be read: no such file");
    write_file("open.ini", "[guard]\nmode = log\n");
    chmod("open.ini", 0646);
    refuses_file("open.ini", "open.ini: anybody may write to it (chmod o-w)");
    mkdir("folder.ini", 0755);
    refuses_file("folder.ini", "folder.ini: no regular file");
    mkfifo("pipe.ini", 0644);
    refuses_file("pipe.ini", "pipe.ini: no regular file");
    refuses_file("/dev/null", "/dev/null: no regular file");
    assert_int_equal(symlink("nowhere.ini", "link.ini"), 0);
    refuses_file("link.ini", "link.ini: cannot be read: no such file");
    assert_int_equal(symlink("loop.ini", "loop.ini"), 0);
    refuses_file("loop.ini", "loop.ini: cannot be read: too many symbolic links");
    refuses_file("open.ini/x.ini", "open.ini/x.ini: cannot be read: no folder");
    refuses_file("/proc/self/mem", "/proc/self/mem: cannot be read: input/output error");
    refuses_file("/proc/self/status", "/proc/self/status: grew while it was read");
    write_file("long.ini", "");
    assert_int_equal(truncate("long.ini", (1 << 20) + 1), 0);
    refuses_file("long.ini", "long.ini: longer than 1 MiB");
    write_file("bad.ini", "[guard]\nmod = log\n");
    refuses_file("bad.ini", "bad.ini:2: unknown key 'mod' in [guard]; did you mean 'mode'?");
}

static void a_rare_error_is_told_by_its_number(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket.ini"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    refuses_file("socket.ini", "socket.ini: cannot be read: error 6");
    close(fd);
}

static void a_file_without_permission_is_refused(void **state)
{
    (void)state;
    if (geteuid() == 0)
        assert_int_equal(seteuid(65534), 0);
    chmod(root, 0755);
    refuses_file("/proc/1/environ", "/proc/1/environ: cannot be read: permission denied");
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

static void a_file_that_does_not_fit_the_arena_is_refused(void **state)
{
    (void)state;
    write_file("my.ini", "[guard]\nmode = log\n");
    for (size_t size = 0; size < 16 + 32 + 16; size += 16) {
        arena.size = size;
        arena.used = 0;
        refuses_file("my.ini", size < 48 ? "my.ini: no memory left" : "my.ini:2: too many entries");
    }
}

static void a_folder_that_does_not_fit_the_arena_is_refused(void **state)
{
    struct sg_policy policy;
    size_t refused = 0;

    (void)state;
    write_file("my.ini", "");
    mkdir("my.d", 0755);
    write_file("my.d/a.ini", "[guard]\nmode = log\n");
    for (size_t size = 0; size < 256; size += 16) {
        arena = (struct sg_arena){.base = memory, .size = size};
        policy = defaults();
        if (sg_policy_read(&policy, "my.ini", &error) == SG_OK) {
            assert_int_equal(policy.mode, SG_LOG);
            continue;
        }
        assert_int_equal(policy.mode, SG_BLOCK);
        assert_non_null(strstr(error.line ? "too many entries" : "no memory left", error.message));
        refused++;
    }
    assert_in_range(refused, 6, 12);
}

static void the_folder_beside_is_read_in_order_of_names(void **state)
{
    struct sg_policy policy = defaults();

    (void)state;
    write_file("site.ini", "[guard]\nmode = log\n[allow]\nglobal = a\n");
    mkdir("site.d", 0755);
    write_file("site.d/20-b.ini", "[allow]\nglobal = c\n[scan]\nmax_depth = 20\n");
    write_file("site.d/10-a.ini", "[allow]\nglobal = b\n[scan]\nmax_depth = 10\n");
    write_file("site.d/30.ini~", "[guard]\nmode = off\n");
    write_file("site.d/.hidden.ini", "[guard]\nmode = off\n");
    write_file("site.d/README", "no policy");
    assert_int_equal(sg_policy_read(&policy, "site.ini", &error), SG_OK);
    assert_int_equal(policy.mode, SG_LOG);
    assert_int_equal(policy.limits.max_depth, 20);
    assert_int_equal(policy.allow_globals.count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(policy.allow_globals.items[i].at[0], "abc"[i]);

    write_file("policy.conf", "");
    mkdir("policy.conf.d", 0755);
    write_file("policy.conf.d/x.ini", "[guard]\nmode = off\n");
    policy = defaults();
    assert_int_equal(sg_policy_read(&policy, "policy.conf", &error), SG_OK);
    assert_int_equal(policy.mode, SG_ALLOW);
}

static void a_bad_file_of_the_folder_refuses_the_whole(void **state)
{
    (void)state;
    write_file("site.ini", "[guard]\nmode = log\n");
    mkdir("site.d", 0755);
    write_file("site.d/a.ini", "[guard]\nmode = off\n");
    write_file("site.d/b.ini", "\n[guard]\nlogs = stderr\n");
    refuses_file("site.ini", "site.d/b.ini:3: unknown key 'logs' in [guard]; did you mean 'log'?");
    write_file("site.d/b.ini", "");
    chmod("site.d/b.ini", 0666);
    refuses_file("site.ini", "site.d/b.ini: anybody may write to it (chmod o-w)");
    unlink("site.d/b.ini");
    assert_int_equal(symlink("nowhere", "site.d/b.ini"), 0);
    refuses_file("site.ini", "site.d/b.ini: cannot be read: no such file");
    unlink("site.d/b.ini");
    chmod("site.d", 01777);
    refuses_file("site.ini", "site.d: anybody may write to this folder (chmod o-w)");
    chmod("site.d", 0755);
    for (int i = 0; i < 64; i++) {
        char name[32];
        snprintf(name, sizeof(name), "site.d/n%d.ini", i);
        write_file(name, "");
    }
    refuses_file("site.ini", "site.d: more than 64 files");
    assert_int_equal(rename("site.d", "gone.d"), 0);
    write_file("site.d", "");
    refuses_file("site.ini", "site.d: cannot be read: no folder");
    unlink("site.d");
    assert_int_equal(symlink("nowhere", "site.d"), 0);
    refuses_file("site.ini", "site.d: cannot be read: no such file");
}

static void a_folder_of_64_files_is_read(void **state)
{
    struct sg_policy policy = defaults();

    (void)state;
    write_file("site.ini", "");
    mkdir("site.d", 0755);
    for (int i = 0; i < 64; i++) {
        char name[300], text[64];
        snprintf(name, sizeof(name), "site.d/%02d%0200d.ini", (i * 37) % 64, 0);
        snprintf(text, sizeof(text), "[allow]\nglobal = n%02d\n", (i * 37) % 64);
        write_file(name, text);
    }
    assert_int_equal(sg_policy_read(&policy, "site.ini", &error), SG_OK);
    assert_int_equal(policy.allow_globals.count, 64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(atoi(policy.allow_globals.items[i].at + 1), i);
}

/* What loading "site.ini" and `chosen` gives: the mode, or -1 with the error's text. */
static int load(const char *chosen, struct sg_policy *policy)
{
    *policy = defaults();
    return sg_policy_load(policy, "site.ini", chosen, &error) == SG_OK ? (int)policy->mode : -1;
}

static void what_was_chosen_goes_before_the_site(void **state)
{
    struct sg_policy policy;

    (void)state;
    write_file("mine.ini", "[guard]\nmode = off\n");
    assert_int_equal(load(NULL, &policy), SG_BLOCK);
    assert_null(policy.file);
    assert_int_equal(load("", &policy), SG_BLOCK);
    assert_int_equal(load("mine.ini", &policy), SG_ALLOW);
    assert_string_equal(policy.file, "mine.ini");
    assert_int_equal(load("absent.ini", &policy), -1);
    assert_string_equal(error_text(), "absent.ini: cannot be read: no such file");

    write_file("site.ini", "[guard]\nmode = log\n[allow]\nglobal = a\n");
    assert_int_equal(load(NULL, &policy), SG_LOG);
    assert_string_equal(policy.file, "site.ini");
    assert_int_equal(load("mine.ini", &policy), SG_ALLOW);
    assert_int_equal(policy.allow_globals.count, 0);
    assert_int_equal(policy.ignored, 0);
}

static void a_folder_holds_without_a_site_file(void **state)
{
    struct sg_policy policy;

    (void)state;
    mkdir("site.d", 0755);
    write_file("site.d/a.ini", "[guard]\nmode = log\n");
    assert_int_equal(load(NULL, &policy), SG_LOG);
}

static void a_locked_site_holds_whatever_is_chosen(void **state)
{
    struct sg_policy policy;

    (void)state;
    write_file("mine.ini", "[guard]\nmode = off\n");
    write_file("site.ini", "[guard]\nmode = log\n");
    mkdir("site.d", 0755);
    write_file("site.d/lock.ini", "[guard]\nlocked = yes\n");
    assert_int_equal(load("mine.ini", &policy), SG_LOG);
    assert_int_equal(policy.ignored, SG_IGNORED_POLICY);
    assert_string_equal(policy.file, "site.ini");
    assert_int_equal(load("site.ini", &policy), SG_LOG);
    assert_int_equal(policy.ignored, 0);
}

static void a_bad_site_is_refused_whatever_is_chosen(void **state)
{
    struct sg_policy policy;

    (void)state;
    write_file("mine.ini", "[guard]\nmode = off\n");
    write_file("site.ini", "[guard]\nlocked = yess\n");
    assert_int_equal(load("mine.ini", &policy), -1);
    assert_int_equal(policy.mode, SG_BLOCK);
    unlink("site.ini");
    assert_int_equal(symlink("nowhere", "site.ini"), 0);
    assert_int_equal(load(NULL, &policy), -1);
    assert_string_equal(error_text(), "site.ini: cannot be read: no such file");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

static void a_folder_that_is_gone_while_it_is_listed_is_told(void **state)
{
    struct sg_site_folder folder;
    char path[64];

    (void)state;
    assert_int_equal(mkdir("gone.d", 0755), 0);
    int fd = open("gone.d", O_RDONLY | O_DIRECTORY);
    assert_int_equal(rmdir("gone.d"), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    assert_int_equal(sg_site_folder_list(path, &arena, &folder, &error), SG_ERR_IO);
    assert_non_null(strstr(error_text(), "cannot be read: no such file"));
    close(fd);
}

static void short_names_have_folders_too(void **state)
{
    struct sg_policy policy = defaults();

    (void)state;
    write_file("site", "[guard]\nmode = log\n");
    assert_int_equal(mkdir("site.d", 0755), 0);
    write_file("site.d/ini", "[guard]\nmode = off\n");
    write_file("site.d/a.ini", "[guard]\non_partial = log\n");
    assert_int_equal(sg_policy_load(&policy, "site", NULL, &error), SG_OK);
    assert_int_equal(policy.mode, SG_LOG);
    assert_int_equal(policy.on_partial, SG_LOG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_is_read),
        IN_FOLDER(a_folder_that_is_gone_while_it_is_listed_is_told),
        IN_FOLDER(short_names_have_folders_too),
        IN_FOLDER(what_cannot_be_believed_is_refused),
        IN_FOLDER(a_rare_error_is_told_by_its_number),
        IN_FOLDER(a_file_without_permission_is_refused),
        IN_FOLDER(a_file_that_does_not_fit_the_arena_is_refused),
        IN_FOLDER(a_folder_that_does_not_fit_the_arena_is_refused),
        IN_FOLDER(the_folder_beside_is_read_in_order_of_names),
        IN_FOLDER(a_bad_file_of_the_folder_refuses_the_whole),
        IN_FOLDER(a_folder_of_64_files_is_read),
        IN_FOLDER(what_was_chosen_goes_before_the_site),
        IN_FOLDER(a_folder_holds_without_a_site_file),
        IN_FOLDER(a_locked_site_holds_whatever_is_chosen),
        IN_FOLDER(a_bad_site_is_refused_whatever_is_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
