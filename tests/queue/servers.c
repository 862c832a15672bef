#include "servers.h"

#include "support/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS       60000
#define STEP_MS       20
#define ADDRESS_BYTES 512

static void nap(void)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
    nanosleep(&step, NULL);
}

static bool wait_for_port(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool there = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
        close(fd);
        if (there) return true;
        nap();
    }
    return false;
}

/* Run scripts/nats-server with this argument, and read its output without the newline. */
static bool ask_script(const char *what, char *text, size_t size)
{
    char command[600];
    snprintf(command, sizeof command, "'%s/scripts/nats-server' %s 2>/dev/null",
             getenv("BELUGA_SOURCE_ROOT"), what);
    FILE *pipe = popen(command, "r");
    size_t n = pipe ? fread(text, 1, size - 1, pipe) : 0;
    int status = pipe ? pclose(pipe) : -1;
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return status == 0;
}

static void write_routes(const servers *s, int index, FILE *file)
{
    if (s->count == 1) return;
    fprintf(file, "cluster {\n name: beluga\n listen: \"127.0.0.1:%d\"\n routes: [",
            s->routes[index]);
    for (int i = 0; i < s->count; i++)
        fprintf(file, "%s\"nats://127.0.0.1:%d\"", i ? ", " : "", s->routes[i]);
    fprintf(file, "]\n}\n");
}

static void configure(const servers *s, int index)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%d.conf", s->folder, index);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "listen: \"127.0.0.1:%d\"\nserver_name: s%d\n", s->ports[index], index);
    fprintf(file, "jetstream { store_dir: \"%s/%d\"%s }\n", s->folder, index,
            s->syncs ? ", sync_interval: always" : "");
    write_routes(s, index, file);
    fprintf(file, "%s\n", s->extra);
    fclose(file);
}

static pid_t run(const servers *s, int index)
{
    char config[128], log[128];
    snprintf(config, sizeof config, "%s/%d.conf", s->folder, index);
    snprintf(log, sizeof log, "%s/%d.log", s->folder, index);
    pid_t pid = fork();
    if (pid) return pid;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    execl(s->program, s->program, "-c", config, (char *)NULL);
    _exit(127);
}

static void find(servers *s, int count)
{
    char ignored[64];
    *s = (servers){.count = count, .is_new = ask_script("--installed", ignored, sizeof ignored)};
    if (ask_script("--path", s->program, sizeof s->program)) return;
    print_message("# no nats-server is here (scripts/nats-server --fetch)\n");
    skip();
}

static void start(servers *s)
{
    assert_true(folder_make(s->folder, "nats"));
    for (int i = 0; i < s->count; i++) {
        s->ports[i] = keep_port(&s->kept[s->n_kept++]);
        s->routes[i] = keep_port(&s->kept[s->n_kept++]);
    }
    for (int i = 0; i < s->count; i++) configure(s, i);
    for (int i = 0; i < s->count; i++) s->pids[i] = run(s, i);
    for (int i = 0; i < s->count; i++) assert_true(wait_for_port(s->ports[i]));
}

void servers_start(servers *s, int count, const char *extra)
{
    find(s, count);
    snprintf(s->extra, sizeof s->extra, "%s", extra ? extra : "");
    start(s);
}

void servers_start_durable(servers *s, int count)
{
    find(s, count);
    s->syncs = s->is_new;
    if (!s->syncs) {
        print_message("# this server confirms before it has written (scripts/nats-server "
                      "--fetch gets one with sync_interval: always)\n");
        skip();
    }
    start(s);
}

void servers_kill(servers *s, int index)
{
    if (s->pids[index] <= 0) return;
    kill(s->pids[index], SIGKILL);
    waitpid(s->pids[index], NULL, 0);
    s->pids[index] = 0;
}

void servers_pause(servers *s, int index)
{
    int status = 0;
    kill(s->pids[index], SIGSTOP);
    assert_int_equal(waitpid(s->pids[index], &status, WUNTRACED), s->pids[index]);
    assert_true(WIFSTOPPED(status));
}

void servers_configure_again(servers *s, const char *extra)
{
    snprintf(s->extra, sizeof s->extra, "%s", extra);
    for (int i = 0; i < s->count; i++) configure(s, i);
}

void servers_start_again(servers *s, int index)
{
    s->pids[index] = run(s, index);
    assert_true(wait_for_port(s->ports[index]));
}

void servers_stop(servers *s)
{
    for (int i = 0; i < s->count; i++) servers_kill(s, i);
    for (int i = 0; i < s->n_kept; i++) close(s->kept[i]);
    if (s->folder[0]) folder_remove(s->folder);
    *s = (servers){0};
}

const char *servers_address(const servers *s, const char *job, const char *query, char *text,
                            size_t size)
{
    size_t n = (size_t)snprintf(text, size, "nats://");
    for (int i = 0; i < s->count; i++)
        n += (size_t)snprintf(text + n, size - n, "%s127.0.0.1:%d", i ? "," : "", s->ports[i]);
    snprintf(text + n, size - n, "/%s%s%s", job, query ? "?" : "", query ? query : "");
    return text;
}

/* ---- the servers of a test ------------------------------------------------------------------- */

servers nats;

int nats_set_up(void **state)
{
    (void)state;
    nats = (servers){0};
    return 0;
}

int nats_tear_down(void **state)
{
    (void)state;
    servers_stop(&nats);
    return 0;
}

const char *nats_at(const char *job, const char *query)
{
    static char text[ADDRESS_BYTES];
    return servers_address(&nats, job, query, text, sizeof text);
}
