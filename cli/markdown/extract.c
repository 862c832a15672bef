#include "markdown/extract.h"

#include "markdown/blocks.h"

#include <string.h>

bool extract_last_code(const char *text, size_t n, cli_text *code)
{
    const char *label;
    size_t length;
    block_fence fence;
    bool found = false, open = false;
    while (n) {
        const char *end = memchr(text, '\n', n), *line = text;
        size_t taken = end ? (size_t)(end - text) + 1 : n, line_length = taken - (end ? 1 : 0);
        if (open && block_closes(line, line_length, &fence)) {
            open = false;
        } else if (open) {
            block_unindent(&fence, &line, &line_length);
            text_add(code, line, line_length);
            text_puts(code, "\n");
        } else if (block_opens(line, line_length, &fence, &label, &length)) {
            found = open = true;
            beluga__buf_clear(text_begin(code));
        }
        text += taken;
        n -= taken;
    }
    return found;
}
