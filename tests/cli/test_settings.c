/* Keys, aliases and the default model, which commands write into the configuration. */
#include "../support/scoped.h"
#include "../support/words.h"
#include "expect.h"
#include "served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "sk-never-shown-0123456789"

static const char *in_home(const cli_process *cli, const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", cli->home, name);
    return path;
}

static void assert_file(const cli_process *cli, const char *name, const char *text)
{
    char found[2048];
    FILE *file = fopen(in_home(cli, name), "r");
    assert_non_null(file);
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(found, text);
}

static void assert_mode(const cli_process *cli, const char *name, unsigned mode)
{
    struct stat info;
    assert_int_equal(lstat(in_home(cli, name), &info), 0);
    assert_int_equal(info.st_mode & 0777, mode);
}

/* Write a configuration file at its usual path, as a user would. */
static void write_config(cli_process *cli, const char *text)
{
    assert_int_equal(mkdir(in_home(cli, ".config"), 0700), 0);
    assert_int_equal(mkdir(in_home(cli, ".config/beluga"), 0700), 0);
    cli_write_file(cli, ".config/beluga/config.yaml", text, strlen(text));
}

#define CONFIG ".config/beluga/config.yaml"

/* ---- keys ------------------------------------------------------------------------------------ */

static void a_kept_key_chooses_its_provider_where_no_model_is_named(void **state)
{
    cli_process *cli = *state;
    give(cli, KEY);
    expect_error(cli, 3, "no model is named", "Hello");
    expect_exit(cli, 0, "keys", "set", "openai");
    expect_exit(cli, 0, "config");
    assert_contains(cli->out, "\nmodel  openai/");
    assert_contains(cli->out, " (providers.openai.api_key)\n");
    expect_exit(cli, 0, "keys", "remove", "openai");
    expect_error(cli, 3, "no model is named", "Hello");
}

static void a_key_is_kept_where_only_its_owner_can_read_it(void **state)
{
    char text[256];
    cli_process *cli = *state;
    give(cli, "  " KEY "\r\n");
    expect_error(cli, 0, "the key for openai is stored in ", "keys", "set", "openai");
    assert_string_equal(cli->out, "");
    assert_lacks(cli->err, KEY);
    assert_file(cli, ".config/beluga/keys/openai", KEY "\n");
    assert_mode(cli, ".config/beluga/keys/openai", 0600);
    assert_mode(cli, ".config/beluga/keys", 0700);
    assert_mode(cli, CONFIG, 0600);
    snprintf(text, sizeof text,
             "providers:\n  openai:\n    api_key: file:%s/.config/beluga/keys/openai\n", cli->home);
    assert_file(cli, CONFIG, text);
}

static void a_key_that_is_kept_is_sent(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    assert_non_null(p);
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    give(cli, KEY);
    expect_exit(cli, 0, "keys", "set", "openai");
    peer_openai_stream(peer_reply_new(p), "Hello");
    give(cli, "");
    expect_out(cli, "Hello\n", "-m", "openai/any", "Hello");
    assert_string_equal(peer_request_header(p, 0, "Authorization"), "Bearer " KEY);
}

static void keys_are_listed_by_where_they_are(void **state)
{
    char row[256];
    cli_process *cli = *state;
    expect_error(cli, 0, "no provider has a key; store one with beluga keys set PROVIDER", "keys");
    give(cli, KEY);
    expect_exit(cli, 0, "keys", "set", "groq");
    cli_set(cli, "COHERE_API_KEY", SERVED_KEY);
    snprintf(row, sizeof row,
             "cohere\tenv:COHERE_API_KEY\ngroq\tfile:%s/.config/beluga/keys/groq\n", cli->home);
    expect_out(cli, row, "keys");
    expect_out(cli, row, "keys", "list");
    expect_in_out(cli, "{\"provider\":\"cohere\",\"from\":\"env:COHERE_API_KEY\"}", "keys",
                  "--json");
    assert_lacks(cli->out, KEY);
    assert_lacks(cli->out, SERVED_KEY);
    give(cli, KEY);
    expect_error(cli, 0, "COHERE_API_KEY is also set, and is used instead of this key", "keys",
                 "set", "cohere");
}

static void a_key_that_stands_in_the_file_is_not_shown(void **state)
{
    cli_process *cli = *state;
    write_config(cli, "providers: {groq: {api_key: " KEY "}}\n");
    expect_out(cli, "groq\tthe configuration file itself\n", "keys");
}

static void a_key_is_taken_away_with_its_file(void **state)
{
    cli_process *cli = *state;
    write_config(cli, "# mine\nproviders:\n  openai:\n    timeout: 3s # short\n");
    give(cli, KEY);
    expect_exit(cli, 0, "keys", "set", "openai");
    expect_exit(cli, 0, "keys", "remove", "openai");
    assert_file(cli, CONFIG, "# mine\nproviders:\n  openai:\n    timeout: 3s # short\n");
    assert_int_equal(access(in_home(cli, ".config/beluga/keys/openai"), F_OK), -1);
    expect_error(cli, 0, "no provider has a key", "keys");
}

static void what_is_no_key_is_refused_and_nothing_kept(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 2, "the key is empty; nothing was stored", "keys", "set", "openai");
    give(cli, "one two");
    expect_error(cli, 2, "a key must be one word", "keys", "set", "openai");
    expect_error(cli, 3, "did you mean openai?", "keys", "set", "opnai");
    expect_error(cli, 2, "do not give the key on the command line", "keys", "set", "openai", KEY);
    assert_lacks(cli->err, KEY);
    expect_error(cli, 2, "choose list, set, remove or path", "keys", "store");
    assert_int_equal(access(in_home(cli, ".config"), F_OK), -1);
}

static void a_key_is_typed_unseen_on_a_terminal(void **state)
{
    cli_process *cli = *state;
    cli->terminal = true;
    cli_start(cli, "keys", "set", "openai", NULL);
    cli_wait_for(cli, "Key for openai (not shown): ");
    cli_type(cli, KEY "\n");
    assert_int_equal(cli_finish(cli), 0);
    assert_lacks(cli->out, KEY);
    assert_file(cli, ".config/beluga/keys/openai", KEY "\n");
}

static void a_question_for_a_key_that_is_interrupted_keeps_nothing(void **state)
{
    cli_process *cli = *state;
    cli->terminal = true;
    cli_start(cli, "keys", "set", "openai", NULL);
    cli_wait_for(cli, "(not shown): ");
    cli_type(cli, "sk-\003");
    cli_finish(cli);
    assert_int_equal(cli->signal, 2);
    assert_int_equal(access(in_home(cli, ".config/beluga/keys"), F_OK), -1);
}

static void a_keyring_keeps_a_key_by_its_own_program(void **state)
{
    static const char tool[] = "#!/bin/sh\n"
                               "if [ \"$1\" = store ]; then shift 2; cat >\"$HOME/ring-$4\"; fi\n"
                               "if [ \"$1\" = lookup ]; then cat \"$HOME/ring-$5\"; fi\n";
    char path[256];
    cli_process *cli = *state;
    SCOPED(peer) *p = peer_start();
    assert_non_null(p);
    give(cli, KEY);
    cli_set(cli, "PATH", cli->home);
    expect_error(cli, 1, "secret-tool is not installed", "keys", "set", "openai", "--keyring");
    cli_write_file(cli, "secret-tool", tool, sizeof tool - 1);
    assert_int_equal(chmod(in_home(cli, "secret-tool"), 0755), 0);
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", cli->home);
    cli_set(cli, "PATH", path);
    expect_exit(cli, 0, "keys", "set", "openai", "--keyring");
    assert_file(cli, "ring-openai", KEY);
    assert_file(cli, CONFIG,
                "providers:\n  openai:\n    api_key: command:secret-tool lookup service beluga "
                "provider openai\n");
    cli_set(cli, "OPENAI_BASE_URL", peer_url(p));
    peer_openai_stream(peer_reply_new(p), "Hello");
    give(cli, "");
    expect_out(cli, "Hello\n", "-m", "openai/any", "Hello");
    assert_string_equal(peer_request_header(p, 0, "Authorization"), "Bearer " KEY);
}

/* ---- aliases --------------------------------------------------------------------------------- */

static void an_alias_is_written_with_its_options_and_comments_stay(void **state)
{
    cli_process *cli = *state;
    write_config(cli, "# mine\nmodels:\n  old: mock/any   # the first\n");
    expect_error(cli, 0, "parrot now stands for mock/echo", "aliases", "set", "parrot",
                 "mock/echo");
    expect_exit(cli, 0, "aliases", "set", "clever", "old", "-s", "Be short: yes", "-o", "seed=3");
    assert_file(cli, CONFIG,
                "# mine\nmodels:\n  old: mock/any   # the first\n  parrot: mock/echo\n"
                "  clever:\n    model: old\n    system: \"Be short: yes\"\n    seed: 3\n");
    expect_out(cli, "old\tmock/any\nparrot\tmock/echo\nclever\told\tBe short: yes\n", "aliases");
    expect_in_out(cli, "{\"name\":\"clever\",\"model\":\"old\",\"system\":\"Be short: yes\"}",
                  "aliases", "--json");
    expect_exit(cli, 0, "aliases", "set", "clever", "mock/echo", "-s", "");
    expect_exit(cli, 0, "aliases", "set", "old", "mock/echo");
    expect_error(cli, 2, "there is no alias parot; did you mean parrot?", "aliases", "remove",
                 "parot");
    expect_exit(cli, 0, "aliases", "remove", "parrot");
    assert_file(cli, CONFIG,
                "# mine\nmodels:\n  old: {model: mock/echo}   # the first\n"
                "  clever:\n    model: mock/echo\n    seed: 3\n");
}

static void an_alias_that_would_not_work_is_not_written(void **state)
{
    cli_process *cli = *state;
    expect_error(cli, 3, "did you mean mock?", "aliases", "set", "x", "mcok/any");
    expect_error(cli, 3, "is neither an alias", "aliases", "set", "x", "x");
    expect_error(cli, 3, "did you mean temperature?", "aliases", "set", "x", "mock/any", "-o",
                 "temprature=1");
    expect_error(cli, 2, "name the alias and its model", "aliases", "set", "x");
    expect_error(cli, 2, "there is no alias x", "aliases", "remove", "x");
    assert_int_equal(access(in_home(cli, ".config"), F_OK), -1);
    expect_exit(cli, 0, "aliases", "set", "x", "mock/any");
    expect_exit(cli, 0, "aliases", "set", "y", "x");
    expect_error(cli, 2, "y leads back to x", "aliases", "set", "x", "y");
    expect_error(cli, 2, "x leads back to x", "aliases", "set", "x", "x");
}

static void the_system_text_of_an_alias_is_sent(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    expect_exit(cli, 0, "aliases", "set", "poet", "openai/any", "-s", "Rhyme");
    for (int i = 0; i < 4; i++) peer_openai_stream(peer_reply_new(p), "Hello");
    expect_exit(cli, 0, "-m", "poet", "Hello");
    assert_contains(peer_request_body(p, 0, NULL), "{\"role\":\"system\",\"content\":\"Rhyme\"}");
    expect_exit(cli, 0, "-m", "poet", "-s", "Do not rhyme", "Hello");
    assert_contains(peer_request_body(p, 1, NULL), "\"Do not rhyme\"");
    assert_lacks(peer_request_body(p, 1, NULL), "\"Rhyme\"");
    give(cli, "Hello\n");
    expect_exit(cli, 0, "chat", "-m", "poet");
    assert_contains(peer_request_body(p, 2, NULL), "{\"role\":\"system\",\"content\":\"Rhyme\"}");
    give(cli, "");
    expect_exit(cli, 0, "-m", "openai/any", "Hello");
    assert_lacks(peer_request_body(p, 3, NULL), "system");
    expect_in_out(cli, "system Rhyme\n", "config", "-m", "poet");
}

static void a_conversation_keeps_its_system_text(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    expect_exit(cli, 0, "logs", "on");
    expect_exit(cli, 0, "aliases", "set", "poet", "openai/any", "-s", "Rhyme");
    for (int i = 0; i < 3; i++) peer_openai_stream(peer_reply_new(p), "Hello");
    expect_exit(cli, 0, "-m", "poet", "-s", "Sing", "Hello");
    expect_exit(cli, 0, "-c", "Again");
    assert_contains(peer_request_body(p, 1, NULL), "{\"role\":\"system\",\"content\":\"Sing\"}");
}

/* ---- the default model ----------------------------------------------------------------------- */

static void the_default_model_is_told_and_written(void **state)
{
    cli_process *cli = *state;
    write_config(cli, "# mine\nmodel: mock/any # for now\n");
    expect_out(cli, "mock/any\n", "models", "default");
    expect_error(cli, 0, "mock/echo is now the default model", "models", "default", "mock/echo");
    assert_file(cli, CONFIG, "# mine\nmodel: mock/echo # for now\n");
    expect_out(cli, "Hello\n", "Hello");
    expect_error(cli, 3, "did you mean mock?", "models", "default", "mcok/any");
    cli_set(cli, "BELUGA_MODEL", "mock/any");
    expect_error(cli, 0, "BELUGA_MODEL is also set, and is used", "models", "default", "mock/any");
    expect_out(cli, "mock/any\n", "models", "default");
    assert_string_equal(cli->err, "beluga: this model comes from BELUGA_MODEL\n");
    expect_error(cli, 2, "name only one provider", "models", "mock", "openai");
}

static void the_default_alias_is_not_removed(void **state)
{
    cli_process *cli = *state;
    expect_exit(cli, 0, "aliases", "set", "parrot", "mock/echo");
    expect_exit(cli, 0, "models", "default", "parrot");
    expect_error(cli, 2, "parrot is the default model of the file", "aliases", "remove", "parrot");
}

/* ---- the file -------------------------------------------------------------------------------- */

static void a_file_that_cant_be_changed_is_left_and_the_line_told(void **state)
{
    static const char text[] = "models: {x: mock/any # one,\n}\n";
    cli_process *cli = *state;
    write_config(cli, text);
    expect_error(cli, 3, "config.yaml:2: this can't be changed without changing more", "aliases",
                 "set", "y", "mock/echo");
    assert_contains(cli->err, "\n  models.y: mock/echo\n");
    assert_file(cli, CONFIG, text);
}

static void a_file_with_a_mistake_is_left_alone(void **state)
{
    static const char text[] = "modles: {x: mock/any}\n";
    cli_process *cli = *state;
    write_config(cli, text);
    expect_error(cli, 3, "did you mean models?", "aliases", "set", "y", "mock/echo");
    assert_file(cli, CONFIG, text);
}

static void another_file_is_changed_where_it_is_named(void **state)
{
    char path[160];
    cli_process *cli = *state;
    snprintf(path, sizeof path, "%s", in_home(cli, "dots.yaml"));
    assert_int_equal(symlink("dots.yaml", in_home(cli, "link.yaml")), 0);
    cli_write_file(cli, "dots.yaml", "{}\n", 3);
    assert_int_equal(chmod(path, 0644), 0);
    expect_exit(cli, 0, "aliases", "set", "y", "mock/echo", "--config", in_home(cli, "link.yaml"));
    assert_file(cli, "dots.yaml", "{models: {y: mock/echo}}\n");
    assert_mode(cli, "dots.yaml", 0644);
    assert_int_equal(readlink(in_home(cli, "link.yaml"), path, sizeof path), 9);
}

#define test(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_kept_key_chooses_its_provider_where_no_model_is_named),
        test(a_key_is_kept_where_only_its_owner_can_read_it),
        test(a_key_that_is_kept_is_sent),
        test(keys_are_listed_by_where_they_are),
        test(a_key_that_stands_in_the_file_is_not_shown),
        test(a_key_is_taken_away_with_its_file),
        test(what_is_no_key_is_refused_and_nothing_kept),
        test(a_key_is_typed_unseen_on_a_terminal),
        test(a_question_for_a_key_that_is_interrupted_keeps_nothing),
        test(a_keyring_keeps_a_key_by_its_own_program),
        test(an_alias_is_written_with_its_options_and_comments_stay),
        test(an_alias_that_would_not_work_is_not_written),
        test(the_system_text_of_an_alias_is_sent),
        test(a_conversation_keeps_its_system_text),
        test(the_default_model_is_told_and_written),
        test(the_default_alias_is_not_removed),
        test(a_file_that_cant_be_changed_is_left_and_the_line_told),
        test(a_file_with_a_mistake_is_left_alone),
        test(another_file_is_changed_where_it_is_named),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
