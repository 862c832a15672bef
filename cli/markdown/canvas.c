#include "markdown/canvas.h"

#include "terminal/term.h"

#include <stdio.h>
#include <string.h>

/* The maximum length of a horizontal rule. The label of a code block is part of a rule, and is cut
 * to MAX_LABEL. */
#define RULE_COLUMNS 40
#define MAX_LABEL    24

/* ---- frames ---------------------------------------------------------------------------------- */

static size_t frames_of(const canvas *c)
{
    return c->depth < CANVAS_MAX_DEPTH ? c->depth : CANVAS_MAX_DEPTH;
}

void canvas_push(canvas *c, const char *first, const char *rest, unsigned style)
{
    if (c->depth++ >= CANVAS_MAX_DEPTH) return;
    canvas_frame *frame = &c->frames[c->depth - 1];
    *frame = (canvas_frame){.style = style};
    snprintf(frame->first, sizeof frame->first, "%s", first);
    if (rest)
        snprintf(frame->rest, sizeof frame->rest, "%s", rest);
    else
        snprintf(frame->rest, sizeof frame->rest, "%*s", (int)styled_measure(first, strlen(first)),
                 "");
}

void canvas_pop(canvas *c)
{
    c->depth--;
}

static size_t frame_columns(const canvas *c)
{
    size_t columns = 0;
    for (size_t i = 0; i < frames_of(c); i++)
        columns += styled_measure(c->frames[i].rest, strlen(c->frames[i].rest));
    return columns;
}

/* Returns the number of frames that are drawn. Frames that would leave too little room are left
 * out. */
static size_t drawn_frames(const canvas *c)
{
    size_t columns = 0, n = 0;
    while (n < frames_of(c)) {
        columns += styled_measure(c->frames[n].rest, strlen(c->frames[n].rest));
        if (n && columns + CANVAS_MIN_COLUMNS > c->width) break;
        n++;
    }
    return n;
}

size_t canvas_columns(const canvas *c)
{
    size_t columns = frame_columns(c);
    if (columns + CANVAS_MIN_COLUMNS < c->width) return c->width - columns;
    return c->width < CANVAS_MIN_COLUMNS ? c->width : CANVAS_MIN_COLUMNS;
}

/* ---- rows ------------------------------------------------------------------------------------ */

void canvas_begin(canvas *c)
{
    size_t drawn = drawn_frames(c);
    for (size_t i = 0; i < frames_of(c); i++) {
        canvas_frame *frame = &c->frames[i];
        if (i < drawn || !frame->used)
            styled_puts(frame->used ? frame->rest : frame->first, frame->style, c->coloured,
                        c->out);
        frame->used = true;
    }
}

void canvas_end(canvas *c)
{
    text_puts(c->out, "\n");
}

void canvas_gap(canvas *c)
{
    size_t quotes = 0;
    if (!c->gap) return;
    c->gap = false;
    for (size_t i = 0; i < drawn_frames(c); i++)
        if (*c->frames[i].rest != ' ') quotes = i + 1;
    for (size_t i = 0; i < quotes; i++)
        styled_puts(c->frames[i].rest, c->frames[i].style, c->coloured, c->out);
    canvas_end(c);
}

void canvas_wrap(canvas *c, const styled_text *text)
{
    for (size_t at = 0, end; at < text->text.length;) {
        size_t next = styled_line(text, at, canvas_columns(c), &end);
        canvas_begin(c);
        styled_put(text, at, end, c->coloured, c->out);
        canvas_end(c);
        at = next;
    }
}

void canvas_code(canvas *c, const char *line, size_t n)
{
    char shown[TERM_SHOWN_BYTES];
    size_t length;
    canvas_begin(c);
    while (n) {
        size_t taken = term_show(line, n, shown, &length);
        text_add(c->out, shown, length);
        line += taken;
        n -= taken;
    }
    canvas_end(c);
}

void canvas_rule(canvas *c, const char *label, size_t n)
{
    const char *dash = c->utf8 ? "\u2500" : "-";
    size_t columns = canvas_columns(c), drawn = 0;
    cli_text rule = {0};
    styled_text name = {0};
    if (columns > RULE_COLUMNS) columns = RULE_COLUMNS;
    styled_add(&name, 0, label, n < MAX_LABEL ? n : MAX_LABEL);
    if (n && styled_columns(&name) + 4 < columns) {
        text_printf(&rule, "%s %s ", dash, text_get(&name.text));
        drawn = styled_columns(&name) + 3;
    }
    while (drawn++ < columns) text_puts(&rule, dash);
    canvas_begin(c);
    styled_puts(text_get(&rule), STYLED_DIM, c->coloured, c->out);
    canvas_end(c);
    text_free(&rule);
    styled_free(&name);
}
