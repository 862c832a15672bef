/* Plays the answers of fixtures/ to the plug-in, on loopback, and compares what it sends and what
 * comes of them. Prints TAP, and what came where it is not what was expected. */
#include <beluga/beluga.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_BYTES 65536

static int count, failures;

static void check(int good, const char *fixture, const char *what)
{
    printf("%sok %d - %s: %s\n", good ? "" : "not ", ++count, fixture, what);
    failures += !good;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Read what stands below the line "=== SECTION", to the next such line; a line may end as it likes.
 */
static int read_section(const char *path, const char *section, char text[MAX_BYTES])
{
    static char line[MAX_BYTES];
    size_t n = 0, length;
    int found = 0, inside = 0;
    FILE *file = fopen(path, "rb");
    while (file && fgets(line, sizeof line - 1, file)) {
        length = strcspn(line, "\r\n");
        line[length] = '\0';
        if (strncmp(line, "=== ", 4) == 0) {
            inside = strcmp(line + 4, section) == 0;
            found |= inside;
        } else if (inside && n + length + 2 < MAX_BYTES) {
            n += (size_t)snprintf(text + n, MAX_BYTES - n, "%s\n", line);
        }
    }
    text[n] = '\0';
    if (file) fclose(file);
    return found ? 0 : -1;
}

/* Without a last end of a line, which a request has not. */
static size_t length_of(const char *text)
{
    size_t n = strlen(text);
    return n && text[n - 1] == '\n' ? n - 1 : n;
}

static void compare(const char *path, const char *section, const char *got)
{
    static char expected[MAX_BYTES];
    int missing = read_section(path, section, expected);
    size_t n = length_of(expected);
    int same = !missing && n == length_of(got) && memcmp(expected, got, n) == 0;
    check(same, path, section);
    if (!same)
        printf("# expected: %s\n# got:      %s\n", missing ? "(no such section)" : expected, got);
}

/* ---- a server that answers one request ------------------------------------------------------- */

typedef struct server {
    int listener;
    unsigned short port;
    char answer[MAX_BYTES]; /* its head's lines end as lines of a file do */
    char request[MAX_BYTES];
} server;

static void read_request(int fd, char *request)
{
    size_t n = 0, body = 0;
    char *end = NULL;
    while (n < MAX_BYTES - 1) {
        ssize_t got = read(fd, request + n, MAX_BYTES - 1 - n);
        if (got <= 0) break;
        request[n += (size_t)got] = '\0';
        if (!end && (end = strstr(request, "\r\n\r\n")) != NULL) {
            const char *length = strstr(request, "Content-Length:");
            body = length ? strtoul(length + 15, NULL, 10) : 0;
        }
        if (end && n >= (size_t)(end + 4 - request) + body) break;
    }
}

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

static void send_answer(int fd, const char *answer)
{
    const char *body = strstr(answer, "\n\n");
    for (const char *at = answer; body && at <= body; at++)
        send_all(fd, *at == '\n' ? "\r\n" : at, *at == '\n' ? 2 : 1);
    send_all(fd, "Connection: close\r\n\r\n", 21);
    if (body) send_all(fd, body + 2, strlen(body + 2));
}

static void *serve(void *argument)
{
    server *s = argument;
    int fd = accept(s->listener, NULL, NULL);
    if (fd < 0) return NULL;
    read_request(fd, s->request);
    send_answer(fd, s->answer);
    close(fd);
    return NULL;
}

static int listen_on_loopback(server *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s->listener, (struct sockaddr *)&address, size) || listen(s->listener, 1)) return -1;
    if (getsockname(s->listener, (struct sockaddr *)&address, &size)) return -1;
    s->port = ntohs(address.sin_port);
    return 0;
}

/* ---- a call ---------------------------------------------------------------------------------- */

static void tell(char *story, const char *kind, const char *text, size_t length)
{
    size_t n = strlen(story);
    snprintf(story + n, MAX_BYTES - n, "%s %.*s\n", kind, (int)length, text);
}

static void tell_event(char *story, const beluga_event *event)
{
    char counts[64];
    if (event->kind == BELUGA_EVENT_TEXT) {
        tell(story, "text", event->u.text.text, event->u.text.length);
    } else if (event->kind == BELUGA_EVENT_USAGE) {
        int n = snprintf(counts, sizeof counts, "%d in, %d out", (int)event->u.usage.input_total,
                         (int)event->u.usage.output_total);
        tell(story, "usage", counts, (size_t)n);
    } else if (event->kind == BELUGA_EVENT_FINISH) {
        const char *reason = beluga_finish_reason_name(event->u.finish.reason);
        tell(story, "finish", reason, strlen(reason));
    }
}

static beluga_chat_model *open_model(const server *s, beluga_error *err)
{
    char url[64];
    beluga_chat_model *model = NULL;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", s->port);
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(url), beluga_with_api_key("a-key"), beluga_with_max_retries(0),
        beluga_with_provider_specific("example-name.tone", "formal"));
    beluga_registry_open(beluga_registry_default(), "example-name", config, &model, err);
    beluga_config_free(config);
    return model;
}

static int call_streamed(beluga_chat_model *model, char *story, beluga_error *err)
{
    beluga_stream *stream = NULL;
    const beluga_event *event = NULL;
    int status = beluga_stream_input(model, NULL, beluga_input_text("Hi"), &stream, err);
    while (status == 0) {
        status = beluga_stream_next(stream, &event, err);
        if (status != 0 || event == NULL) break;
        tell_event(story, event);
    }
    beluga_stream_free(stream);
    return status;
}

static int call_whole(beluga_chat_model *model, char *story, beluga_error *err)
{
    size_t length;
    beluga_response *response = NULL;
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, err);
    if (status) return status;
    const char *text = beluga_response_text(response, &length);
    const char *reason = beluga_finish_reason_name(beluga_response_finish_reason(response));
    tell(story, "text", text, length);
    tell(story, "finish", reason, strlen(reason));
    beluga_response_free(response);
    return 0;
}

/* An answer that is a stream is asked for as one. */
static void call(const server *s, char *story)
{
    beluga_error err = {0};
    beluga_chat_model *model = open_model(s, &err);
    int status = err.code;
    if (model && strstr(s->answer, "text/event-stream"))
        status = call_streamed(model, story, &err);
    else if (model)
        status = call_whole(model, story, &err);
    if (status)
        tell(story, beluga_error_name(status), err.provider_code, strlen(err.provider_code));
    beluga_chat_model_unref(model);
}

static void play(const char *path)
{
    static server s;
    static char story[MAX_BYTES];
    pthread_t thread;
    story[0] = s.request[0] = '\0';
    if (read_section(path, "answer", s.answer) || listen_on_loopback(&s) ||
        pthread_create(&thread, NULL, serve, &s)) {
        check(0, path, "its answer can be played");
        return;
    }
    call(&s, story);
    shutdown(s.listener, SHUT_RDWR); /* where nobody came */
    pthread_join(thread, NULL);
    close(s.listener);
    const char *body = strstr(s.request, "\r\n\r\n");
    compare(path, "request", body ? body + 4 : "");
    compare(path, "events", story);
}

/* test PLUGIN FIXTURE... */
int main(int argc, char **argv)
{
    beluga_error err;
    printf("1..%d\n", 2 * (argc - 2));
    if (argc < 3 || beluga_registry_load_plugin(beluga_registry_default(), argv[1], &err)) {
        printf("Bail out! %s\n", argc < 3 ? "a plug-in and fixtures are needed" : err.message);
        return 1;
    }
    for (int i = 2; i < argc; i++) play(argv[i]);
    return failures != 0;
}
