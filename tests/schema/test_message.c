/* Messages, their parts, lists of them, and inputs. */
#include "../support/scoped.h"
#include "../support/torture.h"
#include "schema/message.h"

#include <beluga/beluga.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_text(const beluga_message *m, const char *expected)
{
    size_t length;
    const char *text = beluga_message_text(m, &length);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void assert_fault(const beluga_message *m, size_t index, int code, const char *text)
{
    beluga_error err;
    assert_int_equal(beluga__message_check(m, index, &err), code);
    assert_int_equal(err.code, code);
    assert_string_equal(err.message, text);
}

static void constructors_set_role_and_text(void **state)
{
    (void)state;
    const struct {
        beluga_message *message;
        beluga_role role;
    } rows[] = {
        {beluga_system_message("hello"), BELUGA_ROLE_SYSTEM},
        {beluga_human_message("hello"), BELUGA_ROLE_HUMAN},
        {beluga_ai_message("hello"), BELUGA_ROLE_AI},
        {beluga_tool_message("call-1", "hello"), BELUGA_ROLE_TOOL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(beluga_message_role(rows[i].message), rows[i].role);
        assert_text(rows[i].message, "hello");
        assert_int_equal(beluga_message_count(rows[i].message), 1);
        assert_int_equal(beluga__message_check(rows[i].message, 0, NULL), 0);
        beluga_message_unref(rows[i].message);
    }
}

static void a_tool_message_knows_its_call_and_whether_it_failed(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_tool_message("call-1", "42");
    assert_string_equal(beluga_message_tool_call_id(m), "call-1");
    assert_false(beluga_message_is_tool_error(m));
    beluga_message_set_tool_error(m, true);
    assert_true(beluga_message_is_tool_error(m));
    beluga_message_unref(m);
    m = beluga_human_message("x");
    assert_null(beluga_message_tool_call_id(m));
}

static void the_last_part_can_be_marked_for_the_cache(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_human_message("long");
    assert_int_equal(beluga_message_mark_cache(m, 0), 0);
    assert_int_equal(beluga_message_part(m, 0)->flags, BELUGA_PART_CACHE);
    beluga_message_add_text(m, "short", 5);
    assert_int_equal(beluga_message_part(m, 1)->flags, 0);
    assert_int_equal(beluga_message_mark_cache(m, 300), 0);
    assert_int_equal(beluga_message_part(m, 1)->flags, BELUGA_PART_CACHE | BELUGA_PART_CACHE_5M);
    assert_int_equal(beluga_message_mark_cache(m, 3600), 0);
    assert_int_equal(beluga_message_part(m, 1)->flags, BELUGA_PART_CACHE | BELUGA_PART_CACHE_1H);
    assert_int_equal(beluga_message_part(m, 0)->flags, BELUGA_PART_CACHE);
    assert_int_equal(beluga_message_mark_cache(m, 60), BELUGA_ERROR_INVALID_INPUT);
    assert_fault(m, 3, BELUGA_ERROR_INVALID_INPUT,
                 "message 3: the cache's time must be 300 or 3600 seconds");
    beluga_message_unref(m);
    m = beluga_message_new(BELUGA_ROLE_HUMAN);
    assert_int_equal(beluga_message_mark_cache(m, 0), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_message_mark_cache(NULL, 0), BELUGA_ERROR_INVALID_INPUT);
}

static void text_may_hold_nul_bytes(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_human_message_n("a\0b", 3);
    size_t length;
    assert_memory_equal(beluga_message_text(m, &length), "a\0b", 4);
    assert_int_equal(length, 3);
    assert_int_equal(beluga__message_check(m, 0, NULL), 0);
}

static void a_message_without_text_reads_as_empty(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_message_new(BELUGA_ROLE_AI);
    assert_text(m, "");
    assert_int_equal(beluga_message_count(m), 0);
    assert_null(beluga_message_part(m, 0));
}

static void all_kinds_of_parts_are_kept_in_order(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_message_new(BELUGA_ROLE_AI);
    assert_int_equal(beluga_message_add_reasoning(m, "hmm", 3, "sig", 3), 0);
    assert_int_equal(beluga_message_add_text(m, "hi", 2), 0);
    assert_int_equal(beluga_message_add_tool_call(m, "c1", "add", "{\"a\":1}", 7), 0);
    assert_int_equal(beluga_message_add_url(m, BELUGA_PART_IMAGE, "https://h.example/i.png", NULL),
                     0);
    assert_int_equal(
        beluga_message_add_data(m, BELUGA_PART_AUDIO, "audio/wav", "\xff\x00", 2, "a.wav"), 0);
    assert_int_equal(beluga_message_count(m), 5);
    const beluga_part *p = beluga_message_part(m, 0);
    assert_int_equal(p->kind, BELUGA_PART_REASONING);
    assert_string_equal(p->text, "hmm");
    assert_string_equal(p->signature, "sig");
    assert_int_equal(p->signature_length, 3);
    assert_text(m, "hi");
    p = beluga_message_part(m, 2);
    assert_int_equal(p->kind, BELUGA_PART_TOOL_CALL);
    assert_string_equal(p->id, "c1");
    assert_string_equal(p->name, "add");
    assert_string_equal(p->text, "{\"a\":1}");
    p = beluga_message_part(m, 3);
    assert_int_equal(p->kind, BELUGA_PART_IMAGE);
    assert_string_equal(p->url, "https://h.example/i.png");
    assert_null(p->media_type);
    p = beluga_message_part(m, 4);
    assert_int_equal(p->kind, BELUGA_PART_AUDIO);
    assert_string_equal(p->media_type, "audio/wav");
    assert_string_equal(p->name, "a.wav");
    assert_int_equal(p->data_length, 2);
    assert_memory_equal(p->data, "\xff\x00", 2);
    /* binary data need not be UTF-8 */
    assert_int_equal(beluga__message_check(m, 0, NULL), 0);
}

static void a_part_stays_valid_while_others_are_added(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_human_message("first");
    const beluga_part *first = beluga_message_part(m, 0);
    for (int i = 0; i < 100; i++) assert_int_equal(beluga_message_add_text(m, "more", 4), 0);
    assert_string_equal(first->text, "first");
    assert_int_equal(beluga_message_count(m), 101);
    assert_string_equal(beluga_message_part(m, 100)->text, "more");
}

static void invalid_utf8_is_reported_with_its_place(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_human_message("fine");
    beluga_message_add_text(m, "0123456789abcdefg\xff", 18);
    assert_fault(m, 2, BELUGA_ERROR_INVALID_INPUT, "message 2, part 1: invalid UTF-8 at byte 17");
    beluga_message_unref(m);
    m = beluga_tool_message("ab\xc3", "x");
    assert_fault(m, 0, BELUGA_ERROR_INVALID_INPUT,
                 "message 0, tool_call_id: invalid UTF-8 at byte 2");
    beluga_message_unref(m);
    m = beluga_message_new(BELUGA_ROLE_AI);
    beluga_message_add_tool_call(m, "id", "n\xed\xa0\x80", "{}", 2);
    assert_fault(m, 7, BELUGA_ERROR_INVALID_INPUT,
                 "message 7, part 0, name: invalid UTF-8 at byte 1");
    beluga_message_unref(m);
    m = beluga_message_new(BELUGA_ROLE_AI);
    beluga_message_add_url(m, BELUGA_PART_IMAGE, "https://\x80", NULL);
    assert_fault(m, 0, BELUGA_ERROR_INVALID_INPUT,
                 "message 0, part 0, url: invalid UTF-8 at byte 8");
}

static void missing_values_are_refused_and_remembered(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_human_message(NULL);
    assert_fault(m, 0, BELUGA_ERROR_INVALID_INPUT, "message 0: text is NULL");
    beluga_message_unref(m);
    m = beluga_tool_message(NULL, "x");
    assert_fault(m, 1, BELUGA_ERROR_INVALID_INPUT, "message 1: tool_call_id is NULL");
    beluga_message_unref(m);
    m = beluga_message_new((beluga_role)9);
    assert_fault(m, 0, BELUGA_ERROR_INVALID_INPUT, "message 0: the role is unknown");
}

static void each_kind_of_part_says_what_it_misses(void **state)
{
    (void)state;
    const int bad = BELUGA_ERROR_INVALID_INPUT;
    SCOPED(beluga_message) *m = beluga_message_new(BELUGA_ROLE_AI);
    assert_int_equal(beluga_message_add_tool_call(m, NULL, "n", "{}", 2), bad);
    assert_fault(m, 0, bad, "message 0: a tool call needs an id, a name and arguments");
    assert_int_equal(beluga_message_add_reasoning(m, NULL, 0, NULL, 0), bad);
    beluga_message_unref(m);
    m = beluga_message_new(BELUGA_ROLE_HUMAN);
    assert_int_equal(beluga_message_add_url(m, BELUGA_PART_TEXT, "https://x", NULL), bad);
    assert_fault(m, 0, bad, "message 0: a part with a URL must be an image, audio or a file");
    assert_int_equal(beluga_message_add_url(m, BELUGA_PART_IMAGE, NULL, NULL), bad);
    beluga_message_unref(m);
    m = beluga_message_new(BELUGA_ROLE_HUMAN);
    assert_int_equal(beluga_message_add_data(m, BELUGA_PART_IMAGE, NULL, "x", 1, NULL), bad);
    assert_fault(m, 0, bad, "message 0: a part with data needs a media type");
    assert_int_equal(beluga_message_add_data(m, BELUGA_PART_TEXT, "a/b", "x", 1, NULL), bad);
    assert_int_equal(beluga_message_count(m), 0);
}

static void a_part_over_64_mib_is_refused(void **state)
{
    (void)state;
    size_t size = (64u << 20) + 1;
    char *large = malloc(size);
    assert_non_null(large);
    memset(large, 'a', size);
    beluga_message *m = beluga_human_message_n(large, size);
    assert_fault(m, 0, BELUGA_ERROR_LIMIT_EXCEEDED, "message 0: a part has more than 64 MiB");
    assert_text(m, "");
    beluga_message_unref(m);
    free(large);
}

static void the_ten_thousand_and_first_part_is_refused(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_message_new(BELUGA_ROLE_HUMAN);
    int status = 0;
    for (int i = 0; i < 20000 && !status; i++) status = beluga_message_add_text(m, "", 0);
    assert_int_equal(status, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(beluga_message_count(m), 10000);
    assert_fault(m, 0, BELUGA_ERROR_LIMIT_EXCEEDED, "message 0: too many parts");
}

static int one_text_message(void *argument)
{
    (void)argument;
    beluga_message *m = beluga_human_message("How many roads must a man walk down?");
    if (!m) return BELUGA_ERROR_NO_MEMORY;
    int status = beluga__message_check(m, 0, NULL);
    beluga_message_unref(m);
    return status;
}

static void a_text_message_takes_one_allocation(void **state)
{
    (void)state;
    assert_int_equal(torture_count(one_text_message, NULL), 1);
}

/* --- files ----------------------------------------------------------------------------------- */

typedef struct file {
    char path[64];
} file;

static void write_file(file *f, const char *suffix, const void *bytes, size_t n)
{
    snprintf(f->path, sizeof f->path, "/tmp/beluga-test-XXXXXX%s", suffix);
    int fd = mkstemps(f->path, (int)strlen(suffix));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static void assert_file_is(const char *suffix, const void *bytes, size_t n, uint32_t kind,
                           const char *media_type)
{
    file f;
    write_file(&f, suffix, bytes, n);
    beluga_message *m = beluga_message_new(BELUGA_ROLE_HUMAN);
    assert_int_equal(beluga_message_add_file(m, f.path, NULL), 0);
    const beluga_part *p = beluga_message_part(m, 0);
    assert_int_equal(p->kind, kind);
    assert_string_equal(p->media_type, media_type);
    assert_string_equal(p->name, strrchr(f.path, '/') + 1);
    const void *content = kind == BELUGA_PART_TEXT ? p->text : p->data;
    assert_int_equal(kind == BELUGA_PART_TEXT ? p->text_length : p->data_length, n);
    assert_memory_equal(content, bytes, n);
    assert_int_equal(beluga_message_add_content(m, f.path, bytes, n, NULL), 0);
    assert_int_equal(beluga_message_part(m, 1)->kind, kind);
    assert_string_equal(beluga_message_part(m, 1)->media_type, media_type);
    beluga_message_unref(m);
    unlink(f.path);
}

static void files_are_told_apart_by_their_first_bytes(void **state)
{
    (void)state;
    assert_file_is("", "\x89PNG\r\n\x1a\nxx", 10, BELUGA_PART_IMAGE, "image/png");
    assert_file_is(".png", "\xff\xd8\xff\xe0", 4, BELUGA_PART_IMAGE, "image/jpeg");
    assert_file_is("", "GIF89a..", 8, BELUGA_PART_IMAGE, "image/gif");
    assert_file_is("", "RIFF....WEBPVP8 ", 16, BELUGA_PART_IMAGE, "image/webp");
    assert_file_is("", "RIFF....WAVEfmt ", 16, BELUGA_PART_AUDIO, "audio/wav");
    assert_file_is("", "ID3\x04", 4, BELUGA_PART_AUDIO, "audio/mpeg");
    assert_file_is("", "\xff\xfb\x90", 3, BELUGA_PART_AUDIO, "audio/mpeg");
    assert_file_is(".txt", "%PDF-1.7", 8, BELUGA_PART_FILE, "application/pdf");
}

static void texts_are_told_apart_by_their_names(void **state)
{
    (void)state;
    assert_file_is(".md", "# Title", 7, BELUGA_PART_TEXT, "text/markdown");
    assert_file_is(".JSON", "{}", 2, BELUGA_PART_TEXT, "application/json");
    assert_file_is(".c", "int main", 8, BELUGA_PART_TEXT, "text/plain");
    assert_file_is("", "Gr\xc3\xbc\xc3\x9f", 6, BELUGA_PART_TEXT, "text/plain");
    assert_file_is(".csv", "RIFF", 4, BELUGA_PART_TEXT, "text/csv");
    assert_file_is(".txt", "", 0, BELUGA_PART_TEXT, "text/plain");
}

static void assert_file_fails(const char *path, int code, const char *text)
{
    beluga_error err;
    char expected[256];
    snprintf(expected, sizeof expected, "%s: %s", path, text);
    SCOPED(beluga_message) *m = beluga_message_new(BELUGA_ROLE_HUMAN);
    assert_int_equal(beluga_message_add_file(m, path, &err), code);
    assert_string_equal(err.message, expected);
    assert_int_equal(err.code, code);
    assert_int_equal(beluga__message_check(m, 0, NULL), code);
}

static void a_file_that_can_not_be_used_says_why(void **state)
{
    (void)state;
    file f;
    assert_file_fails("/nonexistent/picture.png", BELUGA_ERROR_NOT_FOUND,
                      "No such file or directory");
    assert_file_fails("/", BELUGA_ERROR_INVALID_INPUT, "Is a directory");
    write_file(&f, ".bin", "\x00\x01\x02\xff", 4);
    assert_file_fails(
        f.path, BELUGA_ERROR_NOT_SUPPORTED,
        "its type is unknown: it is not a PNG, JPEG, GIF, WebP, WAV, MP3, PDF or UTF-8 text");
    unlink(f.path);
    write_file(&f, ".txt", "ab\xff", 3);
    assert_file_fails(f.path, BELUGA_ERROR_INVALID_INPUT, "invalid UTF-8 at byte 2");
    unlink(f.path);
    beluga_error err;
    assert_int_equal(beluga_message_add_file(NULL, "x", &err), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, "message or path is NULL");
}

static void a_file_over_64_mib_is_refused(void **state)
{
    (void)state;
    file f;
    write_file(&f, ".txt", "a", 1);
    assert_int_equal(truncate(f.path, (64 << 20) + 1), 0);
    assert_file_fails(f.path, BELUGA_ERROR_LIMIT_EXCEEDED, "larger than 67108864 bytes");
    unlink(f.path);
}

/* ---- lists and inputs ------------------------------------------------------------------------ */

static void a_list_keeps_its_messages_in_order(void **state)
{
    (void)state;
    SCOPED(beluga_messages) *list = beluga_messages_new();
    char text[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(beluga_messages_add(list, beluga_human_message(text)), 0);
    }
    assert_int_equal(beluga_messages_count(list), 1000);
    assert_text(beluga_messages_get(list, 0), "0");
    assert_text(beluga_messages_get(list, 999), "999");
    assert_null(beluga_messages_get(list, 1000));
    assert_int_equal(beluga_messages_status(list), 0);
}

static void a_list_remembers_a_message_that_could_not_be_made(void **state)
{
    (void)state;
    beluga_messages *list = beluga_messages_new();
    assert_int_equal(beluga_messages_add(list, NULL), BELUGA_ERROR_NO_MEMORY);
    assert_int_equal(beluga_messages_add(list, beluga_human_message("x")), 0);
    assert_int_equal(beluga_messages_status(list), BELUGA_ERROR_NO_MEMORY);
    beluga_messages *copy;
    beluga_error err;
    assert_int_equal(beluga_ensure_messages(beluga_input_messages(list), &copy, &err),
                     BELUGA_ERROR_NO_MEMORY);
    assert_null(copy);
    assert_string_equal(err.message, "an allocation failed");
    beluga_messages_free(list);
    assert_int_equal(beluga_messages_add(NULL, beluga_human_message("x")),
                     BELUGA_ERROR_INVALID_INPUT);
}

static void a_message_outlives_the_list_for_who_keeps_a_reference(void **state)
{
    (void)state;
    beluga_message *m = beluga_human_message("kept");
    beluga_messages *list = beluga_messages_new();
    assert_int_equal(beluga_messages_add(list, beluga_message_ref(m)), 0);
    beluga_messages_free(list);
    assert_text(m, "kept");
    beluga_message_unref(m);
    assert_null(beluga_message_ref(NULL));
    beluga_message_unref(NULL);
    beluga_messages_free(NULL);
}

static void the_million_and_first_message_is_refused(void **state)
{
    (void)state;
    SCOPED(beluga_messages) *list = beluga_messages_new();
    SCOPED(beluga_message) *m = beluga_human_message("x");
    int status = 0;
    for (size_t i = 0; i < 1100000 && !status; i++)
        status = beluga_messages_add(list, beluga_message_ref(m));
    assert_int_equal(status, BELUGA_ERROR_LIMIT_EXCEEDED);
    assert_int_equal(beluga_messages_count(list), 1000000);
    assert_int_equal(beluga_messages_status(list), BELUGA_ERROR_LIMIT_EXCEEDED);
}

static void any_input_becomes_a_list(void **state)
{
    (void)state;
    SCOPED(beluga_message) *m = beluga_system_message("one");
    beluga_messages *list = beluga_messages_new();
    SCOPED(beluga_messages) *out = NULL;
    beluga_messages_add(list, beluga_message_ref(m));
    beluga_messages_add(list, beluga_human_message("two"));
    assert_int_equal(beluga_ensure_messages(beluga_input_text("hello"), &out, NULL), 0);
    assert_int_equal(beluga_message_role(beluga_messages_get(out, 0)), BELUGA_ROLE_HUMAN);
    assert_text(beluga_messages_get(out, 0), "hello");
    beluga_messages_free(out);
    assert_int_equal(beluga_ensure_messages(beluga_input_message(m), &out, NULL), 0);
    assert_ptr_equal(beluga_messages_get(out, 0), m);
    beluga_messages_free(out);
    assert_int_equal(beluga_ensure_messages(beluga_input_messages(list), &out, NULL), 0);
    assert_int_equal(beluga_messages_count(out), 2);
    beluga_messages_free(list);
    assert_text(beluga_messages_get(out, 1), "two"); /* the caller owns the copied list */
}

static void an_input_that_is_nothing_is_refused(void **state)
{
    (void)state;
    beluga_messages *out = (beluga_messages *)state;
    beluga_error err;
    assert_int_equal(beluga_ensure_messages((beluga_input){.kind = 9}, &out, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message,
                        "the input is not text, a message or messages (its kind is 9)");
    assert_null(out);
    assert_int_equal(beluga_ensure_messages(beluga_input_text(NULL), &out, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(err.message, "the input is NULL");
    assert_int_equal(beluga_ensure_messages(beluga_input_text("x"), NULL, &err),
                     BELUGA_ERROR_INVALID_INPUT);
}

/* ---- every allocation is made to fail in turn ------------------------------------------------ */

static int fill_a_message(void *argument)
{
    beluga_message *m = beluga_message_new(BELUGA_ROLE_HUMAN);
    if (!m) return BELUGA_ERROR_NO_MEMORY;
    char text[3000];
    memset(text, 'x', sizeof text);
    int status = 0;
    for (int i = 0; i < 10 && !status; i++) status = beluga_message_add_text(m, text, sizeof text);
    if (!status) status = beluga_message_add_tool_call(m, "id", "name", "{}", 2);
    if (!status) status = beluga_message_add_reasoning(m, "r", 1, "s", 1);
    if (!status) status = beluga_message_add_file(m, argument, NULL);
    assert_int_equal(beluga__message_check(m, 0, NULL), status);
    beluga_message_unref(m);
    return status;
}

static int fill_a_list(void *argument)
{
    (void)argument;
    SCOPED(beluga_messages) *list = beluga_messages_new(), *copy = NULL;
    if (!list) return BELUGA_ERROR_NO_MEMORY;
    for (int i = 0; i < 20; i++) beluga_messages_add(list, beluga_tool_message("id", "text"));
    int status = beluga_messages_status(list);
    return status ? status : beluga_ensure_messages(beluga_input_messages(list), &copy, NULL);
}

static void messages_survive_every_failed_allocation(void **state)
{
    (void)state;
    file f;
    write_file(&f, ".txt", "some text", 9);
    assert_true(torture_run(fill_a_message, f.path) > 5);
    unlink(f.path);
    assert_true(torture_run(fill_a_list, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constructors_set_role_and_text),
        cmocka_unit_test(a_tool_message_knows_its_call_and_whether_it_failed),
        cmocka_unit_test(the_last_part_can_be_marked_for_the_cache),
        cmocka_unit_test(text_may_hold_nul_bytes),
        cmocka_unit_test(a_message_without_text_reads_as_empty),
        cmocka_unit_test(all_kinds_of_parts_are_kept_in_order),
        cmocka_unit_test(a_part_stays_valid_while_others_are_added),
        cmocka_unit_test(invalid_utf8_is_reported_with_its_place),
        cmocka_unit_test(missing_values_are_refused_and_remembered),
        cmocka_unit_test(each_kind_of_part_says_what_it_misses),
        cmocka_unit_test(a_part_over_64_mib_is_refused),
        cmocka_unit_test(the_ten_thousand_and_first_part_is_refused),
        cmocka_unit_test(a_text_message_takes_one_allocation),
        cmocka_unit_test(files_are_told_apart_by_their_first_bytes),
        cmocka_unit_test(texts_are_told_apart_by_their_names),
        cmocka_unit_test(a_file_that_can_not_be_used_says_why),
        cmocka_unit_test(a_file_over_64_mib_is_refused),
        cmocka_unit_test(a_list_keeps_its_messages_in_order),
        cmocka_unit_test(a_list_remembers_a_message_that_could_not_be_made),
        cmocka_unit_test(a_message_outlives_the_list_for_who_keeps_a_reference),
        cmocka_unit_test(the_million_and_first_message_is_refused),
        cmocka_unit_test(any_input_becomes_a_list),
        cmocka_unit_test(an_input_that_is_nothing_is_refused),
        cmocka_unit_test(messages_survive_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
