#include "embed/nearest.h"

#include <beluga/error.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_better(const nearest_row *a, const nearest_row *b)
{
    return a->score != b->score ? a->score > b->score : a->line < b->line;
}

static void swap(nearest_row *a, nearest_row *b)
{
    nearest_row kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_up(nearest_row *rows, size_t at)
{
    for (size_t above; at && is_better(&rows[above = (at - 1) / 2], &rows[at]); at = above)
        swap(&rows[above], &rows[at]);
}

static void sift_down(nearest_row *rows, size_t n)
{
    for (size_t at = 0, worst;; at = worst) {
        worst = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++)
            if (is_better(&rows[worst], &rows[child])) worst = child;
        if (worst == at) return;
        swap(&rows[at], &rows[worst]);
    }
}

static void release(nearest_row *row)
{
    free(row->id);
    free(row->text);
}

static int make_room(nearest *best)
{
    if (best->count < best->room) return 0;
    size_t room = best->room ? best->room * 2 : 32;
    nearest_row *rows = realloc(best->rows, room * sizeof *rows);
    if (!rows) return BELUGA_ERROR_NO_MEMORY;
    best->rows = rows;
    best->room = room;
    return 0;
}

static int fill(nearest_row *row, const vectors_row *from)
{
    if (from->id && !(row->id = strdup(from->id))) return BELUGA_ERROR_NO_MEMORY;
    if (from->text && !(row->text = strndup(from->text, from->text_length))) {
        release(row);
        return BELUGA_ERROR_NO_MEMORY;
    }
    return 0;
}

int nearest_add(nearest *best, double score, uint64_t line, const vectors_row *row)
{
    nearest_row new = {.score = score, .line = line, .index = row->index};
    bool full = best->most && best->count == best->most;
    if (full && !is_better(&new, &best->rows[0])) return 0;
    if (!full && make_room(best) != 0) return BELUGA_ERROR_NO_MEMORY;
    if (fill(&new, row) != 0) return BELUGA_ERROR_NO_MEMORY;
    if (full) {
        release(&best->rows[0]);
        best->rows[0] = new;
        sift_down(best->rows, best->count);
    } else {
        best->rows[best->count++] = new;
        sift_up(best->rows, best->count - 1);
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    return is_better(a, b) ? -1 : is_better(b, a);
}

void nearest_sort(nearest *best)
{
    if (best->count) qsort(best->rows, best->count, sizeof *best->rows, compare);
}

void nearest_free(nearest *best)
{
    for (size_t i = 0; i < best->count; i++) release(&best->rows[i]);
    free(best->rows);
    *best = (nearest){.most = best->most};
}
