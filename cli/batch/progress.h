/* The progress of a batch: a bar on a terminal, a line every ten seconds elsewhere. */
#ifndef BELUGA_CLI_BATCH_PROGRESS_H
#define BELUGA_CLI_BATCH_PROGRESS_H

#include "batch/results.h"

#define BATCH_PROGRESS_BYTES 512
#define BATCH_SAMPLES        32

/* The figures that the progress shows. */
typedef struct batch_figures {
    uint64_t total, done, failed; /* numbers of lines; `done` includes the failed ones */
    double per_second;            /* lines per second; 0: unknown yet */
    double tokens_per_second;
    double cost;       /* US dollars; below 0: unknown */
    double left_s;     /* seconds; below 0: unknown */
    const char *label; /* text that says what the run is waiting for; NULL: only for its lines */
} batch_figures;

/* Write one line of at most `width` columns; the least important parts are left out first. 0:
 * write all parts except the bar. @return the columns of the line. */
size_t batch_progress_format(const batch_figures *figures, size_t width, bool utf8,
                             char line[BATCH_PROGRESS_BYTES]);

typedef struct batch_sample {
    int64_t at_ms;
    uint64_t lines;
    int64_t tokens;
} batch_sample;

typedef struct batch_progress {
    bool bar, lines; /* at most one of the two is set */
    uint64_t total;
    const char *label;  /* label of the figures; borrowed. If it is set, the speed is not shown */
    uint64_t elsewhere; /* lines that are already answered, but whose answers have not arrived
                         * here */
    int64_t started_ms, shown_ms;
    bool drawn;
    batch_sample samples[BATCH_SAMPLES]; /* samples of the last half minute, in a ring */
    size_t n_samples, next_sample;
} batch_progress;

/* Begin to show progress.
 * @param there  Totals of the lines that earlier runs finished. They do not count for the speed.
 * @param bar    Allow a bar. The caller must hide it before it writes other text. */
void batch_progress_begin(batch_progress *progress, uint64_t total, const batch_totals *there,
                          bool bar);
/* Show the progress when an update is due. */
void batch_progress_show(batch_progress *progress, const batch_totals *totals);
/* Erase the bar, so that other text can be written. */
void batch_progress_hide(batch_progress *progress);

/* Return the seconds since the progress began. */
double batch_progress_seconds(const batch_progress *progress);

/* Write a time such as "2m 40s", an amount such as "12.3k", or US dollars such as "$0.0123". */
void batch_format_time(double seconds, char *text, size_t size);
void batch_format_amount(double amount, char *text, size_t size);
void batch_format_cost(double cost, char *text, size_t size);

#endif
