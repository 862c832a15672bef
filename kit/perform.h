/* Makes calls in the ways in which users make them, and records their events. */
#ifndef BELUGA_KIT_PERFORM_H
#define BELUGA_KIT_PERFORM_H

#include "kit/run.h"

/* Each function makes the run's call and writes its events to the story. */
check_action check_generate, check_stream, check_push;
/* A stream that is cancelled at its first text, by its context or by its handle. */
check_action check_cancel, check_cancel_pushed;
/* A stream whose answer is added to the call's messages, followed by a second question. */
check_action check_stream_and_ask_on;
/* List models; embed the messages' texts; count the messages' tokens. */
check_action check_list, check_embed, check_count;
/* Write vectors to the story as check_embed does. */
void check_tell_vectors(check_run *run, const beluga_embeddings *e);
/* A pushed stream that is paused after each event. */
check_action check_push_slowly;

#endif
