/* One attachment: a file or an address becomes a part of a message. */
#ifndef BELUGA_CLI_ATTACH_PART_H
#define BELUGA_CLI_ATTACH_PART_H

#include "base/buf.h"

#include <beluga/error.h>
#include <beluga/message.h>

#include <stdint.h>

/*
 * Add a file or an address. What a file is follows from its first bytes; a text goes with its name.
 * @return 0, or a BELUGA_ERROR_ code with the reason in `err`: a folder, a device, an empty file,
 * and one that can't be read are errors.
 */
int attach_one(beluga_message *message, const char *what, beluga_error *err);

/* Add what was read already, as the file of that name. @return as attach_one. */
int attach_content(beluga_message *message, const char *name, const beluga__buf *file,
                   beluga_error *err);

/*
 * Find a part that a provider with these capabilities is not known to take.
 * @param[out] name  Receives the name or the address of the part; borrowed from the message.
 * @return what it is, such as "pictures"; NULL: everything is taken.
 */
const char *attach_find_untaken(const beluga_message *message, uint64_t capabilities,
                                const char **name);

#endif
