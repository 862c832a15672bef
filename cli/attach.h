/* Attachments: files, stdin and addresses that go with a prompt. */
#ifndef BELUGA_CLI_ATTACH_H
#define BELUGA_CLI_ATTACH_H

#include "args.h"
#include "session.h"

#include <beluga/message.h>

#include <stdbool.h>

/*
 * Add the attachments of the command line. The type of a file is found from its first bytes. A text
 * is sent with its name, like the files of -f. It is an error if a file is a folder, a device,
 * empty, or can't be read.
 * @return 0, or an exit code after reporting the error.
 */
int attach_add(const cli_args *args, beluga_message *message);

/*
 * Check, before anything is sent, that the model's provider is known to accept the attachments.
 * --attach-anyway skips this check.
 * @return 0, or CLI_EXIT_USAGE after reporting the error.
 */
int attach_check(const cli_args *args, const cli_session *session, const beluga_message *message);

/* Return whether the call must fail if an attachment can't be sent. */
bool attach_is_strict(const cli_args *args);
/* Return whether a call failed because an attachment can't be sent, before anything was sent. */
bool attach_is_refused(const cli_args *args, const beluga_error *err);

#endif
