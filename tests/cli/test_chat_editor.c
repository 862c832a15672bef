/* Messages that a user types, pastes and edits at the prompt of a chat. The terminal of these tests
 * has no locale, as after a login by ssh to a machine without locales. */
#include "../support/words.h"
#include "expect.h"
#include "served.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASTE(text) "\033[200~" text "\033[201~"
#define WORDS       "some words here"

/* ---- a chat ---------------------------------------------------------------------------------- */

static void begin(cli_process *cli, unsigned short width)
{
    cli->terminal = true;
    cli->width = width;
    cli_set(cli, "TERM", "xterm");
    cli_start(cli, "chat", "-m", "mock/echo", "--no-render", NULL);
    cli_wait_for(cli, "> \033[?2004h");
}

/* Type keys, and wait until the echo model answers with this text. */
static void answers(cli_process *cli, const char *typed, const char *answer)
{
    char expected[1024];
    snprintf(expected, sizeof expected, "\n%s\r\n> \033[?2004h", answer);
    cli_type(cli, typed);
    cli_wait_for(cli, expected);
}

static void leave(cli_process *cli, const char *typed)
{
    cli_type(cli, typed);
    assert_int_equal(cli_finish(cli), 0);
    assert_int_equal(cli->signal, 0);
}

/* ---- pastes ---------------------------------------------------------------------------------- */

static void a_paste_of_several_lines_is_one_message(void **state)
{
    cli_process *cli = *state;
    begin(cli, 80);
    answers(cli, PASTE("all:\r\tcc x.c\r\rlast\r") "\r", "all:\r\n\tcc x.c\r\n\r\nlast");
    answers(cli, PASTE("first\r\nsecond\n") "third\r", "first\r\nsecond\r\nthird");
    leave(cli, "\004");
}

static void so_is_a_paste_that_the_terminal_does_not_mark(void **state)
{
    cli_process *cli = *state;
    begin(cli, 80);
    cli_type(cli, "all:\r\tcc x.c\r\rlast\r");
    cli_wait_for(cli, "last");
    assert_lacks(cli->out, "\nall:");
    answers(cli, "\r", "all:\r\n\tcc x.c\r\n\r\nlast");
    leave(cli, "\004");
}

static void bytes_in_a_paste_that_are_no_text_are_shown(void **state)
{
    cli_process *cli = *state;
    begin(cli, 80);
    answers(cli,
            PASTE("a\xff"
                  "b\033[31mc\xe6\xbc") "\r",
            "a\xef\xbf\xbd"
            "b\\x1b[31mc\xef\xbf\xbd\xef\xbf\xbd");
    leave(cli, "\004");
}

static void a_paste_of_100_kb_arrives_whole(void **state)
{
    enum { LINES = 4000 };
    cli_process *cli = *state;
    char line[64];
    SCOPED(peer) *p = serve_openai(cli);
    serve_answer(p, "Read.", "stop", 1, 1);
    cli->terminal = true;
    cli_set(cli, "TERM", "xterm");
    cli_start(cli, "chat", "-m", "openai/any", NULL);
    cli_wait_for(cli, "> \033[?2004h");
    cli_type(cli, "\033[200~");
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "%d: twenty-five bytes \xc3\xb6\r", i);
        cli_type(cli, line);
    }
    cli_type(cli, "\033[201~\r");
    cli_wait_for(cli, "\nRead.\r\n> ");
    leave(cli, "\004");
    size_t n;
    const char *body = peer_request_body(p, 0, &n);
    assert_true(n > 100000);
    assert_contains(body, "\"0: twenty-five bytes \xc3\xb6\\n1: ");
    assert_contains(body, "\\n3999: twenty-five bytes \xc3\xb6\"");
    assert_int_equal(peer_requests(p), 1);
}

static void a_paste_that_is_too_long_is_left_out_and_told_once(void **state)
{
    enum { LINES = 66000 };
    static const char line[] = "A line of sixty-four bytes, and of one more to end it properly..\r";
    cli_process *cli = *state;
    begin(cli, 80);
    cli_type(cli, "kept \033[200~");
    for (int i = 0; i < LINES; i++) cli_type(cli, line);
    cli_type(cli, "more\033[201~");
    cli_wait_for(cli, "can have at most 4 MiB; the pasted text was left out");
    answers(cli, "text\r", "kept text");
    leave(cli, "\004");
    assert_null(strstr(strstr(cli->out, "left out") + 1, "left out"));
}

/* ---- characters ------------------------------------------------------------------------------ */

static void text_that_is_not_ascii_survives_a_locale_that_knows_ascii_alone(void **state)
{
    cli_process *cli = *state;
    begin(cli, 80);
    answers(cli, "caf\xc3\xa9 \xe6\xbc\xa2\r", "caf\xc3\xa9 \xe6\xbc\xa2");
    answers(cli, "\xe6\xbc\xa2\xe5\xad\x97\033[D\xc3\xa9\177!\r", "\xe6\xbc\xa2!\xe5\xad\x97");
    answers(cli, "e\xcc\x81x\033[D\033[D>\033[C\033[3~!\r", ">e\xcc\x81!");
    leave(cli, "\004");
}

static void a_character_may_come_in_pieces(void **state)
{
    static const char typed[] = "\xe6\xbc\xa2 \xf0\x9f\x90\xb3";
    cli_process *cli = *state;
    begin(cli, 80);
    for (size_t i = 0; i < sizeof typed - 1; i++) cli_type(cli, (char[]){typed[i], '\0'});
    answers(cli, "\r", typed);
    leave(cli, "\004");
}

static void the_cursor_stands_where_wide_and_joined_characters_put_it(void **state)
{
    cli_process *cli = *state;
    begin(cli, 80);
    cli_type(cli, "\xe6\xbc\xa2\xe5\xad\x97");
    cli_wait_for(cli, "\xe5\xad\x97");
    cli_type(cli, "\033[D");
    cli_wait_for(cli, "\r\033[4C");
    cli_type(cli, "\033[H");
    cli_wait_for(cli, "\r\033[2C");
    cli_type(cli, "\033[Fe\xcc\x81z");
    cli_wait_for(cli, "z");
    cli_type(cli, "\033[D");
    cli_wait_for(cli, "\r\033[7C");
    answers(cli, "\r",
            "\xe6\xbc\xa2\xe5\xad\x97"
            "e\xcc\x81z");
    leave(cli, "\004");
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Keys that are typed after the text WORDS and before an "X", and the resulting text. */
static const struct {
    const char *keys, *text;
} rows[] = {
    /* Ctrl-Left as several terminals send it, Alt-Left, and Alt-B */
    {"\033[1;5D", "some words Xhere"},
    {"\033Od", "some words Xhere"},
    {"\033O5D", "some words Xhere"},
    {"\033[1;3D", "some words Xhere"},
    {"\033\033[D", "some words Xhere"},
    {"\033b", "some words Xhere"},
    /* Ctrl-Right */
    {"\001\033[1;5C", "someX words here"},
    {"\001\033Oc", "someX words here"},
    {"\001\033f", "someX words here"},
    /* Home as several terminals send it, and Ctrl-A */
    {"\033[H", "Xsome words here"},
    {"\033OH", "Xsome words here"},
    {"\033[1~", "Xsome words here"},
    {"\033[7~", "Xsome words here"},
    {"\033[1;5H", "Xsome words here"},
    {"\033[7^", "Xsome words here"},
    {"\001", "Xsome words here"},
    /* End */
    {"\001\033[F", "some words hereX"},
    {"\001\033OF", "some words hereX"},
    {"\001\033[4~", "some words hereX"},
    {"\001\033[8~", "some words hereX"},
    {"\001\005", "some words hereX"},
    /* the arrow keys, and Ctrl-B and Ctrl-F */
    {"\033[D", "some words herXe"},
    {"\033OD", "some words herXe"},
    {"\033[d", "some words herXe"},
    {"\002\002\006", "some words herXe"},
    {"\001\033[C", "sXome words here"},
    {"\001\033OC", "sXome words here"},
    /* Page Up and Page Down have no effect on a short text */
    {"\033[5~", "Xsome words here"},
    {"\001\033[6~", "some words hereX"},
    /* Delete, Ctrl-Delete and Backspace */
    {"\001\033[3~", "Xome words here"},
    {"\001\033[3;5~", "X words here"},
    {"\177", "some words herX"},
    {"\010", "some words herX"},
    {"\033\177", "some words X"},
    /* keys that remove words or lines, and Ctrl-Y, which inserts the removed text again */
    {"\027", "some words X"},
    {"\001\033d", "X words here"},
    {"\001\013", "X"},
    {"\025", "X"},
    {"\027\001\031", "hereXsome words "},
    /* Keys without a meaning are dropped completely: Insert, several function keys, keys with
     * modifiers, a reply of the terminal, a focus event, a mouse event, Alt with a letter. */
    {"\033[2~", "some words hereX"},
    {"\033[2$", "some words hereX"},
    {"\033OP", "some words hereX"},
    {"\033[[A", "some words hereX"},
    {"\033[15~", "some words hereX"},
    {"\033[24;2~", "some words hereX"},
    {"\033[23^", "some words hereX"},
    {"\033[1;6P", "some words hereX"},
    {"\033[?1;2c", "some words hereX"},
    {"\033[?2026;2$y", "some words hereX"},
    {"\033[I", "some words hereX"},
    {"\033[<0;12;5M", "some words hereX"},
    {"\033x", "some words hereX"},
    {"\033\xc3\xa9", "some words hereX"},
    {"\033[97;5u", "some words hereX"},
    {"\033[201~", "some words hereX"},
    {"\030\030", "some words hereX"},
    {"\034\036\007", "some words hereX"},
    /* keys for a new line: Alt-Enter, Ctrl-J, and Shift-Enter if the terminal reports it */
    {"\033\r", "some words here\r\nX"},
    {"\n", "some words here\r\nX"},
    {"\033[13;2u", "some words here\r\nX"},
    {"\033[27;2;13~", "some words here\r\nX"},
};

static void keys_mean_the_same_in_every_terminal(void **state)
{
    cli_process *cli = *state;
    char typed[128];
    begin(cli, 80);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(typed, sizeof typed, "%s%sX\r", WORDS, rows[i].keys);
        cli->out[cli->out_length = 0] = '\0'; /* the previous answer may have been the same text */
        answers(cli, typed, rows[i].text);
    }
    leave(cli, "\004");
}

static void a_sequence_may_come_in_pieces(void **state)
{
    static const char keys[] = "ab\033[1;5D";
    cli_process *cli = *state;
    begin(cli, 80);
    for (size_t i = 0; i < sizeof keys - 1; i++) cli_type(cli, (char[]){keys[i], '\0'});
    answers(cli, "X\r", "Xab");
    leave(cli, "\004");
}

static void the_arrows_go_through_the_rows_and_then_through_the_history(void **state)
{
    cli_process *cli = *state;
    begin(cli, 20);
    answers(cli, "first\r", "first");
    answers(cli, PASTE("second\rof two") "\r", "second\r\nof two");
    answers(cli, "\033[A\033[AX\r", "secondX\r\nof two");
    answers(cli, "draft\033[A\033[A\033[A\033[A\033[A\033[BY\033[B\033[B\033[B\033[B!\r", "draft!");
    answers(cli, "0123456789abcdefghijklmnopqrst\033[AX\r", "0123456789Xabcdefghijklmnopqrst");
    leave(cli, "\004");
}

static void the_history_is_there_in_the_next_chat(void **state)
{
    cli_process *cli = *state;
    for (int i = 0; i < 2; i++) {
        begin(cli, 80);
        if (i == 0) answers(cli, PASTE("a \\n\rb") "\r", "a \\n\r\nb");
        if (i == 1) answers(cli, "\033[A!\r", "a \\n\r\nb!");
        leave(cli, "\004");
    }
}

/* ---- leaving --------------------------------------------------------------------------------- */

static void words_that_people_leave_with_are_not_sent(void **state)
{
    static const char *const words[] = {"exit\r", "quit\r", "/exit\r", "/quit\r",
                                        "/bye\r", "\004",   "\003\003"};
    cli_process *cli = *state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        begin(cli, 80);
        leave(cli, words[i]);
    }
}

static void ctrl_c_drops_what_is_typed_and_ends_only_at_an_empty_prompt(void **state)
{
    cli_process *cli = *state;
    begin(cli, 80);
    cli_type(cli, "one\003");
    cli_wait_for(cli, "one^C\033[?2004l\r\n> ");
    cli_type(cli, "two\003");
    cli_wait_for(cli, "two^C\033[?2004l\r\n> ");
    cli_type(cli, "\003");
    cli_wait_for(cli, "press Ctrl-C again");
    answers(cli, "three\r", "three");
    cli_type(cli, "\003");
    leave(cli, "\003");
}

static void ctrl_d_deletes_where_something_is_typed(void **state)
{
    cli_process *cli = *state;
    begin(cli, 80);
    answers(cli, "abc\001\004\r", "bc");
    leave(cli, "\004");
}

/* ---- the terminal ---------------------------------------------------------------------------- */

static void a_new_size_draws_the_text_again_from_its_first_row(void **state)
{
    cli_process *cli = *state;
    begin(cli, 80);
    cli_type(cli, "a text of more than one row at 20 columns");
    cli_wait_for(cli, "columns");
    cli_resize(cli, 20);
    cli_wait_for(cli, "\033[2A\r\033[J> a text of more than one row at 20 columns");
    cli_resize(cli, 30);
    cli_wait_for(cli, "\033[1A\r\033[J> a text of more than one row at 20 columns");
    leave(cli, "\003\003\003");
}

static void ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(void **state)
{
    cli_process *cli = *state;
    char script[1024];
    snprintf(script, sizeof script,
             "%s chat -m mock/echo --no-render; stty -a | grep -o '.icanon'; echo stopped; fg; "
             "stty -a | grep -o '.icanon'; echo ended",
             cli_program());
    cli->terminal = true;
    cli->program = "/bin/sh";
    cli_set(cli, "TERM", "xterm");
    cli_set(cli, "PATH", "/usr/bin:/bin");
    cli_start(cli, "-mc", script, NULL);
    cli_wait_for(cli, "> \033[?2004h");
    cli_type(cli, "typed\032");
    cli_wait_for(cli, " icanon\r\nstopped\r\n");
    cli_wait_for(cli, "> typed\033[?2004h");
    answers(cli, " before\r", "typed before");
    leave(cli, "\004");
    assert_contains(cli->out, " icanon\r\nended\r\n");
}

static void a_signal_that_ends_the_chat_gives_the_terminal_back(void **state)
{
    cli_process *cli = *state;
    struct termios mode;
    begin(cli, 80);
    int fd = dup(cli->in_fd);
    assert_int_equal(tcgetattr(fd, &mode), 0);
    assert_false(mode.c_lflag & ICANON);
    cli_signal(cli, SIGTERM);
    cli_finish(cli);
    assert_int_equal(cli->signal, SIGTERM);
    assert_contains(cli->out, "\033[?2004l");
    assert_int_equal(tcgetattr(fd, &mode), 0);
    assert_true(mode.c_lflag & ICANON);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(a_paste_of_several_lines_is_one_message),
        TEST(so_is_a_paste_that_the_terminal_does_not_mark),
        TEST(bytes_in_a_paste_that_are_no_text_are_shown),
        TEST(a_paste_of_100_kb_arrives_whole),
        TEST(a_paste_that_is_too_long_is_left_out_and_told_once),
        TEST(text_that_is_not_ascii_survives_a_locale_that_knows_ascii_alone),
        TEST(a_character_may_come_in_pieces),
        TEST(the_cursor_stands_where_wide_and_joined_characters_put_it),
        TEST(keys_mean_the_same_in_every_terminal),
        TEST(a_sequence_may_come_in_pieces),
        TEST(the_arrows_go_through_the_rows_and_then_through_the_history),
        TEST(the_history_is_there_in_the_next_chat),
        TEST(words_that_people_leave_with_are_not_sent),
        TEST(ctrl_c_drops_what_is_typed_and_ends_only_at_an_empty_prompt),
        TEST(ctrl_d_deletes_where_something_is_typed),
        TEST(a_new_size_draws_the_text_again_from_its_first_row),
        TEST(ctrl_z_gives_the_terminal_back_and_fg_takes_it_again),
        TEST(a_signal_that_ends_the_chat_gives_the_terminal_back),
    };
    return cmocka_run_group_tests_name("chat_editor", tests, NULL, NULL);
}
