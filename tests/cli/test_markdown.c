/* Answers in Markdown: how a terminal shows them as they arrive, and how code is extracted. */
#include "../support/scoped.h"
#include "../support/words.h"
#include "expect.h"
#include "screen.h"
#include "served.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static const char document[] =
    "# A title\n"
    "Some **bold**, *slanted* and `coded` words and a [link](https://example.org/a) which are "
    "wrapped at the edge.\n"
    "\n"
    "Then a list:\n"
    "- one\n"
    "- two, which is so long that it takes more than one row of the terminal, and goes on\n"
    "  - nested\n"
    "\n"
    "    with a paragraph\n"
    "- three\n"
    "\n"
    "1. first\n"
    "1. second\n"
    "\n"
    "   ```sh\n"
    "   make\n"
    "   ```\n"
    "1. third\n"
    "\n"
    "- [ ] to do\n"
    "- [x] done\n"
    "\n"
    "> quoted\n"
    "> words\n"
    "\n"
    "```c\n"
    "int main(void)\n"
    "{\n"
    "\treturn 0; /* a line of code that is wider than eighty columns is left as it is, whole */\n"
    "\n"
    "}\n"
    "```\n"
    "| Name | Size | \xe6\xbc\xa2 |\n"
    "|:-----|-----:|:-:|\n"
    "| a | 1 | \xe6\xbc\xa2 |\n"
    "| b \\| c | 22 | a cell that is long, long, longer than the others |\n"
    "\n"
    "---\n"
    "The end &amp; more.\n"
    "\n"
    "[1]: https://example.org/kept\n";

static void on_terminal(cli_process *cli, unsigned short width)
{
    cli->terminal = true;
    cli->width = width;
    cli_set(cli, "TERM", "xterm");
    cli_set(cli, "LANG", "C.UTF-8");
    cli_set(cli, "OPENAI_API_KEY", "x");
}

/* Script an answer with a text in pieces of this many bytes, or in one piece if this is 0. */
static void answer_in_pieces(peer *p, const char *text, size_t bytes)
{
    char piece[64];
    peer_reply *r = peer_reply_new(p);
    peer_openai_begin(r);
    while (bytes && strlen(text) > bytes) {
        size_t n = beluga__utf8_cut(text, strlen(text), bytes < 4 ? 4 : bytes);
        snprintf(piece, sizeof piece, "%.*s", (int)n, text);
        peer_openai_text(r, piece);
        text += n;
    }
    peer_openai_text(r, text);
    peer_openai_finish(r, "stop");
    peer_openai_done(r);
}

/* Return the screen after an answer that comes in pieces of this many bytes. Owned. */
static char *drawn(cli_process *cli, const char *text, size_t bytes)
{
    SCOPED(peer) *p = peer_start();
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    answer_in_pieces(p, text, bytes);
    expect_exit(cli, 0, "-q", "-m", "openai/any", "hi");
    return screen_of(cli);
}

static void draws(cli_process *cli, const char *text, const char *expected)
{
    SCOPED(char) *shown = drawn(cli, text, 0);
    assert_string_equal(shown, expected);
}

/* Returns whether the build lacks md4c, without which Markdown is not rendered. */
static bool is_missing(cli_process *cli)
{
    on_terminal(cli, 80);
    expect_exit(cli, 0, "-m", "mock/echo", "-q", "**a**");
    if (!strstr(cli->out, "**")) return false;
    print_message("# needs md4c\n");
    return true;
}

#define NEEDS_MD4C(cli)              \
    do {                             \
        if (is_missing(cli)) skip(); \
    } while (0)

/* ---- screens --------------------------------------------------------------------------------- */

static void a_document_on_80_columns(void **state)
{
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    on_terminal(cli, 80);
    draws(cli, document,
          "A title\n"
          "\n"
          "Some bold, slanted and coded words and a link (https://example.org/a) which are\n"
          "wrapped at the edge.\n"
          "\n"
          "Then a list:\n"
          "• one\n"
          "• two, which is so long that it takes more than one row of the terminal, and\n"
          "  goes on\n"
          "  ◦ nested\n"
          "\n"
          "    with a paragraph\n"
          "• three\n"
          "\n"
          "1. first\n"
          "2. second\n"
          "\n"
          "   ─ sh ───────────────────────────────────\n"
          "   make\n"
          "   ────────────────────────────────────────\n"
          "3. third\n"
          "\n"
          "[ ] to do\n"
          "[x] done\n"
          "\n"
          "│ quoted words\n"
          "\n"
          "─ c ────────────────────────────────────\n"
          "int main(void)\n"
          "{\n"
          "        return 0; /* a line of code that is wider than eighty columns is left as\n"
          " it is, whole */\n"
          "\n"
          "}\n"
          "────────────────────────────────────────\n"
          "\n"
          "Name  │ Size │                        漢\n"
          "──────┼──────┼──────────────────────────────────────────────────\n"
          "a     │    1 │                        漢\n"
          "b | c │   22 │ a cell that is long, long, longer than the others\n"
          "\n"
          "────────────────────────────────────────\n"
          "\n"
          "The end & more.\n"
          "\n"
          "[1]: https://example.org/kept\n");
}

static void the_same_on_20_columns(void **state)
{
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    on_terminal(cli, 20);
    draws(cli,
          "- two, which is long\n  - nested words that wrap\n\n"
          "| Name | Size | Remark |\n|---|--:|---|\n| a | 1 | none |\n| b | 22 | a long remark "
          "here |\n\n"
          "> quoted words that wrap\n\n漢字漢字漢字漢字漢字漢字\n\nabcdefghijklmnopqrstuvwxyz\n",
          "• two, which is\n"
          "  long\n"
          "  ◦ nested words\n"
          "    that wrap\n"
          "\n"
          "Name: a\n"
          "Size: 1\n"
          "Remark: none\n"
          "\n"
          "Name: b\n"
          "Size: 22\n"
          "Remark: a long\n"
          "remark here\n"
          "\n"
          "│ quoted words that\n"
          "│ wrap\n"
          "\n"
          "漢字漢字漢字漢字漢\n"
          "字漢字\n"
          "\n"
          "abcdefghijklmnopqrs\n"
          "tuvwxyz\n");
}

static void tables_fit_every_width(void **state)
{
    static const char table[] =
        "| One | Two | Three |\n|---|---|---|\n"
        "| some words here | 漢字漢字漢字 | and many more words than these |\n";
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    for (unsigned short width = 10; width <= 80; width = (unsigned short)(width + 7)) {
        on_terminal(cli, width);
        SCOPED(char) *shown = drawn(cli, table, 0);
        /* Interpret the same output as if the screen were wide. The result must be the same, since
         * no row may be wider than the terminal was. */
        on_terminal(cli, 99);
        cli->width = 99;
        SCOPED(char) *wide = screen_of(cli);
        assert_string_equal(shown, wide);
    }
}

static void pieces_make_no_difference(void **state)
{
    static const size_t sizes[] = {1, 7, 40};
    static const unsigned short widths[] = {80, 20};
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    for (size_t w = 0; w < 2; w++) {
        on_terminal(cli, widths[w]);
        SCOPED(char) *whole = drawn(cli, document, 0);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            SCOPED(char) *shown = drawn(cli, document, sizes[i]);
            assert_string_equal(shown, whole);
        }
    }
}

static void a_block_that_is_higher_than_the_terminal_is_drawn_once(void **state)
{
    cli_process *cli = *state;
    char text[4096] = "";
    NEEDS_MD4C(cli);
    on_terminal(cli, 20);
    for (int i = 0; i < 300; i++) snprintf(text + strlen(text), 16, "word%03d ", i);
    SCOPED(char) *whole = drawn(cli, text, 0);
    SCOPED(char) *shown = drawn(cli, text, 9);
    assert_string_equal(shown, whole);
    assert_contains(shown, "word000");
    assert_contains(shown, "word299");
}

static void the_open_block_is_seen_before_its_end(void **state)
{
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    SCOPED(peer) *p = peer_start();
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    peer_reply *r = serve_begin(p, "an **open** bl");
    peer_step_gate(r, 0);
    peer_openai_text(r, "ock");
    peer_openai_finish(r, "stop");
    peer_openai_done(r);
    on_terminal(cli, 80);
    cli_start(cli, "-q", "-m", "openai/any", "hi", NULL);
    cli_wait_for(cli, "\033[1mopen\033[0m bl");
    peer_open_gate(p, 0);
    assert_int_equal(cli_finish(cli), 0);
    SCOPED(char) *shown = screen_of(cli);
    assert_string_equal(shown, "an open block\n");
}

static void another_width_counts_from_the_next_row_on(void **state)
{
    cli_process *cli = *state;
    const struct winsize narrow = {.ws_row = 24, .ws_col = 20};
    NEEDS_MD4C(cli);
    SCOPED(peer) *p = peer_start();
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    peer_reply *r = serve_begin(p, "first block\n\n");
    peer_step_gate(r, 0);
    peer_openai_text(r, "a second one that is wrapped\n");
    peer_openai_finish(r, "stop");
    peer_openai_done(r);
    on_terminal(cli, 80);
    cli_start(cli, "-q", "-m", "openai/any", "hi", NULL);
    cli_wait_for(cli, "first block");
    assert_int_equal(ioctl(cli->in_fd, TIOCSWINSZ, &narrow), 0);
    peer_open_gate(p, 0);
    assert_int_equal(cli_finish(cli), 0);
    SCOPED(char) *shown = screen_of(cli);
    assert_string_equal(shown, "first block\n\na second one that\nis wrapped\n");
}

static void a_note_stands_between_rows_and_not_in_them(void **state)
{
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    SCOPED(peer) *p = peer_start();
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    answer_in_pieces(p, "some words that arrive in pieces\n", 8);
    on_terminal(cli, 80);
    expect_exit(cli, 0, "-v", "-m", "openai/any", "hi");
    SCOPED(char) *shown = screen_of(cli);
    assert_contains(shown, "\nsome words that arrive in pieces\n");
    assert_lacks(shown, "some* ");
    assert_lacks(shown, "some words<");
}

/* ---- styles ---------------------------------------------------------------------------------- */

static void styles_are_no_colours_of_a_background(void **state)
{
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    on_terminal(cli, 80);
    expect_in_out(cli, "\033[1mb\033[0m \033[3mi\033[0m \033[35mc\033[0m \033[9mg\033[0m", "-q",
                  "-m", "mock/echo", "**b** *i* `c` ~~g~~");
    assert_lacks(cli->out, "\033[4"); /* a background */
    expect_in_out(cli, "\033[1m\033[4mTitle\033[0m", "-q", "-m", "mock/echo", "# Title");
}

static void without_styles_the_marks_are_seen(void **state)
{
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    on_terminal(cli, 80);
    cli_set(cli, "NO_COLOR", "1");
    expect_exit(cli, 0, "-q", "-m", "mock/echo", "# T\n**b** *i* `c` ~~g~~\n- x");
    SCOPED(char) *shown = screen_of(cli);
    assert_string_equal(shown, "# T\n\n**b** *i* `c` ~~g~~\n• x\n");
    assert_lacks(cli->out, "m");
}

static void without_utf_8_lines_are_ascii(void **state)
{
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    on_terminal(cli, 80);
    cli_set(cli, "LANG", "C");
    expect_exit(cli, 0, "-q", "-m", "mock/echo", "--", "- x\n\n> q\n\n|a|b|\n|---|---|\n|1|2|\n");
    SCOPED(char) *shown = screen_of(cli);
    assert_string_equal(shown, "* x\n\n| q\n\na | b\n--+--\n1 | 2\n");
}

/* ---- output that is not for a terminal ------------------------------------------------------- */

static void in_a_pipe_nothing_is_drawn(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "TERM", "xterm");
    expect_out(cli, "# T\n**b**\n", "-m", "mock/echo", "# T\n**b**");
}

static void nothing_is_drawn_where_the_user_or_the_terminal_says_so(void **state)
{
    cli_process *cli = *state;
    on_terminal(cli, 80);
    expect_out(cli, "# T\r\n**b**\r\n", "-q", "-m", "mock/echo", "--no-render", "# T\n**b**");
    cli_set(cli, "TERM", "dumb");
    expect_out(cli, "# T\r\n**b**\r\n", "-q", "-m", "mock/echo", "# T\n**b**");
    cli_set(cli, "TERM", "xterm");
    cli_set(cli, "BELUGA_NO_RENDER", "1");
    expect_out(cli, "# T\r\n**b**\r\n", "-q", "-m", "mock/echo", "# T\n**b**");
}

static void a_chat_is_drawn_too(void **state)
{
    cli_process *cli = *state;
    NEEDS_MD4C(cli);
    on_terminal(cli, 80);
    cli_start(cli, "chat", "-q", "-m", "mock/echo", NULL);
    cli_wait_for(cli, "> ");
    cli_type(cli, "**b**\r");
    cli_wait_for(cli, "\033[1mb\033[0m");
    cli_type(cli, "\004");
    assert_int_equal(cli_finish(cli), 0);
}

static void a_block_that_is_too_large_is_printed_as_it_is(void **state)
{
    enum { WORDS = 20000 };
    cli_process *cli = *state;
    char *text = malloc(WORDS * 5 + 64);
    NEEDS_MD4C(cli);
    on_terminal(cli, 80);
    size_t n = 0;
    for (int i = 0; i < WORDS; i++) n += (size_t)sprintf(text + n, "%04d ", i % 10000);
    sprintf(text + n, "\n\n**drawn**\n");
    SCOPED(peer) *p = peer_start();
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    answer_in_pieces(p, text, 60);
    expect_exit(cli, 0, "-q", "-m", "openai/any", "hi");
    assert_contains(cli->out, "\033[1mdrawn\033[0m");
    text[n] = '\0';
    assert_contains(cli->out, text + n - 5000);
    free(text);
}

/* ---- code ------------------------------------------------------------------------------------ */

#define CODE "Try:\n```sh\nls\n```\nor\n\n  ~~~\n  ls -l | wc\n\n    -l\n  ~~~\nThat is all.\n"

static void x_prints_the_last_block_of_code_and_nothing_else(void **state)
{
    cli_process *cli = *state;
    expect_out(cli, "ls -l | wc\n\n  -l\n", "-m", "mock/echo", "-x", CODE);
    assert_string_equal(cli->err, "");
    expect_out(cli, "ls\n", "-m", "mock/echo", "--extract", "```\nls");
    expect_out(cli, "a\n```\nb\n", "-m", "mock/echo", "-x", "````\na\n```\nb\n````");
    on_terminal(cli, 80);
    expect_out(cli, "ls\r\n", "-q", "-m", "mock/echo", "-x", "```\nls\n```");
}

static void without_code_x_prints_the_answer_on_stderr_and_is_8(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 8,
                 "no block of code for -x; this is the whole answer:\nrm -rf is dangerous\n", "-m",
                 "mock/echo", "-x", "rm -rf is dangerous");
    assert_string_equal(cli->out, "");
    expect_error(cli, 2, "--json and -x exclude each other", "-m", "mock/echo", "-x", "--json",
                 "hi");
}

static void no_other_start_of_the_command_maps_md4c(void **state)
{
    cli_process *cli = *state;
    cli_set(cli, "LD_TRACE_LOADED_OBJECTS", "1");
    cli_run(cli, "--version", NULL);
    assert_lacks(cli->out, "md4c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(a_document_on_80_columns),
        TEST(the_same_on_20_columns),
        TEST(tables_fit_every_width),
        TEST(pieces_make_no_difference),
        TEST(a_block_that_is_higher_than_the_terminal_is_drawn_once),
        TEST(the_open_block_is_seen_before_its_end),
        TEST(another_width_counts_from_the_next_row_on),
        TEST(a_note_stands_between_rows_and_not_in_them),
        TEST(styles_are_no_colours_of_a_background),
        TEST(without_styles_the_marks_are_seen),
        TEST(without_utf_8_lines_are_ascii),
        TEST(in_a_pipe_nothing_is_drawn),
        TEST(nothing_is_drawn_where_the_user_or_the_terminal_says_so),
        TEST(a_chat_is_drawn_too),
        TEST(a_block_that_is_too_large_is_printed_as_it_is),
        TEST(x_prints_the_last_block_of_code_and_nothing_else),
        TEST(without_code_x_prints_the_answer_on_stderr_and_is_8),
        TEST(no_other_start_of_the_command_maps_md4c),
    };
    return cmocka_run_group_tests_name("cli-markdown", tests, NULL, NULL);
}
