#include "batch/unpack.h"

#include "base/new_file.h"
#include "batch/files.h"
#include "batch/why.h"
#include "exit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_ZLIB
#include <dlfcn.h>
#include <zlib.h>
#endif

#define PIECE_BYTES 65536
/* The encoding is guessed from this number of bytes. */
#define PEEK_BYTES 4096

/* Converts a file, which is read piece by piece, into an unnamed file. */
typedef struct unpacking {
    int from, to;
    uint64_t read, written;
    char *why;
    unsigned char in[PIECE_BYTES];
    char out[PIECE_BYTES];
    size_t used; /* bytes of `out` */
} unpacking;

static int fail(unpacking *u, const char *what)
{
    batch_say_why(u->why, "%s", what);
    return CLI_EXIT_USAGE;
}

/* Returns the number of bytes that were read, 0 at the end; -1 with the reason. */
static ssize_t next_piece(unpacking *u)
{
    ssize_t n = batch_read_at(u->from, u->in, sizeof u->in, u->read);
    if (n > 0) u->read += (uint64_t)n;
    if (n < 0) fail(u, strerror(errno));
    return n;
}

static int flush(unpacking *u)
{
    if (batch_write_at(u->to, u->out, u->used, u->written) != 0) {
        batch_say_why(u->why,
                      "the decompressed input can't be stored in a file beside the output: %s",
                      strerror(errno));
        return CLI_EXIT_OUTPUT;
    }
    u->written += u->used;
    u->used = 0;
    return 0;
}

/* ---- gzip ------------------------------------------------------------------------------------ */

static bool is_gzip(const unsigned char *bytes, size_t n)
{
    return n >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

#ifdef HAVE_ZLIB
/* Functions of zlib, which is loaded only for inputs that need it, and not at the start of the
 * command. */
typedef struct zlib_functions {
    int (*begin)(z_stream *stream, int window_bits, const char *version, int size);
    int (*inflate)(z_stream *stream, int flush);
    int (*reset)(z_stream *stream);
    int (*end)(z_stream *stream);
} zlib_functions;

static bool load(zlib_functions *z)
{
    void *library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL); /* stays loaded until the end of
                                                                 * the process */
    if (!library) return false;
    *(void **)&z->begin = dlsym(library, "inflateInit2_");
    *(void **)&z->inflate = dlsym(library, "inflate");
    *(void **)&z->reset = dlsym(library, "inflateReset");
    *(void **)&z->end = dlsym(library, "inflateEnd");
    return z->begin && z->inflate && z->reset && z->end;
}

/* Decompress the bytes in `in`. Returns the status of zlib. */
static int inflate_piece(unpacking *u, const zlib_functions *z, z_stream *stream, int *rc)
{
    int status = Z_OK;
    while (status == Z_OK && *rc == 0 && (stream->avail_in || !stream->avail_out)) {
        stream->next_out = (unsigned char *)u->out;
        stream->avail_out = sizeof u->out;
        status = z->inflate(stream, Z_NO_FLUSH);
        u->used = sizeof u->out - stream->avail_out;
        *rc = flush(u);
        if (status == Z_BUF_ERROR) return Z_OK; /* zlib needs more input */
    }
    return status;
}

/* Skip zeros after a gzip member. A member may be followed by another member, by nothing, or by
 * zeros that fill a block. */
static void pass_zeros(z_stream *stream)
{
    while (stream->avail_in && !*stream->next_in) {
        stream->avail_in--;
        stream->next_in++;
    }
}

static int inflate_all(unpacking *u, const zlib_functions *z, z_stream *stream)
{
    int rc = 0, status = Z_OK;
    ssize_t n;
    while (rc == 0 && (n = next_piece(u)) != 0) {
        if (n < 0) return CLI_EXIT_USAGE;
        stream->next_in = u->in;
        stream->avail_in = (unsigned)n;
        while (rc == 0 && stream->avail_in) {
            if (status == Z_STREAM_END) {
                pass_zeros(stream);
                if (!stream->avail_in) break;
                z->reset(stream);
            }
            status = inflate_piece(u, z, stream, &rc);
            if (status == Z_DATA_ERROR || status == Z_NEED_DICT)
                return fail(u, "its gzip data is damaged, or other data follows it");
            if (status == Z_MEM_ERROR) return fail(u, "out of memory");
        }
    }
    return rc || status == Z_STREAM_END ? rc : fail(u, "its gzip data is cut: the end is missing");
}

static int gunzip(unpacking *u)
{
    zlib_functions z;
    z_stream stream = {.next_in = NULL};
    if (!load(&z))
        return fail(u, "it is compressed by gzip, and zlib is not installed to read it: decompress "
                       "it first with gunzip");
    if (z.begin(&stream, 15 + 16, ZLIB_VERSION, (int)sizeof stream) != Z_OK)
        return fail(u, "out of memory");
    int rc = inflate_all(u, &z, &stream);
    z.end(&stream);
    return rc;
}
#else
static int gunzip(unpacking *u)
{
    return fail(
        u,
        "it is compressed by gzip, which this build can't read: decompress it first with gunzip");
}
#endif

/* ---- UTF-16 ---------------------------------------------------------------------------------- */

typedef enum byte_order { ORDER_NONE, ORDER_LITTLE, ORDER_BIG } byte_order;

/* Guess the byte order. Without a byte order mark, text in Latin letters has a zero in nearly every
 * other byte. */
static byte_order guess_order(const unsigned char *bytes, size_t n)
{
    size_t zeros[2] = {0, 0};
    for (size_t i = 0; i < n; i++) zeros[i % 2] += !bytes[i];
    if (n < 4 || zeros[0] + zeros[1] < n / 2 * 9 / 10) return ORDER_NONE;
    return !zeros[0] ? ORDER_LITTLE : !zeros[1] ? ORDER_BIG : ORDER_NONE;
}

static byte_order find_order(const unsigned char *bytes, size_t n)
{
    if (n >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe) return ORDER_LITTLE;
    if (n >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff) return ORDER_BIG;
    return guess_order(bytes, n);
}

static void put_character(unpacking *u, uint32_t c)
{
    char *to = u->out + u->used;
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6) to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)(first[n] | c);
    u->used += n;
}

/* Write a UTF-16 unit. Two surrogates make one character above U+FFFF. Returns false if a surrogate
 * has no partner. */
static bool put_unit(unpacking *u, uint32_t unit, uint32_t *high)
{
    bool is_high = (unit & 0xfc00) == 0xd800, is_low = (unit & 0xfc00) == 0xdc00;
    if (is_low != (*high != 0)) return false;
    if (is_low)
        put_character(u, 0x10000 + ((*high & 0x3ff) << 10) + (unit & 0x3ff));
    else if (!is_high)
        put_character(u, unit);
    *high = is_high ? unit : 0;
    return true;
}

static int convert(unpacking *u, byte_order order)
{
    uint32_t high = 0;
    ssize_t n;
    int rc = 0;
    while (rc == 0 && (n = next_piece(u)) != 0) {
        if (n < 0) return CLI_EXIT_USAGE;
        if (n % 2) return fail(u, "its UTF-16 is cut: the last character has only one byte");
        for (ssize_t i = 0; i < n && rc == 0; i += 2) {
            unsigned first = u->in[i], second = u->in[i + 1];
            uint32_t unit = order == ORDER_BIG ? first << 8 | second : second << 8 | first;
            if (!put_unit(u, unit, &high))
                return fail(u, "its UTF-16 is damaged: one half of a surrogate pair is missing");
            if (u->used + 4 > sizeof u->out) rc = flush(u);
        }
    }
    if (rc == 0 && high)
        return fail(u, "its UTF-16 is cut: one half of a surrogate pair is missing");
    return rc ? rc : flush(u);
}

/* ---- files that are not text ----------------------------------------------------------------- */

/* The first bytes of files that users often name by mistake. */
static const struct {
    const char *begin, *what;
} strangers[] = {
    {"PK\003\004", "it is a zip archive, such as .xlsx or .ods: save its table as CSV"},
    {"\x28\xb5\x2f\xfd",
     "it is compressed by zstd, which beluga can't read: decompress it with zstd -d"},
    {"\xfd"
     "7zXZ",
     "it is compressed by xz, which beluga can't read: decompress it with xz -d"},
    {"BZh91AY&SY",
     "it is compressed by bzip2, which beluga can't read: decompress it with bzip2 -d"},
    {"%PDF-", "it is a PDF, not lines of text"},
    {"SQLite format 3",
     "it is an SQLite database: export its rows as CSV with sqlite3 -csv -header"},
    {"PAR1", "it is a Parquet file: export its rows as CSV or JSON Lines"},
};

static const char *find_stranger(int fd)
{
    char bytes[16];
    ssize_t n = batch_read_at(fd, bytes, sizeof bytes, 0);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        size_t length = strlen(strangers[i].begin);
        if (n >= (ssize_t)length && memcmp(bytes, strangers[i].begin, length) == 0)
            return strangers[i].what;
    }
    return NULL;
}

/* ---- gzip and UTF-16 ------------------------------------------------------------------------- */

typedef struct packing {
    bool gzip;
    byte_order order;
} packing;

/* Convert the file from one encoding, and replace its descriptor with that of the converted file.
 */
static int replace(int *fd, const packing *how, const char *beside, char *why)
{
    unpacking u;
    u.from = *fd;
    u.to = beluga__file_nameless(beside);
    u.read = u.written = u.used = 0;
    u.why = why;
    if (u.to < 0) {
        batch_say_why(why, "the decompressed input can't be stored in a file beside the output: %s",
                      strerror(errno));
        return CLI_EXIT_OUTPUT;
    }
    int rc = how->gzip ? gunzip(&u) : convert(&u, how->order);
    close(rc ? u.to : *fd);
    if (rc == 0) *fd = u.to;
    return rc;
}

static packing find_packing(int fd)
{
    unsigned char bytes[PEEK_BYTES];
    ssize_t n = batch_read_at(fd, bytes, sizeof bytes, 0);
    bool gzip = n > 0 && is_gzip(bytes, (size_t)n);
    return (packing){.gzip = gzip,
                     .order = n > 0 && !gzip ? find_order(bytes, (size_t)n) : ORDER_NONE};
}

int batch_unpack(int *fd, const char *beside, bool *was_utf16, char why[BATCH_UNPACK_BYTES])
{
    packing found = find_packing(*fd);
    int rc = 0;
    if (found.gzip) {
        rc = replace(fd, &found, beside, why);
        found = rc ? found : find_packing(*fd);
        if (rc == 0 && found.gzip) return 0; /* each line will be reported as invalid UTF-8 */
    }
    const char *stranger = rc ? NULL : find_stranger(*fd);
    if (stranger) {
        batch_say_why(why, "%s", stranger);
        return CLI_EXIT_USAGE;
    }
    *was_utf16 = rc == 0 && found.order;
    return *was_utf16 ? replace(fd, &found, beside, why) : rc;
}
