/* beluga-peer, the program that runs the scripted peer. */
#include "client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char *program(void)
{
    static char path[4096];
    const char *root = getenv("BELUGA_BUILD_ROOT");
    if (!root) {
        print_message("# BELUGA_BUILD_ROOT does not say where the program is\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/peer/beluga-peer", root);
    return path;
}

static void run_program(char *const argv[], int out, rlim_t max_files)
{
    struct rlimit limit = {max_files, max_files};
    dup2(out, STDOUT_FILENO);
    if (max_files) setrlimit(RLIMIT_NOFILE, &limit);
    execv(program(), argv);
    _exit(127);
}

/* Start the peer's program. Unless `max_files` is 0, it may open only this many files. */
static pid_t spawn(char *const argv[], int *out, rlim_t max_files)
{
    int ends[2];
    program();
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) run_program(argv, ends[1], max_files);
    close(ends[1]);
    *out = ends[0];
    return pid;
}

static int read_port(int out)
{
    char line[64];
    size_t len = 0;
    while (len + 1 < sizeof line && read(out, line + len, 1) == 1 && line[len] != '\n') len++;
    line[len] = '\0';
    assert_int_equal(strncmp(line, "listening 127.0.0.1:", 20), 0);
    return atoi(line + 20);
}

static void assert_ends(pid_t pid, int signal_to_send, int expected)
{
    int status;
    if (signal_to_send) assert_int_equal(kill(pid, signal_to_send), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

static void the_program_serves_holds_and_ends_on_a_signal(void **state)
{
    static char text[64 * 1024];
    char *argv[] = {"beluga-peer", "--mode", "chat", "--port", "0", "--hold", NULL};
    int out;
    (void)state;
    pid_t pid = spawn(argv, &out, 0);
    int fd = dial_port(read_port(out));
    get(fd, "/v1/models");
    assert_int_equal(hear_answer(fd, text, sizeof text), 200);
    assert_non_null(strstr(text, "\"id\":\"peer-chat\""));
    post(fd, "/v1/chat/completions", "{\"model\":\"x\",\"stream\":true}");
    hear_until(fd, text, sizeof text, "\"content\":\"The\"}");
    assert_ends(pid, SIGTERM, 0);
    hear_all(fd, text, sizeof text);
    assert_null(strstr(text, "\"content\""));
    close(fd);
    close(out);
}

static void read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void the_program_logs_one_line_per_request(void **state)
{
    char path[] = "/tmp/beluga-peer-log-XXXXXX", text[4096];
    char *argv[] = {"beluga-peer", "--log", path, NULL};
    int out, file = mkstemp(path);
    (void)state;
    assert_true(file >= 0);
    close(file);
    pid_t pid = spawn(argv, &out, 0);
    int fd = dial_port(read_port(out));
    post(fd, "/v1/chat/completions?\"", "{\"model\":\"s13\"}");
    assert_int_equal(hear_answer(fd, text, sizeof text), 400);
    get(fd, "/v1/models");
    assert_int_equal(hear_answer(fd, text, sizeof text), 200);
    assert_ends(pid, SIGINT, 0);
    read_file(path, text, sizeof text);
    unlink(path);
    assert_int_equal(count(text, "\n"), 2);
    assert_int_equal(strncmp(text, "{\"time\":", 8), 0);
    assert_non_null(strstr(text,
                           "\"connection\":0,\"method\":\"POST\",\"path\":"
                           "\"/v1/chat/completions?\\\"\",\"model\":\"s13\",\"stream\":false}\n"));
    assert_non_null(strstr(text, "\"method\":\"GET\",\"path\":\"/v1/models\",\"model\":\"\""));
    close(fd);
    close(out);
}

static void the_program_outlives_a_lack_of_descriptors(void **state)
{
    enum { CLIENTS = 40 };
    static char text[64 * 1024];
    char *argv[] = {"beluga-peer", "--tokens", "3", NULL};
    int out, fds[CLIENTS];
    (void)state;
    pid_t pid = spawn(argv, &out, 16);
    int port = read_port(out);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = dial_port(port);
        post_last(fds[i], "{\"stream\":true}");
    }
    for (int i = 0; i < CLIENTS; i++) {
        hear_all(fds[i], text, sizeof text);
        assert_int_equal(count(text, "[DONE]"), 1);
        close(fds[i]);
    }
    assert_ends(pid, SIGTERM, 0);
    close(out);
}

static void the_program_ends_with_the_process_that_started_it(void **state)
{
    char *argv[] = {"beluga-peer", NULL}, byte;
    int ends[2], status;
    (void)state;
    program();
    /* When its parent is killed, the peer becomes a child of this process. */
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        pid_t pid = fork();
        if (pid == 0) run_program(argv, ends[1], 0);
        pause();
    }
    close(ends[1]);
    read_port(ends[0]);
    kill(parent, SIGKILL);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    /* The pipe ends when no process has its writing end open any longer. */
    struct pollfd pipe_end = {.fd = ends[0], .events = POLLIN};
    assert_int_equal(poll(&pipe_end, 1, WAIT_MS), 1);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    assert_true(waitpid(-1, &status, 0) > 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(ends[0]);
}

static void the_program_explains_wrong_options(void **state)
{
    char *wrong[][4] = {{"beluga-peer", "--tokens", "many", NULL},
                        {"beluga-peer", "--mode", "quiet", NULL},
                        {"beluga-peer", "--port", "65536", NULL},
                        {"beluga-peer", "--mode=batch", "--fault=rain", NULL},
                        {"beluga-peer", "--mode=batch", "--fault=lost-create:1.5", NULL},
                        {"beluga-peer", "extra", NULL, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int out;
        assert_ends(spawn(wrong[i], &out, 0), 0, 2);
        close(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_serves_holds_and_ends_on_a_signal),
        cmocka_unit_test(the_program_logs_one_line_per_request),
        cmocka_unit_test(the_program_outlives_a_lack_of_descriptors),
        cmocka_unit_test(the_program_ends_with_the_process_that_started_it),
        cmocka_unit_test(the_program_explains_wrong_options),
    };
    return cmocka_run_group_tests_name("peer_program", tests, NULL, NULL);
}
