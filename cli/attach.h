/* Attachments: files, stdin and addresses that go with a prompt. */
#ifndef BELUGA_CLI_ATTACH_H
#define BELUGA_CLI_ATTACH_H

#include "args.h"
#include "session.h"

#include <beluga/message.h>

#include <stdbool.h>

/*
 * Add the attachments of the command line. What a file is follows from its first bytes; a text goes
 * with its name, as the files of -f do. A folder, a device, an empty file and one that can't be
 * read are errors.
 * @return 0, or an exit code, reported.
 */
int attach_add(const cli_args *args, beluga_message *message);

/*
 * Check, before anything is sent, that the model's provider is known to take what is attached;
 * --attach-anyway leaves that out.
 * @return 0, or CLI_EXIT_USAGE, reported.
 */
int attach_check(const cli_args *args, const cli_session *session, const beluga_message *message);

/* Return whether an attachment that can't be sent is an error of the call. */
bool attach_is_strict(const cli_args *args);
/* Return whether a call failed because of that, before anything was sent. */
bool attach_is_refused(const cli_args *args, const beluga_error *err);

#endif
