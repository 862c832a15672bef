/* Reads the input of a batch: lines of text or JSON, or rows of CSV, with or without a template.
 * Each record begins where the last one ended, and a record that can't be sent to a model has an
 * error. The first byte chooses the format, the second is the length of the template. */
#include "batch/item.h"
#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

static void check_item(const batch_plan *plan, const batch_record *record)
{
    batch_item item, only_id;
    int code = batch_item_parse(plan, record, &item);
    int id = batch_item_parse_id(plan, record, &only_id);
    FUZZ_CHECK(code == 0 || code == BELUGA_ERROR_INVALID_INPUT);
    if (code) {
        FUZZ_CHECK(*item.why);
        fuzz_check_line(item.why);
    } else {
        FUZZ_CHECK(id == 0 && strcmp(item.id, only_id.id) == 0);
        FUZZ_CHECK(item.n_texts || beluga_messages_count(item.request.messages));
        FUZZ_CHECK(item.request.n_options <=
                   sizeof item.request.options / sizeof *item.request.options);
    }
    FUZZ_CHECK(*item.id && strlen(item.id) <= BATCH_MAX_ID_BYTES);
    fuzz_check_text(item.id, strlen(item.id));
    batch_item_free(&item);
    batch_item_free(&only_id);
}

static void read_all(batch_plan *plan, batch_reader *reader)
{
    batch_record record;
    uint64_t at = 0, line = 0;
    while (batch_reader_next(reader, &record) == 1) {
        FUZZ_CHECK(record.offset >= at && record.line > line);
        at = record.offset + record.size;
        line = record.line;
        if (*record.fault)
            fuzz_check_line(record.fault);
        else
            check_item(plan, &record);
    }
}

static void read_input(int file, batch_format format, uint8_t choice, batch_plan *plan)
{
    char why[BATCH_FAULT_BYTES] = "";
    batch_reader reader = {.fd = file,
                           .format = format,
                           .headless = choice & 8,
                           .delimiter = choice & 16 ? ';' : '\0'};
    plan->reader = &reader;
    int status = batch_reader_begin(&reader, why);
    if (!status && format == BATCH_CSV) status = batch_plan_columns(plan, why);
    if (status) {
        FUZZ_CHECK(*why);
        fuzz_check_line(why);
    } else {
        read_all(plan, &reader);
    }
    batch_reader_free(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t choice = fuzz_byte(&data, &size), n = fuzz_byte(&data, &size);
    batch_template template;
    char why[BATCH_WHY_BYTES] = "";
    if (n > size) n = (uint8_t)size;
    char *text = fuzz_text(data, n);
    bool has_template = n && batch_template_parse(&template, text, why) == 0;
    if (n && !has_template) {
        FUZZ_CHECK(*why);
        fuzz_check_line(why);
    }
    batch_plan plan = {.template = has_template ? &template : NULL,
                       .system = choice & 4 ? "Be short." : NULL,
                       .id_column = -1,
                       .prompt_column = -1};
    int file = open(fuzz_file(data + n, size - n), O_RDONLY | O_CLOEXEC);
    FUZZ_CHECK(file >= 0);
    read_input(file, BATCH_TEXT + choice % 3, choice, &plan);
    close(file);
    free(text);
    return 0;
}
