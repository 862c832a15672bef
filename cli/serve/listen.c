#include "serve/listen.h"

#include "base/text.h"
#include "exit.h"
#include "output.h"
#include "serve/origin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_PASSED_FD 3
#define MAX_PASSED_FDS  SERVE_MAX_LISTEN
#define WHY_BYTES       512

/* ---- addresses without keys ------------------------------------------------------------------ */

static int refuse_without_keys(const char *address)
{
    out_error("not listening at %s: other machines can reach this address, and there are no keys. "
              "Give each client a key (beluga serve --new-key NAME), or listen at 127.0.0.1",
              address);
    return CLI_EXIT_CONFIG;
}

static bool is_local(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 || origin_is_local(address);
}

static bool is_local_socket(int fd)
{
    struct sockaddr_storage at;
    socklen_t length = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &length)) return false;
    if (at.ss_family == AF_UNIX) return true;
    if (at.ss_family == AF_INET)
        return ntohl(((struct sockaddr_in *)&at)->sin_addr.s_addr) >> 24 == 127;
    return at.ss_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&at)->sin6_addr);
}

/* ---- systemd's sockets ----------------------------------------------------------------------- */

/* Returns the number of sockets that systemd passed to this process, from FIRST_PASSED_FD on. */
static int passed_sockets(void)
{
    int64_t count = 0, pid = 0;
    const char *pid_text = getenv("LISTEN_PID"), *count_text = getenv("LISTEN_FDS");
    if (!pid_text || !count_text || !beluga__text_to_int(pid_text, strlen(pid_text), &pid) ||
        !beluga__text_to_int(count_text, strlen(count_text), &count) || pid != getpid())
        return 0;
    return count < 0 ? 0 : count > MAX_PASSED_FDS ? MAX_PASSED_FDS : (int)count;
}

static int adopt(serve *s, int count)
{
    for (int fd = FIRST_PASSED_FD; fd < FIRST_PASSED_FD + count; fd++) {
        if (!serve_has_keys(&s->now->settings) && !is_local_socket(fd))
            return refuse_without_keys("the socket that LISTEN_FDS passed");
        int error = http_server_adopt(s->http, fd);
        if (!error) continue;
        out_error("the socket %d of LISTEN_FDS can't be used: %s", fd, strerror(error));
        return CLI_EXIT_OTHER;
    }
    return 0;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static int listen_at(serve *s, const char *address)
{
    char why[WHY_BYTES] = "";
    if (!serve_has_keys(&s->now->settings) && !is_local(address))
        return refuse_without_keys(address);
    int error = http_server_listen(s->http, address, why, sizeof why);
    if (!error) return 0;
    out_error("%s%s", why,
              error == EADDRINUSE ? " (use --listen 127.0.0.1:PORT; port 0 chooses a free one)"
                                  : "");
    return error == EINVAL ? CLI_EXIT_USAGE : CLI_EXIT_OTHER;
}

int serve_listen(serve *s)
{
    const arg_list *given = &s->args->listen;
    const serve_settings *settings = &s->now->settings;
    int passed = passed_sockets(), rc = 0;
    if (passed && !given->count) return adopt(s, passed);
    for (size_t i = 0; i < given->count && rc == 0; i++) rc = listen_at(s, given->items[i]);
    if (given->count) return rc;
    for (size_t i = 0; i < settings->n_listen && rc == 0; i++)
        rc = listen_at(s, settings->listen[i]);
    return rc;
}

/* ---- messages at the start ------------------------------------------------------------------- */

static void tell_models(const serve *s)
{
    const serve_model *model;
    char text[256] = "";
    size_t n = 0, i = 0;
    for (; (model = serve_models_at(s->now->models, i)); i++) {
        size_t length = strlen(model->name);
        if (n + length + 8 > sizeof text) continue;
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "", model->name);
    }
    out_note("%zu %s: %s", i, i == 1 ? "model" : "models", n ? text : "none");
    if (i == 1 && strcmp(text, "mock/echo") == 0)
        out_note("no provider has a key; store one with beluga keys set PROVIDER");
}

/* Returns the first model that is not a mock, or the first model if all are mocks. */
static const serve_model *worth_naming(const serve *s)
{
    const serve_model *model;
    for (size_t i = 0; (model = serve_models_at(s->now->models, i)); i++)
        if (strncmp(model->name, "mock/", 5) != 0) return model;
    return serve_models_at(s->now->models, 0);
}

void serve_greet(const serve *s)
{
    const char *origin = NULL, *first = NULL;
    const serve_model *model = worth_naming(s);
    for (size_t i = 0; (origin = http_server_origin(s->http, i)); i++) {
        out_note("listening at %s", origin);
        if (!first && strncmp(origin, "http", 4) == 0) first = origin;
    }
    tell_models(s);
    if (!first || out_is_quiet()) return;
    out_detail("\n"
               "OpenAI's clients:  export OPENAI_BASE_URL=%s/v1 OPENAI_API_KEY=%s\n"
               "Claude Code:       export ANTHROPIC_BASE_URL=%s ANTHROPIC_AUTH_TOKEN=%s "
               "ANTHROPIC_MODEL=%s\n"
               "Codex, in its config.toml:\n"
               "  model = \"%s\"\n"
               "  model_provider = \"beluga\"\n"
               "  [model_providers.beluga]\n"
               "  name = \"beluga\"\n"
               "  base_url = \"%s/v1\"\n"
               "  wire_api = \"responses\"\n"
               "  env_key = \"BELUGA_KEY\"\n"
               "and before Codex starts:  export BELUGA_KEY=%s\n",
               first, serve_has_keys(&s->now->settings) ? "KEY" : "any", first,
               serve_has_keys(&s->now->settings) ? "KEY" : "any", model ? model->name : "NAME",
               model ? model->name : "NAME", first,
               serve_has_keys(&s->now->settings) ? "KEY" : "any");
}
