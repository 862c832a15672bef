#include "batch/ids.h"

#include "base/new_file.h"
#include "batch/digest.h"
#include "batch/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD_BITS 64
/* The ids are divided into parts that fit into memory, and the file is read once for each part. If
 * more than MAX_PARTS parts would be needed, the parts are larger. */
#define PART_IDS  ((uint64_t)8192)
#define MAX_PARTS ((uint64_t)64)

/* A hash table of the ids of one part, with open addressing. A digest of zeros marks a free place.
 */
typedef struct id_table {
    uint64_t (*places)[2];
    uint64_t mask;
} id_table;

bool batch_lines_has(const batch_lines *lines, uint64_t line)
{
    return lines->bits && line <= lines->last &&
           lines->bits[line / WORD_BITS] >> line % WORD_BITS & 1;
}

void batch_lines_free(batch_lines *lines)
{
    free(lines->bits);
    *lines = (batch_lines){0};
}

/* ---- the file -------------------------------------------------------------------------------- */

int batch_ids_begin(batch_ids *ids, const char *beside)
{
    ids->used = 0;
    ids->written = 0;
    ids->fd = beluga__file_nameless(beside);
    return ids->fd < 0 ? -1 : 0;
}

static int flush(batch_ids *ids)
{
    uint64_t offset = ids->written * sizeof ids->buffer[0];
    if (batch_write_at(ids->fd, (const char *)ids->buffer, ids->used * sizeof ids->buffer[0],
                       offset))
        return -1;
    ids->written += ids->used;
    ids->used = 0;
    return 0;
}

int batch_ids_add(batch_ids *ids, const char *id, bool is_number, uint64_t line)
{
    batch_id *entry = &ids->buffer[ids->used];
    *entry = (batch_id){.line = line, .is_number = is_number};
    batch_digest_short(id, strlen(id), entry->digest);
    ids->used++;
    return ids->used < BATCH_IDS_BUFFER ? 0 : flush(ids);
}

/* Load ids into the buffer, after skipping `from` of them. Returns their number; -1 with errno. */
static long load(batch_ids *ids, uint64_t from)
{
    ssize_t n =
        batch_read_at(ids->fd, ids->buffer, sizeof ids->buffer, from * sizeof ids->buffer[0]);
    return n < 0 ? -1 : (long)((size_t)n / sizeof ids->buffer[0]);
}

/* ---- the search ------------------------------------------------------------------------------ */

/* Returns the place of a digest in the table; the place is empty if the table does not have it. */
static uint64_t *find_place(id_table *table, const uint64_t digest[2])
{
    for (uint64_t at = digest[0];; at++) {
        uint64_t *place = table->places[at & table->mask];
        if (place[0] == digest[0] && place[1] == digest[1]) return place;
        if (!place[0] && !place[1]) return place;
    }
}

static bool is_taken(id_table *table, const batch_id *id)
{
    uint64_t *place = find_place(table, id->digest);
    bool taken = place[0] || place[1];
    if (!taken && !id->is_number) memcpy(place, id->digest, sizeof id->digest);
    return taken;
}

/* One pass through the file for one part: either adds the ids to the table, or looks numbers up. */
typedef struct id_search {
    batch_ids *ids;
    uint64_t part, parts;
    bool numbers;
    id_table *table;
    batch_lines *out;
} id_search;

static void search_buffer(id_search *s, long n)
{
    for (long i = 0; i < n; i++) {
        const batch_id *id = &s->ids->buffer[i];
        if (id->is_number != s->numbers || id->digest[1] % s->parts != s->part) continue;
        if (is_taken(s->table, id))
            s->out->bits[id->line / WORD_BITS] |= UINT64_C(1) << id->line % WORD_BITS;
    }
}

static int search(id_search *s)
{
    long n = 0;
    for (uint64_t from = 0; from < s->ids->written; from += (uint64_t)n) {
        n = load(s->ids, from);
        if (n <= 0) return n ? -1 : (errno = EIO, -1);
        search_buffer(s, n);
    }
    return 0;
}

static int search_part(batch_ids *ids, uint64_t part, uint64_t parts, id_table *table,
                       batch_lines *out)
{
    id_search s = {.ids = ids, .part = part, .parts = parts, .table = table, .out = out};
    memset(table->places, 0, (table->mask + 1) * sizeof *table->places);
    int rc = search(&s);
    s.numbers = true;
    return rc ? rc : search(&s);
}

int batch_ids_find_taken(batch_ids *ids, uint64_t last, batch_lines *out)
{
    id_table table = {.mask = 1};
    if (flush(ids) != 0) return -1;
    uint64_t size = ids->written / MAX_PARTS > PART_IDS ? ids->written / MAX_PARTS : PART_IDS;
    uint64_t parts = ids->written / size + 1, most = ids->written < size ? ids->written : size;
    /* The parts differ a little in size, so the table has room for twice as many ids. */
    while (table.mask < 4 * most) table.mask = 2 * table.mask + 1;
    out->last = last;
    out->bits = calloc(last / WORD_BITS + 1, sizeof *out->bits);
    table.places = malloc((table.mask + 1) * sizeof *table.places);
    int rc = out->bits && table.places ? 0 : -1;
    for (uint64_t part = 0; part < parts && rc == 0; part++)
        rc = search_part(ids, part, parts, &table, out);
    free(table.places);
    return rc;
}

void batch_ids_free(batch_ids *ids)
{
    if (ids->fd >= 0) close(ids->fd);
    ids->fd = -1;
}
