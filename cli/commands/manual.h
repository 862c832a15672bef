/* The words that help and the manual page share, and the manual page. */
#ifndef BELUGA_CLI_MANUAL_H
#define BELUGA_CLI_MANUAL_H

/* A row of a list: a term and what it means. Lists end with a NULL term. */
struct manual_row {
    const char *term;
    const char *meaning;
};

extern const struct manual_row manual_environment[];
extern const struct manual_row manual_files[];
extern const struct manual_row manual_examples[];

/* Print the manual page's source, for man(7). */
void manual_print(void);

#endif
