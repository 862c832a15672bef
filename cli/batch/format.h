/* The formats of an input, and how users name them and the delimiters of CSV. */
#ifndef BELUGA_CLI_BATCH_FORMAT_H
#define BELUGA_CLI_BATCH_FORMAT_H

/* These separate the columns of CSV files in daily life. */
#define BATCH_DELIMITERS ",;\t|"

typedef enum batch_format { BATCH_AUTO, BATCH_TEXT, BATCH_JSONL, BATCH_CSV } batch_format;

/* Return the format of a name, or BATCH_AUTO. */
batch_format batch_format_from_name(const char *name);
const char *batch_format_name(batch_format format);

/* Tell the format by a file's name, which may end in .gz, or BATCH_AUTO; and by the first bytes of
 * a text. */
batch_format batch_format_from_path(const char *path);
batch_format batch_format_from_text(const char *text);

/* Return the delimiter that a user names: one character, or a word such as "tab"; 0: none. */
char batch_delimiter_from_name(const char *name);
/* Return what a delimiter is called in a sentence, such as "semicolons"; NULL: no usual one. */
const char *batch_delimiter_name(char delimiter);

#endif
