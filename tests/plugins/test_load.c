/* Loading plug-ins: which files are accepted, which are refused with which message, and that a
 * refused file has no effect. */
#include "../support/scoped.h"
#include "../support/threads.h"
#include "../support/torture.h"
#include "loading.h"

#include <elf.h>
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- accepted plug-ins ----------------------------------------------------------------------- */

static void a_plugin_answers(void **state)
{
    loading *l = *state;
    assert_loads(l, test_plugin(l, "good"));
    assert_answer(l, "plugged-good", "plugged in");
}

static void a_providers_file_is_known(void **state)
{
    loading *l = *state;
    char real[PATH_MAX];
    assert_loads(l, test_plugin(l, "good"));
    assert_non_null(realpath(test_plugin(l, "good"), real));
    assert_string_equal(beluga_registry_plugin_file(l->registry, "plugged-good"), real);
    assert_string_equal(beluga_registry_plugin_file(l->registry, "plugged-counting"), real);
    assert_null(beluga_registry_plugin_file(l->registry, "mock"));
    assert_null(beluga_registry_plugin_file(l->registry, "nobody"));
}

static void a_plugin_may_be_loaded_again_and_into_other_registries(void **state)
{
    loading *l = *state;
    beluga_client *other;
    SCOPED(beluga_response) *response = NULL;
    assert_loads(l, test_plugin(l, "good"));
    size_t n = beluga_registry_list(l->registry, NULL, 0);
    assert_loads(l, test_plugin(l, "good"));
    assert_int_equal(beluga_registry_list(l->registry, NULL, 0), n);
    assert_int_equal(beluga_client_new(NULL, &other), 0);
    assert_int_equal(
        beluga_registry_load_plugin(beluga_client_registry(other), test_plugin(l, "good"), NULL),
        0);
    beluga_client_unref(other);
    assert_int_equal(ask(l, "plugged-counting", &response), 0);
    assert_string_equal(beluga_response_warning(response, 0), "init ran 1 time");
}

static void a_plugin_outlives_the_client_that_loaded_it(void **state)
{
    loading *l = *state;
    SCOPED(beluga_chat_model) *model = NULL;
    SCOPED(beluga_response) *response = NULL;
    assert_loads(l, test_plugin(l, "good"));
    assert_int_equal(beluga_registry_open(l->registry, "plugged-good", NULL, &model, NULL), 0);
    beluga_client_unref(l->client);
    l->client = NULL;
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL), 0);
}

/* In version 1 the table of a provider ended before key_reference. This table is followed by memory
 * that can't be read. */
static void a_table_of_the_first_length_is_read_to_its_end_and_no_further(void **state)
{
    loading *l = *state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = BELUGA_PROVIDER_MIN_SIZE;
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    static const beluga_provider whole = {PLUGGED("short-table")};
    beluga_provider *table = (beluga_provider *)(pages + page - size);
    memcpy((void *)table, &whole, size);
    table->size = size;
    beluga_error err;
    if (beluga_registry_register(l->registry, table, &err)) fail_msg("%s", err.message);
    assert_int_equal(beluga_registry_register(l->registry, table, &err), 0);
    assert_answer(l, "short-table", "plugged in");
    const beluga_provider *seen = beluga_registry_get(l->registry, "short-table");
    assert_null(seen->key_reference);
    assert_int_equal(seen->size, sizeof *seen);
    beluga_client_unref(l->client);
    l->client = NULL;
    munmap(pages, 2 * page);
}

static const beluga_provider *seen_table;

static int note_table(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    seen_table = beluga_call_provider(call);
    return plugged_start(self, call, emit, err);
}

static void a_call_knows_the_table_that_was_registered(void **state)
{
    loading *l = *state;
    beluga_provider table = {PLUGGED("short-family")};
    table.start = note_table;
    table.size = BELUGA_PROVIDER_MIN_SIZE;
    assert_int_equal(beluga_registry_register(l->registry, &table, NULL), 0);
    assert_answer(l, "short-family", "plugged in");
    assert_ptr_equal(seen_table, &table);
    beluga_client_unref(l->client);
    l->client = NULL;
}

static void a_table_longer_than_ours_is_taken(void **state)
{
    loading *l = *state;
    static struct {
        beluga_provider known;
        void *later[8];
    } longer = {.known = {PLUGGED("longer-table")}, .later = {&longer}};
    longer.known.size = sizeof longer;
    assert_int_equal(beluga_registry_register(l->registry, &longer.known, NULL), 0);
    assert_answer(l, "longer-table", "plugged in");
}

/* ---- refused plug-ins ------------------------------------------------------------------------ */

static void a_missing_file_is_not_found(void **state)
{
    loading *l = *state;
    assert_refused(l, "/nowhere/acme.so", BELUGA_ERROR_NOT_FOUND, "there is no such file");
    assert_refused(l, "", BELUGA_ERROR_INVALID_INPUT, "no plug-in was given");
}

static void a_folder_is_refused(void **state)
{
    loading *l = *state;
    assert_refused(l, l->folder, BELUGA_ERROR_INVALID_INPUT, "the path is a folder");
}

static void what_is_not_a_regular_file_is_refused_without_waiting(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    assert_int_equal(mkfifo(in_folder(l, "pipe.so", path), 0600), 0);
    assert_refused(l, path, BELUGA_ERROR_INVALID_INPUT, "the path is not a regular file");
}

/* Assert that loading this plug-in from tests/plugins is refused, with this text in the message. */
static void assert_no_plugin(loading *l, const char *name, const char *words)
{
    assert_refused(l, test_plugin(l, name), BELUGA_ERROR_PLUGIN_ABI, words);
}

static void another_abi_says_which_side_is_older(void **state)
{
    loading *l = *state;
    assert_no_plugin(
        l, "abi_older",
        "the plug-in was built for ABI version 0, but this library has 1: the plug-in is older");
    assert_no_plugin(
        l, "abi_newer",
        "the plug-in was built for ABI version 2, but this library has 1: the library is older");
    assert_no_plugin(
        l, "table_abi",
        "the provider was built for ABI version 2, but this library has 1: the library is older");
    assert_false(beluga_registry_contains(l->registry, "plugged-fits"));
}

static void functions_that_the_library_does_not_have_make_it_the_older_side(void **state)
{
    loading *l = *state;
    assert_no_plugin(l, "more_functions", "the headers of beluga 99.2.1, and may call functions");
    assert_no_plugin(l, "more_functions", "update the library");
}

/* Copy the good plug-in, and change some bytes of the copy. Returns its path. */
static const char *changed(loading *l, size_t at, const void *bytes, size_t n)
{
    static char path[PATH_MAX];
    copy_plugin(l, "good", "changed.so", path);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
    close(fd);
    return path;
}

static void another_architecture_is_named(void **state)
{
    loading *l = *state;
    Elf64_Half machine = EM_S390;
    assert_refused(l, changed(l, offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine),
                   BELUGA_ERROR_PLUGIN_ABI, "the file is for another architecture (s390 (");
    machine = 0xbeef;
    assert_refused(l, changed(l, offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine),
                   BELUGA_ERROR_PLUGIN_ABI,
                   "the file is for another architecture (machine 48879 (");
    unsigned char order = BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2MSB : ELFDATA2LSB;
    assert_refused(l, changed(l, EI_DATA, &order, 1), BELUGA_ERROR_PLUGIN_ABI,
                   "this library is for ");
    unsigned char bits = sizeof(void *) == 8 ? ELFCLASS32 : ELFCLASS64;
    assert_refused(l, changed(l, EI_CLASS, &bits, 1), BELUGA_ERROR_PLUGIN_ABI,
                   bits == ELFCLASS32 ? "(32 bits" : "(64 bits");
}

static void what_is_not_a_shared_object_is_refused(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    write_file(in_folder(l, "text.so", path), "int main(void) {}\n", 18);
    assert_refused(l, path, BELUGA_ERROR_PLUGIN_ABI, "the file is not a shared object");
    write_file(in_folder(l, "empty.so", path), "", 0);
    assert_refused(l, path, BELUGA_ERROR_PLUGIN_ABI, "the file is not a shared object");
    Elf64_Half type = ET_REL;
    assert_refused(l, changed(l, offsetof(Elf64_Ehdr, e_type), &type, sizeof type),
                   BELUGA_ERROR_PLUGIN_ABI, "link it with cc -shared");
    type = ET_EXEC;
    assert_refused(l, changed(l, offsetof(Elf64_Ehdr, e_type), &type, sizeof type),
                   BELUGA_ERROR_PLUGIN_ABI, "the file is a program");
}

/* The dynamic linker would map such a file, and the process would be killed when it reads the first
 * missing byte. */
static void a_file_that_was_cut_short_is_refused_wherever_it_was_cut(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    struct stat s;
    copy_plugin(l, "good", "cut.so", path);
    assert_int_equal(stat(path, &s), 0);
    const Elf64_Phdr *last = last_segment(path);
    off_t ends[] = {4, 20, 63, 64, 100, (off_t)(last->p_offset + last->p_filesz) - 1};
    for (size_t i = sizeof ends / sizeof *ends; i-- > 0;) {
        assert_int_equal(truncate(path, ends[i]), 0);
        assert_refused(l, path, BELUGA_ERROR_PLUGIN_ABI, "damaged");
    }
}

static void a_symbol_that_is_not_found_is_named(void **state)
{
    loading *l = *state;
    assert_no_plugin(l, "unresolved", "the symbol acme_sdk_open was not found");
    assert_no_plugin(l, "direct",
                     "the symbol beluga_emit_smell was not found: was the plug-in built with");
}

static void a_shared_object_that_is_no_plugin_is_refused(void **state)
{
    loading *l = *state;
    assert_no_plugin(l, "no_entry", "the plug-in does not export beluga_plugin_main");
    assert_refused(l, test_plugin(l, "no_provider"), BELUGA_ERROR_INVALID_INPUT,
                   "the plug-in contains no provider");
}

static void a_missing_slot_is_named_and_nothing_is_registered(void **state)
{
    loading *l = *state;
    static const char *const faults[][2] = {
        {"missing_cancel", "provider 'plugged-lacking': cancel is missing"},
        {"missing_decoder",
         "provider 'plugged-lacking': decode_response or decode_event is missing"},
        {"missing_encode", "provider 'plugged-lacking': encode_request is missing"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        assert_refused(l, test_plugin(l, faults[i][0]), BELUGA_ERROR_INVALID_INPUT, faults[i][1]);
        assert_false(beluga_registry_contains(l->registry, "plugged-whole"));
    }
}

static void a_name_that_is_taken_keeps_all_of_a_plugin_out(void **state)
{
    loading *l = *state;
    assert_refused(l, test_plugin(l, "taken_name"), BELUGA_ERROR_INVALID_INPUT,
                   "a provider named 'mock' is registered already: it is built in");
    assert_false(beluga_registry_contains(l->registry, "plugged-own"));
}

static void a_copy_of_a_plugin_says_where_the_first_one_is(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    assert_loads(l, test_plugin(l, "good"));
    copy_plugin(l, "good", "copy.so", path);
    assert_refused(l, path, BELUGA_ERROR_INVALID_INPUT, "is registered already, by /");
}

static void an_init_that_fails_leaves_nothing_and_may_be_tried_again(void **state)
{
    loading *l = *state;
    unsetenv("PLUGGED_LICENCE");
    size_t n = beluga_registry_list(l->registry, NULL, 0);
    assert_refused(l, test_plugin(l, "failing_init"), BELUGA_ERROR_AUTHENTICATION,
                   "set PLUGGED_LICENCE");
    assert_int_equal(beluga_registry_list(l->registry, NULL, 0), n);
    setenv("PLUGGED_LICENCE", "1", 1);
    assert_loads(l, test_plugin(l, "failing_init"));
    unsetenv("PLUGGED_LICENCE");
    assert_answer(l, "plugged-two", "plugged in");
}

/* ---- folders and the path -------------------------------------------------------------------- */

static void a_folder_is_loaded_by_name_and_only_what_ends_in_so(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    size_t loaded = 7;
    copy_plugin(l, "good", "good.so", path);
    copy_plugin(l, "unruly", ".hidden.so", path);
    copy_plugin(l, "unruly", "unruly.so.bak", path);
    assert_int_equal(beluga_registry_load_plugins(l->registry, l->folder, &loaded, NULL), 0);
    assert_int_equal(loaded, 1);
    assert_true(beluga_registry_contains(l->registry, "plugged-good"));
    assert_false(beluga_registry_contains(l->registry, "unruly-late"));
}

static void a_bad_plugin_does_not_keep_the_rest_of_a_folder_out(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    size_t loaded;
    beluga_error err;
    copy_plugin(l, "abi_newer", "a.so", path);
    copy_plugin(l, "good", "b.so", path);
    copy_plugin(l, "no_entry", "c.so", path);
    assert_int_equal(beluga_registry_load_plugins(l->registry, l->folder, &loaded, &err),
                     BELUGA_ERROR_PLUGIN_ABI);
    assert_int_equal(loaded, 1);
    assert_contains(err.message, "2 plug-ins were refused; the first: plug-in ");
    assert_contains(err.message, "a.so: the plug-in was built for ABI version 2");
    assert_true(beluga_registry_contains(l->registry, "plugged-good"));
}

static void a_missing_folder_is_not_found(void **state)
{
    loading *l = *state;
    beluga_error err;
    assert_int_equal(beluga_registry_load_plugins(l->registry, "/nowhere/plugins", NULL, &err),
                     BELUGA_ERROR_NOT_FOUND);
    assert_contains(err.message, "/nowhere/plugins");
}

static void an_environment_variable_alone_loads_nothing(void **state)
{
    loading *l = *state;
    beluga_client *client;
    setenv("BELUGA_PLUGIN_PATH", test_plugin(l, "good"), 1);
    assert_int_equal(beluga_client_new(NULL, &client), 0);
    assert_false(beluga_registry_contains(beluga_client_registry(client), "plugged-good"));
    beluga_client_unref(client);
    unsetenv("BELUGA_PLUGIN_PATH");
}

static void a_client_that_asks_for_the_path_gets_it(void **state)
{
    loading *l = *state;
    beluga_client *client;
    beluga_client_settings settings = {.size = sizeof settings, .load_plugin_path = true};
    setenv("BELUGA_PLUGIN_PATH", test_plugin(l, "good"), 1);
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    assert_true(beluga_registry_contains(beluga_client_registry(client), "plugged-good"));
    beluga_client_unref(client);
    unsetenv("BELUGA_PLUGIN_PATH");
}

static void note_log(void *payload, beluga_log_level level, const char *event,
                     const beluga_log_field *fields, size_t n)
{
    char *noted = payload;
    if (strcmp(event, "plugin.refused") == 0 && level == BELUGA_LOG_WARN && n == 1)
        snprintf(noted, 256, "%.*s", (int)fields[0].length, fields[0].text);
}

static void a_path_with_a_bad_plugin_is_logged_and_the_client_lives(void **state)
{
    beluga_client *client;
    char noted[256] = "";
    (void)state;
    beluga_client_settings settings = {
        .size = sizeof settings, .load_plugin_path = true, .log = note_log, .log_payload = noted};
    setenv("BELUGA_PLUGIN_PATH", "/nowhere/acme.so", 1);
    assert_int_equal(beluga_client_new(&settings, &client), 0);
    assert_contains(noted, "plug-in /nowhere/acme.so: there is no such file");
    beluga_client_unref(client);
    unsetenv("BELUGA_PLUGIN_PATH");
}

static void the_path_holds_folders_and_files_with_colons_between(void **state)
{
    loading *l = *state;
    char path[PATH_MAX], variable[3 * PATH_MAX];
    size_t loaded;
    beluga_error err;
    copy_plugin(l, "good", "good.so", path);
    snprintf(variable, sizeof variable, "::%s:%s::", l->folder, test_plugin(l, "unruly"));
    setenv("BELUGA_PLUGIN_PATH", variable, 1);
    assert_int_equal(beluga_registry_load_plugin_path(l->registry, &loaded, NULL), 0);
    assert_int_equal(loaded, 2);
    setenv("BELUGA_PLUGIN_PATH", "plugins:../good.so", 1);
    assert_int_equal(beluga_registry_load_plugin_path(l->registry, &loaded, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_contains(err.message, "2 plug-ins were refused");
    assert_contains(err.message, "only absolute paths are read");
    unsetenv("BELUGA_PLUGIN_PATH");
    assert_int_equal(beluga_registry_load_plugin_path(l->registry, &loaded, NULL), 0);
    assert_int_equal(loaded, 0);
}

/* ---- many at once, and when memory runs out -------------------------------------------------- */

static void *load_often(void *argument)
{
    loading *l = argument;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", l->built);
    intptr_t wrong = 0;
    for (int i = 0; i < 20; i++) {
        wrong += beluga_registry_load_plugin(l->registry, path, NULL) != 0;
        wrong += !beluga_registry_contains(l->registry, "plugged-good");
    }
    return (void *)wrong;
}

static void threads_may_load_the_same_plugin_at_once(void **state)
{
    loading *l = *state;
    test_plugin(l, "good");
    threads_run(8, load_often, l);
    assert_answer(l, "plugged-good", "plugged in");
}

static int load_all(void *argument)
{
    SCOPED(beluga_client) *client = NULL;
    int status = beluga_client_new(NULL, &client);
    if (status) return status;
    beluga_registry *registry = beluga_client_registry(client);
    beluga_provider table = {PLUGGED("short-table")};
    table.size = BELUGA_PROVIDER_MIN_SIZE;
    status = beluga_registry_load_plugin(registry, argument, NULL);
    bool one = beluga_registry_contains(registry, "plugged-good");
    bool other = beluga_registry_contains(registry, "plugged-counting");
    if (one == !!status || other == !!status) fail_msg("a part of a plug-in is registered");
    return status ? status : beluga_registry_register(registry, &table, NULL);
}

static void a_plugin_is_registered_whole_or_not_whichever_allocation_fails(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", test_plugin(l, "good"));
    /* The first loading allocates memory that is never freed, so it must precede the runs in which
     * allocations fail. */
    assert_loads(l, path);
    assert_true(torture_run(load_all, path) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOADING(a_plugin_answers),
        LOADING(a_providers_file_is_known),
        LOADING(a_plugin_may_be_loaded_again_and_into_other_registries),
        LOADING(a_plugin_outlives_the_client_that_loaded_it),
        LOADING(a_table_of_the_first_length_is_read_to_its_end_and_no_further),
        LOADING(a_call_knows_the_table_that_was_registered),
        LOADING(a_table_longer_than_ours_is_taken),
        LOADING(a_missing_file_is_not_found),
        LOADING(a_folder_is_refused),
        LOADING(what_is_not_a_regular_file_is_refused_without_waiting),
        LOADING(another_abi_says_which_side_is_older),
        LOADING(functions_that_the_library_does_not_have_make_it_the_older_side),
        LOADING(another_architecture_is_named),
        LOADING(what_is_not_a_shared_object_is_refused),
        LOADING(a_file_that_was_cut_short_is_refused_wherever_it_was_cut),
        LOADING(a_symbol_that_is_not_found_is_named),
        LOADING(a_shared_object_that_is_no_plugin_is_refused),
        LOADING(a_missing_slot_is_named_and_nothing_is_registered),
        LOADING(a_name_that_is_taken_keeps_all_of_a_plugin_out),
        LOADING(a_copy_of_a_plugin_says_where_the_first_one_is),
        LOADING(an_init_that_fails_leaves_nothing_and_may_be_tried_again),
        LOADING(a_folder_is_loaded_by_name_and_only_what_ends_in_so),
        LOADING(a_bad_plugin_does_not_keep_the_rest_of_a_folder_out),
        LOADING(a_missing_folder_is_not_found),
        LOADING(an_environment_variable_alone_loads_nothing),
        LOADING(a_client_that_asks_for_the_path_gets_it),
        LOADING(a_path_with_a_bad_plugin_is_logged_and_the_client_lives),
        LOADING(the_path_holds_folders_and_files_with_colons_between),
        LOADING(threads_may_load_the_same_plugin_at_once),
        LOADING(a_plugin_is_registered_whole_or_not_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
