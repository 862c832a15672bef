/* Files that are sent with a prompt: attachments, and the files that -f names. */
#include "../support/scoped.h"
#include "../support/words.h"
#include "answers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PNG "\x89PNG\r\n\x1a\n"

/* Return the path of a name in the command's home; borrowed until the sixth call after this one. */
static const char *at(const cli_process *cli, const char *name)
{
    static char paths[6][256];
    static size_t next;
    char *path = paths[next++ % 6];
    snprintf(path, sizeof paths[0], "%s/%s", cli->home, name);
    return path;
}

/* Run a shell command in the command's home; it must succeed. */
static void shell(const cli_process *cli, const char *line)
{
    char *command = NULL;
    assert_true(asprintf(&command, "cd %s && HOME=%s && export HOME && { %s; }", cli->home,
                         cli->home, line) > 0);
    assert_int_equal(system(command), 0);
    free(command);
}

static void write_text(cli_process *cli, const char *name, const char *text)
{
    cli_write_file(cli, name, text, strlen(text));
}

/* ---- attachments ----------------------------------------------------------------------------- */

static void texts_go_with_their_names(void **state)
{
    cli_process *cli = *state;
    write_text(cli, "a.txt", "one\n");
    write_text(cli, "b.txt", "two");
    expect_out(cli, "Compare\n\nFile: a.txt\n```\none\n```\n\n\nFile: b.txt\n```\ntwo\n```\n", "-m",
               "mock/echo", "-a", at(cli, "a.txt"), "-a", at(cli, "b.txt"), "Compare");
}

static void a_text_can_not_end_its_fence(void **state)
{
    cli_process *cli = *state;
    write_text(cli, "a.md", "```\n````sh\n");
    expect_out(cli, "File: a.md\n`````\n```\n````sh\n`````\n", "-m", "mock/echo", "-a",
               at(cli, "a.md"));
}

static void a_name_of_several_lines_is_one_line(void **state)
{
    cli_process *cli = *state;
    write_text(cli, "a\nFile: b", "x\n");
    expect_in_out(cli, "File: a\\nFile: b\n```\nx\n", "-m", "mock/echo", "-a",
                  at(cli, "a\nFile: b"));
}

static void the_first_bytes_of_a_file_say_what_it_is(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "A picture", "stop");
    cli_write_file(cli, "a.txt", PNG, sizeof PNG - 1);
    expect_exit(cli, 0, "-m", "openai/any", "-a", at(cli, "a.txt"), "What?");
    assert_contains(peer_request_body(p, 0, NULL), "data:image/png;base64,");
    write_text(cli, "b.png", "no picture");
    expect_in_out(cli, "no picture", "-m", "mock/echo", "-a", at(cli, "b.png"));
}

static void stdin_can_be_attached(void **state)
{
    cli_process *cli = *state;
    give(cli, "a line\n");
    expect_out(cli, "What?\n\nFile: stdin\n```\na line\n```\n", "-m", "mock/echo", "-a", "-",
               "What?");
    SCOPED(peer) *p = serve_openai(cli);
    reply_with(p, "A picture", "stop");
    cli->input = PNG;
    cli->input_length = sizeof PNG - 1;
    expect_exit(cli, 0, "-m", "openai/any", "-a", "-", "What?");
    assert_contains(peer_request_body(p, 0, NULL), "data:image/png;base64,");
}

static void stdin_is_not_attached_and_a_part_of_the_prompt(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "both an attachment and a part of the prompt", "-m", "mock/any", "-a", "-",
                 "-");
}

static void what_is_no_file_with_something_in_it_is_2_and_nothing_is_sent(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    write_text(cli, "empty.txt", "");
    cli_write_file(cli, "binary", "a\0b", 3);
    const struct {
        const char *what, *why;
    } rows[] = {{at(cli, "empty.txt"), "empty.txt: it is empty"},
                {at(cli, "none.txt"), "none.txt: No such file"},
                {cli->home, "it is a folder; use -f to send the text files in a folder"},
                {"/dev/zero", "it is a device"},
                {at(cli, "binary"), "not a PNG, JPEG"},
                {"-", "stdin: it is empty"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_error(cli, 2, rows[i].why, "-m", "openai/any", "-a", rows[i].what, "What?");
    assert_int_equal(peer_requests(p), 0);
}

static void what_the_provider_is_not_known_to_take_is_2_and_nothing_is_sent(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve(cli, "DEEPSEEK_BASE_URL", "DEEPSEEK_API_KEY");
    cli_write_file(cli, "a.png", PNG, sizeof PNG - 1);
    expect_error(cli, 2,
                 "a.png was not sent: provider deepseek is not known to accept pictures; try "
                 "another model with -m, or send it anyway with --attach-anyway",
                 "-m", "deepseek/any", "-a", at(cli, "a.png"), "What?");
    expect_error(cli, 2, "is not known to accept files other than text", "-m", "deepseek/any", "-a",
                 "https://example.org/a.pdf", "What?");
    assert_int_equal(peer_requests(p), 0);
}

static void it_is_sent_when_the_user_says_so(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve(cli, "DEEPSEEK_BASE_URL", "DEEPSEEK_API_KEY");
    reply_with(p, "A picture", "stop");
    cli_write_file(cli, "a.png", PNG, sizeof PNG - 1);
    expect_exit(cli, 0, "-m", "deepseek/any", "--attach-anyway", "-a", at(cli, "a.png"), "What?");
    assert_contains(peer_request_body(p, 0, NULL), "data:image/png;base64,");
}

static void an_address_that_the_api_does_not_take_is_2_and_nothing_is_sent(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    expect_error(cli, 2, "a file is not sent: openai takes files as bytes or data: URLs only", "-m",
                 "openai/any", "-a", "https://example.org/a.pdf", "What?");
    assert_contains(cli->err, "To ask without the part that can't be sent, add --attach-anyway.");
    assert_int_equal(peer_requests(p), 0);
    reply_with(p, "No idea", "stop");
    expect_error(cli, 0, "a file is not sent", "-m", "openai/any", "--attach-anyway", "-a",
                 "https://example.org/a.pdf", "What?");
    assert_int_equal(peer_requests(p), 1);
}

/* ---- files as context ------------------------------------------------------------------------ */

static void files_stand_before_the_prompt_with_their_names(void **state)
{
    cli_process *cli = *state;
    write_text(cli, "a.c", "int a;\n");
    write_text(cli, "b.c", "int b;");
    expect_out(cli, "File: b.c\n```\nint b;\n```\n\nFile: a.c\n```\nint a;\n```\n\nWhy?\n", "-m",
               "mock/echo", "-f", at(cli, "b.c"), "-f", at(cli, "a.c"), "Why?");
}

static void a_folder_is_its_files_in_the_order_of_their_names(void **state)
{
    cli_process *cli = *state;
    shell(cli, "mkdir -p src/sub && echo 1 >src/b && echo 2 >src/sub/x && echo 3 >src/z && "
               "echo 4 >src/A");
    expect_out(cli,
               "File: src/A\n```\n4\n```\n\nFile: src/b\n```\n1\n```\n\n"
               "File: src/sub/x\n```\n2\n```\n\nFile: src/z\n```\n3\n```\n\nWhy?\n",
               "-m", "mock/echo", "-f", at(cli, "src"), "Why?");
}

static void what_is_no_text_is_left_out_of_a_folder_and_told(void **state)
{
    cli_process *cli = *state;
    shell(cli, "mkdir src && echo 1 >src/a && printf 'a\\0b' >src/b && ln -s /etc/passwd src/l && "
               "ln -s /etc src/d && mkfifo src/p");
    expect_error(cli, 0, "-f leaves out 1 file that is not UTF-8 text: src/b", "-m", "mock/echo",
                 "-f", at(cli, "src"), "Why?");
    assert_string_equal(cli->out, "File: src/a\n```\n1\n```\n\nWhy?\n");
    assert_contains(cli->err, "-f leaves out 2 symbolic links");
    assert_contains(cli->err, "-f leaves out 1 special file (pipes, sockets or devices)");
    expect_error(cli, 2, "src/b is not UTF-8 text", "-m", "mock/echo", "-f", at(cli, "src/b"),
                 "Why?");
}

static void more_than_the_limit_is_2_and_says_what_would_be_enough(void **state)
{
    cli_process *cli = *state;
    shell(cli, "mkdir src && head -c 300000 /dev/zero | tr '\\0' x >src/a && cp src/a src/b");
    expect_error(cli, 2,
                 "the files of -f have 586 KiB in 2 files, about 150000 tokens, but the limit is "
                 "512 KiB: name fewer files, exclude some with a .gitignore, or raise the limit "
                 "with --max-context 586k",
                 "-m", "mock/echo", "-f", at(cli, "src"), "Why?");
    assert_string_equal(cli->out, "");
    expect_exit(cli, 0, "-m", "mock/any", "--max-context", "586k", "-f", at(cli, "src"), "Why?");
    expect_error(cli, 2, "--max-context must be a number of bytes", "-m", "mock/any",
                 "--max-context", "lots", "-f", at(cli, "src"), "Why?");
}

static void the_size_is_told_on_a_terminal(void **state)
{
    cli_process *cli = *state;
    write_text(cli, "a", "12345678");
    cli->terminal = true;
    expect_in_out(cli, "-f: 1 file, 8 bytes, about 2 tokens", "-m", "mock/any", "-f", at(cli, "a"),
                  "Why?");
}

static void missing_unreadable_and_empty_files_are_2(void **state)
{
    cli_process *cli = *state;
    write_text(cli, "empty", "");
    shell(cli, "mkdir src && mkdir src/.git");
    expect_error(cli, 2, "empty is empty", "-m", "mock/any", "-f", at(cli, "empty"), "Why?");
    expect_error(cli, 2, "none: No such file", "-m", "mock/any", "-f", at(cli, "none"), "Why?");
    expect_error(cli, 2, "/dev/zero is a device", "-m", "mock/any", "-f", "/dev/zero", "Why?");
    expect_error(cli, 2, "src has no files", "-m", "mock/any", "-f", at(cli, "src"), "Why?");
}

/* ---- .gitignore ------------------------------------------------------------------------------ */

/* Make a repository with ignore rules of every kind, and files that the rules match or do not
 * match. */
static void make_repository(const cli_process *cli)
{
    shell(
        cli,
        "mkdir -p repo/.git/info repo/src/deep/er repo/build/x repo/doc/a/b/c repo/keep && "
        "cd repo && "
        "printf '%s\\n' '*.o' '!keep.o' '/top' 'build/' 'doc/**/x' '**/any/y' 'src/deep/**' "
        "'!src/deep/er' '# no rule' '\\#file' '\\!bang' 'sp\\ ' 'trail   ' '[ab]?.[!z]' "
        "'n[[:digit:]]' 'un[closed' 'f*o*o' 'a/**' '' '*.log\r' 'keep/*' '!keep/me' >.gitignore && "
        "printf '!x.o\\nlocal\\n/here\\n' >src/.gitignore && printf 'secret\\n' "
        ">.git/info/exclude");
    shell(cli, "cd repo && mkdir -p any a src/any && for f in a.o keep.o top src/top build/x/f "
               "src/build doc/x doc/a/x doc/a/b/c/x doc/y any/y src/any/y src/deep/f src/deep/er/g "
               "'#file' '!bang' 'sp ' 'trail' 'a1.c' 'b2.z' n1 nx 'un[closed' foo fxoyo fo a/b "
               "x.log src/x.o src/y.o src/local src/here here local keep/me keep/you secret .env "
               "src/secret; do echo \"$f\" >\"$f\"; done");
}

/* Return the names of the files that `-f folder` sends, one on each line. Borrowed from cli->out.
 */
static char *names_of(cli_process *cli, const char *folder)
{
    char *to = cli->out;
    expect_exit(cli, 0, "-m", "mock/echo", "-q", "-f", folder);
    to = cli->out;
    for (char *line = cli->out, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        size_t n = next ? (size_t)(next++ - line) : strlen(line);
        if (strncmp(line, "File: repo/", 11) != 0) continue;
        memmove(to, line + 11, n - 11);
        to += n - 11;
        *to++ = '\n';
    }
    *to = '\0';
    return cli->out;
}

static void what_gitignore_hides_is_left_out(void **state)
{
    cli_process *cli = *state;
    make_repository(cli);
    assert_string_equal(names_of(cli, at(cli, "repo")),
                        "b2.z\ndoc/y\nfo\nhere\nkeep.o\nkeep/me\nlocal\nnx\n"
                        "src/build\nsrc/top\nsrc/x.o\nun[closed\n");
}

static void git_hides_the_same(void **state)
{
    cli_process *cli = *state;
    if (system("git --version >/dev/null 2>&1") != 0) {
        print_message("# needs git\n");
        skip();
    }
    make_repository(cli);
    shell(cli, "cd repo && cp -r .git/info ../info && rm -r .git && git init -q . && "
               "cp ../info/exclude .git/info/exclude && "
               "git -c core.quotePath=false ls-files -co --exclude-standard | grep -v "
               "'^[.]\\|/[.]' | LC_ALL=C sort >../list");
    FILE *list = fopen(at(cli, "list"), "r");
    char names[4096];
    names[fread(names, 1, sizeof names - 1, list)] = '\0';
    fclose(list);
    assert_string_equal(names_of(cli, at(cli, "repo")), names);
}

static void rules_above_a_folder_and_those_of_the_user_hold(void **state)
{
    cli_process *cli = *state;
    make_repository(cli);
    shell(cli, "mkdir -p .config/git && echo top >.config/git/ignore");
    expect_exit(cli, 0, "-m", "mock/echo", "-q", "-f", at(cli, "repo/src"));
    assert_string_equal(cli->out, "File: src/build\n```\nsrc/build\n```\n\n"
                                  "File: src/x.o\n```\nsrc/x.o\n```\n\n");
}

static void what_begins_with_a_dot_is_left_out_of_a_folder_and_told(void **state)
{
    cli_process *cli = *state;
    shell(cli, "mkdir -p home/.ssh && echo key >home/.ssh/id && echo key >home/.env && "
               "echo a >home/a");
    expect_exit(cli, 0, "-m", "mock/echo", "-f", at(cli, "home"));
    assert_lacks(cli->out, "key");
    assert_contains(cli->out, "File: home/a\n");
    assert_contains(cli->err, "-f leaves out 2 names that begin with a dot; name such a file to "
                              "send it\n");
    expect_in_out(cli, "key", "-m", "mock/echo", "-f", at(cli, "home/.env"));
    expect_in_out(cli, "key", "-m", "mock/echo", "-f", at(cli, "home/.ssh"));
}

static void a_file_that_is_named_is_sent_though_it_is_ignored(void **state)
{
    cli_process *cli = *state;
    make_repository(cli);
    expect_in_out(cli, "File: a.o\n", "-m", "mock/echo", "-f", at(cli, "repo/a.o"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)
        TEST(texts_go_with_their_names),
        TEST(a_text_can_not_end_its_fence),
        TEST(a_name_of_several_lines_is_one_line),
        TEST(the_first_bytes_of_a_file_say_what_it_is),
        TEST(stdin_can_be_attached),
        TEST(stdin_is_not_attached_and_a_part_of_the_prompt),
        TEST(what_is_no_file_with_something_in_it_is_2_and_nothing_is_sent),
        TEST(what_the_provider_is_not_known_to_take_is_2_and_nothing_is_sent),
        TEST(it_is_sent_when_the_user_says_so),
        TEST(an_address_that_the_api_does_not_take_is_2_and_nothing_is_sent),
        TEST(files_stand_before_the_prompt_with_their_names),
        TEST(a_folder_is_its_files_in_the_order_of_their_names),
        TEST(what_is_no_text_is_left_out_of_a_folder_and_told),
        TEST(more_than_the_limit_is_2_and_says_what_would_be_enough),
        TEST(the_size_is_told_on_a_terminal),
        TEST(missing_unreadable_and_empty_files_are_2),
        TEST(what_gitignore_hides_is_left_out),
        TEST(git_hides_the_same),
        TEST(rules_above_a_folder_and_those_of_the_user_hold),
        TEST(what_begins_with_a_dot_is_left_out_of_a_folder_and_told),
        TEST(a_file_that_is_named_is_sent_though_it_is_ignored),
    };
    return cmocka_run_group_tests_name("cli-files", tests, NULL, NULL);
}
