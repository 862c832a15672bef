/* One attachment: a file or an address becomes a part of a message. */
#ifndef BELUGA_CLI_ATTACH_PART_H
#define BELUGA_CLI_ATTACH_PART_H

#include "base/buf.h"

#include <beluga/error.h>
#include <beluga/message.h>

#include <stdint.h>

/*
 * Add a file or an address. The type of a file is found from its first bytes; a text is sent with
 * its name.
 * @return 0, or a BELUGA_ERROR_ code with the reason in `err`. It is an error if the file is a
 * folder, a device, empty, or can't be read.
 */
int attach_one(beluga_message *message, const char *what, beluga_error *err);

/* Add bytes that were already read, as a file with this name. @return as attach_one. */
int attach_content(beluga_message *message, const char *name, const beluga__buf *file,
                   beluga_error *err);

/*
 * Find a part that a provider with these capabilities is not known to accept.
 * @param[out] name  Receives the name or the address of the part; borrowed from the message.
 * @return the kind of the part, such as "pictures"; NULL: all parts are accepted.
 */
const char *attach_find_untaken(const beluga_message *message, uint64_t capabilities,
                                const char **name);

#endif
