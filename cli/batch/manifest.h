/*
 * Describes a job of many machines, and lies in its queue: all that a worker needs to ask a line,
 * but for the keys and the providers, which are its own configuration's.
 */
#ifndef BELUGA_CLI_BATCH_MANIFEST_H
#define BELUGA_CLI_BATCH_MANIFEST_H

#include "args.h"
#include "batch/facts.h"
#include "batch/layout.h"
#include "text.h"

#include <beluga/provider/json.h>

#define BATCH_MANIFEST_ID_BYTES 33

/* Limits of all workers together; 0: none. */
typedef struct batch_limits {
    int64_t requests_per_minute, tokens_per_minute, max_concurrent_calls;
    double budget; /* US dollars */
} batch_limits;

/* All texts are borrowed: from whoever writes a manifest, or from `doc`. NULL: not given. */
typedef struct batch_manifest {
    beluga_json_doc *doc; /* of a manifest that was read; owned */
    const char *id;       /* of this job among others of its name */
    const char *model;    /* PROVIDER/MODEL */
    const char *template, *system, *schema, *prompt_column, *attach_column;
    const char *options; /* JSON: a list of NAME=VALUE */
    bool openai, strict, attach_anyway, has_tools;
    batch_layout layout;
    batch_limits limits;
    uint64_t lines; /* of the job */
    uint64_t there; /* lines of the input that had a result before the job began */
} batch_manifest;

/* Append a manifest, with the facts on which its answers depend. @return 0, or -1 without memory.
 */
int batch_manifest_write(const batch_manifest *manifest, const batch_facts *facts, cli_text *out);

/*
 * Read one.
 * @param[out] manifest  Free with batch_manifest_free in either case.
 * @return 0, or -1: it is none, or one of another version.
 */
int batch_manifest_read(batch_manifest *manifest, const char *json, size_t n);

/* Tell how facts differ from those of a manifest that was read. */
void batch_manifest_compare(const batch_manifest *manifest, const batch_facts *facts,
                            batch_difference *difference);

/*
 * Append the options of a configuration that shape an answer and are no secret, as a list of JSON:
 * numbers, words, and what -o of the command line gives.
 * @return 0, or -1 without memory.
 */
int batch_manifest_options(const cli_args *args, const beluga_config *config, cli_text *out);

/*
 * Set the options of a manifest in a worker's configuration, but for those that its command line
 * gives. Whoever can write into a queue may say how lines are asked, and nothing else: not where a
 * key goes, say.
 * @return 0, or an exit code, reported.
 */
int batch_manifest_apply(const batch_manifest *manifest, const cli_args *args,
                         beluga_config *config);

void batch_manifest_free(batch_manifest *manifest);

#endif
