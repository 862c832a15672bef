/* Reports of calls: failures, usage, and both as JSON. */
#ifndef BELUGA_CLI_REPORT_H
#define BELUGA_CLI_REPORT_H

#include "args.h"
#include "tools/runs.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>
#include <beluga/response.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Report a failure on stderr, and with --json as an object on stdout: {"error": {"code": …,
 * "message": …, …, "exit_code": …}, "partial": answer or null}.
 * @return the exit code.
 */
int report_error(const cli_args *args, const beluga_error *err, const beluga_response *partial);
/* Report a failure to read a file that the command line names. @return `code`, which is also
 * written into the JSON; CLI_EXIT_OTHER if there is no memory. */
int report_file_error(const cli_args *args, const beluga_error *err, int code);

/* Write an error as the member `key`. */
void report_put_error(beluga_json_writer *w, const char *key, const beluga_error *err);

/* Print the JSON of a writer and a newline, and free the writer. @return 0, or an exit code after
 * reporting the error. */
int report_json(beluga_json_writer *w);

/* Print the answer as a JSON object, with its tool calls, if any. @return 0, or an exit code after
 * reporting the error. */
int report_response(const beluga_response *response, const tool_runs *runs);

/* Report on stderr how many tokens and how much time an answer used. */
void report_usage(const beluga_response *response);

/* Report on stderr how many tokens (-1: unknown) and how much time the vectors used. */
void report_vectors(uint64_t count, size_t dimensions, int64_t tokens, int64_t ns);

/*
 * Report on stderr that an answer was cut or refused, or that it asks for tools.
 * @return exit code.
 */
int report_finish(const cli_args *args, const beluga_response *response);

#endif
