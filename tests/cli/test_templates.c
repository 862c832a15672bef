/* Templates: the options -t and -p, and the command that lists templates. */
#include "../support/scoped.h"
#include "../support/words.h"
#include "expect.h"
#include "served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER ".config/beluga/templates"

static const char translate[] = "description: Translate a text\n"
                                "model: mock/echo\n"
                                "prompt: |\n"
                                "  Translate into {{language}}, {{tone}}:\n"
                                "\n"
                                "  {{input}}\n"
                                "parameters: {language: null, tone: formal, year: 2026}\n";

static const char *path_of(const cli_process *cli, const char *name)
{
    static char path[192];
    snprintf(path, sizeof path, "%s/%s/%s.yaml", cli->home, FOLDER, name);
    return path;
}

static void write_template(cli_process *cli, const char *name, const char *text)
{
    FILE *file = fopen(path_of(cli, name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    char command[160];
    if (cli_setup(state) != 0) return -1;
    cli_process *cli = *state;
    snprintf(command, sizeof command, "mkdir -p %s/" FOLDER, cli->home);
    return system(command);
}

/* ---- prompts --------------------------------------------------------------------------------- */

static void a_template_makes_the_prompt_of_its_parameters_and_the_input(void **state)
{
    cli_process *cli = *state;
    write_template(cli, "translate", translate);
    expect_out(cli, "Translate into French, formal:\n\nHello world\n", "-t", "translate", "-p",
               "language=French", "Hello", "world");
    give(cli, "Hello\n");
    expect_out(cli, "Translate into {{x}}, =a=:\n\nHello\n", "prompt", "--template=translate", "-p",
               "language=no", "-p", "language={{x}}", "-p", "tone==a=");
    give(cli, "");
    expect_error(cli, 2, "the prompt is empty", "-t", "translate", "-p", "language=x");
}

static void a_prompt_without_a_place_comes_before_the_input(void **state)
{
    cli_process *cli = *state;
    write_template(cli, "joke", "model: mock/echo\nprompt: Tell a {{{{joke}}.\n");
    expect_out(cli, "Tell a {{joke}}.\n", "-t", "joke");
    expect_out(cli, "Tell a {{joke}}.\n\nabout cats\n", "-t", "joke", "about", "cats");
    write_template(cli, "bare", "model: mock/echo\n");
    expect_out(cli, "Hello\n", "-t", "bare", "Hello");
    expect_error(cli, 2, "the prompt is empty", "-t", "bare");
}

static void a_parameter_that_is_missing_or_unknown_is_told(void **state)
{
    cli_process *cli = *state;
    write_template(cli, "translate", translate);
    expect_error(cli, 2, "the template translate needs -p language=VALUE\n", "-t", "translate",
                 "Hello");
    write_template(cli, "two", "system: You are {{who}}\nprompt: \"{{a}} {{b}}\"\n");
    expect_error(cli, 2, "the template two needs -p who=VALUE\n", "-t", "two");
    expect_error(cli, 2, "the template two needs -p a=VALUE -p b=VALUE\n", "-t", "two", "-p",
                 "who=x");
    expect_error(cli, 2, "the template two has no parameter c\n", "-t", "two", "-p", "c=x");
    expect_error(cli, 2, "-p: must have the form NAME=VALUE, not who", "-t", "two", "-p", "who");
    expect_error(cli, 2, "-p sets a parameter of a template", "-p", "who=x", "Hello");
}

static void a_text_with_a_field_is_a_template_too(void **state)
{
    cli_process *cli = *state;
    expect_out(cli, "Say Hello loudly\n", "-m", "mock/echo", "-t", "Say {{input}} {{how}}", "-p",
               "how=loudly", "Hello");
    expect_error(cli, 2, "the template Say {{input}} {{how}} needs -p how=VALUE", "-m", "mock/echo",
                 "-t", "Say {{input}} {{how}}", "Hello");
}

static void what_belongs_to_a_template_is_sent(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    write_template(cli, "full",
                   "model: openai/any\nsystem: |\n  You are {{who}} {{{{x}}\nprompt: Who?\n"
                   "options: {temperature: 0.5, stop_sequences: [a, b], seed: 7}\n"
                   "schema: {type: object, properties: {name: {type: string}}}\n"
                   "parameters: {who: Ada}\n");
    for (int i = 0; i < 2; i++) peer_openai_stream(peer_reply_new(p), "{\"name\":\"Ada\"}");
    expect_exit(cli, 0, "-t", "full");
    const char *body = peer_request_body(p, 0, NULL);
    assert_has_all(body, "{\"role\":\"system\",\"content\":\"You are Ada {{x}}\"}",
                   "{\"role\":\"user\",\"content\":\"Who?\"}", "\"temperature\":0.5", "\"seed\":7",
                   "\"stop\":[\"a\",\"b\"]", "\"properties\":{\"name\"");
    expect_exit(cli, 0, "-t", "full", "-m", "openai/other", "-s", "Be brief", "-o", "seed=8", "-p",
                "who=x", "--schema", "name,");
    body = peer_request_body(p, 1, NULL);
    assert_has_all(body, "\"other\"", "\"Be brief\"", "\"seed\":8", "\"temperature\":0.5");
    assert_has_none(body, "You are", "\"seed\":7");
}

static void the_tools_of_a_template_may_be_called(void **state)
{
    static const char yaml[] =
        "tools: {clock: {description: The time, command: [date], allow: always}}\n";
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    cli_write_file(cli, ".config/beluga/config.yaml", yaml, sizeof yaml - 1);
    write_template(cli, "tooled", "model: openai/any\ntools: [clock]\n");
    peer_openai_stream(peer_reply_new(p), "Hello");
    expect_exit(cli, 0, "-t", "tooled", "Hello");
    assert_contains(peer_request_body(p, 0, NULL), "\"name\":\"clock\"");
    write_template(cli, "wrong", "model: openai/any\ntools: [colck]\n");
    expect_error(cli, 3, "clock", "-t", "wrong", "Hello");
}

/* ---- other commands -------------------------------------------------------------------------- */

static void a_chat_frames_each_message(void **state)
{
    cli_process *cli = *state;
    write_template(cli, "short", "model: mock/echo\nprompt: \"Say {{input}} in {{n}} words\"\n");
    give(cli, "Hello\nBye\n");
    expect_out(cli, "Say Hello in 2 words\nSay Bye in 2 words\n", "chat", "-t", "short", "-p",
               "n=2");
}

static void a_batch_asks_each_line_by_a_template(void **state)
{
    static const char csv[] = "name,text\nAda,Hello\nBob,Bye\n", lines[] = "Hello\n";
    char out[128], in[256];
    cli_process *cli = *state;
    write_template(cli, "greet",
                   "model: mock/echo\nprompt: \"{{tone}} {{name}}: {{input}}\"\n"
                   "parameters: {tone: Dear}\n");
    snprintf(out, sizeof out, "%s/out.jsonl", cli->home);
    snprintf(in, sizeof in, "%s", cli_write_file(cli, "in.csv", csv, sizeof csv - 1));
    expect_exit(cli, 0, "batch", in, "--out", out, "-t", "greet", "--ordered");
    expect_exit(cli, 0, "batch", in, "--out", out, "-t", "greet", "--json", "--ordered");
    FILE *file = fopen(out, "r");
    char text[1024] = "";
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_has_all(text, "\"text\":\"Dear Ada: Hello\"", "\"text\":\"Dear Bob: Bye\"");
    write_template(cli, "plain", "model: mock/echo\nprompt: Shout\n");
    snprintf(in, sizeof in, "%s", cli_write_file(cli, "in.txt", lines, sizeof lines - 1));
    snprintf(out, sizeof out, "%s/plain.jsonl", cli->home);
    expect_exit(cli, 0, "batch", in, "--out", out, "-t", "plain");
    assert_non_null(file = fopen(out, "r"));
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_contains(text, "\"text\":\"Shout\\n\\nHello\"");
}

/* ---- files ----------------------------------------------------------------------------------- */

static void templates_are_listed_and_shown(void **state)
{
    cli_process *cli = *state;
    char command[208];
    write_template(cli, "translate", translate);
    write_template(cli, "a-poem", "prompt: \"Rhyme\\nabout {{input}}\"\n");
    expect_out(cli, "a-poem\tRhyme\ntranslate\tTranslate a text\n", "templates");
    expect_out(cli, translate, "templates", "show", "translate");
    expect_in_out(cli, "{\"name\":\"translate\",\"description\":\"Translate a text\"", "templates",
                  "list", "--json");
    assert_contains(cli->out, "\"parameters\":[\"language\",\"tone\",\"year\"]");
    snprintf(command, sizeof command, "%s\n", path_of(cli, "x"));
    expect_out(cli, command, "templates", "path", "x");
    expect_out(cli, "a-poem\ntranslate\n", "completion", "templates");
    expect_exit(cli, 0, "templates", "remove", "a-poem");
    expect_out(cli, "translate\tTranslate a text\n", "templates");
    expect_error(cli, 2, "can't be removed", "templates", "remove", "a-poem");
    expect_error(cli, 2, "choose list, show, edit, path or remove", "templates", "lits");
}

static void an_editor_writes_a_template(void **state)
{
    static const char editor[] = "#!/bin/sh\ncat \"$1\" >>\"$HOME/seen\"\n"
                                 "printf 'model: mock/echo\\nprompt: \"%s {{input}}\"\\n' \"$SAY\" "
                                 ">\"$1\"\n";
    char program[160], seen[1024] = "";
    cli_process *cli = *state;
    snprintf(program, sizeof program, "%s", cli_write_file(cli, "ed", editor, sizeof editor - 1));
    assert_int_equal(chmod(program, 0755), 0);
    cli_set(cli, "EDITOR", program);
    cli_set(cli, "SAY", "Say");
    expect_error(cli, 0, "written: ", "templates", "edit", "say");
    expect_out(cli, "Say Hello\n", "-t", "say", "Hello");
    cli_set(cli, "SAY", "Shout");
    expect_exit(cli, 0, "templates", "edit", "say");
    expect_out(cli, "Shout Hello\n", "-t", "say", "Hello");
    snprintf(program, sizeof program, "%s/seen", cli->home);
    FILE *file = fopen(program, "r");
    assert_non_null(file);
    seen[fread(seen, 1, sizeof seen - 1, file)] = '\0';
    fclose(file);
    assert_has_all(seen, "# description: What it is for\n", "prompt: \"Say {{input}}\"\n");
    cli_set(cli, "SAY", "\"");
    expect_error(cli, 3, "not YAML", "templates", "edit", "say");
    cli_set(cli, "EDITOR", "false");
    expect_error(cli, 1, "failed", "templates", "edit", "other");
    expect_exit(cli, 2, "templates", "show", "other");
    expect_error(cli, 2, "name the template", "templates", "edit");
}

static void a_name_that_is_nearly_right_is_told(void **state)
{
    cli_process *cli = *state;
    write_template(cli, "translate", translate);
    expect_error(cli, 2, "there is no template translat; did you mean translate?", "-t", "translat",
                 "Hello");
    expect_error(cli, 2, "there is no template other (", "-t", "other", "Hello");
    expect_error(cli, 2, "is not a valid template name", "-t", "Say this: ", "Hello");
    expect_error(cli, 3, "No such file", "-t", "./other.yaml", "Hello");
    expect_out(cli, "Translate into x, formal:\n\nHello\n", "-t", path_of(cli, "translate"), "-p",
               "language=x", "Hello");
}

static void a_file_with_a_mistake_is_told(void **state)
{
    static const char *const texts[][2] = {
        {"sytem: x\n", "\"sytem\" is not known here; did you mean system?"},
        {"prompt: [x]\n", "prompt must be a string"},
        {"prompt: {a: b\n", "bad.yaml:1:9: not YAML"},
        {"prompt: a\nprompt: b\n", "bad.yaml:2:1: \"prompt\" occurs twice here"},
        {"- a\n", "a template must be a map"},
    };
    cli_process *cli = *state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_template(cli, "bad", texts[i][0]);
        expect_error(cli, 3, texts[i][1], "-m", "mock/echo", "-t", "bad", "Hello");
    }
    write_template(cli, "bad", "prompt: \"{{a\"\n");
    expect_error(cli, 2, "the prompt of the template bad: {{a has no closing }}", "-m", "mock/echo",
                 "-t", "bad", "Hello");
    write_template(cli, "bad", "options: {temprature: 1}\n");
    expect_error(cli, 3, "did you mean temperature?", "-m", "mock/echo", "-t", "bad", "Hello");
    write_template(cli, "good", "prompt: x\n");
    write_template(cli, "bad", "- a\n");
    expect_exit(cli, 3, "templates");
    assert_string_equal(cli->out, "good\tx\n");
}

static void there_are_no_templates_at_first(void **state)
{
    cli_process *cli = *state;
    char path[160];
    snprintf(path, sizeof path, "%s/" FOLDER, cli->home);
    assert_int_equal(rmdir(path), 0);
    expect_error(cli, 0, "there are no templates in ", "templates");
    expect_out(cli, "{\"templates\":[]}\n", "templates", "--json");
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_template_makes_the_prompt_of_its_parameters_and_the_input),
        test(a_prompt_without_a_place_comes_before_the_input),
        test(a_parameter_that_is_missing_or_unknown_is_told),
        test(a_text_with_a_field_is_a_template_too),
        test(what_belongs_to_a_template_is_sent),
        test(the_tools_of_a_template_may_be_called),
        test(a_chat_frames_each_message),
        test(a_batch_asks_each_line_by_a_template),
        test(templates_are_listed_and_shown),
        test(an_editor_writes_a_template),
        test(a_name_that_is_nearly_right_is_told),
        test(a_file_with_a_mistake_is_told),
        test(there_are_no_templates_at_first),
    };
    return cmocka_run_group_tests_name("templates", tests, NULL, NULL);
}
