/* Makes the message to send: the files of -f, the prompt, and attachments. */
#ifndef BELUGA_CLI_QUESTION_H
#define BELUGA_CLI_QUESTION_H

#include "args.h"
#include "text.h"

#include <beluga/message.h>

/*
 * Make the human message of a prompt, with the files of -f before it and the attachments after it.
 * @param out  Receives an owned reference. @return 0, or an exit code after reporting the error.
 */
int question_make(const cli_args *args, const cli_text *prompt, beluga_message **out);

#endif
