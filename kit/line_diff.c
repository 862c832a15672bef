#include "kit/line_diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_LINES = 1000 /* most lines of each text; of longer texts all lines count as different */
};

typedef struct lines {
    const char *text;
    const char *at[MAX_LINES + 1];
    size_t n;
} lines;

/* Cut a text into lines. @return false if there are too many. */
static bool cut(lines *l, const char *text)
{
    l->n = 0;
    for (l->text = text; *text; l->n++) {
        if (l->n == MAX_LINES) return false;
        l->at[l->n] = text;
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return true;
}

static void put(check_text *out, char mark, const char *line)
{
    check_text_add(out, &mark, 1);
    check_text_add(out, line, strcspn(line, "\n"));
    check_text_puts(out, "\n");
}

static void put_all(check_text *out, char mark, const char *text)
{
    while (*text) {
        put(out, mark, text);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

static bool is_same(const char *a, const char *b)
{
    size_t n = strcspn(a, "\n");
    return n == strcspn(b, "\n") && memcmp(a, b, n) == 0;
}

/* Compute, for each pair of positions in the two texts, how many lines the texts have in common
 * after them. */
static void count_common(const lines *a, const lines *b, uint16_t *common)
{
    size_t width = b->n + 1;
    for (size_t i = a->n; i-- > 0;) {
        for (size_t k = b->n; k-- > 0;) {
            const uint16_t *here = common + i * width + k;
            uint16_t skip = here[width] > here[1] ? here[width] : here[1];
            common[i * width + k] =
                is_same(a->at[i], b->at[k]) ? (uint16_t)(here[width + 1] + 1) : skip;
        }
    }
}

static void put_lines(check_text *out, const lines *a, const lines *b, const uint16_t *common)
{
    const char *between = NULL; /* the last line that both texts have, if it was not shown yet */
    bool beside = false;        /* the line before this one differs */
    size_t width = b->n + 1;
    for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
        const uint16_t *here = common + i * width + k;
        if (i < a->n && k < b->n && is_same(a->at[i], b->at[k])) {
            if (beside) put(out, ' ', a->at[i]);
            between = beside ? NULL : a->at[i];
            beside = false;
            i++;
            k++;
            continue;
        }
        if (between) put(out, ' ', between);
        between = NULL;
        beside = true;
        if (k == b->n || (i < a->n && here[width] >= here[1]))
            put(out, '-', a->at[i++]);
        else
            put(out, '+', b->at[k++]);
    }
}

void check_line_diff(check_text *out, const char *before, const char *after)
{
    lines *both = calloc(2, sizeof *both);
    bool fits = both && cut(&both[0], before) && cut(&both[1], after);
    uint16_t *common = fits ? calloc((both[0].n + 1) * (both[1].n + 1), sizeof *common) : NULL;
    if (common) {
        count_common(&both[0], &both[1], common);
        put_lines(out, &both[0], &both[1], common);
    } else {
        put_all(out, '-', before);
        put_all(out, '+', after);
    }
    free(common);
    free(both);
}
