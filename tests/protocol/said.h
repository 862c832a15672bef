/* Messages in one line each, so that a test can compare what was read of a body:
 * "ai: thought('why' signed 's') 'text' call(id name 'arguments')". */
#ifndef TESTS_PROTOCOL_SAID_H
#define TESTS_PROTOCOL_SAID_H

#include <beluga/message.h>

/* The text lasts until the next call. */
const char *said(const beluga_messages *messages);

#endif
