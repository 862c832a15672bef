/* The formats of the input, and the users' names for formats and CSV delimiters. */
#ifndef BELUGA_CLI_BATCH_FORMAT_H
#define BELUGA_CLI_BATCH_FORMAT_H

/* The common separators of columns in CSV files. */
#define BATCH_DELIMITERS ",;\t|"

typedef enum batch_format { BATCH_AUTO, BATCH_TEXT, BATCH_JSONL, BATCH_CSV } batch_format;

/* Return the format with this name, or BATCH_AUTO. */
batch_format batch_format_from_name(const char *name);
const char *batch_format_name(batch_format format);

/* Find the format by the name of a file, which may end in .gz, or by the first bytes of a text;
 * BATCH_AUTO if it is not known. */
batch_format batch_format_from_path(const char *path);
batch_format batch_format_from_text(const char *text);

/* Return the delimiter that a user names: one character, or a word such as "tab"; 0: none. */
char batch_delimiter_from_name(const char *name);
/* Return the plural name of a delimiter, such as "semicolons"; NULL for an unusual one. */
const char *batch_delimiter_name(char delimiter);

#endif
