/*
 * A manifest describes a batch that many machines share, and is stored in its queue. It contains
 * everything that a worker needs to process a line, except keys and providers, which come from the
 * worker's own configuration.
 */
#ifndef BELUGA_CLI_BATCH_MANIFEST_H
#define BELUGA_CLI_BATCH_MANIFEST_H

#include "args.h"
#include "batch/facts.h"
#include "batch/layout.h"
#include "text.h"

#include <beluga/provider/json.h>

#define BATCH_MANIFEST_ID_BYTES 33

/* Limits that apply to all workers together; 0: no limit. */
typedef struct batch_limits {
    int64_t requests_per_minute, tokens_per_minute, max_concurrent_calls;
    double budget; /* US dollars for all results of the output, also those before the job */
} batch_limits;

/* All texts are borrowed, either from the caller that writes a manifest, or from `doc`. NULL: not
 * given. */
typedef struct batch_manifest {
    beluga_json_doc *doc; /* the JSON document, if the manifest was read from one */
    const char *id;       /* distinguishes this job from others of the same name */
    const char *model;    /* PROVIDER/MODEL */
    const char *template, *system, *schema, *prompt_column, *attach_column;
    const char *options; /* JSON: a list of NAME=VALUE */
    bool openai, strict, attach_anyway, has_tools;
    batch_layout layout;
    batch_limits limits;
    uint64_t lines; /* number of lines in the job */
    uint64_t there; /* number of input lines that already had a result when the job began */
    double paid;    /* their cost, which is a part of the budget in `limits` */
} batch_manifest;

/* Append a manifest, with the facts on which its answers depend. @return 0, or -1 if memory runs
 * out.
 */
int batch_manifest_write(const batch_manifest *manifest, const batch_facts *facts, cli_text *out);

/*
 * Read a manifest.
 * @param[out] manifest  Free with batch_manifest_free in either case.
 * @return 0, or -1 if this is not a manifest, or one of another version.
 */
int batch_manifest_read(batch_manifest *manifest, const char *json, size_t n);

/* Append limits as JSON, for the terms of a job. @return 0, or -1 if memory runs out. */
int batch_limits_write(const batch_limits *limits, cli_text *out);

/* Set the limits that terms contain; the other limits stay. Terms that are not valid are ignored.
 */
void batch_limits_take(batch_limits *limits, const char *terms);

/* Report how facts differ from those of a manifest that was read. */
void batch_manifest_compare(const batch_manifest *manifest, const batch_facts *facts,
                            batch_difference *difference);

/*
 * Append the options that shape an answer and can't be secrets, as a JSON list: numbers and words
 * of the configuration, and what -o sets on the command line.
 * @return 0, or -1 if memory runs out.
 */
int batch_manifest_options(const cli_args *args, const beluga_config *config, cli_text *out);

/*
 * Set the options of a manifest in a worker's configuration, except those that the worker's command
 * line sets. Somebody who can write into the queue can therefore change only how the model answers,
 * and not, for example, to which address a key is sent.
 * @return 0, or an exit code after printing the error.
 */
int batch_manifest_apply(const batch_manifest *manifest, const cli_args *args,
                         beluga_config *config);

void batch_manifest_free(batch_manifest *manifest);

#endif
