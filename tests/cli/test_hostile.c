/* Texts from a server, a file, a plug-in or the command line may be harmful. Whatever the command
 * does, a terminal receives no control characters except the command's own. A list in a pipe has
 * one name on each line. */
#include "expect.h"
#include "peer/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Harmful text: a title, colours, DEL, a C1 sequence, a direction override, an isolate, a line
 * break; and the same in JSON. */
#define HOSTILE                  \
    "\033]0;PWN\007\033[31m\x7f" \
    "\xc2\x9b"                   \
    "31m\u202eevil\u2066\b\u2028x"
#define QUOTED \
    "\\u001b]0;PWN\\u0007\\u001b[31m\\u007f\\u009b31m\\u202eevil\\u2066\\u0008\\u2028x\\nb"
/* Invalid UTF-8: for some terminals the byte 9b alone begins a sequence. */
#define BROKEN "\x9b\x33\x31m\xc3"

enum { MAX_WORDS = 12 };

/* ---- characters that reach a terminal -------------------------------------------------------- */

static size_t length_of(unsigned char lead)
{
    return lead < 0x80   ? 1
           : lead < 0xc2 ? 0
           : lead < 0xe0 ? 2
           : lead < 0xf0 ? 3
           : lead < 0xf5 ? 4
                         : 0;
}

/* Returns the first byte that is part of a control character or of invalid UTF-8, or NULL. */
static const char *find_harm(const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        const unsigned char *p = (const unsigned char *)text + i;
        size_t length = length_of(*p);
        if (!length || length > n - i) return text + i;
        unsigned c = length < 2 ? *p : *p & (0x7fu >> length);
        for (size_t k = 1; k < length; k++) {
            if ((p[k] & 0xc0) != 0x80) return text + i;
            c = c << 6 | (p[k] & 0x3f);
        }
        bool layout = c == '\n' || c == '\t' || (c == '\r' && i + 1 < n && text[i + 1] == '\n');
        bool control = (c < 0x20 && !layout) || (c >= 0x7f && c <= 0x9f);
        bool turned = (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
        if (control || turned) return text + i;
        i += length;
    }
    return NULL;
}

static void assert_harmless(const char *text, size_t n, const char *const *words)
{
    const char *harm = find_harm(text, n);
    if (!harm) return;
    print_error("byte 0x%02x of", (unsigned char)*harm);
    for (size_t i = 0; words[i]; i++) print_error(" [%s]", words[i]);
    fail_msg(":\n%.*s", (int)n, text);
}

/* ---- the commands that run ------------------------------------------------------------------- */

/* '@' stands for the home folder. The first word is the name of a command, or begins with "-" for
 * the default command. */
static const char *const rows[][MAX_WORDS] = {
    {"-m", "openai/good", "hi"},
    {"-m", "openai/good", "--json", "hi"},
    {"-m", "openai/good", "--no-stream", "--usage", "hi"},
    {"-m", "openai/good", "-v", "hi"},
    {"-m", "openai/good", "--trace", "hi"},
    {"-m", "openai/bad", "hi"},
    {"-m", "openai/bad", "--json", "hi"},
    {"-m", "openai/tool", "hi"},
    {"-m", "openai/tool", "--json", "hi"},
    {"-m", "openai/" HOSTILE, "hi"},
    {"-m", "openai/" BROKEN, "hi"},
    {"-m", HOSTILE, "hi"},
    {"-m", "mock/" HOSTILE, "hi"},
    {"-m", "mock/echo", HOSTILE BROKEN},
    {"-m", "mock/echo", "--json", HOSTILE},
    {"-" HOSTILE},
    {"--" HOSTILE "=1"},
    {"-m", "mock/any", "-o", HOSTILE, "hi"},
    {"-m", "mock/any", "-o", "timeout=" BROKEN, "hi"},
    {"-m", "mock/any", "-t", HOSTILE, "hi"},
    {"-m", "mock/any", "-a", HOSTILE, "hi"},
    {"-m", "mock/any", "--schema", HOSTILE, "hi"},
    {"-m", "mock/any", "--config", HOSTILE, "hi"},
    {"-m", "mock/any", "--plugin", HOSTILE, "hi"},
    {"-m", "mock/any", "--replay", HOSTILE, "hi"},
    {"-m", "mock/any", "--record", "/no/" HOSTILE, "hi"},
    {"-m", "openai/x", "-o", "api_key=command:printf '\\033[2J\\233' >&2; exit 3", "hi"},
    {"prompt", "-m", "fast", "hi"},
    {"chat", "-m", HOSTILE},
    {"chat", "-m", "openai/good"},
    {"chat", "-m", "openai/tool"},
    {"models"},
    {"models", "openai"},
    {"models", "openai", "--json"},
    {"models", HOSTILE},
    {"embed", "-m", "mock/" HOSTILE, "-o", "dimensions=2", HOSTILE},
    {"embed", "-m", "openai/bad", HOSTILE},
    {"embed", "-m", "mock/any", "-f", "@/" HOSTILE},
    {"embed", "-m", "mock/any", "-f", "@/broken.jsonl"},
    {"similar", "@/vectors.jsonl", "-o", "dimensions=2", "hi"},
    {"similar", "@/vector.jsonl", "-o", "dimensions=2", "hi"},
    {"similar", "@/vector.jsonl", "-o", "dimensions=2", "--json", "hi"},
    {"similar", "@/broken.jsonl", "hi"},
    {"similar", "@/" HOSTILE, "hi"},
    {"count", "-m", "mock/" HOSTILE, "--json", HOSTILE},
    {"count", "-m", "openai/bad", HOSTILE},
    {"providers"},
    {"providers", "--json"},
    {"providers", HOSTILE},
    {"config"},
    {"config", "--json"},
    {"config", "-m", "openai/" HOSTILE},
    {"config", HOSTILE},
    {"config", "check"},
    {"config", "check", "@/" HOSTILE ".yaml"},
    {"config", "check", "@/" HOSTILE ".yaml", "--json"},
    {"config", "check", "/no/" HOSTILE},
    {"tools"},
    {"tools", "--json"},
    {"tools", "ok"},
    {"tools", HOSTILE},
    {"serve", "--listen", HOSTILE},
    {"serve", "--new-key", HOSTILE},
    {"-m", "openai/tool", "-T", HOSTILE, "hi"},
    {"-m", "openai/tool", "-T", "ok", "hi"},
    {"keys"},
    {"keys", "--json"},
    {"keys", "set", HOSTILE},
    {"keys", HOSTILE},
    {"aliases"},
    {"aliases", "--json"},
    {"aliases", "set", HOSTILE, "mock/" HOSTILE, "-s", HOSTILE},
    {"aliases", "remove", HOSTILE},
    {"templates"},
    {"templates", "--json"},
    {"templates", "show", "bad"},
    {"templates", "show", HOSTILE},
    {"templates", HOSTILE},
    {"-m", "mock/echo", "-t", "bad", "hi"},
    {"-m", "mock/echo", "-t", "good", "-p", HOSTILE "=" HOSTILE, "hi"},
    {"-m", "mock/echo", "-t", "good", "-p", "x=" HOSTILE, "hi"},
    {"health", "-m", "openai/bad", "--probe"},
    {"health", "-m", "openai/bad", "--probe", "--json"},
    {"health", "-m", "mock/" HOSTILE},
    {"health", "-m", "mock/" HOSTILE, "--json"},
    {"logs"},
    {"logs", "--json"},
    {"logs", "show"},
    {"logs", "show", "--json"},
    {"logs", "show", HOSTILE},
    {"logs", "search", HOSTILE},
    {"logs", "status"},
    {"logs", "status", "--json"},
    {"logs", "path"},
    {"logs", HOSTILE},
    {"trace", "@/spans.jsonl"},
    {"trace", "@/spans.jsonl", "--json"},
    {"trace", "@/spans.jsonl", "--html", "-"},
    {"trace", "@/spans.jsonl", "--trace-id", HOSTILE},
    {"trace", "@/" HOSTILE},
    {"batch", "@/lines.txt", "--out", "@/out.jsonl", "-m", "openai/bad"},
    {"batch", "@/lines.txt", "--out", "@/out2.jsonl", "-m", "openai/good", "--json"},
    {"batch", "@/broken.jsonl", "--out", "@/out3.jsonl", "-m", "mock/echo"},
    {"batch", "@/" HOSTILE, "--out", "@/out4.jsonl", "-m", "mock/echo"},
    {"batch", "@/lines.txt", "--out", "/no/" HOSTILE, "-m", "mock/echo"},
    {"batch", "@/lines.txt", "--out", "@/out5.jsonl", "-m", "mock/echo", "--template",
     HOSTILE "{{"},
    {"check", HOSTILE},
    {"check", "@/" HOSTILE ".so"},
    {"completion", HOSTILE},
    {"completion", "models"},
    {"completion", "bash"},
    {"help", HOSTILE},
    {"help"},
    {"new", "provider", HOSTILE},
    {"version", HOSTILE},
    {"version"},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static void answer_with_tool(peer_reply *r)
{
    peer_openai_begin(r);
    peer_openai_tool(r, 0, HOSTILE, HOSTILE, "{\"a\":\"" QUOTED "\"}");
    peer_openai_finish(r, "tool_calls");
    peer_openai_done(r);
}

static void serve(peer *p)
{
    static const char error[] =
        "{\"error\":{\"message\":\"" QUOTED "\",\"code\":\"" QUOTED "\",\"type\":\"" QUOTED "\"}}";
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_reply_match(r, "/models");
    peer_step_json(r, 200, "{\"data\":[{\"id\":\"" QUOTED "\"},{\"id\":\"a\\nb\"}]}");
    r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_reply_match_model(r, "bad");
    peer_step_status(r, 400, "X-Request-Id: \033]0;PWN\007id\033[2J\xc2\x9b\r\n");
    peer_step_body(r, error, sizeof error - 1);
    r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_reply_match_model(r, "tool");
    peer_reply_match_streamed(r, 1);
    answer_with_tool(r);
    for (int streamed = 0; streamed < 2; streamed++) {
        r = peer_reply_new(p);
        peer_reply_repeat(r, PEER_FOR_EVER);
        peer_reply_match_streamed(r, streamed);
        peer_openai_model(r, HOSTILE);
        if (streamed)
            peer_openai_stream(r, HOSTILE "\n");
        else
            peer_openai_answer(r, HOSTILE "\n");
    }
}

static void write_text(cli_process *cli, const char *name, const char *text)
{
    cli_write_file(cli, name, text, strlen(text));
}

static void write_files(cli_process *cli)
{
    char path[128];
    snprintf(path, sizeof path, "%s/.config", cli->home);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/.config/beluga", cli->home);
    assert_int_equal(mkdir(path, 0700), 0);
    write_text(cli, ".config/beluga/config.yaml",
               "models: {fast: openai/good, \"" QUOTED "\": \"mock/" QUOTED "\"}\n"
               "providers:\n  \"x" QUOTED "\": {base: openai, base_url: \"" QUOTED "\"}\n"
               "tools:\n  ok: {description: \"" QUOTED "\", command: [printf, \"" QUOTED
               "\"], parameters: \"\", allow: always}\n");
    write_text(cli, HOSTILE ".yaml",
               "\"" QUOTED "\": 1\nmodels: {\"" QUOTED "\": nobody/x}\n"
               "providers: {openai: {\"" QUOTED "\": 1, timeout: \"" QUOTED "\", models: {\"" QUOTED
               "\": \"" QUOTED "\"}}}\n");
    snprintf(path, sizeof path, "%s/.config/beluga/templates", cli->home);
    assert_int_equal(mkdir(path, 0700), 0);
    write_text(cli, ".config/beluga/templates/bad.yaml", "\"" QUOTED "\": \"" QUOTED "\"\n");
    write_text(cli, ".config/beluga/templates/good.yaml",
               "{description: \"" QUOTED "\", prompt: \"{{x}} " QUOTED "\"}\n");
    write_text(cli, "lines.txt", "one\n" HOSTILE "\n");
    write_text(cli, "broken.jsonl", "{\"" QUOTED "\": 1}\n{\"prompt\": \"" QUOTED);
    write_text(cli, "vector.jsonl",
               "{\"id\":\"" QUOTED "\",\"model\":\"mock/any\",\"text\":\"" QUOTED
               "\",\"embedding\":[1,0]}\n");
    write_text(cli, "vectors.jsonl",
               "{\"id\":\"" QUOTED "\",\"model\":\"mock/any\",\"text\":\"" QUOTED
               "\",\"embedding\":[1,0]}\n"
               "{\"model\":\"mock/" QUOTED "\",\"embedding\":[1,0]}\n");
    write_text(cli, HOSTILE ".so", "no library");
    write_text(cli, "spans.jsonl",
               "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{"
               "\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"0000000000000001\","
               "\"name\":\"" QUOTED "\",\"startTimeUnixNano\":\"1000000000\","
               "\"endTimeUnixNano\":\"2000000000\",\"status\":{\"code\":2,\"message\":\"" QUOTED
               "\"},\"attributes\":[{\"key\":\"" QUOTED "\",\"value\":{\"stringValue\":\"" QUOTED
               "\"}},{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"" QUOTED
               "\"}},{\"key\":\"error.type\",\"value\":{\"stringValue\":\"" QUOTED
               "\"}}]}]}]}]}\n");
}

typedef struct scene {
    cli_process *cli;
    peer *peer;
} scene;

static int setup(void **state)
{
    scene *s = calloc(1, sizeof *s);
    void *cli = NULL;
    if (!s || cli_setup(&cli) != 0 || !(s->peer = peer_start())) return -1;
    s->cli = cli;
    *state = s;
    serve(s->peer);
    cli_set(s->cli, "OPENAI_BASE_URL", peer_url(s->peer));
    cli_set(s->cli, "OPENAI_API_KEY", "x");
    cli_set(s->cli, "LC_ALL", "C.UTF-8");
    cli_set(s->cli, "TERM", "dumb");
    cli_run(s->cli, "-q", "logs", "on", NULL); /* a build without SQLite has no log */
    write_files(s->cli);
    return 0;
}

static int teardown(void **state)
{
    scene *s = *state;
    void *cli = s->cli;
    peer_stop(s->peer);
    free(s);
    return cli_teardown(&cli);
}

/* ---- running it ------------------------------------------------------------------------------ */

static void run_words(cli_process *cli, const char *const *words)
{
    char paths[MAX_WORDS][256];
    const char *w[MAX_WORDS] = {NULL};
    for (size_t i = 0; i < MAX_WORDS && words[i]; i++) {
        snprintf(paths[i], sizeof paths[i], "%s%s", cli->home, words[i] + 1);
        w[i] = words[i][0] == '@' ? paths[i] : words[i];
    }
    cli_start(cli, w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10], NULL);
    if (cli->terminal && strcmp(w[0], "chat") == 0 && strcmp(w[2], HOSTILE) != 0) {
        cli_wait_for(cli, "> ");
        cli_type(cli, "hi\r");
        cli_wait_for(cli, "\n> ");
        cli_type(cli, "\004");
    }
    cli_finish(cli);
}

static void assert_all_are_harmless(cli_process *cli)
{
    cli->terminal = true;
    for (size_t i = 0; i < N_ROWS; i++) {
        run_words(cli, rows[i]);
        assert_true(cli->code >= 0 || cli->signal == 0);
        assert_harmless(cli->out, cli->out_length, rows[i]);
    }
}

static void no_command_lets_a_text_reach_the_terminal_raw(void **state)
{
    assert_all_are_harmless(((scene *)*state)->cli);
}

static void nor_do_records_of_the_log(void **state)
{
    cli_process *cli = ((scene *)*state)->cli;
    cli_set(cli, "BELUGA_LOG_LEVEL", "trace");
    cli_set(cli, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");
    assert_all_are_harmless(cli);
    cli_set(cli, "BELUGA_LOG_FORMAT", "json");
    assert_all_are_harmless(cli);
}

static void nor_do_spans(void **state)
{
    cli_process *cli = ((scene *)*state)->cli;
    cli_set(cli, "OTEL_TRACES_EXPORTER", "console");
    cli_set(cli, "OTEL_METRICS_EXPORTER", "console");
    cli_set(cli, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");
    assert_all_are_harmless(cli);
}

/* Remove the command's own colours, and its own sequences that redraw a line. */
static void drop_own(char *text, size_t *n)
{
    static const char *const own[] = {"\033[0m",  "\033[1m",     "\033[2m",    "\033[3m",
                                      "\033[4m",  "\033[31m",    "\033[32m",   "\033[33m",
                                      "\033[35m", "\033[36m",    "\033[K",     "\033[J",
                                      "\033[1A",  "\033[?2004h", "\033[?2004l"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        size_t length = strlen(own[i]);
        for (char *at = text; (at = memmem(at, *n - (size_t)(at - text), own[i], length));) {
            memmove(at, at + length, *n - (size_t)(at - text) - length);
            *n -= length;
        }
    }
    for (size_t i = 0; i < *n; i++)
        if (text[i] == '\r') text[i] = ' ';
}

static void in_colours_nothing_but_our_own_gets_there(void **state)
{
    cli_process *cli = ((scene *)*state)->cli;
    cli_set(cli, "TERM", "xterm");
    cli->terminal = true;
    for (size_t i = 0; i < N_ROWS; i++) {
        run_words(cli, rows[i]);
        assert_lacks(cli->out, "PWN\007");
        drop_own(cli->out, &cli->out_length);
        assert_harmless(cli->out, cli->out_length, rows[i]);
    }
}

static bool is_tried(const char *name, size_t length)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (strlen(rows[i][0]) == length && strncmp(rows[i][0], name, length) == 0) return true;
    return false;
}

/* The table above must contain every command, so that a new command is tested, too. */
static void every_command_is_tried(void **state)
{
    cli_process *cli = ((scene *)*state)->cli;
    static const char begin[] = ".B beluga\n";
    size_t n = 0;
    expect_exit(cli, 0, "help", "--man");
    for (const char *at = cli->out; (at = strstr(at, begin)); n++) {
        at += strlen(begin);
        const char *name = at + (strncmp(at, ".B ", 3) == 0 ? 3 : strlen("[\\fB"));
        size_t length = strcspn(name, "\\\n");
        if (!is_tried(name, length)) fail_msg("%.*s is not tried", (int)length, name);
    }
    assert_true(n > 10);
}

/* ---- JSON and pipes -------------------------------------------------------------------------- */

static void json_on_a_terminal_means_the_same_as_in_a_pipe(void **state)
{
    cli_process *cli = ((scene *)*state)->cli;
    char *in_pipe[2];
    for (int i = 0; i < 2; i++) {
        cli->terminal = i;
        cli_run(cli, "models", "openai", "--json", NULL);
        beluga_json_doc *doc = cli_parse_out(cli);
        const beluga_json *models = beluga_json_get(beluga_json_doc_root(doc), "models");
        assert_int_equal(beluga_json_count(models), 2);
        assert_non_null(in_pipe[i] = strdup(string_at(beluga_json_first(models), "model")));
        beluga_json_doc_free(doc);
        cli_run(cli, "-m", "openai/good", "--json", "hi", NULL);
        doc = cli_parse_out(cli);
        assert_string_equal(beluga_json_get_string(beluga_json_doc_root(doc), "text", NULL),
                            HOSTILE "\n");
        beluga_json_doc_free(doc);
    }
    assert_string_equal(in_pipe[0], in_pipe[1]);
    free(in_pipe[0]);
    free(in_pipe[1]);
}

static void an_answer_in_a_pipe_is_as_it_came(void **state)
{
    cli_process *cli = ((scene *)*state)->cli;
    expect_out(cli, HOSTILE "\n", "-m", "openai/good", "hi");
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; (text = strchr(text, '\n')); text++) n++;
    return n;
}

static void a_list_in_a_pipe_has_one_name_a_line(void **state)
{
    cli_process *cli = ((scene *)*state)->cli;
    expect_exit(cli, 0, "models", "openai");
    assert_int_equal(lines_of(cli->out), 2);
    assert_contains(cli->out, "openai/a\\nb\n");
    assert_null(find_harm(cli->out, cli->out_length));
    cli_run(cli, "models", NULL);
    assert_null(find_harm(cli->out, cli->out_length));
    cli_run(cli, "logs", NULL);
    assert_null(find_harm(cli->out, cli->out_length));
}

static void an_error_in_a_pipe_is_one_line(void **state)
{
    cli_process *cli = ((scene *)*state)->cli;
    cli_run(cli, "-m", "openai/bad", "hi", NULL);
    assert_int_equal(lines_of(cli->err), 1);
    assert_null(find_harm(cli->err, cli->err_length));
    assert_contains(cli->err, "\\x1b]0;PWN\\x07");
    cli_run(cli, "-m", "mock/any", "-a", "no\nfile" BROKEN, "hi", NULL);
    assert_contains(cli->err, "no file\\x9b31m");
    assert_null(find_harm(cli->err, cli->err_length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(no_command_lets_a_text_reach_the_terminal_raw),
        TEST(nor_do_records_of_the_log),
        TEST(nor_do_spans),
        TEST(in_colours_nothing_but_our_own_gets_there),
        TEST(every_command_is_tried),
        TEST(json_on_a_terminal_means_the_same_as_in_a_pipe),
        TEST(an_answer_in_a_pipe_is_as_it_came),
        TEST(a_list_in_a_pipe_has_one_name_a_line),
        TEST(an_error_in_a_pipe_is_one_line),
#undef TEST
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
