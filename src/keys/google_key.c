#include "keys/google_key.h"

#include "base/file.h"
#include "base/secret_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PATH = 4096 };

#define VARIABLE "GOOGLE_APPLICATION_CREDENTIALS"
#define LOGIN    "gcloud auth application-default login"

static const char *variable(const char *name)
{
    const char *value = secure_getenv(name);
    return value && *value ? value : NULL;
}

/* Find the path of the credentials file. Returns false if no environment variable tells where it
 * may be. A path that is too long is returned as "". */
static bool find_path(char path[MAX_PATH])
{
    static const char file[] = "application_default_credentials.json";
    const char *given = variable(VARIABLE), *folder = variable("CLOUDSDK_CONFIG");
    const char *home = variable("HOME");
    if (!given && !folder && !home) return false;
    int n = given    ? snprintf(path, MAX_PATH, "%s", given)
            : folder ? snprintf(path, MAX_PATH, "%s/%s", folder, file)
                     : snprintf(path, MAX_PATH, "%s/.config/gcloud/%s", home, file);
    if (n >= MAX_PATH) *path = '\0';
    return true;
}

/* Explain the error. If VARIABLE does not name the file and it is missing, the message says what to
 * do. */
static void explain(beluga_error *err, int status, const char *path)
{
    if (variable(VARIABLE))
        beluga_error_wrap(err, NULL, "the key's file of " VARIABLE);
    else if (status == BELUGA_ERROR_NOT_FOUND)
        beluga_error_set(
            err, status,
            "no Google credentials: set " VARIABLE ", or run \"" LOGIN "\", which writes %s", path);
    if (status != BELUGA_ERROR_NO_MEMORY) err->code = BELUGA_ERROR_AUTHENTICATION;
}

ssize_t beluga__google_key(char *buffer, size_t size, beluga_error *err)
{
    char path[MAX_PATH] = "";
    beluga__buf text;
    if (!find_path(path)) {
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "no Google credentials: set " VARIABLE);
        return -1;
    }
    beluga__buf_init(&text, beluga__secret_allocator(), size - 1);
    int status = beluga__file_read(path, &text, err);
    if (status) explain(err, status, path);
    if (!status && text.data[strspn(text.data, " \t\r\n")] != '{')
        status = beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                  "%s is not a file with Google credentials, which is JSON", path);
    if (!status) memcpy(buffer, text.data, text.length);
    ssize_t n = status ? -1 : (ssize_t)text.length;
    beluga__buf_free(&text);
    return n;
}
