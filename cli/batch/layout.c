#include "batch/layout.h"

#include "batch/files.h"
#include "batch/why.h"

#include <beluga/provider/json.h>

#include <string.h>
#include <strings.h>

/* The format is guessed from the first PEEK_BYTES bytes, the delimiter from SAMPLE_ROWS rows. */
#define PEEK_BYTES  4096
#define SAMPLE_ROWS 32

batch_reader batch_layout_reader(const batch_layout *layout, int fd)
{
    return (batch_reader){.format = layout->format,
                          .fd = fd,
                          .delimiter = layout->delimiter,
                          .headless = layout->headless};
}

static batch_format find_format(const char *path, int fd)
{
    char bytes[PEEK_BYTES + 1];
    batch_format format = batch_format_from_path(path);
    if (format != BATCH_AUTO) return format;
    ssize_t n = batch_read_at(fd, bytes, PEEK_BYTES, 0);
    bytes[n > 0 ? n : 0] = '\0';
    return batch_format_from_text(bytes);
}

/* ---- the delimiter --------------------------------------------------------------------------- */

/* The result of reading the first rows with one delimiter. */
typedef struct delimiter_trial {
    char delimiter;
    bool known; /* a column has one of the usual names, or the name of the prompt's column */
    /* number of columns of the first row; 0: it can't be read with this delimiter */
    size_t columns;
    size_t faults; /* number of faults in the following rows */
} delimiter_trial;

static bool has_known_column(const batch_reader *r, const char *prompt_column)
{
    const char *const names[] = {"prompt", "text", "id", "custom_id", prompt_column};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] && batch_reader_column(r, names[i], strlen(names[i])) >= 0) return true;
    return false;
}

static delimiter_trial try_delimiter(const batch_layout *layout, int fd, char delimiter,
                                     const char *prompt_column)
{
    char why[BATCH_FAULT_BYTES];
    batch_record record;
    batch_reader r = batch_layout_reader(layout, fd);
    delimiter_trial trial = {.delimiter = delimiter};
    r.delimiter = delimiter;
    if (batch_reader_begin(&r, why) == 0) {
        trial.columns = r.n_columns;
        trial.known = !layout->headless && has_known_column(&r, prompt_column);
        for (int i = 0; i < SAMPLE_ROWS && batch_reader_next(&r, &record) > 0; i++)
            trial.faults += *record.fault != '\0';
    }
    batch_reader_free(&r);
    return trial;
}

static bool is_better(const delimiter_trial *a, const delimiter_trial *b)
{
    if (a->known != b->known) return a->known;
    if (a->faults != b->faults) return a->faults < b->faults;
    return a->columns > b->columns;
}

/* Return the delimiter that a line such as "sep=;" before the header names, or 0. Some spreadsheets
 * write such a line. */
static char find_told_delimiter(int fd)
{
    char bytes[sizeof "\xEF\xBB\xBFsep=;\n"] = "";
    ssize_t n = batch_read_at(fd, bytes, sizeof bytes - 1, 0);
    const char *text = n > 3 && strncmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? bytes + 3 : bytes;
    if (strncasecmp(text, "sep=", 4) != 0 || !text[4] || !strchr("\r\n", text[5])) return '\0';
    const char name[2] = {text[4], '\0'};
    return batch_delimiter_from_name(name);
}

/* Find the delimiter that fits the first rows best. A delimiter that gives only one column is
 * ignored. */
static char find_delimiter(const batch_layout *layout, int fd, const char *prompt_column)
{
    char told = find_told_delimiter(fd);
    delimiter_trial best = {.delimiter = ','};
    for (const char *d = BATCH_DELIMITERS; !told && *d; d++) {
        delimiter_trial trial = try_delimiter(layout, fd, *d, prompt_column);
        if (trial.columns > 1 && (!best.columns || is_better(&trial, &best))) best = trial;
    }
    return told ? told : best.delimiter;
}

void batch_layout_find(batch_layout *layout, const char *path, int fd, const char *prompt_column)
{
    if (!layout->format) {
        layout->guessed = batch_format_from_path(path) == BATCH_AUTO;
        layout->format = find_format(path, fd);
    }
    if (layout->format == BATCH_CSV && !layout->delimiter)
        layout->delimiter = find_delimiter(layout, fd, prompt_column);
}

/* ---- JSON that does not have one value on each line ------------------------------------------ */

static size_t skip_space(const char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n && strchr(" \t\r", bytes[i]) && bytes[i]) i++;
    return i;
}

/* Return '[' or '{' if the record is the first line of a JSON value that continues on the next
 * lines, or 0. A plain text may begin with a bracket, too, so the bracket must be followed by the
 * end of the line or the beginning of another value. */
static char find_open_bracket(const batch_record *record)
{
    const char *bytes = record->bytes;
    size_t n = record->length, at = skip_space(bytes, n);
    char bracket = at < n ? bytes[at] : '\0';
    if (bracket != '[' && bracket != '{') return '\0';
    at++;
    at += skip_space(bytes + at, n - at);
    bool goes_on = at == n || (bracket == '[' && strchr("[{\"", bytes[at]) && bytes[at]);
    return goes_on ? bracket : '\0';
}

/* Return '[' or '{' if the first line begins a JSON value that takes several lines, '[' also if the
 * line is a list of other things than messages; 0 if the line is a correct value or not JSON. */
static char find_wrong_bracket(const batch_record *record)
{
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(record->bytes, record->length, &doc, NULL) != 0)
        return find_open_bracket(record);
    const beluga_json *root = beluga_json_doc_root(doc), *first = beluga_json_first(root);
    bool is_list = beluga_json_is_array(root) && first && !beluga_json_get(first, "role");
    beluga_json_doc_free(doc);
    return is_list ? '[' : '\0';
}

/* Returns whether the file looks like CSV: the first row has several columns, one of which has a
 * usual name such as "prompt", and the following rows have the same number of columns. */
static bool looks_like_csv(int fd)
{
    const batch_layout csv = {.format = BATCH_CSV};
    for (const char *d = BATCH_DELIMITERS; *d; d++) {
        delimiter_trial trial = try_delimiter(&csv, fd, *d, NULL);
        if (trial.known && trial.columns > 1 && !trial.faults) return true;
    }
    return false;
}

int batch_layout_check(const batch_layout *layout, int fd, char why[BATCH_FAULT_BYTES])
{
    batch_record record;
    char bracket = '\0';
    if (layout->guessed && layout->format == BATCH_TEXT && looks_like_csv(fd)) {
        batch_say_why(why, "it looks like a CSV: give --format csv, or --format text to ask each "
                           "of its lines as a text");
        return -1;
    }
    if (layout->format != BATCH_JSONL) return 0;
    batch_reader r = batch_layout_reader(layout, fd);
    if (batch_reader_next(&r, &record) > 0 && !*record.fault) bracket = find_wrong_bracket(&record);
    batch_reader_free(&r);
    if (!bracket) return 0;
    batch_say_why(why, bracket == '[' ? "it is a single JSON array, but JSON Lines need one value "
                                        "on each line: convert it with jq -c '.[]' FILE"
                                      : "its JSON values take several lines, but JSON Lines need "
                                        "one value on each line: convert it with jq -c . FILE");
    return -1;
}
