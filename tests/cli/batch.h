/* Helpers shared by the suites about beluga batch: a server, an input, an output. */
#ifndef TESTS_CLI_BATCH_H
#define TESTS_CLI_BATCH_H

#include "expect.h"
#include "served.h"

#include <beluga/provider/json.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MODEL      "openai/peer-chat"
#define GENEROUS   60000
#define MAX_OUTPUT ((size_t)1 << 20)

/* ---- a server, an input, an output ----------------------------------------------------------- */

static peer_reply *answer_for_ever(peer *p, const char *text)
{
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_openai_answer(r, text);
    return r;
}

/* Script a reply for all requests that waits until the test opens gate 0. */
static inline void answer_behind_gate(peer *p)
{
    peer_reply *r = peer_reply_new(p);
    peer_reply_repeat(r, PEER_FOR_EVER);
    peer_step_gate(r, 0);
    peer_openai_answer(r, "Hello");
}

static char in[256], out[256];

/* Write the input file, and set the paths `in` and `out`. */
static void write_input(cli_process *cli, const char *name, const char *text)
{
    snprintf(in, sizeof in, "%s", cli_write_file(cli, name, text, strlen(text)));
    snprintf(out, sizeof out, "%s/out.jsonl", cli->home);
}

static inline void write_numbers(cli_process *cli, int n)
{
    char text[16384] = "";
    for (int i = 1; i <= n; i++) sprintf(text + strlen(text), "number %d\n", i);
    write_input(cli, "in.txt", text);
}

static char *read_path(const char *path)
{
    static char bytes[MAX_OUTPUT + 1];
    FILE *file = fopen(path, "r");
    bytes[file ? fread(bytes, 1, MAX_OUTPUT, file) : 0] = '\0';
    if (file) fclose(file);
    return bytes;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

/* Assert that the output has exactly one complete result for each of `n` lines. */
static inline void assert_each_once(int n)
{
    char *text = read_path(out), *line = text;
    int seen[1000] = {0};
    assert_int_equal(count_lines(text), n);
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        beluga_json_doc *doc = NULL;
        assert_int_equal(beluga_json_parse(line, (size_t)(end - line), &doc, NULL), 0);
        int64_t number = beluga_json_get_int(beluga_json_doc_root(doc), "line", 0);
        assert_true(number >= 1 && number < 1000);
        assert_int_equal(seen[number]++, 0);
        beluga_json_doc_free(doc);
    }
    assert_string_equal(line, "");
}

#define RUN(cli, ...) cli_run(cli, "batch", in, "--out", out, "-m", MODEL, __VA_ARGS__, NULL)

#define TEST(test) cmocka_unit_test_setup_teardown(test, cli_setup, cli_teardown)

#endif
