/* Helpers shared by the suites about plug-ins: a client, a folder for the test, and the plug-ins
 * that the build has made. */
#ifndef TESTS_LOADING_H
#define TESTS_LOADING_H

#include "../support/folder.h"
#include "plugged.h"

#include <beluga/beluga.h>

#include <elf.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct loading {
    beluga_client *client;
    beluga_registry *registry;
    beluga_error err;          /* the error of the last function that failed */
    char folder[FOLDER_BYTES]; /* only this user can write there */
    char built[PATH_MAX];      /* the path that test_plugin returned last */
} loading;

int set_up_loading(void **state);
int tear_down_loading(void **state);
#define LOADING(test) cmocka_unit_test_setup_teardown(test, set_up_loading, tear_down_loading)

/* Return the path of a built plug-in, from tests/plugins or from plugins/. The path is valid until
 * the next call. */
const char *test_plugin(loading *l, const char *name);
const char *example_plugin(loading *l, const char *name);
/* Write the path of a file in the test's folder. Returns `path`. */
char *in_folder(const loading *l, const char *name, char path[PATH_MAX]);
void write_file(const char *path, const void *bytes, size_t n);
/* Copy a plug-in into the folder; `path` receives the copy's path. */
void copy_plugin(loading *l, const char *plugin, const char *name, char path[PATH_MAX]);
/* Return the loadable segment that ends last in the file. Valid until the next call. */
const Elf64_Phdr *last_segment(const char *path);

void assert_loads(loading *l, const char *path);
/* Assert that loading is refused with this code, and with a message that names the file and
 * contains this text. */
void assert_refused(loading *l, const char *path, int code, const char *words);
void assert_contains(const char *text, const char *words);

/* Load a plug-in and open a model of one of its providers. The caller owns the model. */
beluga_chat_model *open_plugged(loading *l, const char *path, const char *provider,
                                const beluga_config *config);

/* Make a call to a provider that is registered. The caller owns the response. A failure is in
 * l->err. */
int ask(loading *l, const char *provider, beluga_response **response);
void assert_answer(loading *l, const char *provider, const char *text);

#endif
