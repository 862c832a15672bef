/* Functions that the Chat Completions replies share with the server that uses them. */
#ifndef BELUGA_PEER_OPENAI_H
#define BELUGA_PEER_OPENAI_H

#include "peer/peer.h"

/* The default name of the answering model, and the default token counts. */
#define PEER_OPENAI_MODEL        "peer-chat"
#define PEER_OPENAI_TOKENS       60
#define PEER_OPENAI_INPUT_TOKENS 12

/* Send the finish reason "stop", and a usage with this number of tokens. */
void peer__openai_end(peer_reply *r, int tokens);

#endif
