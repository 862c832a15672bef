/* Makes a key for a client. */
#include "base/sha256.h"
#include "serve/access.h"

#include <beluga/error.h>

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define PREFIX "bk-"

/* Every three random bytes become four letters. */
enum { KEY_BYTES = 33, KEY_TEXT = sizeof PREFIX + KEY_BYTES / 3 * 4 };

static void write_letters(const unsigned char *bytes, char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < KEY_BYTES; i += 3) {
        uint32_t bits = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) *text++ = letters[bits >> shift & 63];
    }
    *text = '\0';
}

int serve_make_key(const char *name, serve_new *out, beluga_error *err)
{
    unsigned char bytes[KEY_BYTES];
    beluga__sha256 state;
    static_assert(sizeof out->key >= KEY_TEXT && sizeof out->sha256 == BELUGA__SHA256_TEXT,
                  "the members of serve_new have room for a key");
    if (!serve_key_name_is_good(name))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "a key's name must have 1 to %d of A-Z a-z 0-9 . _ @ -",
                                SERVE_KEY_NAME_BYTES);
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return beluga_error_set(err, BELUGA_ERROR_INTERNAL,
                                "the system can't provide random bytes: %s", strerror(errno));
    memcpy(out->key, PREFIX, sizeof PREFIX);
    write_letters(bytes, out->key + strlen(PREFIX));
    beluga__sha256_begin(&state);
    beluga__sha256_add(&state, out->key, strlen(out->key));
    beluga__sha256_end(&state, out->sha256);
    explicit_bzero(bytes, sizeof bytes);
    return 0;
}

int serve_new_key(const char *name, FILE *out, beluga_error *err)
{
    serve_new made;
    int status = serve_make_key(name, &made, err);
    if (status) return status;
    fprintf(out,
            "Give this key to the client; it is shown only once:\n\n"
            "    %s\n\n"
            "Add its name and its hash to the configuration, under serve.keys:\n\n"
            "serve:\n"
            "  keys:\n"
            "    - name: %s\n"
            "      sha256: \"%s\"\n",
            made.key, name, made.sha256);
    explicit_bzero(&made, sizeof made);
    return 0;
}
