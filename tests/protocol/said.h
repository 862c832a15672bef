/* Writes each message on one line, so that a test can compare what was read from a body: "ai:
 * thought('why' signed 's') 'text' call(id name 'arguments')". */
#ifndef TESTS_PROTOCOL_SAID_H
#define TESTS_PROTOCOL_SAID_H

#include <beluga/message.h>

/* Return the messages as text. The text is valid until the next call. */
const char *said(const beluga_messages *messages);

#endif
