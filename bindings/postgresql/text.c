/* Converts texts between the server's encoding and UTF-8, which the library uses. */
#include "extension.h"

#include <catalog/namespace.h>
#include <mb/pg_wchar.h>
#include <string.h>
#include <utils/builtins.h>
#include <utils/jsonb.h>
#include <utils/memutils.h>
#if PG_VERSION_NUM >= 160000
#include <varatt.h>
#endif

static char *to_utf8(char *own, int n, size_t *length)
{
    char *utf8 = pg_server_to_any(own, n, PG_UTF8);
    *length = strlen(utf8);
    return utf8;
}

/* strlen is right, since a text of PostgreSQL never contains a NUL byte. */
char *text_to_utf8(const text *value, size_t *length)
{
    char *own = text_to_cstring(value);
    return to_utf8(own, (int)strlen(own), length);
}

char *jsonb_to_utf8(Datum value, size_t *length)
{
    Jsonb *json = DatumGetJsonbP(value);
    char *own = JsonbToCString(NULL, &json->root, VARSIZE(json));
    return to_utf8(own, (int)strlen(own), length);
}

/* Convert a text. Returns NULL on failure instead of raising an error, which would end the
 * query. */
static char *convert(const char *utf8, size_t length, int encoding)
{
    Oid function = FindDefaultConversionProc(PG_UTF8, encoding);
    size_t room = length * MAX_CONVERSION_GROWTH + 1;
    if (!OidIsValid(function) || room > MaxAllocSize) return NULL;
    char *own = palloc(room);
    int done = pg_do_encoding_conversion_buf(function, PG_UTF8, encoding, (unsigned char *)utf8,
                                             (int)length, (unsigned char *)own, (int)room, true);
    return done == (int)length ? own : NULL;
}

text *text_from_utf8(const char *utf8, size_t length)
{
    int encoding = GetDatabaseEncoding();
    if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
        return cstring_to_text_with_len(utf8, (int)length);
    char *own = convert(utf8, length, encoding);
    return own ? cstring_to_text(own) : NULL;
}

text *text_from_utf8_or_fail(const char *utf8, size_t length)
{
    text *own = text_from_utf8(utf8, length);
    if (!own)
        ereport(ERROR,
                (errcode(ERRCODE_UNTRANSLATABLE_CHARACTER), errmsg("beluga: " TEXT_UNTRANSLATABLE),
                 errdetail("The encoding is %s.", GetDatabaseEncodingName())));
    return own;
}

char *message_from_utf8(const char *utf8)
{
    text *own = text_from_utf8(utf8, strlen(utf8));
    if (own) return text_to_cstring(own);
    char *ascii = pstrdup(utf8);
    for (char *at = ascii; *at; at++)
        if (*at & 0x80) *at = '?';
    return ascii;
}
