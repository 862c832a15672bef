#include "protocol/put.h"

void protocol_put_int(beluga__buf *out, int64_t value)
{
    char text[24], *at = text + sizeof text; /* room for a sign and nineteen digits */
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0) *--at = '-';
    beluga__buf_append(out, at, (size_t)(text + sizeof text - at));
}

void protocol_give_up(beluga_json_writer *w)
{
    beluga_json_put_raw(w, NULL, "", 0);
}

void protocol_put_error(beluga__buf *out, const protocol *table, const beluga_error *error)
{
    const char *text = NULL;
    size_t length = 0;
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        table->error(w, error, "");
        beluga_json_end_object(w);
        beluga_json_writer_text(w, &text, &length);
    }
    if (text)
        beluga__buf_append(out, text, length);
    else
        PROTOCOL_PUT(out, "{\"type\":\"error\",\"error\":{\"type\":\"server_error\",\"message\":"
                          "\"the server is out of memory\"}}");
    beluga_json_writer_free(w);
}
