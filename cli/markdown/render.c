#include "markdown/render.h"

#include "markdown/canvas.h"
#include "markdown/table.h"

#include <beluga/error.h>

#include <dlfcn.h>
#include <md4c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LISTS 32

typedef struct list_level {
    bool ordered, tight;
    long number;
    char delimiter;
} list_level;

typedef struct drawing {
    canvas canvas;
    styled_text line; /* the paragraph, heading or cell that is currently read */
    styled_text *to;  /* either `line`, or a cell of the table */
    unsigned style;
    list_level lists[MAX_LISTS];
    size_t n_lists;
    long number; /* number of the first item; -1: the number in the text */
    grid table;
    bool in_code;
    cli_text code;
    size_t link; /* offset where the text of the link begins */
} drawing;

/* ---- inline text ----------------------------------------------------------------------------- */

static void add(drawing *d, const char *text, size_t n)
{
    if (d->to) styled_add(d->to, d->style, text, n);
}

static void add_word(drawing *d, const char *word)
{
    add(d, word, strlen(word));
}

static void flush(drawing *d)
{
    if (d->line.text.length) {
        canvas_gap(&d->canvas);
        canvas_wrap(&d->canvas, &d->line);
    }
    styled_clear(&d->line);
}

/* Begin a style. On a terminal without styles, the Markdown marks are shown instead. */
static void begin_mark(drawing *d, unsigned style, const char *mark)
{
    if (!d->canvas.coloured) add_word(d, mark);
    d->style |= style;
}

static void end_mark(drawing *d, unsigned style, const char *mark)
{
    d->style &= ~style;
    if (!d->canvas.coloured) add_word(d, mark);
}

static const struct {
    MD_SPANTYPE type;
    unsigned style;
    const char *mark;
} spans[] = {{MD_SPAN_EM, STYLED_ITALIC, "*"},
             {MD_SPAN_STRONG, STYLED_BOLD, "**"},
             {MD_SPAN_CODE, STYLED_CODE, "`"},
             {MD_SPAN_DEL, STYLED_STRUCK, "~~"}};

static int enter_span(MD_SPANTYPE type, void *detail, void *payload)
{
    drawing *d = payload;
    (void)detail;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (spans[i].type == type) begin_mark(d, spans[i].style, spans[i].mark);
    if (type == MD_SPAN_IMG) add_word(d, "image: ");
    if (type == MD_SPAN_A) {
        d->style |= STYLED_UNDERLINE;
        d->link = d->to ? d->to->text.length : 0;
    }
    return 0;
}

/* Show the address of a link, unless it is the same as its text. */
static void add_address(drawing *d, const MD_ATTRIBUTE *address, size_t from)
{
    if (!d->to || !address->size) return;
    size_t shown = d->to->text.length - from;
    if (shown == address->size && memcmp(d->to->text.data + from, address->text, shown) == 0)
        return;
    unsigned style = d->style;
    d->style |= STYLED_DIM;
    add_word(d, " (");
    add(d, address->text, address->size);
    add_word(d, ")");
    d->style = style;
}

static int leave_span(MD_SPANTYPE type, void *detail, void *payload)
{
    drawing *d = payload;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (spans[i].type == type) end_mark(d, spans[i].style, spans[i].mark);
    if (type == MD_SPAN_IMG)
        add_address(d, &((const MD_SPAN_IMG_DETAIL *)detail)->src, d->to ? d->to->text.length : 0);
    if (type == MD_SPAN_A) {
        d->style &= ~(unsigned)STYLED_UNDERLINE;
        add_address(d, &((const MD_SPAN_A_DETAIL *)detail)->href, d->link);
    }
    return 0;
}

/* Add an HTML entity, such as &amp;. Only common entities are known; others are shown unchanged. */
static void add_entity(drawing *d, const char *text, size_t n)
{
    static const struct {
        const char *name, *character;
    } names[] = {{"&amp;", "&"},        {"&lt;", "<"},         {"&gt;", ">"},
                 {"&quot;", "\""},      {"&apos;", "'"},       {"&nbsp;", "\u00a0"},
                 {"&ndash;", "\u2013"}, {"&mdash;", "\u2014"}, {"&hellip;", "\u2026"},
                 {"&rarr;", "\u2192"},  {"&larr;", "\u2190"},  {"&copy;", "\u00a9"},
                 {"&times;", "\u00d7"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (n == strlen(names[i].name) && memcmp(text, names[i].name, n) == 0) {
            add_word(d, names[i].character);
            return;
        }
    add(d, text, n);
}

static int add_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE n, void *payload)
{
    drawing *d = payload;
    if (d->in_code)
        text_add(&d->code, text, n);
    else if (type == MD_TEXT_BR && d->to)
        styled_break(d->to);
    else if (type == MD_TEXT_SOFTBR)
        add_word(d, " ");
    else if (type == MD_TEXT_NULLCHAR)
        add_word(d, "\ufffd");
    else if (type == MD_TEXT_ENTITY)
        add_entity(d, text, n);
    else
        add(d, text, n);
    return 0;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static list_level *list_of(drawing *d)
{
    if (!d->n_lists) return NULL;
    return &d->lists[(d->n_lists < MAX_LISTS ? d->n_lists : MAX_LISTS) - 1];
}

static void enter_list(drawing *d, list_level level)
{
    const list_level *outer = list_of(d);
    flush(d);
    if (!outer || !outer->tight) canvas_gap(&d->canvas);
    d->canvas.gap = false;
    if (!d->n_lists && d->number >= 0 && level.ordered) level.number = d->number;
    if (d->n_lists++ < MAX_LISTS) d->lists[d->n_lists - 1] = level;
}

static void leave_list(drawing *d)
{
    d->n_lists--;
    d->canvas.gap = !d->n_lists || !list_of(d)->tight;
}

static void enter_item(drawing *d, const MD_BLOCK_LI_DETAIL *item)
{
    static const char *const bullets[] = {"\u2022 ", "\u25e6 ", "\u25aa "};
    char marker[24];
    list_level *list = list_of(d);
    const char *bullet = d->canvas.utf8 ? bullets[(d->n_lists - 1) % 3] : "* ";
    if (list->ordered)
        snprintf(marker, sizeof marker, "%ld%c ", list->number++, list->delimiter);
    else
        snprintf(marker, sizeof marker, "%s", item->is_task ? "" : bullet);
    if (item->is_task)
        snprintf(marker + strlen(marker), sizeof marker - strlen(marker), "[%c] ",
                 item->task_mark == ' ' ? ' ' : 'x');
    if (!list->tight) canvas_gap(&d->canvas);
    d->canvas.gap = false;
    canvas_push(&d->canvas, marker, NULL, 0);
}

static void leave_item(drawing *d)
{
    canvas *c = &d->canvas;
    flush(d);
    if (c->depth <= CANVAS_MAX_DEPTH && !c->frames[c->depth - 1].used) {
        canvas_begin(c);
        canvas_end(c);
    }
    canvas_pop(c);
    if (!list_of(d)->tight) c->gap = true;
}

/* ---- code and tables ------------------------------------------------------------------------- */

static void put_code(drawing *d, const MD_BLOCK_CODE_DETAIL *detail)
{
    canvas_rule(&d->canvas, detail->lang.text ? detail->lang.text : "", detail->lang.size);
    for (size_t at = 0; at < d->code.length;) {
        const char *line = d->code.data + at, *end = memchr(line, '\n', d->code.length - at);
        size_t n = end ? (size_t)(end - line) : d->code.length - at;
        canvas_code(&d->canvas, line, n);
        at += n + 1;
    }
    canvas_rule(&d->canvas, "", 0);
    if (d->code.allocator) beluga__buf_clear(&d->code);
}

static void enter_cell(drawing *d, const MD_BLOCK_TD_DETAIL *cell, bool title)
{
    size_t column = d->table.count % d->table.columns;
    if (column < GRID_MAX_COLUMNS)
        d->table.aligns[column] = cell->align == MD_ALIGN_RIGHT    ? GRID_RIGHT
                                  : cell->align == MD_ALIGN_CENTER ? GRID_CENTER
                                                                   : GRID_LEFT;
    d->to = grid_add(&d->table);
    if (title) d->style |= STYLED_BOLD;
}

static void leave_cell(drawing *d)
{
    if (!d->to) text_begin(d->canvas.out)->status = BELUGA_ERROR_NO_MEMORY;
    d->to = &d->line;
    d->style &= ~(unsigned)STYLED_BOLD;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Returns the style of a heading; the largest ones are underlined, too. */
static unsigned heading_style(const MD_BLOCK_H_DETAIL *heading)
{
    return heading->level <= 2 ? STYLED_BOLD | STYLED_UNDERLINE : STYLED_BOLD;
}

static void begin_block(drawing *d)
{
    flush(d);
    canvas_gap(&d->canvas);
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *payload)
{
    drawing *d = payload;
    switch (type) {
    case MD_BLOCK_QUOTE:
        begin_block(d);
        canvas_push(&d->canvas, d->canvas.utf8 ? "\u2502 " : "| ",
                    d->canvas.utf8 ? "\u2502 " : "| ", STYLED_DIM);
        break;
    case MD_BLOCK_UL:
        enter_list(d, (list_level){.tight = ((MD_BLOCK_UL_DETAIL *)detail)->is_tight});
        break;
    case MD_BLOCK_OL: {
        const MD_BLOCK_OL_DETAIL *list = detail;
        enter_list(d, (list_level){.ordered = true,
                                   .tight = list->is_tight,
                                   .number = (long)list->start,
                                   .delimiter = list->mark_delimiter});
        break;
    }
    case MD_BLOCK_LI:
        flush(d);
        enter_item(d, detail);
        break;
    case MD_BLOCK_HR:
        begin_block(d);
        canvas_rule(&d->canvas, "", 0);
        d->canvas.gap = true;
        break;
    case MD_BLOCK_H:
        flush(d);
        d->style = heading_style(detail);
        if (!d->canvas.coloured) add(d, "###### ", ((MD_BLOCK_H_DETAIL *)detail)->level);
        if (!d->canvas.coloured) add_word(d, " ");
        break;
    case MD_BLOCK_CODE:
        begin_block(d);
        d->in_code = true;
        break;
    case MD_BLOCK_TABLE:
        begin_block(d);
        d->table.columns = ((MD_BLOCK_TABLE_DETAIL *)detail)->col_count;
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD: enter_cell(d, detail, type == MD_BLOCK_TH); break;
    default: flush(d);
    }
    return 0;
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *payload)
{
    drawing *d = payload;
    switch (type) {
    case MD_BLOCK_QUOTE:
        flush(d);
        canvas_pop(&d->canvas);
        d->canvas.gap = true;
        break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL: leave_list(d); break;
    case MD_BLOCK_LI: leave_item(d); break;
    case MD_BLOCK_P:
    case MD_BLOCK_H:
    case MD_BLOCK_HTML:
        flush(d);
        d->style = 0;
        d->canvas.gap = true;
        break;
    case MD_BLOCK_CODE:
        d->in_code = false;
        put_code(d, detail);
        d->canvas.gap = true;
        break;
    case MD_BLOCK_TABLE:
        grid_draw(&d->table, &d->canvas);
        grid_free(&d->table);
        d->canvas.gap = true;
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD: leave_cell(d); break;
    default: break;
    }
    return 0;
}

/* ---- the library ----------------------------------------------------------------------------- */

typedef int parse_function(const MD_CHAR *text, MD_SIZE n, const MD_PARSER *parser, void *payload);

/* Load md4c when a text is drawn for the first time, so that uses of the command that draw nothing
 * start faster. */
static parse_function *find_parser(void)
{
    static parse_function *parse;
    static bool looked;
    if (looked) return parse;
    looked = true;
    void *library = dlopen("libmd4c.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library) *(void **)&parse = dlsym(library, "md_parse");
    return parse;
}

bool render_is_there(void)
{
    return find_parser() != NULL;
}

static canvas canvas_for(const render_style *style, cli_text *out)
{
    /* The last column stays free, since some terminals begin a new row when it is written. */
    return (canvas){.out = text_begin(out),
                    .width = style->width > 1 ? style->width - 1 : 1,
                    .coloured = style->coloured,
                    .utf8 = style->utf8};
}

int render_blocks(const char *text, size_t n, const render_style *style, long number, cli_text *out)
{
    static const MD_PARSER parser = {.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH |
                                              MD_FLAG_TASKLISTS | MD_FLAG_NOHTML,
                                     .enter_block = enter_block,
                                     .leave_block = leave_block,
                                     .enter_span = enter_span,
                                     .leave_span = leave_span,
                                     .text = add_text};
    drawing d = {.canvas = canvas_for(style, out), .number = number};
    d.to = &d.line;
    int rc = find_parser()(text, (MD_SIZE)n, &parser, &d);
    if (d.line.text.status || d.code.status || out->status) rc = -1;
    styled_free(&d.line);
    text_free(&d.code);
    grid_free(&d.table);
    return rc ? -1 : 0;
}

void render_code_begin(const char *label, size_t n, const render_style *style, cli_text *out)
{
    canvas c = canvas_for(style, out);
    canvas_rule(&c, label, n);
}

void render_code_line(const char *line, size_t n, const render_style *style, cli_text *out)
{
    canvas c = canvas_for(style, out);
    canvas_code(&c, line, n);
}

void render_code_end(const render_style *style, cli_text *out)
{
    canvas c = canvas_for(style, out);
    canvas_rule(&c, "", 0);
}
