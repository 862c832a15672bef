/* The addresses on which a server listens. */
#include "http_stand.h"
#include "support/folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct place {
    char folder[FOLDER_BYTES];
    char path[FOLDER_BYTES + 8], address[FOLDER_BYTES + 16];
    stand *s;
} place;

static int start(void **state)
{
    place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    assert_true(folder_make(p->folder, "listen"));
    snprintf(p->path, sizeof p->path, "%s/s", p->folder);
    snprintf(p->address, sizeof p->address, "unix:%s", p->path);
    p->s = stand_new();
    *state = p;
    return 0;
}

static int stop(void **state)
{
    place *p = *state;
    stand_free(p->s);
    assert_true(folder_remove(p->folder));
    free(p);
    return 0;
}

static void check_serves(stand *s)
{
    int fd = stand_dial(s);
    stand_say(s, fd, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n");
    stand_until(s, "request:0");
    http_answer(s->x, 200, NULL, http_peer(s->x), strlen(http_peer(s->x)));
    stand_hear(s, fd, "\r\n\r\n");
    close(fd);
    stand_until_connections(s, 0);
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* ---- ports ----------------------------------------------------------------------------------- */

static void a_free_port_is_told_as_an_origin(void **state)
{
    place *p = *state;
    stand_listen(p->s, "127.0.0.1:0");
    assert_memory_equal(http_server_origin(p->s->server, 0), "http://127.0.0.1:", 17);
    assert_string_not_equal(http_server_origin(p->s->server, 0), "http://127.0.0.1:0");
    assert_null(http_server_origin(p->s->server, 1));
    check_serves(p->s);
}

static void several_addresses_are_listened_at(void **state)
{
    place *p = *state;
    char why[300];
    stand_listen(p->s, "127.0.0.1:0");
    stand_listen(p->s, p->address);
    /* A machine without IPv6 can't listen here. */
    if (http_server_listen(p->s->server, "[::1]:0", why, sizeof why) == 0)
        assert_memory_equal(http_server_origin(p->s->server, 2), "http://[::1]:", 13);
    assert_string_equal(http_server_origin(p->s->server, 1), p->address);
}

static void a_name_is_listened_at_with_each_of_its_addresses(void **state)
{
    place *p = *state;
    char address[60], why[300] = "";
    const char *origin;
    stand_listen(p->s, "localhost:0"); /* choose a free port, and release it for the next call */
    int port = atoi(strrchr(http_server_origin(p->s->server, 0), ':') + 1);
    assert_null(http_server_origin(p->s->server, 1));
    http_server_drain(p->s->server);
    snprintf(address, sizeof address, "localhost:%d", port);
    assert_int_equal(http_server_listen(p->s->server, address, why, sizeof why), 0);
    assert_non_null(http_server_origin(p->s->server, 0));
    for (size_t i = 0; (origin = http_server_origin(p->s->server, i)); i++)
        assert_int_equal(atoi(strrchr(origin, ':') + 1), port);
}

static void what_is_no_address_is_told(void **state)
{
    place *p = *state;
    static const char *const addresses[] = {"",           "4000",         "127.0.0.1",   ":4000",
                                            "127.0.0.1:", "127.0.0.1:x",  "a:65536",     "a:123456",
                                            "::1:4000",   "127.0.0.1:-1", "127.0.0.1:+1"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char why[300] = "";
        assert_int_equal(http_server_listen(p->s->server, addresses[i], why, sizeof why), EINVAL);
        assert_non_null(strstr(why, "write HOST:PORT, [IPv6]:PORT or unix:PATH"));
    }
    assert_null(http_server_origin(p->s->server, 0));
}

static void a_port_that_is_taken_is_told(void **state)
{
    place *p = *state;
    char why[300] = "";
    stand_listen(p->s, "127.0.0.1:0");
    const char *address = http_server_origin(p->s->server, 0) + strlen("http://");
    assert_int_equal(http_server_listen(p->s->server, address, why, sizeof why), EADDRINUSE);
    assert_non_null(strstr(
        why, "another program listens at this address: end that program, or choose another port"));
}

/* ---- sockets in a folder --------------------------------------------------------------------- */

static void a_path_is_its_owners_alone_and_goes_with_the_server(void **state)
{
    place *p = *state;
    struct stat status;
    mode_t mask = umask(0);
    stand_listen(p->s, p->address);
    umask(mask);
    assert_int_equal(stat(p->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    check_serves(p->s);
    assert_string_equal(http_server_origin(p->s->server, 0), p->address);
    http_server_drain(p->s->server);
    assert_false(exists(p->path));
}

static int bind_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void the_socket_of_a_server_that_is_gone_is_replaced(void **state)
{
    place *p = *state;
    int fd = bind_at(p->path);
    assert_int_equal(listen(fd, 1), 0);
    close(fd);
    stand_listen(p->s, p->address);
    check_serves(p->s);
}

static void the_socket_of_a_server_that_runs_is_left_alone(void **state)
{
    place *p = *state;
    char why[300] = "";
    int fd = bind_at(p->path);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(http_server_listen(p->s->server, p->address, why, sizeof why), EADDRINUSE);
    assert_non_null(strstr(why, "another server listens at this socket"));
    assert_true(exists(p->path));
    close(fd);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    place *p = *state;
    char why[300] = "";
    FILE *file = fopen(p->path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(http_server_listen(p->s->server, p->address, why, sizeof why), EEXIST);
    assert_non_null(strstr(why, "not a socket"));
    assert_true(exists(p->path));
}

static void a_path_that_is_another_servers_by_now_is_left_alone(void **state)
{
    place *p = *state;
    stand_listen(p->s, p->address);
    assert_int_equal(unlink(p->path), 0);
    /* The old socket stays open, so that no other file gets the same inode number. */
    int fd = bind_at(p->path);
    http_server_drain(p->s->server);
    assert_true(exists(p->path));
    close(fd);
}

static void a_path_of_no_length_or_too_long_is_told(void **state)
{
    place *p = *state;
    char why[300] = "", address[200];
    snprintf(address, sizeof address, "unix:/%0120d", 0);
    assert_int_equal(http_server_listen(p->s->server, "unix:", why, sizeof why), EINVAL);
    assert_int_equal(http_server_listen(p->s->server, address, why, sizeof why), EINVAL);
    assert_non_null(strstr(why, "1 to 107 bytes"));
    snprintf(address, sizeof address, "unix:%s/none/s", p->folder);
    assert_int_equal(http_server_listen(p->s->server, address, why, sizeof why), ENOENT);
}

/* ---- inherited sockets ----------------------------------------------------------------------- */

static void a_socket_that_listens_is_taken_over(void **state)
{
    place *p = *state;
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(http_server_adopt(p->s->server, fd), 0);
    assert_memory_equal(http_server_origin(p->s->server, 0), "http://127.0.0.1:", 17);
    check_serves(p->s);
}

static void a_socket_in_a_folder_that_was_passed_stays_there(void **state)
{
    place *p = *state;
    int fd = bind_at(p->path);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(http_server_adopt(p->s->server, fd), 0);
    assert_string_equal(http_server_origin(p->s->server, 0), p->address);
    check_serves(p->s);
    http_server_drain(p->s->server);
    assert_true(exists(p->path));
}

static void what_does_not_listen_is_not_taken_over(void **state)
{
    place *p = *state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(http_server_adopt(p->s->server, fd), EINVAL);
    close(fd);
    assert_int_not_equal(http_server_adopt(p->s->server, fd), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(a_free_port_is_told_as_an_origin),
        CASE(several_addresses_are_listened_at),
        CASE(a_name_is_listened_at_with_each_of_its_addresses),
        CASE(what_is_no_address_is_told),
        CASE(a_port_that_is_taken_is_told),
        CASE(a_path_is_its_owners_alone_and_goes_with_the_server),
        CASE(the_socket_of_a_server_that_is_gone_is_replaced),
        CASE(the_socket_of_a_server_that_runs_is_left_alone),
        CASE(a_file_that_is_no_socket_is_left_alone),
        CASE(a_path_that_is_another_servers_by_now_is_left_alone),
        CASE(a_path_of_no_length_or_too_long_is_told),
        CASE(a_socket_that_listens_is_taken_over),
        CASE(a_socket_in_a_folder_that_was_passed_stays_there),
        CASE(what_does_not_listen_is_not_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
